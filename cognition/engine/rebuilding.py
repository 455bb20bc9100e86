"""Deriving a mind anew: the vectors of all of its memories, its lexicon and its means, from what is stored.

For a changed rule or language, for what an older release wrote, and for whoever doubts what is there. Every
memory holds what is its own (content, actor, bare vector) and its place in its episode; all else follows.
Nothing here is undone by a crash: what is derived depends on what is stored of its own alone, so that the
entry that asks for it may be taken again from the beginning. What is in the archive was lived too: it has its
place among the others and is derived with them, and the lexicon does not count it. Where the language has
changed, the routes are dropped that cues have taught: their terms are stems of the one before.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from cognition.engine.deriving import Deriving, save
from cognition.engine.ledger import LOW_SALIENCE
from cognition.engine.linking import unknown
from cognition.engine.mind import Mind, entry_order
from cognition.engine.tongues import Tongues
from cognition.engine.traces import spoken_again, subject_terms
from cognition.mechanisms.lexicon import Lexicon
from cognition.mechanisms.text import Analyzer
from cognition.mechanisms.thread import Placed, Spoken, Thread, goes_on, moved
from cognition.mechanisms.turns import REACH
from cognition.ports.stores import Revision, Stores, Trace
from schemas.episode import Episode

PAGE = 256
"""Memories that are read, derived and written at a time: 3 MB of vectors."""

DERIVED_AT_ONCE = 64
"""Abstractions that are read at a time; each is derived by one read of its sources, and written."""

EMPTY_MAX = 64
"""Episodes without a memory that is left, in a row, across which a thread is followed."""


class Place(enum.IntEnum):
    """Where a memory lies; what attention passed by lies in the archive, and is part of no thread."""

    AWAKE = 0
    ARCHIVED = 1
    PASSED_BY = 2


class Step(NamedTuple):
    """One memory in the order in which they came. About 250 bytes each, of the whole mind at once."""

    order: tuple[int, int]
    memory_id: str
    episode_id: str
    place: Place


class Settled(NamedTuple):
    """A memory where it lies, and how it stands."""

    trace: Trace
    placed: Placed
    place: Place


class Rebuilding:
    """Derives minds anew, page by page.

    Parameters
    ----------
    without : mechanisms that are left out at encoding (`minds.without`).
    """

    def __init__(
        self, stores: Stores, tongues: Tongues, deriving: Deriving, without: Collection[str]
    ) -> None:
        self._stores = stores
        self._tongues = tongues
        self._deriving = deriving
        self._without = without

    async def rebuild(self, mind: Mind, entry: str, *, epoch: int) -> int:
        """Write what every memory of this mind should be that was there when this entry came, and count
        it so; how many there are. What came later is folded in when its own entry is taken again.

        The mind takes its new lexicon and thread when all is done; it is to be written down then.
        """
        steps = await self._steps(mind.name, entry)
        life = _Life(mind, self._tongues.of(mind.name), self._without)
        for start in range(0, len(steps), PAGE):
            await self._page(life, steps[start : start + PAGE], epoch)
        await self._write(life, len(life.waiting), epoch)
        mind.lexicon, mind.lexicon_whole_due = life.lexicon, True
        mind.thread = life.thread
        mind.language = self._tongues.of(mind.name).language
        if mind.episode is None or not await self._same_thread(life, mind.episode.id):
            mind.thread.end()
        mind.linking = unknown(mind.memories)
        await self._derive(mind.name, epoch)
        return life.lexicon.n

    async def _derive(self, mind: str, epoch: int) -> None:
        """What recurs follows from its sources as they are now; of what has too few left there is none."""
        offset: str | None = None
        while True:
            page, offset = await self._stores.abstractions.page(mind, offset, limit=DERIVED_AT_ONCE)
            for known in page:
                made = await self._deriving.left(mind, known, (), known.derived_at)
                if made is None:
                    await self._stores.abstractions.erase(mind, [known.id])
                else:
                    await save(self._stores, made, epoch)
            if offset is None:
                return

    async def _steps(self, mind: str, entry: str) -> list[Step]:
        """The memories of a mind before this entry, in the order in which they came. One that lies in both
        places is on its way: it is awake."""
        steps: dict[str, Step] = {}
        offset: str | None = None
        while True:
            found, offset = await self._stores.archive.walk(mind, offset, limit=PAGE)
            for m, why in found:
                place = Place.PASSED_BY if why == LOW_SALIENCE else Place.ARCHIVED
                steps[m.id] = Step(entry_order(m.entry), m.id, m.episode_id, place)
            if offset is None:
                break
        while True:
            page, offset = await self._stores.memories.walk(mind, offset, limit=PAGE)
            steps |= {m.id: Step(entry_order(m.entry), m.id, m.episode_id, Place.AWAKE) for m in page}
            if offset is None:
                return sorted(step for step in steps.values() if entry_order(entry) > step.order)

    async def _page(self, life: _Life, steps: Sequence[Step], epoch: int) -> None:
        name = life.mind.name
        awake = [step.memory_id for step in steps if step.place is Place.AWAKE]
        archived = [step.memory_id for step in steps if step.place is not Place.AWAKE]
        traces = dict(await self._stores.memories.get_traces(name, awake))
        if archived:
            traces |= await self._stores.archive.get_traces(name, archived)
        for step in steps:
            if step.memory_id not in traces:
                continue
            if step.place is Place.PASSED_BY:
                life.pass_by(traces[step.memory_id])
                continue
            if life.episode and not await self._same_thread(life, step.episode_id):
                life.thread.end()
            life.take(traces[step.memory_id], step.place)
        await self._write(life, len(life.waiting) - REACH, epoch)

    async def _write(self, life: _Life, count: int, epoch: int) -> None:
        """Write the first of those that wait: nothing that comes changes them any more."""
        settled = life.settled(max(0, count))
        for awake, store in ((True, self._stores.memories), (False, self._stores.archive)):
            some = [each for each in settled if (each.place is Place.AWAKE) == awake]
            revisions = [self._revision(each.trace, each.placed) for each in some]
            await store.revise([r for r in revisions if r is not None], epoch=epoch)
            await store.patch(life.mind.name, life.patches[awake], epoch=epoch)
            life.patches[awake] = {}

    def _revision(self, trace: Trace, placed: Placed) -> Revision | None:
        """What is to be written of a memory; None where it is as it should be."""
        memory = trace.memory
        drifted = moved(trace.context, placed.context)
        bare = placed.evidence if trace.evidence is None else None
        subject = subject_terms(memory.subject, self._tongues.of(memory.mind))
        revision = Revision(
            memory.mind,
            memory.id,
            lexical=placed.lexical if placed.lexical != trace.lexical else None,
            context=placed.context if drifted else None,
            evidence=bare if drifted else None,
            subject=subject if subject != trace.subject else None,
        )
        parts = (revision.lexical, revision.context, revision.evidence, revision.subject)
        return revision if any(part is not None for part in parts) else None

    async def _same_thread(self, life: _Life, episode: str) -> bool:
        """Whether only changes of meaning lie between the last memory's episode and this one."""
        for _ in range(EMPTY_MAX):
            if episode == life.episode:
                return True
            earlier = await self._before(life, episode)
            if earlier is None or not goes_on(earlier.boundary_type):
                return False
            episode = earlier.id
        return False

    async def _before(self, life: _Life, episode: str) -> Episode | None:
        """The episode before this one."""
        opened = life.mind.episode
        if opened is not None and opened.id == episode:
            previous = opened.previous_id
        else:
            stored = await self._episode(life, episode)
            previous = stored.previous_id if stored is not None else None
        return await self._episode(life, previous) if previous else None

    async def _episode(self, life: _Life, episode: str) -> Episode | None:
        if episode not in life.episodes:
            if len(life.episodes) >= PAGE:
                life.episodes.clear()
            found = await self._stores.episodes.get(life.mind.name, [episode])
            life.episodes[episode] = found.get(episode)
        return life.episodes[episode]


