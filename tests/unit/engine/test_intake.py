"""The line moves on: what is bad, refused or deadly goes to the dead letters alone; an outage holds it."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import anyio.lowlevel
import numpy as np
import pytest
from numpy.typing import NDArray

from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.intake import POISON, Intake
from cognition.engine.options import MindOptions
from cognition.errors import EmbeddingError, StoreRefusedError, StoreUnavailableError
from cognition.ports.embedder import Embedder
from cognition.stores.stores import open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.embedder import HashEmbedder
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from schemas.events import EntryBuried, OperationRetried, Outcome
from schemas.percept import Percept
from tests.simulation.virtual_time import play
from tests.unit.engine.bench import ANA

WORDS = ("one", "two", "three", "four", "five", "six")
SOON = Options(minds=MindOptions(checkpoint_s=0.01))


class Line:
    """A line with a percept for each word, and engines over it and one store."""

    def __init__(self, clock: ManualClock, *words: str, embedder: Embedder | None = None) -> None:
        self.clock = clock
        self.streams = MemoryStreams(partitions=1, deliveries_max=2, lone_attempts_max=2)
        self.backend = OracleBackend()
        self.sink = RecordingSink()
        self.embedder = embedder or HashEmbedder()
        self.entries = {word: self.publish(word) for word in words}

    def publish(self, word: str) -> str:
        return self.streams.publish(ANA, Percept(mind=ANA, content=word, key=word))

    async def engine(self) -> Engine:
        stores = await open_stores(self.backend)
        return assemble(stores, self.streams.hold(batch=4), self.clock, self.sink, self.embedder, SOON)

    async def run(self) -> Engine:
        """One process until everything is settled."""
        engine = await self.engine()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            await self.streams.settled()
            engine.intake.stop()
        return engine

    async def remembered(self) -> set[str]:
        page = await self.backend.scroll("memories")
        return {hit.payload["content"] for hit in page.hits if hit.payload is not None}


class Picky(OracleBackend):
    """Refuses points with this content, as an engine refuses what it cannot index."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word

    async def upsert(self, collection, points, **rest):  # type: ignore[no-untyped-def]
        if collection == "memories" and any(p.payload["content"] == self.word for p in points):
            raise StoreRefusedError(f"no index takes {self.word!r}")
        await super().upsert(collection, points, **rest)


def test_everything_is_remembered_told_mirrored_and_acknowledged() -> None:
    async def main(clock: ManualClock) -> None:
        line = Line(clock, *WORDS)
        await line.run()
        assert await line.remembered() == set(WORDS)
        assert line.streams.acknowledged == set(line.entries.values())
        assert [r.outcome for r in line.streams.receipts] == [Outcome.ENCODED] * len(WORDS)
        assert b"six" in line.streams.recent[ANA]

    play(main)


def test_what_the_store_refuses_is_buried_alone_and_the_line_moves_on() -> None:
    async def main(clock: ManualClock) -> None:
        line = Line(clock, *WORDS)
        line.backend = Picky("three")
        await line.run()
        assert set(line.streams.dead) == {line.entries["three"]}
        assert "the store refuses it: no index takes 'three'" in line.streams.dead[line.entries["three"]]
        assert await line.remembered() == set(WORDS) - {"three"}
        (receipt,) = [r for r in line.streams.receipts if r.outcome is Outcome.REJECTED]
        assert (receipt.mind, receipt.entry) == (ANA, line.entries["three"])

    play(main)


def test_one_text_that_cannot_be_embedded_is_buried_alone() -> None:
    async def main(clock: ManualClock) -> None:
        line = Line(clock, *WORDS, embedder=HashEmbedder(refuses=lambda text: text == "two"))
        await line.run()
        assert set(line.streams.dead) == {line.entries["two"]}
        assert await line.remembered() == set(WORDS) - {"two"}
        assert len(line.sink.of(EntryBuried)) == 1
        assert line.sink.of(OperationRetried) == []

    play(main)


class Mending(HashEmbedder):
    """Down for so many calls."""

    def __init__(self, down: int) -> None:
        super().__init__()
        self.down = down

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.down -= 1
        if self.down >= 0:
            raise EmbeddingError("the worker is gone", failed=dict.fromkeys(range(len(texts)), "gone"))
        return await super().embed(texts)


def test_an_embedder_that_is_down_holds_the_line_and_buries_nothing() -> None:
    async def main(clock: ManualClock) -> None:
        line = Line(clock, *WORDS, embedder=Mending(30))
        await line.run()
        assert line.streams.dead == {}
        assert await line.remembered() == set(WORDS)
        retried = line.sink.of(OperationRetried)
        assert "the embedder fails on every text" in retried[0].error
        assert retried[1].retry_in_s > retried[0].retry_in_s

    play(main)


