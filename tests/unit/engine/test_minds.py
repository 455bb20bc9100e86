"""One identity a mind, born once; a mind that was tampered with stops, and the others go on."""

from __future__ import annotations

import anyio
import msgspec
import pytest

from cognition.engine.assembly import Options
from cognition.engine.options import MindOptions
from cognition.errors import LeaseLostError, MindStoppedError, StoreUnavailableError
from cognition.testing.oracle import OracleBackend
from schemas.events import IdentityBorn, MindStopped, Outcome
from schemas.identifiers import checkpoint_id, identity_id, memory_id
from schemas.identity import Identity, Law
from schemas.percept import Forget, Percept
from tests.unit.engine.bench import ANA, BO, Bench, bench

FEW = Options(minds=MindOptions(resident_max=1))


async def stored(on: Bench, mind: str = ANA) -> Identity:
    found = await on.stores.identities.get(mind)
    assert found is not None
    return found


async def test_an_identity_is_born_with_the_first_memory_and_only_once() -> None:
    on = await bench()
    await on.take(*(Percept(mind=ANA, content=f"tea {i}") for i in range(3)))
    first = await stored(on)
    for _ in range(3):
        on.again()
        await on.say("more tea")
    last = await stored(on)
    assert len(on.sink.of(IdentityBorn)) == 1
    assert (last.id, last.born_at, last.revisions) == (first.id, first.born_at, first.revisions)


async def test_a_restart_is_counted_once_for_each_process_that_takes_a_mind_over() -> None:
    on = await bench()
    await on.say("tea")
    assert (await stored(on)).restart_count == 0
    on.again()
    for i in range(3):
        await on.say(f"more tea {i}")
        on.engine.minds.discard()
    assert (await stored(on)).restart_count == 1
    await on.engine.minds.look(ANA)
    assert (await stored(on)).restart_count == 1


async def tamper(backend: OracleBackend, mind: str, **fields: object) -> None:
    plain = msgspec.to_builtins(fields)
    await backend.set_payload("identity", [identity_id(mind)], plain)


async def stopped_by(on: Bench, words: str) -> None:
    """Ana is stopped for this reason, Bo is served."""
    on.again()
    ana, bo = await on.take(Percept(mind=ANA, content="tea again"), Percept(mind=BO, content="boat again"))
    assert ana.outcome is Outcome.REJECTED
    assert words in ana.reason
    assert bo.outcome is Outcome.ENCODED
    with pytest.raises(MindStoppedError, match="verify"):
        await on.recall("tea")
    assert (await on.recall("boat", mind=BO)).recalled
    assert {e.mind for e in on.sink.of(MindStopped)} == {ANA}
    assert await on.stores.memories.count(ANA) == 1


async def two_minds() -> Bench:
    on = await bench()
    await on.take(Percept(mind=ANA, content="tea"), Percept(mind=BO, content="boat"))
    return on


async def test_a_tampered_law_stops_its_mind_by_name_and_no_other() -> None:
    on = await two_minds()
    laws = (await stored(on)).laws
    bent = [Law(name=laws[0].name, text="anything goes"), *laws[1:]]
    await tamper(on.backend, ANA, laws=bent)
    await stopped_by(on, laws[0].name)


async def test_a_rewritten_history_stops_its_mind() -> None:
    on = await two_minds()
    revision = (await stored(on)).revisions[0]
    await tamper(on.backend, ANA, revisions=[msgspec.structs.replace(revision, event="never born")])
    await stopped_by(on, "revision 1")


async def test_a_missing_identity_stops_a_mind_that_has_memories() -> None:
    on = await two_minds()
    await on.backend.delete("identity", [identity_id(ANA)])
    await stopped_by(on, "its identity is missing although it has 1 memories")


@pytest.mark.parametrize("state", ["", "AAAA", "gaR0aGlz"])
async def test_a_checkpoint_that_cannot_be_read_stops_its_mind(state: str) -> None:
    on = await two_minds()
    await on.backend.set_payload("checkpoints", [checkpoint_id(ANA, "state")], {"state": state})
    await stopped_by(on, "its checkpoint cannot be read")


async def test_a_stopped_mind_keeps_its_checkpoint() -> None:
    on = await two_minds()
    before = await on.stores.checkpoints.load([(ANA, "state")])
    await tamper(on.backend, ANA, laws=[])
    await stopped_by(on, "law")
    assert await on.stores.checkpoints.load([(ANA, "state")]) == before


# --- residence ----------------------------------------------------------------------------


async def test_minds_leave_memory_when_there_are_many_and_come_back_as_they_were() -> None:
    on = await bench(options=FEW)
    for i in range(4):
        await on.say(f"tea {i}")
        await on.say(f"boat {i}", mind=BO)
    assert len(on.engine.minds) <= 2
    mind = await on.engine.minds.look(ANA)
    assert (mind.memories, mind.lexicon.n, len(mind.working)) == (4, 4, 4)


