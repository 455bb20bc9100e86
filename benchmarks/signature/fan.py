"""Fan effect: the more a memory is connected with, the less each connection brings.

People who learned more facts of a person take longer to verify any one of them: 1.11 s with one to
1.36 s with many (Anderson 1974; Anderson & Reder 1999). Here a note names 1, 2, 4 or 7 subjects; what is
measured is the activation that each of them gets when the note is recalled.
"""

from __future__ import annotations

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, falls, percept
from schemas.recollection import Recollection

FANS = (1, 2, 4, 7)
NOTES = 8
MIND = "fan"
SPREADING = "spreading"


async def measure(bench: Bench, materials: Materials) -> Curve:
    """Notes with different numbers of subjects that nothing else names."""
    mind = bench.session.mind(MIND)
    percepts, asked = [], []
    for fan in FANS:
        for number in range(NOTES):
            names = [materials.words(2) for _ in range(fan)]
            own, vector = materials.words(2), materials.vector()
            key = f"{fan}/{number}"
            percepts.append(percept(mind, key, f"{own}: {', '.join(names)}", vector, subject=own))
            targets = [f"{key}/{place}" for place in range(fan)]
            percepts += [
                percept(mind, target, f"{name} {materials.words(3)}", materials.vector(), subject=name)
                for target, name in zip(targets, names, strict=True)
            ]
            asked.append((fan, own, vector, targets))
    await bench.perceive_all(percepts, lambda _: None)
    await bench.linked([MIND])
    got: dict[int, list[float]] = {fan: [] for fan in FANS}
    for fan, own, vector, targets in asked:
        answer = await mind.recall(
            own, vector=vector.tobytes(), limit=50, explain=True, without=["working_memory"]
        )
        got[fan] += [_activation(answer, target) for target in targets]
    means = [sum(got[fan]) / len(got[fan]) for fan in FANS]
    return Curve(
        title="Fan effect",
        x_label="subjects that the note names",
        y_label="activation that each of them gets",
        x=[float(fan) for fan in FANS],
        series={"engine": means},
        checks={
            "each of more gets less": falls(means),
            "something comes with the largest fan too": means[-1] > 0.1,
        },
        reference="Anderson 1974; Anderson & Reder 1999",
    )


def _activation(answer: Recollection, key: str) -> float:
    for recalled in answer.recalled:
        if recalled.memory.key == key:
            return next((part.value for part in recalled.parts if part.name == SPREADING), 0.0)
    return 0.0