@pytest.mark.parametrize("verb", ["retrieve", "upsert", "flush"])
def test_a_store_that_is_down_for_a_while_loses_nothing(verb: str) -> None:
    async def main(clock: ManualClock) -> None:
        line = Line(clock, *WORDS)
        engine = await line.engine()
        left = [9]

        async def gate(called: str, collection: str) -> None:
            if called == verb and left[0]:
                left[0] -= 1
                raise StoreUnavailableError("the disk is full")

        line.backend.gate = gate
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            await line.streams.settled()
            engine.intake.stop()
        assert left == [0]
        assert await line.remembered() == set(WORDS)
        assert line.streams.dead == {}
        assert "the disk is full" in line.sink.of(OperationRetried)[0].error

    play(main)


def test_a_programming_error_ends_the_run() -> None:
    async def main(clock: ManualClock) -> None:
        line = Line(clock, *WORDS)
        engine = await line.engine()

        async def gate(verb: str, collection: str) -> None:
            raise ZeroDivisionError

        line.backend.gate = gate
        with pytest.raises(BaseExceptionGroup) as caught:
            await engine.intake.run()
        assert caught.group_contains(ZeroDivisionError, depth=1)

    play(main)


# --- poison ---------------------------------------------------------------------------------


class Deadly(HashEmbedder):
    """The process dies of this word."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word
        self.died_with: list[int] = []
        self.process = anyio.CancelScope()

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.word in texts:
            self.died_with.append(len(texts))
            self.process.cancel()
            await anyio.lowlevel.checkpoint()
        return await super().embed(texts)

    process: anyio.CancelScope


def test_the_word_that_kills_is_buried_and_its_neighbours_are_not() -> None:
    async def main(clock: ManualClock) -> None:
        killer = Deadly("three")
        line = Line(clock, *WORDS, embedder=killer)
        for _ in range(20):
            with anyio.CancelScope() as killer.process:
                await line.run()
            if not line.streams.outstanding:
                break
        assert line.streams.dead == {line.entries["three"]: POISON}
        assert await line.remembered() == set(WORDS) - {"three"}
        assert killer.died_with[-line.streams.lone_attempts_max :] == [1, 1], "it had its chances alone"
        (receipt,) = [r for r in line.streams.receipts if r.outcome is Outcome.REJECTED]
        assert receipt.mind == ANA

    play(main)


# --- stopping -------------------------------------------------------------------------------


def test_stopping_finishes_and_acknowledges_what_is_in_hand() -> None:
    async def main(clock: ManualClock) -> None:
        line = Line(clock, *WORDS)
        engine = await line.engine()
        encoded = anyio.Event()

        async def gate(verb: str, collection: str) -> None:
            if (verb, collection) == ("upsert", "memories"):
                engine.intake.stop()
                encoded.set()

        line.backend.gate = gate
        await engine.intake.run()
        assert encoded.is_set()
        assert line.streams.acknowledged >= {line.entries[word] for word in WORDS[:4]}
        assert set(line.streams.partitions[0].pending) <= {line.entries[word] for word in WORDS[4:]}

    play(main)


def test_an_engine_that_was_never_started_stops_at_once() -> None:
    async def main(clock: ManualClock) -> Intake:
        engine = await Line(clock, *WORDS).engine()
        engine.intake.stop()
        await engine.intake.run()
        return engine.intake

    assert play(main).idle


def test_half_a_batch_is_dropped_before_any_other_task_can_write_it_down() -> None:
    async def main(clock: ManualClock) -> None:
        line = Line(clock, *WORDS)
        failing = True

        async def gate(verb: str, collection: str) -> None:
            nonlocal failing
            if failing and (verb, collection) == ("upsert", "memories"):
                failing = False
                raise StoreUnavailableError("the disk is full")

        line.backend.gate = gate
        engine = await line.engine()

        async def another_task() -> None:
            """Takes the lock as soon as it is free, and writes down what is there."""
            await anyio.lowlevel.checkpoint()
            while failing:
                await clock.sleep(0.001)
            async with engine.minds.writing:
                await engine.minds.checkpoint()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(another_task)
            tasks.start_soon(engine.intake.run)
            await line.streams.settled()
            engine.intake.stop()
        assert await line.remembered() == set(WORDS)
        mind = await engine.minds.look(ANA)
        assert (mind.memories, mind.lexicon.n) == (len(WORDS), len(WORDS))

    play(main)
