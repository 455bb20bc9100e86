"""Quantizing: what a person asks about how vectors are kept, and the nightly look at what that costs.

Must not know how a kind is made, nor which engine makes it.
"""

from __future__ import annotations

import anyio
import numpy as np

from cognition.engine.night_works import Done, Indexing
from cognition.engine.shown import Shown
from cognition.mechanisms.proportions import at_most
from cognition.mechanisms.replay_priority import familiar_from
from cognition.mechanisms.vectors import as_kept
from cognition.ports.clock import Clock
from cognition.ports.embedder import Embedder
from cognition.ports.sink import Sink
from cognition.ports.stores import Dense, Stores
from schemas.events import QuantizationFell, QuantizationMeasured
from schemas.quantization import QuantizationAnswer, QuantizationInquiry, SampleAnswer, SampleInquiry
from schemas.sleep import PlannedWork, SleepReport

QuantizingInquiry = QuantizationInquiry | SampleInquiry

PROBES = 16
"""Memories of a mind that are asked each night, each exactly too: 16 looks at all of it (measured with Edge:
5 ms each for 12,000 memories)."""

SURE_Z = 2.326
"""How sure an alarm is: the share is below its floor but for one chance in a hundred. Of 160 neighbours int8
and binary, which find .998 and .967 of them (ADR 30), are below .99 and .95 in 4 and 8 nights of a hundred
by chance alone, and surely so in .002 and .03. A fall to .90 is told every night, and in 64 of a hundred."""

CUES_MAX = 256
"""Kept cues that go with a sample."""


class Quantizing:
    """Answers inquiries; `told` is set when a change waits to be made."""

    def __init__(self, stores: Stores, shown: Shown, embedder: Embedder | None) -> None:
        self._stores = stores
        self._shown = shown
        self._embedder = embedder
        self.told = anyio.Event()

    async def answer(self, request: QuantizingInquiry) -> QuantizationAnswer | SampleAnswer:
        """The answer to one of them."""
        if isinstance(request, SampleInquiry):
            return await self._sample(request)
        if request.apply is not None:
            await self._stores.quantizing.change(request.apply, request.collections)
            self.told.set()
        return QuantizationAnswer(inquiry_id=request.id, kept=await self._stores.quantizing.shown())

    async def _sample(self, request: SampleInquiry) -> SampleAnswer:
        offset = request.offset or None
        found, following = await self._stores.quantizing.sample(request.mind, offset, limit=request.limit)
        cues = b"" if offset else (await self._cues(request.mind)).astype("<f4").tobytes()
        return SampleAnswer(
            inquiry_id=request.id,
            mind=request.mind,
            vectors=found.astype("<f4").tobytes(),
            cues=cues,
            offset=following or "",
        )

    async def _cues(self, mind: str) -> Dense:
        """The cues of this mind that are at hand, as vectors."""
        words = [showing.cue for showing in self._shown.latest(mind, CUES_MAX).values()]
        if self._embedder is None or not words:
            return np.zeros((0, 0), np.float32)
        return await self._embedder.embed(words)


class MeasuredIndexing:
    """The index as the last work of a night, and then what is found by vectors that are kept compressed, held
    against exact search: what falls below its floor, and not by the chance of the draw, is told."""

    def __init__(self, stores: Stores, clock: Clock, sink: Sink) -> None:
        self._stores = stores
        self._indexing = Indexing(stores)
        self._clock = clock
        self._sink = sink

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        done = await self._indexing.step(report, planned, epoch=epoch)
        asked = await self._probes(report)
        found = await self._stores.quantizing.fidelity(report.mind, asked)
        if found is None:
            return done
        at, kind = self._clock.now(), found.kind.value
        fell = at_most(found.recall, found.neighbours, SURE_Z) < found.floor
        event = QuantizationFell if fell else QuantizationMeasured
        self._sink.publish(event(at=at, mind=report.mind, kind=kind, recall=found.recall, floor=found.floor))
        note = f"{kind} vectors find {found.recall:.1%} of what originals find, {found.floor:.0%} at least"
        return Done(done.did, notes=[*done.notes, note], acted=done.acted)

    async def _probes(self, report: SleepReport) -> list[Dense]:
        """Memories of the mind by their content alone, drawn through the index."""
        kept = await self._stores.quantizing.shown()
        if all(each.quantization.kind in (None, "none") for each in kept):
            return []
        start = familiar_from(f"quantization/{report.id}", 0)
        drawn = await self._stores.replay.sample(report.mind, start=start, limit=PROBES)
        found = await self._stores.memories.get_bare(report.mind, [k.memory_id for k in drawn])
        return [as_kept(vector) for vector in found.values()]
