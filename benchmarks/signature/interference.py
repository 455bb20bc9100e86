"""No catastrophic interference: a flood of new memories does not wash away the old ones.

Networks that learn one thing after the other lose the first nearly at once (McCloskey & Cohen 1989); people
forget some of it (retroactive interference: Barnes & Underwood 1959). Old items lie around a few topics; ten
times as many new ones about the same topics follow. Every old item is asked for in part of its words and
roughly in its meaning, before and during the flood.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.engine import ANSWERED_WITHIN_S, Bench
from benchmarks.signature.materials import Curve, Materials, Vector, percept
from cognition.client import Mind

TOPICS = 8
OLD = 48
FLOODS = (0, 2, 5, 10)
"""How many times as many new items have come."""

ALIKE, VAGUE = 0.8, 6.0
"""Distance of an item from its topic, and of a cue from its item, against 1 of what is unrelated to it."""

DROP_MAX = 0.02
"""Of recall@10, that ten times as many new items may cost."""

DEPTH = 10
MIND = "interference"


@dataclass(frozen=True, slots=True)
class Item:
    """An item, and how it is asked for: the word that it shares with its topic, and a vague idea."""

    key: str
    text: str
    vector: Vector
    asked: str
    idea: Vector


async def measure(bench: Bench, materials: Materials) -> Curve:
    """Old items first; then flood after flood, and the old ones asked for after each."""
    mind = bench.session.mind(MIND)
    topics = [(materials.words(3).split(), materials.vector()) for _ in range(TOPICS)]
    old = [_item(materials, f"old/{n}", topics[n % TOPICS]) for n in range(OLD)]
    await _perceive(bench, mind, old)
    recalled, times = [await _recall_at(mind, old, DEPTH)], 0
    first = [await _recall_at(mind, old, 1)]
    for flood in FLOODS[1:]:
        new = [_item(materials, f"new/{n}", topics[n % TOPICS]) for n in range(OLD * times, OLD * flood)]
        await _perceive(bench, mind, new)
        times = flood
        recalled.append(await _recall_at(mind, old, DEPTH))
        first.append(await _recall_at(mind, old, 1))
    return Curve(
        title="No catastrophic interference",
        x_label="new memories, times the old ones",
        y_label="share of the old ones recalled",
        x=[float(flood) for flood in FLOODS],
        series={f"among the first {DEPTH}": recalled, "as the first": first},
        checks={
            "the cues find the old ones while there is nothing else": recalled[0] >= 0.9,
            f"ten times as many cost no more than {DROP_MAX}": recalled[0] - recalled[-1] <= DROP_MAX,
        },
        reference="McCloskey & Cohen 1989; Barnes & Underwood 1959",
        notes=[f"recall@{DEPTH} falls by {recalled[0] - recalled[-1]:.3f}"],
    )


def _item(materials: Materials, key: str, topic: tuple[list[str], Vector]) -> Item:
    words, centre = topic
    own = materials.words(3).split()
    vector = materials.near(centre, ALIKE)
    shared = words[int(materials.chance.integers(len(words)))]
    return Item(key, " ".join([shared, *own]), vector, shared, materials.near(vector, VAGUE))


async def _perceive(bench: Bench, mind: Mind, items: list[Item]) -> None:
    await bench.perceive_all([percept(mind, i.key, i.text, i.vector) for i in items], lambda _: None)


async def _recall_at(mind: Mind, items: list[Item], depth: int) -> float:
    """The share of items that come back among the first so many of their own cue."""
    found = 0
    for item in items:
        answer = await mind.recall(
            item.asked,
            vector=item.idea.tobytes(),
            limit=depth,
            without=["working_memory"],
            deadline_s=ANSWERED_WITHIN_S,
        )
        found += item.key in {recalled.memory.key for recalled in answer.recalled}
    return found / len(items)
