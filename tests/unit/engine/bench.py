"""An engine on a bench: oracle stores, a clock that stands still, and entries fed by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from cognition.dating import DateParser
from cognition.engine.arrivals import Arrival, Entry
from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.options import MindOptions
from cognition.engine.sleep_options import EXTRA, SleepOptions
from cognition.stores.stores import VectorStores, open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.embedder import HashEmbedder
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from schemas.base import Message
from schemas.cue import Cue
from schemas.events import Receipt
from schemas.identifiers import sleep_cycle_id
from schemas.percept import Percept
from schemas.recollection import Recollection
from schemas.sleep import SleepReport

ANA, BO = "ana", "bo"
UNBOUND = Options(minds=MindOptions(without=("temporal",)))
"""Without what each memory is bound to by mere order: the rest of its associations stands alone."""
WHOLE = Options(sleep=SleepOptions(also=EXTRA))
"""With all that a night can do."""
START_MS = 1_700_000_000_000


class Bench:
    """One engine and what it stands on. `again` builds the next one over the same store."""

    def __init__(self, stores: VectorStores, backend: OracleBackend, embedder: Any, options: Options) -> None:
        self.backend = backend
        self.stores = stores
        self.embedder = embedder
        self.options = options
        self.clock = ManualClock(START_MS / 1e3)
        self.sink = RecordingSink()
        self.streams = MemoryStreams(partitions=1)
        self.epoch = 0
        self.ids = itertools.count()
        self.again()

    def again(self) -> Engine:
        """A new process: all memory gone, a greater epoch."""
        self.epoch += 1
        self.line = self.streams.hold()
        ports = (self.stores, self.line, self.clock, self.sink, self.embedder)
        epoch = self.epoch
        self.engine = assemble(*ports, self.options, dates=DateParser(), epoch_of=lambda _: epoch)
        return self.engine

    def entry(self, message: Message, *, seconds: float = 1.0) -> Entry:
        """The next entry of the stream, this long after the one before."""
        self.clock.advance(seconds)
        return Entry(0, f"{round(self.clock.now() * 1e3)}-{next(self.ids)}", message)

    async def prepare(self, *messages: Message) -> list[Arrival]:
        """What the senses make of these."""
        return await self.engine.senses.prepare([self.entry(m) for m in messages])

    async def commit(self, *entries: Entry) -> list[Receipt]:
        """Encode these in one batch, without a checkpoint."""
        arrivals = await self.engine.senses.prepare(entries)
        done = await self.engine.encoder.commit(arrivals, {0: self.epoch})
        return [receipt for _, receipt in done.receipts]

    async def take(self, *messages: Message, seconds: float = 1.0) -> list[Receipt]:
        """Encode these in one batch and write the minds down."""
        receipts = await self.commit(*(self.entry(m, seconds=seconds) for m in messages))
        await self.engine.minds.checkpoint()
        return receipts

    async def say(self, content: str, *, mind: str = ANA, **fields: Any) -> Receipt:
        """One percept."""
        return (await self.take(Percept(mind=mind, content=content, **fields)))[0]

    async def recall(self, content: str = "", *, mind: str = ANA, **fields: Any) -> Recollection:
        """What this mind answers."""
        return await self.engine.recall.answer(Cue(id="cue", mind=mind, content=content, **fields))

    async def sleep(self, *, mind: str = ANA, cycles: int = 1, night: str = "night") -> SleepReport:
        """One night of this mind, to its end; the report of its last cycle."""
        night = f"{night}-{next(self.ids)}"
        report, _ = await self.engine.sleep.fall_asleep(mind, "request", cause=night, cycles=cycles)
        while report.id:
            report = await self.engine.sleep.slept(report)
            follows = await self.stores.cycles.get(mind, sleep_cycle_id(mind, night, report.nth + 1))
            if follows is None:
                break
            report = follows
        return report


async def bench(
    *,
    refuses: Callable[[str], bool] | None = None,
    embedder: Any = None,
    blind: bool = False,
    options: Options | None = None,
) -> Bench:
    """A bench with an engine on it; `blind` leaves the embedder out."""
    backend = OracleBackend()
    stores = await open_stores(backend)
    chosen = None if blind else embedder or HashEmbedder(refuses=refuses)
    return Bench(stores, backend, chosen, options or Options())


def vector(*places: int) -> bytes:
    """A given vector with ones at these places."""
    row = np.zeros(768, "<f4")
    row[list(places)] = 1.0
    return row.tobytes()


def contents(recollection: Recollection) -> list[str]:
    """What was recalled, best first."""
    return [r.memory.content for r in recollection.recalled]
