"""Erasing what a person wants erased: for good, exactly that, and never to return.

Order of steps: tombstones first (no path may write these ids again), then the points, then
everything derived from them (lexicon, working memory, labels of their episodes). A crash in
between is healed when the entry is delivered again.
"""

from __future__ import annotations

from collections.abc import Sequence

from cognition.engine.mind import Mind
from cognition.mechanisms.episodes import EpisodeTally
from cognition.mechanisms.lexicon import Lexicon
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from cognition.ports.stores import Scope, Stores, Trace
from schemas.events import MemoriesForgotten
from schemas.memory import Tombstone
from schemas.percept import Forget

EPISODE_MEMBERS_MAX = 2_000
"""Members of an episode that are read to derive its label anew."""
PAGE = 500


class Forgetting:
    """Erases memories of one mind on request."""

    def __init__(self, stores: Stores, clock: Clock, sink: Sink) -> None:
        self._stores = stores
        self._clock = clock
        self._sink = sink

    async def erase(self, mind: Mind, request: Forget, entry: str, *, epoch: int) -> int:
        """Erase the named memories of this mind; the number that is gone because of this entry."""
        wanted = [(mind.name, memory_id) for memory_id in request.memory_ids]
        buried = await self._stores.tombstones.among(wanted)
        interrupted = [i for i, t in buried.items() if t.entry == entry]
        traces: dict[str, Trace] = {}
        for ids in pages(request.memory_ids):
            traces.update(await self._stores.memories.get_traces(mind.name, ids))
        archived = await self._stores.archive.get(mind.name, request.memory_ids)
        doomed = list(dict.fromkeys([*traces, *archived, *interrupted]))
        if not doomed:
            return 0
        await self._bury(mind, doomed, request, entry)
        await self._stores.memories.erase(mind.name, doomed)
        await self._stores.archive.erase(mind.name, doomed)
        await self._forget_derived(mind, traces, set(doomed), rebuild=bool(interrupted), epoch=epoch)
        mind.forgotten += len(doomed)
        self._sink.publish(
            MemoriesForgotten(at=self._clock.now(), mind=mind.name, count=len(doomed))
        )
        return len(doomed)

    async def _bury(self, mind: Mind, doomed: Sequence[str], request: Forget, entry: str) -> None:
        now = self._clock.now()
        await self._stores.tombstones.bury(
            [
                Tombstone(id=i, mind=mind.name, forgotten_at=now, entry=entry, reason=request.reason)
                for i in doomed
            ]
        )

    async def _forget_derived(
        self, mind: Mind, traces: dict[str, Trace], doomed: set[str], *, rebuild: bool, epoch: int
    ) -> None:
        for memory_id in doomed:
            mind.working.forget(memory_id)
        mind.echo.drop(doomed)
        if rebuild:
            await rebuild_lexicon(mind, self._stores)
        else:
            for trace in traces.values():
                mind.unlearn(dict(trace.lexical), trace.memory.length, trace.context)
        for episode in {t.memory.episode_id for t in traces.values()}:
            await self._relabel(mind, episode, epoch=epoch)

    async def _relabel(self, mind: Mind, episode_id: str, *, epoch: int) -> None:
        """Derive the label, gist and feeling of an episode from what is left of it."""
        scope = Scope(episodes=(episode_id,))
        ids = await self._stores.memories.select(mind.name, scope, limit=EPISODE_MEMBERS_MAX)
        tally, count = EpisodeTally(), 0
        for page in pages(ids):
            members = (await self._stores.memories.get_traces(mind.name, page)).values()
            for trace in sorted(members, key=lambda t: t.memory.position):
                m = trace.memory
                tally.add(
                    trace.context, m.valence, m.arousal, m.content, m.composite_salience, m.occurred_at
                )
                count += 1
        if mind.episode is not None and mind.episode.id == episode_id:
            mind.episode.tally = tally
        patch: dict[str, object] = {"memory_count": count, "emotional_summary": tally.emotion()}
        patch |= {"label": tally.label(), "gist": tally.gist()} if count else {"label": "", "gist": ""}
        await self._stores.episodes.patch(mind.name, {episode_id: patch}, epoch=epoch)


async def rebuild_lexicon(mind: Mind, stores: Stores) -> None:
    """Count the mind's lexicon anew from its stored memories."""
    lexicon, offset = Lexicon(), None
    while True:
        rows, offset = await stores.memories.terms_after(mind.name, offset, limit=PAGE)
        for terms, length, vector in rows:
            lexicon.add(terms, length, vector)
        if offset is None:
            break
    mind.lexicon = lexicon
    mind.lexicon_whole_due = True


def pages(ids: Sequence[str]) -> list[Sequence[str]]:
    """The ids in pages of a bounded size."""
    return [ids[i : i + PAGE] for i in range(0, len(ids), PAGE)]
