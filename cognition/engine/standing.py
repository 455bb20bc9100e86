"""Standing: how ready a memory is by its own history, shown beside what a cue finds.

It is told and does not rank: weighing it lost recall on every set (ADR 16).
"""

from __future__ import annotations

from cognition.mechanisms.activation import base_level
from cognition.mechanisms.retrievability import retrievability
from schemas.memory import Memory
from schemas.recollection import ScorePart

BASE_LEVEL, RETRIEVABILITY, TRUST = "base_level", "retrievability", "trust"


def readiness(memory: Memory, now: float) -> tuple[float, float]:
    """Base level and retrievability of a memory at this time."""
    since_last = max(0.0, now - memory.last_accessed)
    since_first = max(0.0, now - memory.occurred_at)
    level = base_level(1 + memory.access_count, since_last, since_first)
    return level, retrievability(since_last, memory.stability_s)


def standing(memory: Memory, now: float) -> list[ScorePart]:
    """What is shown of a memory in an explanation and weighs nothing."""
    level, ready = readiness(memory, now)
    return [_shown(BASE_LEVEL, level), _shown(RETRIEVABILITY, ready), _shown(TRUST, memory.trust)]


def _shown(name: str, value: float) -> ScorePart:
    return ScorePart(name=name, value=value, z=0.0, weight=0.0, contribution=0.0)
