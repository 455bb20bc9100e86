"""What memories took in of each other, derived anew from what is stored of them.

When a memory is erased, nothing of it may be left in those around it. Each stored memory keeps what is
its own (content and bare vector), so that what it took in can be derived again from its neighbours;
how far they reach is bounded (`thread.REACHES`). What is in the archive was lived in its episode too: it gave
to its neighbours, and it keeps what it took in of them. Reads only; who calls it writes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cognition.engine.ledger import LOW_SALIENCE
from cognition.engine.mind import Mind, entry_order
from cognition.engine.tongues import Tongues
from cognition.engine.traces import spoken_again
from cognition.mechanisms.thread import REACHES, Placed, Thread, goes_on, moved, placed
from cognition.mechanisms.turns import REACH
from cognition.ports.stores import Revision, Scope, Stores, Trace

EPISODE_MEMBERS_MAX = 2_000
"""Members of one episode that are read, four times what segmentation lets it have."""

PAGE = 500


@dataclass(frozen=True, slots=True)
class Renewed:
    """A memory whose vectors change: as it is stored, awake or in the archive, and what it will be; `copied`
    of an awake one: whether it lies in the archive too."""

    trace: Trace
    revision: Revision
    archived: bool = False
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Lived:
    """A memory of a thread, where it lies: one that is on its way lies in both places."""

    awake: Trace | None
    archived: Trace | None

    @property
    def trace(self) -> Trace:
        """What it gives to the others."""
        found = self.awake or self.archived
        assert found is not None, "what was lived lies somewhere"
        return found


class Surroundings:
    """Reads threads, and derives what their members take in of each other.

    Parameters
    ----------
    without : mechanisms that are left out at encoding (`minds.without`).
    """

    def __init__(self, stores: Stores, tongues: Tongues, without: Collection[str]) -> None:
        self._stores = stores
        self._tongues = tongues
        self._without = without

    async def members(self, mind: str, episode_id: str) -> list[Trace]:
        """The awake memories of an episode in the order in which they came."""
        scope = Scope(episodes=(episode_id,))
        ids = await self._stores.memories.select(mind, scope, limit=EPISODE_MEMBERS_MAX)
        found: list[Trace] = []
        for page in pages(ids):
            found += (await self._stores.memories.get_traces(mind, page)).values()
        return sorted(found, key=lambda trace: trace.memory.position)

    async def without(self, mind: Mind, doomed: Collection[str], episodes: Collection[str]) -> list[Renewed]:
        """Memories around the doomed ones of these episodes that change when those are gone."""
        renewed: dict[tuple[str, bool], Renewed] = {}
        for episode in episodes:
            stretch = await self._stretch(mind, episode)
            left = [each.trace for each in stretch if each.trace.memory.id not in doomed]
            derived, _ = self._placed(mind, left)
            for each in _around(stretch, doomed):
                place = derived[each.trace.memory.id]
                for trace, archived in ((each.awake, False), (each.archived, True)):
                    if trace is not None and (change := _change(mind.name, trace, place)) is not None:
                        copied = not archived and each.archived is not None
                        renewed[trace.memory.id, archived] = Renewed(trace, change, archived, copied)
        return list(renewed.values())

    async def thread(self, mind: Mind, doomed: Collection[str]) -> Thread | None:
        """The thread that the mind is in, without the doomed; None where it holds none of them."""
        if mind.episode is None:
            return None
        stretch = [each.trace for each in await self._stretch(mind, mind.episode.id)]
        if not any(trace.memory.id in doomed for trace in stretch):
            return None
        left = [trace for trace in stretch if trace.memory.id not in doomed]
        return self._placed(mind, left[-REACHES:])[1]

    def _placed(self, mind: Mind, thread: Sequence[Trace]) -> tuple[dict[str, Placed], Thread]:
        mean_length = mind.lexicon.mean_length
        analyzer = self._tongues.of(mind.name)
        words = [spoken_again(t, analyzer, t.memory.mean_length or mean_length) for t in thread]
        return placed(words, self._without)

    async def _lived(self, mind: str, episode: str) -> list[Lived]:
        """All that was lived in an episode, in the order in which it came, wherever it lies now. What
        attention passed by is part of none."""
        awake = {trace.memory.id: trace for trace in await self.members(mind, episode)}
        ids = await self._stores.archive.within(mind, episode, but=LOW_SALIENCE, limit=EPISODE_MEMBERS_MAX)
        archived: dict[str, Trace] = {}
        for page in pages(ids):
            archived |= await self._stores.archive.get_traces(mind, page)
        found = [Lived(awake.get(i), archived.get(i)) for i in {**awake, **archived}]
        return sorted(found, key=lambda each: _place(each.trace))

    async def _stretch(self, mind: Mind, episode: str) -> list[Lived]:
        """The members of an episode, with as many before and after them as the thread reaches."""
        members = await self._lived(mind.name, episode)
        return [
            *await self._before(mind, episode),
            *members,
            *await self._after(mind, episode),
        ]

    async def _before(self, mind: Mind, episode: str) -> list[Lived]:
        """The last memories of the thread before this episode, at most `REACHES`."""
        found: list[Lived] = []
        earlier = await self._previous(mind, episode)
        while earlier and len(found) < REACHES:
            ended = (await self._stores.episodes.get(mind.name, [earlier])).get(earlier)
            if ended is None or not goes_on(ended.boundary_type):
                break
            found = [*await self._lived(mind.name, earlier), *found]
            earlier = ended.previous_id
        return found[-REACHES:]

    async def _previous(self, mind: Mind, episode: str) -> str | None:
        if mind.episode is not None and mind.episode.id == episode:
            return mind.episode.previous_id
        stored = (await self._stores.episodes.get(mind.name, [episode])).get(episode)
        return None if stored is None else stored.previous_id

    async def _after(self, mind: Mind, episode: str) -> list[Lived]:
        """The first memories of the thread after this episode, at most `REACHES`."""
        found: list[Lived] = []
        current: str | None = episode
        while current and len(found) < REACHES:
            if mind.episode is not None and mind.episode.id == current:
                break
            ended = (await self._stores.episodes.get(mind.name, [current])).get(current)
            if ended is None or not goes_on(ended.boundary_type):
                break
            current = ended.next_id
            if current:
                found += await self._lived(mind.name, current)
        return found[:REACHES]


def _place(trace: Trace) -> tuple[int, tuple[int, int]]:
    """Where a memory stands in its episode."""
    return trace.memory.position, entry_order(trace.memory.entry)


def _change(mind: str, trace: Trace, place: Placed) -> Revision | None:
    """What is to be written of a memory that stands so now; None where it is as it should be."""
    lexical = place.lexical if place.lexical != trace.lexical else None
    context = place.context if moved(trace.context, place.context) else None
    if lexical is None and context is None:
        return None
    return Revision(mind, trace.memory.id, lexical=lexical, context=context)


def _around(stretch: Sequence[Lived], doomed: Collection[str]) -> list[Lived]:
    """Those that the doomed ones may have given something: few before them, more after them."""
    near: set[int] = set()
    for place, each in enumerate(stretch):
        if each.trace.memory.id in doomed:
            near.update(range(place - REACH, place + REACHES + 1))
    return [e for place, e in enumerate(stretch) if place in near and e.trace.memory.id not in doomed]


def pages(ids: Sequence[str]) -> list[Sequence[str]]:
    """The ids in pages of a bounded size."""
    return [ids[i : i + PAGE] for i in range(0, len(ids), PAGE)]