class _Life:
    """A mind's life as it is told again, up to the last memory that was taken."""

    def __init__(self, mind: Mind, analyzer: Analyzer, without: Collection[str]) -> None:
        self.mind = mind
        self.lexicon = Lexicon()
        self.thread = Thread(without)
        self.episode = ""
        self.waiting: list[Settled] = []
        self.aside: list[Settled] = []
        """What is part of no thread."""
        self.patches: dict[bool, dict[str, Mapping[str, Any]]] = {True: {}, False: {}}
        """Of what is awake, and of what is not."""
        self.episodes: dict[str, Episode | None] = {}
        self._analyzer = analyzer
        self._translated = analyzer.language != mind.language
        self._without = without
        self._lengths = Lexicon()
        """Of all that was lived, wherever it lies now."""
        self._uncounted: set[str] = set()

    def take(self, trace: Trace, place: Place) -> None:
        """The next memory takes its place."""
        self.episode = trace.memory.episode_id
        spoken, length = self._spoken(trace, place)
        placed = self.thread.take(spoken)
        context = placed.context if moved(trace.context, placed.context) else trace.context
        self._lengths.add({}, length, None)
        archived = place is not Place.AWAKE
        if self.mind.sleep.counts_archived(trace.memory.id, awake=not archived, archived=archived):
            self._uncounted.add(trace.memory.id)
        else:
            self.lexicon.add(placed.lexical, length, context)
        for i, changes in placed.changed.items():
            if i not in self._uncounted:
                self.lexicon.revise(changes)
        self.waiting.append(Settled(trace, placed, place))

    def pass_by(self, trace: Trace) -> None:
        """One that attention passed by has what it has by itself."""
        spoken, _ = self._spoken(trace, Place.PASSED_BY)
        self.aside.append(Settled(trace, Thread(self._without).take(spoken), Place.PASSED_BY))

    def _spoken(self, trace: Trace, place: Place) -> tuple[Spoken, int]:
        """A memory as a thread sees it, and its length, which is noted where it is another than before, as it
        is noted that routes of another language are gone."""
        memory, mean_length = trace.memory, self._lengths.mean_length
        spoken = spoken_again(trace, self._analyzer, mean_length)
        length = sum(spoken.stated.values()) + sum(spoken.asked.values())
        fields: dict[str, Any] = {}
        if (memory.length, memory.mean_length) != (length, mean_length):
            fields |= {"length": length, "mean_length": mean_length}
        if self._translated and memory.routes:
            fields["routes"] = []
        if fields:
            self.patches[place is Place.AWAKE][memory.id] = fields
        return spoken, length

    def settled(self, count: int) -> list[Settled]:
        """Take the first so many of those that wait, and what nothing that comes can change."""
        first, self.waiting = [*self.aside, *self.waiting[:count]], self.waiting[count:]
        self.aside = []
        return first
