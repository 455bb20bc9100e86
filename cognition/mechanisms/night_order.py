"""The order of a night: how a cycle is divided into stages, and in which order memories are replayed.

Knows ids and places; which memories are chosen is `replay_priority`, what a replay does
`consolidation_strength`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Stage(enum.StrEnum):
    """The stages of a cycle, in their order."""

    LIGHT = "light"
    DEEP = "deep"
    DREAMING = "dreaming"


SHARE: Mapping[Stage, float] = {Stage.LIGHT: 0.2, Stage.DEEP: 0.5, Stage.DREAMING: 0.3}
"""Of a cycle's budget (schema, section 6; people: about 55, 20 and 25 % of the night)."""

FACTOR: Mapping[Stage, float] = {Stage.LIGHT: 0.5, Stage.DEEP: 1.0, Stage.DREAMING: 0.8}
"""How strongly a stage consolidates (schema, section 6)."""

BATCH = 50
NOVEL_SHARE = 0.7
"""Memories of one cycle, and how many of them are novel: 35 and 15 (schema, section 6)."""

PATTERN = (True, False, False)
"""N F F N F F: each novel one among familiar ones, so that new knowledge is fitted into old instead of
overwriting it (complementary learning systems: McClelland, McNaughton & O'Reilly 1995)."""


class Placed(NamedTuple):
    """One memory and where it stands: its episode ("" for none) and its position there."""

    memory_id: str
    episode_id: str
    position: int


def divided(total: int) -> dict[Stage, int]:
    """A whole number of anything (steps, calls, memories) over the stages, by `SHARE`.

    Largest remainders, so that the parts sum to `total`; equals to the earlier stage.
    """
    exact = {stage: share * max(0, total) for stage, share in SHARE.items()}
    parts = {stage: int(value + 1e-9) for stage, value in exact.items()}
    order = sorted(Stage, key=lambda s: (-(exact[s] - parts[s]), list(Stage).index(s)))
    for stage in order[: max(0, total) - sum(parts.values())]:
        parts[stage] += 1
    return parts


def quota(batch: int = BATCH, novel_share: float = NOVEL_SHARE) -> tuple[int, int]:
    """How many novel and how many familiar memories a cycle replays; one novel at least."""
    novel = min(batch, max(1, round(novel_share * batch)))
    return novel, batch - novel


def interleaved(novel: Sequence[T], familiar: Sequence[T]) -> list[T]:
    """N F F N F F ..., and what is left of either in its order when the other has run out."""
    rest = {True: list(reversed(novel)), False: list(reversed(familiar))}
    order: list[T] = []
    while rest[True] and rest[False]:
        order += [rest[kind].pop() for kind in PATTERN if rest[kind]]
    left = rest[True] or rest[False]
    return order + left[::-1]


def staged(order: Sequence[T]) -> dict[Stage, list[T]]:
    """The replay order cut into the stages, each its share."""
    parts, begin = {}, 0
    for stage, count in divided(len(order)).items():
        parts[stage] = list(order[begin : begin + count])
        begin += count
    return parts


def sweeps(replayed: Sequence[Placed]) -> list[tuple[str, ...]]:
    """The sequences in which memories are replayed: every episode forward, then in reverse.

    Episodes in the order in which their first memory was chosen; within one by position, equals by id.
    What stands alone is its own sequence, once. Each memory appears in exactly one episode's sweeps.

    References
    ----------
    Foster & Wilson 2006 (reverse replay); Diba & Buzsáki 2007 (forward and reverse).
    """
    episodes: dict[str, list[Placed]] = {}
    for each in dict.fromkeys(replayed):
        episodes.setdefault(each.episode_id or f"\0{each.memory_id}", []).append(each)
    found: list[tuple[str, ...]] = []
    for members in episodes.values():
        members.sort(key=lambda p: (p.position, p.memory_id))
        forward = tuple(each.memory_id for each in members)
        found.append(forward)
        if len(forward) > 1:
            found.append(forward[::-1])
    return found
