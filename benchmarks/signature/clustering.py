"""Temporal clustering by episode: recall stays in an event before it goes on to another.

People who recall freely leave an event less often than chance would have it: transitions cluster by the
context that items were studied in (Polyn, Norman & Kahana 2009; Sederberg et al. 2008). Here a chain of
recalls begins with an item, and each next one is what the last one brings to mind most of what was not
named yet; what is measured is how often a step stays in its event, beside what chance would give.
"""

from __future__ import annotations

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, Vector, evidence_by_key, percept
from cognition.client import Mind

EVENTS, ITEMS = 8, 6
STEPS = ITEMS - 1
MIND = "clustering"
OFF = ["working_memory"]

Key = tuple[int, int]


async def measure(bench: Bench, materials: Materials) -> Curve:
    """Events that differ in their place alone, of unrelated items; a chain from each item."""
    mind = bench.session.mind(MIND)
    items = {
        (event, place): (materials.words(2), materials.vector())
        for event in range(EVENTS)
        for place in range(ITEMS)
    }
    await bench.perceive_all(
        [
            percept(mind, _name(key), text, vector, begins=False, context={"place": f"place {key[0]}"})
            for key, (text, vector) in items.items()
        ],
        lambda _: None,
    )
    brings = {key: await _brings(mind, *item) for key, item in items.items()}
    stays = [0] * STEPS
    chance = [0.0] * STEPS
    for start in items:
        chain = [start]
        for step in range(STEPS):
            left = [key for key in items if key not in chain]
            mates = [key for key in left if key[0] == chain[-1][0]]
            found = brings[chain[-1]]
            chain.append(max((found.get(_name(key), 0.0), key) for key in left)[1])
            stays[step] += chain[-1][0] == chain[-2][0]
            chance[step] += len(mates) / len(left)
    shares = [count / len(items) for count in stays]
    return _curve(shares, [total / len(items) for total in chance])


def _curve(shares: list[float], chance: list[float]) -> Curve:
    return Curve(
        title="Temporal clustering by episode",
        x_label="step of the chain of recalls",
        y_label="share of steps that stay in the event",
        x=[float(step + 1) for step in range(STEPS)],
        series={"engine": shares, "chance": chance},
        checks={
            "stays in the event more often than chance, at every step": all(
                share > at_random for share, at_random in zip(shares, chance, strict=True)
            ),
            "at first twice as often and more": shares[0] > 2.0 * chance[0],
            "no prison: it goes on when an event is told": shares[-1] < 1.0,
        },
        reference="Polyn, Norman & Kahana 2009; Sederberg et al. 2008",
    )


async def _brings(mind: Mind, text: str, vector: Vector) -> dict[str, float]:
    answer = await mind.recall(text, vector=vector.tobytes(), limit=EVENTS * ITEMS, explain=True, without=OFF)
    return evidence_by_key(answer)


def _name(key: Key) -> str:
    return f"{key[0]}/{key[1]}"
