"""Erasing what a person wants erased: for good, exactly that, and never to return.

Two steps, with a checkpoint of the mind between them. First the mind forgets what it derived
(lexicon, working memory, what is told of episodes), while the memories can still be read.
Then what their neighbours and the self took in of them goes, tombstones come (no path may write these
ids again), and the memories themselves go. A crash at any place is healed when the entry is delivered
again: before the checkpoint the first step is done anew from the same memories, after it only the
second is left.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from cognition.engine.deriving import Deriving, save
from cognition.engine.ledger import LOW_SALIENCE
from cognition.engine.mind import Mind, later
from cognition.engine.retelling import Retelling
from cognition.engine.selfhood import Selfhood
from cognition.engine.succession import CURRENT
from cognition.engine.surroundings import Surroundings, pages
from cognition.mechanisms.context import SOURCE
from cognition.mechanisms.thread import changes_between
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from cognition.ports.stores import Stores, Trace
from schemas.events import MemoriesForgotten
from schemas.memory import Memory, Tombstone
from schemas.percept import Forget

NAMED_MAX = 10_000
"""Abstractions of which a page of the doomed are sources, at most."""

OUTDATED_MAX = 10_000
"""Memories that a page of the doomed superseded, at most."""


class Forgetting:
    """Erases memories of one mind on request."""

    def __init__(
        self, stores: Stores, surroundings: Surroundings, deriving: Deriving, clock: Clock, sink: Sink
    ) -> None:
        self._stores = stores
        self._deriving = deriving
        self._surroundings = surroundings
        self._retelling = Retelling(stores, surroundings)
        self._selfhood = Selfhood(stores)
        self._clock = clock
        self._sink = sink

    async def unlearn(self, mind: Mind, request: Forget, entry: str, *, epoch: int) -> None:
        """First step: nothing that this mind derived from the named memories is left in it."""
        ids = list(dict.fromkeys(request.memory_ids))
        traces = await self._doomed(mind, ids, entry)
        archived = await self._archived(mind.name, ids, entry)
        doomed = {**archived, **traces}
        if not doomed:
            return
        episodes: dict[str, bool] = {}
        for memory in (trace.memory for trace in doomed.values()):
            if not memory.episode_id:
                continue  # attention left it out of every episode
            first = memory.position == 0
            episodes[memory.episode_id] = episodes.get(memory.episode_id, False) or first
        await self._retelling.without(mind, doomed, episodes, epoch=epoch)
        for memory_id in doomed:
            mind.working.forget(memory_id)
        mind.echo.drop(set(doomed))
        asleep = {
            i for i in doomed if mind.sleep.counts_archived(i, awake=i in traces, archived=i in archived)
        }
        for i, trace in traces.items():
            if i not in asleep:
                mind.unlearn(dict(trace.lexical), trace.memory.length, trace.context)
        await self._unlearn_neighbours(mind, doomed)
        slept = min(len(asleep), mind.sleep.archived)  # of those that never were awake none was counted
        mind.forgotten += len(doomed) - len(asleep) + slept
        mind.sleep.archived -= slept
        if lived := [*traces.values(), *await self._lived(mind.name, archived)]:
            mind.void([{SOURCE: t.memory.source, **t.memory.context} for t in lived])

    async def _lived(self, mind: str, archived: Mapping[str, Trace]) -> list[Trace]:
        """Those of the archived that once were part of an episode: the stream has taught by them."""
        found = await self._stores.archive.find([(mind, i) for i in archived]) if archived else {}
        return [trace for i, trace in archived.items() if i in found and found[i][1] != LOW_SALIENCE]

    async def _unlearn_neighbours(self, mind: Mind, traces: Mapping[str, Trace]) -> None:
        """Count the neighbours of the doomed as they will be, and begin the open thread without them. Those
        that are in the archive are not counted."""
        for each in await self._surroundings.without(mind, traces, _episodes(traces)):
            revision, i = each.revision, each.trace.memory.id
            if each.archived or mind.sleep.counts_archived(i, awake=True, archived=each.copied):
                continue
            if revision.lexical is not None:
                mind.lexicon.revise(changes_between(each.trace.lexical, revision.lexical))
            if revision.context is not None:
                mind.lexicon.move(each.trace.context, revision.context)
        thread = await self._surroundings.thread(mind, traces)
        if thread is not None:
            mind.thread = thread

    async def clean(self, mind: Mind, request: Forget, entry: str, *, epoch: int) -> list[str]:
        """Take what they took in of the doomed out of their neighbours, and the mark from what those
        superseded; before those are erased, and after the mind that counts them so was written down.
        Whose mark went. Doing it again is harmless."""
        ids = list(dict.fromkeys(request.memory_ids))
        traces = {**await self._archived(mind.name, ids, entry), **await self._doomed(mind, ids, entry)}
        renewed = await self._surroundings.without(mind, traces, _episodes(traces))
        awake = [each.revision for each in renewed if not each.archived]
        await self._stores.memories.revise(awake, epoch=epoch)
        archived = [each.revision for each in renewed if each.archived]
        await self._stores.archive.revise(archived, epoch=epoch)
        await self._selfhood.without(mind.name, traces, epoch=epoch)
        doomed = list(traces)
        await self._derive_without(mind.name, doomed, epoch=epoch)
        return await self._make_current(mind.name, doomed, epoch=epoch)

    async def _derive_without(self, mind: str, doomed: Sequence[str], *, epoch: int) -> None:
        """What recurs is derived anew from the sources that are left, and goes with too few of them."""
        await self._derived_from(mind, doomed, set(doomed), epoch=epoch)

    async def _derived_from(
        self, mind: str, sources: Sequence[str], gone: Collection[str], *, epoch: int
    ) -> None:
        """Derive anew what recurs in these, without those that are gone."""
        now = self._clock.now()
        for page in pages(sources):
            for known in await self._stores.abstractions.naming(mind, page, limit=NAMED_MAX):
                left = await self._deriving.left(mind, known, gone, now)
                if left is None:
                    await self._stores.abstractions.erase(mind, [known.id])
                else:
                    await save(self._stores, left, epoch)

    async def _make_current(self, mind: str, doomed: Sequence[str], *, epoch: int) -> list[str]:
        """What the doomed superseded says again how it is: nothing is left that speaks against it."""
        current: list[str] = []
        for page in pages(doomed):
            ids = await self._stores.replay.superseded_by(mind, page, limit=OUTDATED_MAX)
            await self._derived_from(mind, ids, set(doomed), epoch=epoch)
            await self._stores.memories.patch(mind, dict.fromkeys(ids, CURRENT), epoch=epoch)
            current += ids
        return current

    async def _doomed(self, mind: Mind, ids: Sequence[str], entry: str) -> dict[str, Trace]:
        traces: dict[str, Trace] = {}
        for page in pages(ids):
            found = await self._stores.memories.get_traces(mind.name, page)
            traces.update((i, trace) for i, trace in found.items() if before(trace.memory, entry))
        return traces

    async def erase(self, mind: str, request: Forget, entry: str) -> list[str]:
        """Second step: the ids that are gone because of this entry. Doing it again is harmless."""
        ids = list(dict.fromkeys(request.memory_ids))
        buried = await self._stores.tombstones.among([(mind, memory_id) for memory_id in ids])
        gone = [i for i, tombstone in buried.items() if tombstone.entry == entry]
        doomed = dict.fromkeys(gone)
        for page in pages(ids):
            found = await self._stores.memories.get(mind, page)
            doomed.update((i, None) for i, memory in found.items() if before(memory, entry))
        doomed.update(dict.fromkeys(await self._archived(mind, ids, entry)))
        doomed.update(dict.fromkeys(await self._stores.abstractions.get(mind, ids)))
        if not doomed:
            return []
        await self._bury(mind, [i for i in doomed if i not in buried], request, entry)
        await self._stores.memories.erase(mind, list(doomed))
        await self._stores.archive.erase(mind, list(doomed))
        await self._stores.abstractions.erase(mind, list(doomed))
        if len(gone) < len(doomed):
            self._sink.publish(MemoriesForgotten(at=self._clock.now(), mind=mind, count=len(doomed)))
        return list(doomed)

    async def _archived(self, mind: str, ids: Sequence[str], entry: str) -> dict[str, Trace]:
        traces: dict[str, Trace] = {}
        for page in pages(ids):
            found = await self._stores.archive.get_traces(mind, page)
            traces.update((i, trace) for i, trace in found.items() if before(trace.memory, entry))
        return traces

    async def _bury(self, mind: str, doomed: Sequence[str], request: Forget, entry: str) -> None:
        now = self._clock.now()
        await self._stores.tombstones.bury(
            [Tombstone(id=i, mind=mind, forgotten_at=now, entry=entry, reason=request.reason) for i in doomed]
        )


def before(memory: Memory, entry: str) -> bool:
    """Whether the memory was there when this entry came; a later one is not meant by it."""
    return later(entry, memory.entry)


def _episodes(traces: Mapping[str, Trace]) -> list[str]:
    """The episodes that these memories are of, each once."""
    return [i for i in dict.fromkeys(trace.memory.episode_id for trace in traces.values()) if i]
