"""Neighbourhood: what a memory is associated with, and how two memories hang together.

Reads whole levels at once: one call to the store for each step of depth, one for how the last ones
begin, and two to say why somebody is not there. Never more than `LEVEL_MAX` memories of a level.
Archived and forgotten memories are named in the notes and not followed.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from cognition.errors import BadCueError
from cognition.mechanisms import synapses
from cognition.ports.clock import Clock
from cognition.ports.stores import Stores
from schemas.association import Association, AssociationType
from schemas.identifiers import is_identifier, memory_id
from schemas.learning import Neighbour, NeighboursAnswer, NeighboursInquiry, PathAnswer, PathInquiry
from schemas.memory import Memory

LEVEL_MAX = 256
"""Memories that are read at one depth, the strongest: a hub's neighbourhood is told by its strongest."""

PREVIEW_LENGTH = 100

NAMED_MAX = 3
"""Absent memories that a note names: enough to look one up, and still a line."""

NOWHERE = "not there (yet)"


@dataclass(slots=True)
class Seen:
    """The part of a mind's associations that was read."""

    memories: dict[str, Memory] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)


class Neighbourhood:
    """Answers questions about associations."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores = stores
        self._clock = clock

    async def neighbours(self, inquiry: NeighboursInquiry) -> NeighboursAnswer:
        """A tree: each memory once, where it is nearest."""
        now = self._clock.now()
        start = named(inquiry.mind, inquiry.memory)
        seen = Seen()
        reached: dict[str, Neighbour] = {}
        level = [start]
        for depth in range(1, inquiry.depth + 1):
            await self._read(inquiry.mind, level, seen)
            steps = [
                step
                for source in level
                if source in seen.memories
                for step in _steps(seen.memories[source], inquiry.types, now, inquiry.limit, depth)
                if step.target != start
            ]
            level = []
            for step in sorted(steps, key=_order):
                if step.target not in reached and len(level) < LEVEL_MAX:
                    reached[step.target] = step
                    level.append(step.target)
        await self._read(inquiry.mind, level, seen)
        source = seen.memories.get(start)
        return NeighboursAnswer(
            inquiry_id=inquiry.id,
            mind=inquiry.mind,
            memory_id=start,
            preview=None if source is None else source.content[:PREVIEW_LENGTH],
            neighbours=[_shown(step, seen) for step in reached.values() if step.target in seen.memories],
            notes=[*await self._absent(inquiry.mind, seen.absent, {start: inquiry.memory}), *_repaired(seen)],
        )

    async def path(self, inquiry: PathInquiry) -> PathAnswer:
        """The path whose weights have the greatest product. Each association is a bridge both ways; it is
        told in its own direction."""
        now = self._clock.now()
        start, goal = named(inquiry.mind, inquiry.start), named(inquiry.mind, inquiry.goal)
        ends = {start: inquiry.start, goal: inquiry.goal}
        seen = Seen()
        level: list[str] = [start, goal]
        for depth in range(inquiry.depth):
            await self._read(inquiry.mind, level, seen)
            steps = [
                step
                for source in level
                if source in seen.memories
                for step in _steps(seen.memories[source], inquiry.types, now, LEVEL_MAX, depth)
            ]
            order = dict.fromkeys(step.target for step in sorted(steps, key=_order))
            level = [i for i in order if i not in seen.memories and i not in seen.absent][:LEVEL_MAX]
        await self._read(inquiry.mind, level, seen)
        bridges = _bridges(seen, inquiry.types, now)
        found = strongest_path(bridges, start, goal, inquiry.depth)
        strength = 1.0
        for step in found:
            strength *= step.weight
        return PathAnswer(
            inquiry_id=inquiry.id,
            mind=inquiry.mind,
            steps=[_shown(step, seen) for step in found],
            strength=strength if found else 0.0,
            notes=[*await self._absent(inquiry.mind, seen.absent, ends), *_repaired(seen)],
        )

    async def _read(self, mind: str, ids: Sequence[str], seen: Seen) -> None:
        new = [i for i in dict.fromkeys(ids) if i not in seen.memories and i not in seen.absent]
        if new:
            found = await self._stores.memories.get(mind, [i for i in new if is_identifier(i)])
            seen.memories |= found
            seen.absent |= {i for i in new if i not in found}

    async def _absent(self, mind: str, absent: Collection[str], asked: Mapping[str, str]) -> list[str]:
        """Who is not there, and why: first those that were `asked` for, as they were named."""
        ids = sorted(i for i in absent if is_identifier(i))
        if not absent:
            return []
        archived = await self._stores.archive.get(mind, ids)
        erased = await self._stores.tombstones.among([(mind, i) for i in ids])
        why = {
            i: "forgotten" if i in erased else "archived" if i in archived else NOWHERE
            for i in sorted(absent)
        }
        notes = [
            no_memory(mind, name) if why[i] == NOWHERE else f"memory {name!r} of {mind!r} is {why[i]}"
            for i, name in asked.items()
            if i in why
        ]
        for what in ("archived", "forgotten", NOWHERE):
            led_to = [i for i in why if why[i] == what and i not in asked]
            notes += [_not_followed(led_to, what)] if led_to else []
        return notes


def _not_followed(ids: Sequence[str], what: str) -> str:
    """How many associated memories are not followed, with a few of them."""
    count, more = len(ids), len(ids) - NAMED_MAX
    are = "memory is" if count == 1 else "memories are"
    listed = ", ".join(ids[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
    return f"{count} associated {are} {what} and not followed: {listed}"


def no_memory(mind: str, name: str) -> str:
    """What is said of a name that no memory of a mind has."""
    return f"{mind!r} has no memory {name!r}"


def named(mind: str, name: str) -> str:
    """The memory of this id or key. Raises `BadCueError` when neither is given."""
    if not name:
        raise BadCueError("neither a memory's id nor its key is given", remedy="Give one of them.")
    return name if is_identifier(name) else memory_id(mind, name)


def strongest_path(
    bridges: Mapping[str, Mapping[str, Neighbour]], start: str, goal: str, depth_max: int
) -> list[Neighbour]:
    """At most `depth_max` steps from start to goal with the greatest product of weights; a cycle is
    never worth its steps, since no weight is above 1."""
    best: dict[tuple[str, int], float] = {(start, 0): 1.0}
    came: dict[tuple[str, int], tuple[tuple[str, int], Neighbour]] = {}
    queue: list[tuple[float, str, int]] = [(-1.0, start, 0)]
    while queue:
        negative, at, depth = heapq.heappop(queue)
        if at == goal:
            return _walked(came, (at, depth))
        if -negative < best[at, depth] or depth == depth_max:
            continue
        for to, step in bridges.get(at, {}).items():
            strength = -negative * step.weight
            if strength > best.get((to, depth + 1), 0.0):
                best[to, depth + 1] = strength
                came[to, depth + 1] = ((at, depth), step)
                heapq.heappush(queue, (-strength, to, depth + 1))
    return []


def _walked(
    came: Mapping[tuple[str, int], tuple[tuple[str, int], Neighbour]], at: tuple[str, int]
) -> list[Neighbour]:
    steps: list[Neighbour] = []
    while at in came:
        at, step = came[at]
        steps.append(step)
    return steps[::-1]


def _bridges(seen: Seen, types: Collection[AssociationType], now: float) -> dict[str, dict[str, Neighbour]]:
    """Between memories that were read, the strongest association each way."""
    bridges: dict[str, dict[str, Neighbour]] = {i: {} for i in seen.memories}
    for memory in seen.memories.values():
        for step in _steps(memory, types, now, LEVEL_MAX, 0):
            if step.target not in seen.memories:
                continue
            for one, other in ((step.source, step.target), (step.target, step.source)):
                known = bridges[one].get(other)
                if known is None or _worth(known, one) < _worth(step, one):
                    bridges[one][other] = step
    return bridges


def _worth(step: Neighbour, source: str) -> tuple[float, bool]:
    """The stronger, of equals the one that leads away from here."""
    return (step.weight, step.source == source)


def _steps(
    memory: Memory, types: Collection[AssociationType], now: float, limit: int, depth: int
) -> Iterable[Neighbour]:
    wanted = (a for a in memory.associations if not types or a.type in types)
    return [_step(memory.id, a, now, depth) for a in synapses.strongest(wanted, now, limit)]


def _step(source: str, association: Association, now: float, depth: int) -> Neighbour:
    return Neighbour(
        source=source,
        target=association.target_id,
        type=association.type,
        weight=synapses.strength(association, now),
        depth=depth,
        age_s=max(0.0, now - association.last_coactivated),
        count=association.coactivation_count,
        given=synapses.given(association),
    )


def _shown(step: Neighbour, seen: Seen) -> Neighbour:
    """With how the target begins."""
    target = seen.memories.get(step.target)
    preview = target.content[:PREVIEW_LENGTH] if target is not None else ""
    return msgspec.structs.replace(step, preview=preview)


def _order(step: Neighbour) -> tuple[float, str, str]:
    return (-step.weight, step.target, step.source)


def _repaired(seen: Seen) -> list[str]:
    """What a hand had spoiled, one line each."""
    return [
        f"{memory.id} -> {a.target_id}: {a.repaired}"
        for memory in seen.memories.values()
        for a in memory.associations
        if a.repaired
    ]
