"""What memories took in of each other, derived anew from what is stored of them.

When a memory is erased, nothing of it may be left in those around it. Each stored memory keeps what is
its own (content and bare vector), so that what it took in can be derived again from its neighbours;
how far they reach is bounded (`thread.REACHES`). Reads only; who calls it writes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cognition.engine.mind import Mind
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
    """A memory whose vectors change: as it is stored, and what it will be."""

    trace: Trace
    revision: Revision


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
        """The memories of an episode in the order in which they came."""
        scope = Scope(episodes=(episode_id,))
        ids = await self._stores.memories.select(mind, scope, limit=EPISODE_MEMBERS_MAX)
        found: list[Trace] = []
        for page in pages(ids):
            found += (await self._stores.memories.get_traces(mind, page)).values()
        return sorted(found, key=lambda trace: trace.memory.position)

    async def without(self, mind: Mind, doomed: Collection[str], episodes: Collection[str]) -> list[Renewed]:
        """Memories around the doomed ones of these episodes that change when those are gone."""
        renewed: dict[str, Renewed] = {}
        for episode in episodes:
            stretch = await self._stretch(mind, episode)
            left = [trace for trace in stretch if trace.memory.id not in doomed]
            derived, _ = self._placed(mind, left)
            for trace in _around(stretch, doomed):
                place = derived[trace.memory.id]
                change = Revision(
                    mind.name,
                    trace.memory.id,
                    lexical=place.lexical if place.lexical != trace.lexical else None,
                    context=place.context if moved(trace.context, place.context) else None,
                )
                if change.lexical is not None or change.context is not None:
                    renewed[trace.memory.id] = Renewed(trace, change)
        return list(renewed.values())

    async def thread(self, mind: Mind, doomed: Collection[str]) -> Thread | None:
        """The thread that the mind is in, without the doomed; None where it holds none of them."""
        if mind.episode is None:
            return None
        stretch = await self._stretch(mind, mind.episode.id)
        if not any(trace.memory.id in doomed for trace in stretch):
            return None
        left = [trace for trace in stretch if trace.memory.id not in doomed]
        return self._placed(mind, left[-REACHES:])[1]

    def _placed(self, mind: Mind, thread: Sequence[Trace]) -> tuple[dict[str, Placed], Thread]:
        mean_length = mind.lexicon.mean_length
        analyzer = self._tongues.of(mind.name)
        words = [spoken_again(t, analyzer, t.memory.mean_length or mean_length) for t in thread]
        return placed(words, self._without)

    async def _stretch(self, mind: Mind, episode: str) -> list[Trace]:
        """The members of an episode, with as many before and after them as the thread reaches."""
        members = await self.members(mind.name, episode)
        return [
            *await self._before(mind, episode),
            *members,
            *await self._after(mind, episode),
        ]

    async def _before(self, mind: Mind, episode: str) -> list[Trace]:
        """The last memories of the thread before this episode, at most `REACHES`."""
        found: list[Trace] = []
        earlier = await self._previous(mind, episode)
        while earlier and len(found) < REACHES:
            ended = (await self._stores.episodes.get(mind.name, [earlier])).get(earlier)
            if ended is None or not goes_on(ended.boundary_type):
                break
            found = [*await self.members(mind.name, earlier), *found]
            earlier = ended.previous_id
        return found[-REACHES:]

    async def _previous(self, mind: Mind, episode: str) -> str | None:
        if mind.episode is not None and mind.episode.id == episode:
            return mind.episode.previous_id
        stored = (await self._stores.episodes.get(mind.name, [episode])).get(episode)
        return None if stored is None else stored.previous_id

    async def _after(self, mind: Mind, episode: str) -> list[Trace]:
        """The first memories of the thread after this episode, at most `REACHES`."""
        found: list[Trace] = []
        current: str | None = episode
        while current and len(found) < REACHES:
            if mind.episode is not None and mind.episode.id == current:
                break
            ended = (await self._stores.episodes.get(mind.name, [current])).get(current)
            if ended is None or not goes_on(ended.boundary_type):
                break
            current = ended.next_id
            if current:
                found += await self.members(mind.name, current)
        return found[:REACHES]


def _around(stretch: Sequence[Trace], doomed: Collection[str]) -> list[Trace]:
    """Those that the doomed ones may have given something: few before them, more after them."""
    near: set[int] = set()
    for place, trace in enumerate(stretch):
        if trace.memory.id in doomed:
            near.update(range(place - REACH, place + REACHES + 1))
    return [t for place, t in enumerate(stretch) if place in near and t.memory.id not in doomed]


def pages(ids: Sequence[str]) -> list[Sequence[str]]:
    """The ids in pages of a bounded size."""
    return [ids[i : i + PAGE] for i in range(0, len(ids), PAGE)]
