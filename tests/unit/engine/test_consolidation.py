"""From the dream stream to memories: what is acknowledged, what is buried, and who waits for what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import msgspec
import pytest

from cognition.engine import usage
from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.consolidation import FOLDED_AT_ONCE, TOUCHED_AT_ONCE, portions, touched
from cognition.engine.options import MindOptions
from cognition.engine.plasticity import TOO_OLD, Event
from cognition.engine.shown import IDS_KEPT
from cognition.errors import BadCueError, StoreRefusedError
from cognition.mechanisms.synapses import LEARNED
from cognition.ports.line import Delivered
from cognition.stores.stores import VectorStores, open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.embedder import HashEmbedder
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from schemas.dream import CoActivation, Feedback
from schemas.events import EntryBuried, OperationRetried, UseFolded
from schemas.identifiers import memory_id
from schemas.learning import FoldedInquiry
from schemas.percept import Percept

ANA = "ana"
IDS = [memory_id(ANA, f"k{n}") for n in range(4)]
OPTIONS = Options(minds=MindOptions(checkpoint_entries=1))


def pair(*places: int) -> CoActivation:
    return CoActivation(mind=ANA, memory_ids=[IDS[p] for p in places], reason="used")


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
        return assemble(self.stores, lines[0], clock, self.sink, HashEmbedder(), OPTIONS, dreams=lines[1])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Engine]:
        engine = self.engine()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            tasks.start_soon(engine.consolidation.run)
            yield engine
            engine.consolidation.stop()
            engine.intake.stop()

    def reported(self, *served: int) -> str:
        """A report that these served of the first three, always on the same recollection."""
        shown = list[str](IDS[:3])
        report = Feedback(
            mind=ANA, cue_id="q", cue="which number?", shown=shown, useful=[IDS[n] for n in served]
        )
        return self.dream.publish(ANA, report)

    async def counts(self, one: int) -> dict[str, int]:
        """How often this memory has learned that it was used with others."""
        (memory,) = (await self.stores.memories.get(ANA, [IDS[one]])).values()
        return {a.target_id: a.coactivation_count for a in memory.associations if a.type is LEARNED}

    def used(self, *places: int, mind: str = ANA) -> str:
        return self.dream.publish(mind, msgspec.structs.replace(pair(*places), mind=mind))


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


async def test_who_waits_hears_how_much_a_report_taught(place: Place) -> None:
    first, second, third = (place.reported(*named) for named in ((0,), (0,), (0, 1)))
    async with place.running() as engine:
        told = [
            await engine.consolidation.folded(FoldedInquiry(id="i", mind=ANA, entry=entry))
            for entry in (first, second, third)
        ]
        await place.dream.settled()
    assert [(t.refused, t.useful, t.vain) for t in told] == [("", 1, 2), ("", 0, 0), ("", 1, 0)]


async def test_what_another_process_folded_in_is_not_guessed_at(place: Place) -> None:
    entry = place.reported(0)
    async with place.running():
        await place.dream.settled()
    async with place.running() as engine:
        answer = await engine.consolidation.folded(FoldedInquiry(id="i", mind=ANA, entry=entry))
    assert (answer.refused, answer.useful, answer.vain) == ("", None, None)


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


async def test_what_is_delivered_late_is_folded_in_once_although_later_entries_were(place: Place) -> None:
    """A reader that went away took it along: it comes after what was published after it."""
    place.used(0, 1)
    later = place.dream.publish(ANA, pair(1, 2), entry="50-0")
    async with place.running():
        await place.dream.settled()
    late = place.dream.publish(ANA, pair(0, 3), entry="20-0")
    async with place.running() as engine:
        await place.dream.settled()
        answer = await engine.consolidation.folded(FoldedInquiry(id="i", mind=ANA, entry=late))
    assert answer.refused == ""
    assert await place.counts(0) == {IDS[1]: 1, IDS[3]: 1}
    (memory,) = (await place.stores.memories.get(ANA, IDS[3:])).values()
    assert [a.last_coactivated for a in memory.associations if a.type is LEARNED] == [0.02]
    for _ in range(2):
        for entry in (late, later, *place.dream.acknowledged):
            place.dream.redeliver(entry)
        async with place.running():
            await place.dream.settled()
    assert await place.counts(0) == {IDS[1]: 1, IDS[3]: 1}
    assert await place.counts(1) == {IDS[0]: 1, IDS[2]: 1}
    assert place.dream.dead == {}


async def test_what_a_former_holder_taught_and_did_not_write_down_is_not_taught_again(place: Place) -> None:
    former = place.engine()
    epochs = former.consolidation._line.epochs()
    await former.plasticity.fold([Event(0, "20-0", ANA, pair(0, 3))], epochs)
    place.dream.publish(ANA, pair(1, 2), entry="50-0")
    async with place.running():
        await place.dream.settled()
    place.dream.publish(ANA, pair(0, 3), entry="20-0")
    async with place.running():
        await place.dream.settled()
    assert await place.counts(0) == {IDS[3]: 1}
    assert await place.counts(3) == {IDS[0]: 1}


async def test_what_is_delivered_later_than_is_known_is_given_up_with_the_reason(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "FOLDED_KEPT", 2)
    for n in range(4):
        place.dream.publish(ANA, pair(1, 2), entry=f"{50 + n}-0")
    async with place.running():
        await place.dream.settled()
    late = [place.dream.publish(ANA, pair(0, 3), entry=entry) for entry in ("20-0", "52-1")]
    async with place.running():
        await place.dream.settled()
    assert place.dream.dead == {late[0]: TOO_OLD}
    assert await place.counts(3) == {IDS[0]: 1}


async def test_a_fold_is_bounded_by_the_memories_that_are_named_in_it(place: Place) -> None:
    """Reports on many memories are folded in a few at a time; the lock is free in between."""
    many = [memory_id(ANA, f"shown {n}") for n in range(TOUCHED_AT_ONCE // 4)]
    for n in range(8):
        place.dream.publish(ANA, Feedback(mind=ANA, cue_id=f"q{n}", cue="number", shown=many[n:] + many[:n]))
    place.dream.publish(ANA, Feedback(mind=ANA, cue_id="raw", cue="number 1", useful=IDS[:1]))
    async with place.running():
        await place.dream.settled()
    folds = place.sink.of(UseFolded)
    assert sum(fold.events for fold in folds) == 8
    assert all(fold.missing + fold.routed <= TOUCHED_AT_ONCE for fold in folds)
    assert len(folds) >= 2


def test_what_is_folded_at_once_is_bounded_in_events_and_in_memories() -> None:
    def entry(*named: int, shown: int = 0) -> Delivered:
        ids = [memory_id(ANA, f"n{n}") for n in range(shown)]
        message = Feedback(mind=ANA, cue_id="q", useful=ids, shown=ids)
        pair = CoActivation(mind=ANA, memory_ids=[IDS[n] for n in named], reason="used")
        return Delivered(0, "1-0", message if shown else pair)

    pairs = [len(part) for part in portions([entry(0, 1)] * (FOLDED_AT_ONCE + 1))]
    assert pairs == [FOLDED_AT_ONCE, 1]
    assert [len(part) for part in portions([entry(0)] * (FOLDED_AT_ONCE + 1))] == [FOLDED_AT_ONCE, 1]
    large = [entry(shown=1_000)] * 5
    assert [len(part) for part in portions(large)] == [4, 1]
    assert touched(Delivered(0, "1-0", Feedback(mind=ANA, cue_id="q"))) == IDS_KEPT


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
