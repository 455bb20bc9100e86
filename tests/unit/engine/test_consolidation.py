"""From the dream stream to memories: what is acknowledged, what is buried, and who waits for what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.options import MindOptions
from cognition.errors import BadCueError, StoreRefusedError
from cognition.stores.stores import VectorStores, open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.embedder import HashEmbedder
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from schemas.dream import CoActivation
from schemas.events import EntryBuried, OperationRetried
from schemas.identifiers import memory_id
from schemas.learning import FoldedInquiry
from schemas.percept import Percept

ANA = "ana"
IDS = [memory_id(ANA, f"k{n}") for n in range(4)]
OPTIONS = Options(minds=MindOptions(checkpoint_entries=1))


class Place:
    """Both streams, a store, and engines over them."""

    def __init__(self) -> None:
        self.backend = OracleBackend(gate=self._gate)
        self.awake = MemoryStreams(partitions=1)
        self.dream = MemoryStreams(partitions=1, deliveries_max=2, lone_attempts_max=2)
        self.sink = RecordingSink()
        self.refuses = ""
        self.stores: VectorStores

    async def _gate(self, verb: str, collection: str) -> None:
        if self.refuses and verb == self.refuses and collection == "memories":
            raise StoreRefusedError("it will not have it")

    def engine(self) -> Engine:
        lines = (self.awake.hold(), self.dream.hold())
        clock = ManualClock(1_700_000_000.0)
        return assemble(
            self.stores, lines[0], clock, self.sink, HashEmbedder(), OPTIONS, dreams=lines[1]
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Engine]:
        engine = self.engine()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            tasks.start_soon(engine.consolidation.run)
            yield engine
            engine.consolidation.stop()
            engine.intake.stop()

    def used(self, *places: int, mind: str = ANA) -> str:
        return self.dream.publish(
            mind, CoActivation(mind=mind, memory_ids=[IDS[p] for p in places], reason="used")
        )


@pytest.fixture
async def place() -> Place:
    at = Place()
    at.stores = await open_stores(at.backend)
    for n in range(4):
        at.awake.publish(ANA, Percept(mind=ANA, content=f"number {n}", key=f"k{n}"))
    async with at.running():
        await at.awake.settled()
    return at


async def test_what_is_folded_in_is_acknowledged_and_who_waits_is_told(place: Place) -> None:
    entry = place.used(0, 1)
    async with place.running() as engine:
        answer = await engine.consolidation.folded(FoldedInquiry(id="i", mind=ANA, entry=entry))
        await place.dream.settled()
    assert answer.refused == ""
    assert place.dream.acknowledged == {entry}
    assert (await place.stores.memories.get(ANA, IDS[:1]))[IDS[0]].associations


async def test_what_cannot_be_read_is_buried_and_the_others_go_on(place: Place) -> None:
    bad = place.dream.publish(ANA, None, problem="not a message")
    good = place.used(0, 1)
    async with place.running():
        await place.dream.settled()
    assert place.dream.dead == {bad: "not a message"}
    assert place.dream.acknowledged == {good}
    assert [e.entry for e in place.sink.of(EntryBuried)] == [bad]


async def test_who_waits_for_a_refused_event_gets_the_reason(place: Place) -> None:
    entry = place.used(0, 1, mind="nobody")
    async with place.running() as engine:
        answer = await engine.consolidation.folded(FoldedInquiry(id="i", mind="nobody", entry=entry))
        await place.dream.settled()
    assert "has no memories" in answer.refused
    assert list(place.dream.dead) == [entry]


async def test_what_was_folded_before_a_restart_is_not_waited_for_again(place: Place) -> None:
    entry = place.used(0, 1)
    async with place.running():
        await place.dream.settled()
    async with place.running() as engine:
        with anyio.fail_after(5):
            await engine.consolidation.folded(FoldedInquiry(id="i", mind=ANA, entry=entry))


async def test_an_entry_that_is_none_is_refused(place: Place) -> None:
    with pytest.raises(BadCueError, match="'yesterday' is not an entry"):
        await place.engine().consolidation.folded(FoldedInquiry(id="i", mind=ANA, entry="yesterday"))


async def test_an_event_that_the_store_will_never_take_is_buried_alone(place: Place) -> None:
    first, second = place.used(0, 1), place.used(2, 3)
    place.refuses = "set_payloads"
    async with place.running():
        while not place.dream.dead:
            await place.dream.changed.wait()
        place.refuses = ""
        await place.dream.settled()
    assert "the store refuses it" in place.dream.dead[first]
    assert place.sink.of(OperationRetried)
    assert second in {*place.dream.dead, *place.dream.acknowledged}


async def test_an_entry_that_the_process_dies_of_is_given_up_after_its_chances(place: Place) -> None:
    entry = place.used(0, 1)
    for _ in range(6):
        line = place.dream.hold()
        await line.recover()
        for delivered in await line.read():
            assert delivered.entry == entry
        if any(p.pending.get(entry, 0) > 2 for p in place.dream.partitions):
            delivered = (await line.recover())[0]
            assert delivered.suspect
            if not await line.attempt_alone(delivered):
                break
    async with place.running():
        await place.dream.settled()
    assert "died each time" in place.dream.dead[entry]


async def test_minds_that_are_read_anew_meanwhile_void_what_was_not_written_down(place: Place) -> None:
    """The intake fails and drops all minds between a fold and its checkpoint: the fold is done again."""
    engine = place.engine()
    entry = place.used(0, 1)
    (delivered,) = await engine.consolidation._line.read()
    await engine.consolidation._take([delivered])
    engine.minds.discard()
    with pytest.raises(Exception, match="read anew"):
        await engine.consolidation._settle()
    assert entry not in place.dream.acknowledged
    async with place.running():
        await place.dream.settled()
    memory = (await place.stores.memories.get(ANA, IDS[:1]))[IDS[0]]
    assert memory.associations[-1].coactivation_count == 1
    assert (await place.engine().minds.look(ANA)).usage.through == entry
