"""Priming by co-activation: what served together brings each other to mind.

Pairs of unrelated words that were used together become associated (Hebb 1949; McKoon & Ratcliff 1979,
episodic priming). Two unrelated memories serve the same cue again and again, and each time it is reported;
then one of them is asked for, and what is measured is how much speaks for the other. Pairs that are shown
together as often without a report are the control: being seen together teaches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, Vector, evidence_by_key, percept, unit
from cognition.client import Mind

PAIRS, REPORTS = 6, 6
FLAT = 0.05
"""How much the control may move, in units of evidence."""
MIND = "priming"
OFF = ["working_memory"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two memories that have nothing in common, and a task that both serve."""

    keys: tuple[str, str]
    text: str
    vectors: tuple[Vector, Vector]
    task: str
    primed: bool


async def measure(bench: Bench, materials: Materials) -> Curve:
    """The evidence for the second of a pair when the first is asked for, after each round of reports."""
    mind = bench.session.mind(MIND)
    pairs: list[Pair] = []
    percepts = []
    for number in range(2 * PAIRS):
        texts = materials.words(3), materials.words(3)
        vectors = materials.vector(), materials.vector()
        keys = f"{number}/a", f"{number}/b"
        percepts += [percept(mind, k, t, v) for k, t, v in zip(keys, texts, vectors, strict=True)]
        pairs.append(Pair(keys, texts[0], vectors, materials.words(2), number < PAIRS))
    await bench.perceive_all(percepts, lambda _: None)
    primed, control = [await _likely(mind, pairs, True)], [await _likely(mind, pairs, False)]
    for _ in range(REPORTS):
        await _serve(mind, pairs)
        primed.append(await _likely(mind, pairs, True))
        control.append(await _likely(mind, pairs, False))
    return Curve(
        title="Priming by co-activation",
        x_label="times that both served one cue",
        y_label="evidence for the other one",
        x=[float(n) for n in range(REPORTS + 1)],
        series={"reported as used together": primed, "only shown together": control},
        checks={
            "the other one comes more and more to mind": all(
                after >= before for before, after in pairwise(primed)
            )
            and primed[-1] > primed[0] + 10 * FLAT,
            "being shown together teaches nothing": max(control) - min(control) < FLAT,
        },
        reference="Hebb 1949; McKoon & Ratcliff 1979",
    )


async def _serve(mind: Mind, pairs: list[Pair]) -> None:
    """Each pair is shown for its task; for half of them it is reported that both served."""
    for pair in pairs:
        vector = unit(pair.vectors[0] + pair.vectors[1])
        answer = await mind.recall(pair.task, vector=vector.tobytes(), limit=2, without=OFF)
        if pair.primed:
            report = await mind.feedback(answer, useful=[r.memory.id for r in answer.recalled])
            await report.wait()


async def _likely(mind: Mind, pairs: list[Pair], primed: bool) -> float:
    """Mean evidence for the second of these pairs when the first is asked for."""
    found = []
    for pair in (p for p in pairs if p.primed is primed):
        answer = await mind.recall(
            pair.text, vector=pair.vectors[0].tobytes(), limit=4 * PAIRS, explain=True, without=OFF
        )
        found.append(evidence_by_key(answer).get(pair.keys[1], 0.0))
    return sum(found) / len(found)
