"""A run of batches: some are folded while one is written; what fails takes all of them back."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import anyio.lowlevel

from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.intake import AHEAD_MAX
from cognition.engine.options import MindOptions
from cognition.errors import StoreUnavailableError
from cognition.stores.stores import open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.embedder import HashEmbedder
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from schemas.events import OperationRetried, Outcome
from schemas.percept import Percept
from tests.simulation.virtual_time import play
from tests.unit.engine.bench import ANA

BATCH, BATCHES = 4, 6
SELDOM = Options(minds=MindOptions(checkpoint_s=60.0))
"""No checkpoint comes in between."""


class Flood:
    """A mind with six batches waiting, over a store whose first write of memories can be held up."""

    def __init__(self, clock: ManualClock, *keys: str) -> None:
        self.clock = clock
        self.streams = MemoryStreams(partitions=1)
        self.backend = OracleBackend()
        self.sink = RecordingSink()
        self.held, self.go = anyio.Event(), anyio.Event()
        self.fails = False
        self.entries = [
            self.streams.publish(ANA, Percept(mind=ANA, content=f"thing {n}", key=key))
            for n, key in enumerate(keys or [f"key-{n}" for n in range(BATCHES * BATCH)])
        ]

    async def engine(self) -> Engine:
        stores = await open_stores(self.backend)
        self.backend.gate = self.gate
        return assemble(stores, self.streams.hold(batch=BATCH), self.clock, self.sink, HashEmbedder(), SELDOM)

    async def gate(self, verb: str, collection: str) -> None:
        if (verb, collection) == ("upsert", "memories") and not self.held.is_set():
            self.held.set()
            await self.go.wait()
            if self.fails:
                raise StoreUnavailableError("the disk is full")

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the others go on until this holds."""
        with anyio.fail_after(5):
            while not holds():
                await anyio.lowlevel.checkpoint()

    async def stored(self) -> int:
        return await self.backend.count("memories")


async def settled(flood: Flood, engine: Engine) -> None:
    flood.go.set()
    await flood.streams.settled()
    engine.intake.stop()


def test_batches_are_folded_while_one_is_written_and_nothing_is_told_before_it_is_there() -> None:
    async def main(clock: ManualClock) -> None:
        flood = Flood(clock)
        engine = await flood.engine()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            await flood.held.wait()
            mind = engine.minds.resident(ANA)
            assert mind is not None
            await flood.until(lambda: mind.memories == (AHEAD_MAX + 1) * BATCH)
            assert await flood.stored() == 0
            assert flood.streams.receipts == []
            assert mind.recallable == ""
            for _ in range(50):
                await anyio.lowlevel.checkpoint()
            assert mind.memories == (AHEAD_MAX + 1) * BATCH, "no more than the bound says"
            await settled(flood, engine)
        assert [r.entry for r in flood.streams.receipts] == flood.entries
        assert mind.recallable == flood.entries[-1]
        assert await flood.stored() == BATCHES * BATCH

    play(main)


def test_when_a_write_fails_what_was_folded_meanwhile_is_taken_anew_too() -> None:
    async def main(clock: ManualClock) -> None:
        flood = Flood(clock)
        flood.fails = True
        engine = await flood.engine()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            await flood.held.wait()
            mind = engine.minds.resident(ANA)
            assert mind is not None
            await flood.until(lambda: mind.memories == 2 * BATCH)
            await settled(flood, engine)
        assert "the disk is full" in flood.sink.of(OperationRetried)[0].error
        fresh = await engine.minds.look(ANA)
        assert (fresh.memories, fresh.lexicon.n, await flood.stored()) == (24, 24, 24)
        assert {r.outcome for r in flood.streams.receipts} == {Outcome.ENCODED}

    play(main)


def test_a_key_that_is_on_its_way_into_the_store_is_found_there() -> None:
    async def main(clock: ManualClock) -> None:
        flood = Flood(clock, "a", "b", "c", "d", "e", "a", "b", "f")
        engine = await flood.engine()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            await flood.held.wait()
            await settled(flood, engine)
        outcomes = [r.outcome for r in flood.streams.receipts]
        assert [n for n, o in enumerate(outcomes) if o is Outcome.STRENGTHENED] == [5, 6]
        assert await flood.stored() == 6

    play(main)


def test_whoever_waits_for_the_writer_gets_its_turn_and_finds_nothing_under_way() -> None:
    async def main(clock: ManualClock) -> None:
        flood = Flood(clock)
        engine = await flood.engine()
        seen: list[tuple[int, int]] = []

        async def another() -> None:
            async with engine.minds.writing:
                mind = engine.minds.resident(ANA)
                assert mind is not None
                seen.append((mind.memories, await flood.stored()))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            await flood.held.wait()
            tasks.start_soon(another)
            await settled(flood, engine)
        ((folded, stored),) = seen
        assert folded == stored < BATCHES * BATCH

    play(main)