async def test_a_mind_that_is_being_taken_over_is_not_put_out_of_memory() -> None:
    on = await bench(options=FEW)
    await on.say("tea")
    on.again()
    waits, goes_on = anyio.Event(), anyio.Event()

    async def gate(verb: str, collection: str) -> None:
        if (verb, collection) == ("set_payload", "identity"):
            waits.set()
            await goes_on.wait()

    on.backend.gate = gate
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(on.say, "more tea")
        await waits.wait()
        await on.engine.minds.look(BO)
        goes_on.set()
    on.again()
    assert (await on.engine.minds.look(ANA)).memories == 2


async def test_readers_share_one_loading_of_a_mind() -> None:
    on = await bench()
    await on.say("tea")
    on.again()
    loads = []

    async def gate(verb: str, collection: str) -> None:
        if collection == "checkpoints":
            loads.append(verb)

    on.backend.gate = gate
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(on.engine.minds.look, ANA)
    assert loads == ["retrieve", "retrieve"], "before and after, once"


# --- epochs -------------------------------------------------------------------------------


async def test_an_old_holder_does_not_take_a_mind_from_a_later_one() -> None:
    on = await bench()
    await on.say("tea")
    old, epoch = on.engine, on.epoch
    on.again()
    await on.say("more tea")
    old.minds.discard()
    with pytest.raises(LeaseLostError, match="epoch 2, ours is 1"):
        await old.minds.awake(ANA, epoch=epoch)


async def test_an_old_holder_does_not_take_over_the_epoch_of_an_identity_it_reads_back() -> None:
    on = await bench()
    old, epoch = on.engine, on.epoch
    mind = await old.minds.awake(ANA, epoch=epoch)
    on.again()
    await on.say("tea")
    trace = on.embedder
    row = (await trace.embed(["tea"]))[0]
    with pytest.raises(LeaseLostError):
        await old.minds.ensure_born(mind, row, 1.0, epoch=epoch)


# --- writing down -------------------------------------------------------------------------


async def test_a_whole_lexicon_is_written_beside_the_one_that_the_last_state_points_to() -> None:
    on = await bench()
    await on.take(*(Percept(mind=ANA, content=f"tea {i}", key=f"tea {i}") for i in range(4)))
    pointed: list[int] = []
    for i in range(3):
        await on.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, f"tea {i}")]))
        pointed.append((await on.engine.minds.look(ANA)).lexicon_slot)
    assert pointed == [0, 1, 0]
    written = await on.stores.checkpoints.load([(ANA, "lexicon-0"), (ANA, "lexicon-1")])
    assert len(written) == 2
    on.again()
    assert (await on.engine.minds.look(ANA)).lexicon.n == 1


@pytest.mark.parametrize("whole", [False, True])
async def test_a_checkpoint_that_could_not_be_written_is_made_again(whole: bool) -> None:
    on = await bench()
    await on.take(*(Percept(mind=ANA, content=f"tea {i}", key=f"tea {i}") for i in range(4)))
    await on.commit(on.entry(Percept(mind=ANA, content="a blue boat")))
    mind = await on.engine.minds.look(ANA)
    mind.lexicon_whole_due = whole
    failures = ["once"]

    async def gate(verb: str, collection: str) -> None:
        if collection == "checkpoints" and verb != "retrieve" and failures:
            failures.clear()
            raise StoreUnavailableError("the disk is full")

    on.backend.gate = gate
    with pytest.raises(StoreUnavailableError):
        await on.engine.minds.checkpoint()
    await on.engine.minds.checkpoint()
    on.again()
    again = await on.engine.minds.look(ANA)
    assert (again.stopped, again.memories, again.through) == ("", 5, mind.through)
    assert again.lexicon == mind.lexicon


async def test_under_another_epoch_a_mind_is_read_anew_and_what_was_not_written_down_is_void() -> None:
    on = await bench()
    await on.say("tea")
    old = on.engine
    await on.commit(on.entry(Percept(mind=ANA, content="never written down")))
    generation = old.minds.generation
    on.again()
    for i in range(3):
        await on.say(f"a blue boat {i}")
    there = await on.engine.minds.look(ANA)
    regained = on.epoch + 1
    mind = await old.minds.awake(ANA, epoch=regained)
    assert (mind.through, mind.memories) == (there.through, there.memories)
    assert mind.lexicon == there.lexicon
    assert old.minds.generation == generation + 1
    assert await old.minds.awake(ANA, epoch=regained) is mind
    assert old.minds.generation == generation + 1


async def test_a_mind_whose_session_did_not_begin_is_not_awake() -> None:
    on = await bench()
    await on.say("tea")
    on.again()
    failures = ["once"]

    async def gate(verb: str, collection: str) -> None:
        if collection == "identity" and verb != "retrieve" and failures:
            failures.clear()
            raise StoreUnavailableError("the disk is full")

    on.backend.gate = gate
    with pytest.raises(StoreUnavailableError):
        await on.engine.minds.awake(ANA, epoch=on.epoch)
    assert on.engine.minds.unwritten == 0
    await on.engine.minds.awake(ANA, epoch=on.epoch)
    assert (await stored(on)).restart_count == 1
