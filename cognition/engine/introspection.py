"""Introspection: what a mind can say of itself. Reads only, one mind at a time."""

from __future__ import annotations

from collections import Counter

import msgspec

from cognition.engine.association import left
from cognition.engine.mind import Mind
from cognition.engine.minds import Minds
from cognition.engine.standing import readiness
from cognition.errors import BadCueError
from cognition.mechanisms.identity import verify
from cognition.ports.clock import Clock
from cognition.ports.stores import Scope, Stores
from schemas.cue import CueFilter
from schemas.episode import Episode, EpisodeScale
from schemas.identifiers import is_identifier, memory_id
from schemas.identity import Law
from schemas.inquiry import (
    EpisodesAnswer,
    EpisodesInquiry,
    ForgettingAnswer,
    ForgettingInquiry,
    IdentityAnswer,
    IdentityInquiry,
    MemoryAnswer,
    MemoryInquiry,
    StatusAnswer,
    StatusInquiry,
)

BOUNDARIES_MAX = 200
"""Episodes over which causes are counted."""
PREVIEWS_MAX = 20
PREVIEW_LENGTH = 100

DaemonFigures = dict[str, float | int | str | bool]


class Introspection:
    """Answers inquiries about one mind."""

    def __init__(
        self, stores: Stores, minds: Minds, clock: Clock, laws: tuple[Law, ...], *, links: bool = True
    ) -> None:
        self._links = links
        self._stores = stores
        self._minds = minds
        self._clock = clock
        self._laws = laws

    async def episodes(self, inquiry: EpisodesInquiry) -> EpisodesAnswer:
        """The latest episodes of one scale, the open one first and as it is this moment, or those of these
        ids; with the coarse ones that hold them."""
        mind = await self._minds.look(inquiry.mind)
        live = self._live(mind)
        if inquiry.ids:
            asked = [i for i in inquiry.ids if is_identifier(i)]
            stored = await self._stores.episodes.get(inquiry.mind, asked)
            found = [e for e in (live.get(i) or stored.get(i) for i in inquiry.ids) if e is not None]
        else:
            latest = await self._stores.episodes.latest(
                inquiry.mind, limit=inquiry.limit, scale=inquiry.scale
            )
            now = [episode for episode in live.values() if episode.scale is inquiry.scale]
            found = [*now, *(e for e in latest if e.id not in live)][: inquiry.limit]
        parents = list(dict.fromkeys(e.parent_id for e in found if e.parent_id is not None))
        held = await self._stores.episodes.get(inquiry.mind, parents) if parents else {}
        coarse = [e for e in (live.get(i) or held.get(i) for i in parents) if e is not None]
        return EpisodesAnswer(inquiry_id=inquiry.id, mind=inquiry.mind, episodes=found, coarse=coarse)

    def _live(self, mind: Mind) -> dict[str, Episode]:
        """What is open, as it is this moment."""
        live = []
        if mind.episode is not None:
            live.append(mind.episode.as_it_is(mind.name, epoch=0))
        if mind.coarse is not None:
            live.append(mind.coarse.record(mind.name, mind.episode, epoch=0)[0])
        return {episode.id: episode for episode in live}

    async def memory(self, inquiry: MemoryInquiry) -> MemoryAnswer:
        """One memory, awake or archived, or the tombstone where it was."""
        wanted = inquiry.memory_id or (memory_id(inquiry.mind, inquiry.key) if inquiry.key else "")
        if not wanted:
            raise BadCueError("neither memory_id nor key is given", remedy="Give one of them.")
        awake = await self._stores.memories.get(inquiry.mind, [wanted])
        archived = {} if awake else await self._stores.archive.get(inquiry.mind, [wanted])
        erased = await self._stores.tombstones.among([(inquiry.mind, wanted)])
        if wanted in erased:  # a process that was paused may have put it there afterwards
            archived = {}
        memory = awake.get(wanted) or archived.get(wanted)
        derived = {} if memory else await self._stores.abstractions.get(inquiry.mind, [wanted])
        level, ready = readiness(memory, self._clock.now()) if memory is not None else (0.0, 0.0)
        return MemoryAnswer(
            inquiry_id=inquiry.id,
            mind=inquiry.mind,
            base_level=level,
            retrievability=ready,
            memory=memory,
            archived=wanted in archived,
            tombstone=erased.get(wanted),
            abstraction=derived.get(wanted),
        )

    async def identity(self, inquiry: IdentityInquiry) -> IdentityAnswer:
        """The stored identity with the live counters; verified against the laws on request."""
        mind = await self._minds.look(inquiry.mind)
        stored = await self._stores.identities.get(inquiry.mind)
        problems = verify(stored, self._laws) if inquiry.verify and stored is not None else []
        if stored is not None:
            stored = msgspec.structs.replace(
                stored, lifetime=mind.lifetime, last_percept_at=mind.last_percept_at
            )
        return IdentityAnswer(
            inquiry_id=inquiry.id,
            mind=inquiry.mind,
            identity=stored,
            verified=inquiry.verify and stored is not None and not problems,
            problems=problems,
        )

    async def status(self, inquiry: StatusInquiry, daemon: DaemonFigures) -> StatusAnswer:
        """How this mind is, and the figures of its daemon (sums only, no names)."""
        mind = await self._minds.look(inquiry.mind)
        live = mind.episode.as_it_is(mind.name, epoch=0) if mind.episode is not None else None
        return StatusAnswer(
            inquiry_id=inquiry.id,
            mind=inquiry.mind,
            memories=await self._stores.memories.count(inquiry.mind),
            episodes=max(await self._stores.episodes.count(inquiry.mind), mind.episodes),
            open_episode=live,
            lifetime=mind.lifetime,
            lexicon_terms=len(mind.lexicon),
            segmenter=mind.segmenter.figures(),
            boundaries=await self._boundaries(inquiry.mind),
            stopped=mind.stopped,
            language=mind.language,
            notes=[note] if (note := self._minds.foreign(mind)) else [],
            through=mind.through,
            unlinked=left(mind) if self._links else 0,
            abstractions=await self._stores.abstractions.count(inquiry.mind),
            daemon=daemon,
        )

    async def _boundaries(self, mind: str) -> dict[str, int]:
        """What ended the latest episodes, the most frequent cause first, then the coarse ones."""
        found: dict[str, int] = {}
        for scale, named in ((EpisodeScale.FINE, "{}"), (EpisodeScale.COARSE, "coarse {}")):
            latest = await self._stores.episodes.latest(mind, limit=BOUNDARIES_MAX, scale=scale)
            causes = Counter(str(e.boundary_type) for e in latest if e.boundary_type is not None)
            found |= {named.format(cause): count for cause, count in causes.most_common()}
        return found

    async def forgetting(self, inquiry: ForgettingInquiry) -> ForgettingAnswer:
        """Which memories a forgetting would erase, and how many in all. Refuses an empty request."""
        ids, total = await self._doomed(inquiry)
        shown = await self._stores.memories.get(inquiry.mind, ids[:PREVIEWS_MAX])
        return ForgettingAnswer(
            inquiry_id=inquiry.id,
            mind=inquiry.mind,
            memory_ids=ids,
            total=total,
            previews=[m.content[:PREVIEW_LENGTH] for m in shown.values()],
        )

    async def _doomed(self, inquiry: ForgettingInquiry) -> tuple[list[str], int]:
        if inquiry.memory_ids:
            found = await self._stores.memories.get(inquiry.mind, inquiry.memory_ids)
            archived = await self._stores.archive.get(inquiry.mind, inquiry.memory_ids)
            derived = await self._stores.abstractions.get(inquiry.mind, inquiry.memory_ids)
            there = [i for i in inquiry.memory_ids if i in found or i in archived or i in derived]
            return there[: inquiry.limit], len(there)
        if inquiry.filter is None or inquiry.filter == CueFilter():
            raise BadCueError(
                "the filter is empty and would erase the whole mind",
                remedy="Name ids, or set at least one field of the filter.",
            )
        scope = Scope(filter=inquiry.filter)
        ids = await self._stores.memories.select(inquiry.mind, scope, limit=inquiry.limit)
        whole = len(ids) < inquiry.limit
        return ids, len(ids) if whole else await self._stores.memories.count(inquiry.mind, scope)
