"""Slow learning: what the stream of a mind teaches its segmenter, beside the stream.

A lesson is read from the memories that the mind's notebook names, added to the sums, and solved for a new
map in a worker thread. It is *learned* whenever there is time; from which percept on it counts is fixed
by the stream (`Notebook.overdue`), so that the same stream is always cut the same way. It must not know
how a boundary is decided.
"""

from __future__ import annotations

import anyio

from cognition.engine.mind import SLOW_SUMS_SLOTS, Mind, Relived, Taught
from cognition.engine.minds import Minds
from cognition.engine.reliving import relive, token
from cognition.engine.traces import GIVEN
from cognition.mechanisms.slow_map import Lesson, SlowMap, SlowSums, UnfitMapError, worth
from cognition.mechanisms.vectors import Dense, as_kept
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from cognition.ports.stores import Stores
from schemas.events import SegmentationLearned

READ_AT_ONCE = 128
"""Memories with their vectors in one round trip."""


class SlowLearning:
    """Teaches minds. `enabled` off: every mind judges by the plain cosine."""

    def __init__(self, stores: Stores, minds: Minds, clock: Clock, sink: Sink, *, enabled: bool) -> None:
        self._stores = stores
        self._minds = minds
        self._clock = clock
        self._sink = sink
        self._enabled = enabled
        self._busy = anyio.Lock()

    def due_before(self, mind: Mind) -> bool:
        """Whether `settle` has something to do before the next percept of this mind."""
        return mind.relearns or mind.segmenter.error.notebook.overdue

    async def settle(self, mind: Mind) -> None:
        """Before the next percept of this mind: apply what has to be learned by now. Its writer waits here
        only when percepts of one mind come faster than a lesson is learned beside them, or sooner after an
        erasure than the rest is learned anew."""
        if mind.relearns:
            await self.relearn(mind)
        book = mind.segmenter.error.notebook
        if not book.overdue:
            return
        if not self._enabled:
            mind.unlearned()
            return
        async with self._busy:
            await self._learn(mind)
        taught = mind.taught
        assert taught is not None
        mind.learned(taught)
        self._tell(mind, solved=taught.map is not None)

    async def relearn(self, mind: Mind) -> None:
        """Learn all anew from the memories that there are, and judge by it from now on."""
        async with self._busy:
            if mind.relived is None or mind.relived.token != token(mind):
                mind.relived = await self._relive(mind, token(mind))
        mind.relearned(mind.relived)
        self._tell(mind, solved=mind.segmenter.error.map is not None)

    async def _relive(self, mind: Mind, began: tuple[str, int]) -> Relived:
        return await relive(mind, self._stores, (mind.model, GIVEN), began=began, learn=self._enabled)

    def _tell(self, mind: Mind, *, solved: bool) -> None:
        learned = mind.segmenter.error.notebook.learned
        self._sink.publish(
            SegmentationLearned(at=self._clock.now(), mind=mind.name, learned=learned, solved=solved)
        )

    def due(self) -> list[Mind]:
        """Minds in memory with a lesson that could be learned now, or all of them anew."""
        return [
            mind
            for mind in self._minds.all()
            if not mind.stopped and (_awaits(mind) or (self._enabled and _could(mind)))
        ]

    async def prepare(self, mind: Mind) -> None:
        """Learn the next lesson of this mind, or all anew, ahead of time. Changes nothing that is written
        down."""
        if mind.relearns:
            async with self._minds.writing:  # what is erased now is gone when this is held
                began = token(mind)
            async with self._busy:
                if _awaits(mind):
                    mind.relived = await self._relive(mind, began)
            return
        async with self._minds.writing:  # between two batches: what the lesson is read from is in the store
            page = mind.segmenter.error.notebook.page()
        async with self._busy:
            if mind.segmenter.error.notebook.due and mind.segmenter.error.notebook.page() == page:
                await self._learn(mind)

    async def _learn(self, mind: Mind) -> None:
        if _is_taught(mind):
            return
        book, slot, unsaved = mind.segmenter.error.notebook, mind.slow_slot, mind.slow_unsaved
        page, known = tuple(book.page()), mind.segmenter.error.map
        vectors = await self._vectors(mind.name, page)
        lesson = book.lesson(vectors)
        before = unsaved[1] if unsaved is not None else await self._sums(mind.name, slot)
        sums, solved = await anyio.to_thread.run_sync(_study, before, lesson, known, mind.model)
        mind.taught = Taught(page, sums, solved)

    async def _vectors(self, mind: str, page: tuple[str, ...]) -> dict[str, Dense]:
        """The bare vectors of these memories; an erased one has none."""
        vectors: dict[str, Dense] = {}
        for start in range(0, len(page), READ_AT_ONCE):
            found = await self._stores.memories.get_bare(mind, page[start : start + READ_AT_ONCE])
            vectors.update((name, as_kept(bare)) for name, bare in found.items())
        return vectors

    async def _sums(self, mind: str, slot: int) -> bytes:
        if slot < 0:
            return b""
        key = (mind, SLOW_SUMS_SLOTS[slot])
        return (await self._stores.checkpoints.load([key])).get(key, b"")


def _awaits(mind: Mind) -> bool:
    return mind.relearns and (mind.relived is None or mind.relived.token != token(mind))


def _could(mind: Mind) -> bool:
    return mind.segmenter.error.notebook.due and not _is_taught(mind)


def _is_taught(mind: Mind) -> bool:
    """Whether the next lesson was learned already, from what is still there."""
    return mind.taught is not None and mind.taught.page == tuple(mind.segmenter.error.notebook.page())


def _study(
    before: bytes, lesson: Lesson | None, known: SlowMap | None, model: str
) -> tuple[bytes, SlowMap | None]:
    """The sums after this lesson, and a new map where it is worth one. Sums that do not fit begin anew."""
    try:
        sums = SlowSums.from_bytes(before, model) if before else SlowSums()
    except UnfitMapError:
        sums = SlowSums()
    if lesson is None:
        return before, None
    sums.take(lesson)
    return sums.to_bytes(model), sums.solve() if worth(sums, known) else None
