"""The lives that the faults benchmark lets a daemon live: percepts from a seed, and what is left of them.

Pure: from a seed to percepts, from two stores' contents to counts. Knows no processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.memory import Memory
from schemas.percept import BoundaryMark, Percept

MINDS = 5
DIMENSION = 768
BEGAN_AT = 1_767_225_600.0
"""2026-01-01T00:00:00Z: event time does not depend on when the benchmark runs."""

LULL_S = 3_600.0
"""A silence that ends an episode (a conversation's gap is 30 min)."""


def percepts(count: int, seed: int) -> list[Percept]:
    """Percepts of several minds in turn, with topics that change, silences, marks and exact repeats."""
    rng = np.random.default_rng(seed)
    topics = rng.standard_normal((MINDS, DIMENSION))
    times = np.full(MINDS, BEGAN_AT)
    last: dict[int, str] = {}
    made: list[Percept] = []
    for number in range(count):
        mind = int(rng.integers(MINDS))
        chance = rng.random()
        if chance < 0.05:
            topics[mind] = rng.standard_normal(DIMENSION)
        times[mind] += LULL_S if chance > 0.97 else 20.0
        repeats = 0.90 < chance < 0.93 and mind in last
        key = last[mind] if repeats else f"percept-{number}"
        vector = topics[mind] + 0.5 * np.random.default_rng([seed, *key.encode()]).standard_normal(DIMENSION)
        last[mind] = key
        made.append(
            Percept(
                mind=f"mind-{mind}",
                key=key,
                content=f"This is what {key} was about.",
                occurred_at=float(times[mind]),
                vector=vector.astype("<f4").tobytes(),
                boundary=BoundaryMark.BEGIN if 0.93 < chance < 0.95 else None,
            )
        )
    return made


@dataclass(frozen=True, slots=True)
class Remains:
    """What a store holds after a life: every memory, and each mind's lifetime counters."""

    memories: Sequence[Memory]
    counters: Mapping[str, Mapping[str, int]]

    def by_key(self) -> dict[tuple[str, str], Memory]:
        """(mind, key) -> memory."""
        return {(m.mind, m.key): m for m in self.memories}

    def places(self) -> dict[tuple[str, str], tuple[str, int]]:
        """(mind, key) -> (the first key of its episode, its position there): ids of episodes are
        made of stream entries, which differ from run to run, their members do not."""
        first: dict[str, Memory] = {}
        for memory in self.memories:
            known = first.get(memory.episode_id)
            if known is None or memory.position < known.position:
                first[memory.episode_id] = memory
        return {(m.mind, m.key): (first[m.episode_id].key, m.position) for m in self.memories}


@dataclass(frozen=True, slots=True)
class Damage:
    """What the kills did, counted in memories."""

    lost: int
    doubled: int
    misfiled: int
    miscounted: int


def compare(undisturbed: Remains, disturbed: Remains) -> Damage:
    """Hold a disturbed life against an undisturbed one over the same percepts.

    lost: memories that are missing. doubled: two of one key, one that is not in the undisturbed
    life, or one strengthened more often. misfiled: in another episode or place than there.
    miscounted: lifetime counters that differ.
    """
    expected, found = undisturbed.by_key(), disturbed.by_key()
    shared = expected.keys() & found.keys()
    copies = Counter((m.mind, m.key) for m in disturbed.memories)
    extra = sum(n - 1 for n in copies.values()) + len(found.keys() - expected.keys())
    stronger = sum(_strength(found[k]) > _strength(expected[k]) for k in shared)
    places, placed = undisturbed.places(), disturbed.places()
    counters = [
        undisturbed.counters.get(mind, {}) != disturbed.counters.get(mind, {})
        for mind in undisturbed.counters.keys() | disturbed.counters.keys()
    ]
    weaker = sum(_strength(found[k]) < _strength(expected[k]) for k in shared)
    return Damage(
        lost=len(expected.keys() - found.keys()) + weaker,
        doubled=extra + stronger,
        misfiled=sum(places[k] != placed[k] for k in shared),
        miscounted=sum(counters),
    )


def _strength(memory: Memory) -> tuple[int, float]:
    """How often it was met and what that made of it; a repeat lost or done twice shows here."""
    return (memory.access_count, round(memory.consolidation_strength, 9))
