"""Items that are learned at one time, met again at another and asked for at a third, all of them in the past.

What a mind tells of an item now is what it would have told then: only the time since counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.engine import ANSWERED_WITHIN_S, Bench
from benchmarks.signature.materials import Materials, Vector, percept
from cognition.client import Mind
from cognition.engine.standing import readiness
from cognition.mechanisms.retrievability import AT_STABILITY, retrievability
from schemas.identifiers import memory_id
from schemas.memory import Memory

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Item:
    """Something to learn. How salient and how moving it is decides how stable it begins."""

    key: str
    text: str
    vector: Vector
    weight: float
    arousal: float

    def fields(self) -> dict[str, Any]:
        """Its part in a percept beside what it says."""
        share = dict.fromkeys(("importance", "relevance", "connection_relevance"), self.weight)
        return {**share, "arousal": self.arousal}


def varied(materials: Materials, count: int) -> list[Item]:
    """Items from hardly salient to very, calm and moving."""
    return [
        Item(str(n), materials.words(3), materials.vector(), (n // 6) / max(1, count // 6 - 1), (n % 6) / 5.0)
        for n in range(count)
    ]


async def learn(bench: Bench, mind: Mind, items: Sequence[Item], at: float) -> None:
    """Perceive all of them at this time; what is perceived before is met again."""
    percepts = [percept(mind, i.key, i.text, i.vector, occurred_at=at, **i.fields()) for i in items]
    await bench.perceive_all(percepts, lambda _: None)


async def retrieve(mind: Mind, items: Sequence[Item], at: float) -> None:
    """Each is asked for at this time, and served."""
    reports = []
    for item in items:
        cue = item.vector.tobytes()
        found = await mind.recall(item.text, vector=cue, limit=1, deadline_s=ANSWERED_WITHIN_S)
        told = await mind.feedback(found, useful=[item.key], at=at, within_s=ANSWERED_WITHIN_S)
        reports.append(told)
    for report in reports:
        await report.wait(within_s=ANSWERED_WITHIN_S)


async def held(bench: Bench, mind: Mind, items: Sequence[Item]) -> list[Memory]:
    """The memory of each."""
    daemon = bench.session.daemon
    assert daemon is not None, "a benchmark runs the engine in its own process"
    ids = [memory_id(mind.name, item.key) for item in items]
    found = await daemon.stores.memories.get(mind.name, ids)
    return [found[i] for i in ids]


async def that_come_to_mind(bench: Bench, mind: Mind, items: Sequence[Item], after_s: float) -> list[Item]:
    """Those that still come to mind so long after they were learned: whose retrievability is that which one
    in three of a kind has."""
    memories = await held(bench, mind, items)
    told = [retrievability(after_s, memory.stability_s) for memory in memories]
    return [item for item, r in zip(items, told, strict=True) if r >= AT_STABILITY]


async def retrievabilities(bench: Bench, mind: Mind, items: Sequence[Item], now: float) -> list[float]:
    """How retrievable each is now, as the mind tells it."""
    return [readiness(memory, now)[1] for memory in await held(bench, mind, items)]
