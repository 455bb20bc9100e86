"""What a night has archived and is said again is the same memory: it is awake again, and stronger."""

from __future__ import annotations

import anyio
import pytest

from cognition.engine.assembly import Options
from cognition.engine.options import AttentionOptions
from schemas.events import Outcome
from schemas.identifiers import memory_id
from schemas.percept import Forget, Percept
from tests.unit.engine.bench import ANA, Bench, bench
from tests.unit.engine.nights import archive, assert_lexicon_exact

pytestmark = pytest.mark.anyio

ARCHIVES = Options(attention=AttentionOptions(archive_low_salience=True))


def said(n: int) -> Percept:
    return Percept(mind=ANA, content=f"word{n} topic{n} number {n * 7919}", key=f"k{n}", importance=1.0)


async def lived(options: Options | None = None) -> Bench:
    found = await bench(options=options)
    await found.take(*map(said, range(4)))
    return found


@pytest.mark.parametrize("options", [None, ARCHIVES])
@pytest.mark.parametrize("again", [False, True])
async def test_the_key_of_what_is_archived_strengthens_it(options: Options | None, again: bool) -> None:
    found = await lived(options)
    i = memory_id(ANA, "k1")
    before = (await found.stores.memories.get(ANA, [i]))[i]
    await archive(found, "k1", "k2")
    if again:
        found.again()
    (receipt,) = await found.take(said(1), seconds=3_600.0)
    assert (receipt.outcome, receipt.memory_id) == (Outcome.STRENGTHENED, i)
    after = (await found.stores.memories.get(ANA, [i]))[i]
    assert (after.entry, after.access_count) == (before.entry, before.access_count + 1)
    assert after.consolidation_strength > before.consolidation_strength
    assert not await found.stores.archive.get(ANA, [i])
    await assert_lexicon_exact(found)
    mind = await found.engine.minds.look(ANA)
    assert (mind.memories, mind.repeats, mind.sleep.archived) == (4, 1, 1)
    found.again()
    mind = await found.engine.minds.look(ANA)
    assert (mind.memories, mind.repeats, mind.sleep.archived) == (4, 1, 1)


async def test_in_the_midst_of_a_batch_and_again_after_a_crash() -> None:
    found = await lived()
    await archive(found, "k1")
    entries = [found.entry(said(n)) for n in (7, 1, 8, 1)]
    receipts = await found.commit(*entries)
    assert [r.outcome for r in receipts] == [
        Outcome.ENCODED,
        Outcome.STRENGTHENED,
        Outcome.ENCODED,
        Outcome.STRENGTHENED,
    ]
    found.again()
    assert [r.outcome for r in await found.commit(*entries)] == [r.outcome for r in receipts]
    await found.engine.minds.checkpoint()
    i = memory_id(ANA, "k1")
    assert (await found.stores.memories.get(ANA, [i]))[i].access_count == 2
    await assert_lexicon_exact(found)
    mind = await found.engine.minds.look(ANA)
    assert (mind.memories, mind.repeats, mind.sleep.archived) == (6, 2, 0)


async def test_an_entry_that_comes_once_more_leaves_it_in_the_archive() -> None:
    found = await bench()
    first = found.entry(said(1))
    repeated = found.entry(said(1))
    await found.commit(first, repeated)
    await found.engine.minds.checkpoint()
    await archive(found, "k1")
    receipts = await found.commit(first, repeated)
    assert [r.outcome for r in receipts] == [Outcome.ENCODED, Outcome.STRENGTHENED]
    assert await found.stores.archive.get(ANA, [memory_id(ANA, "k1")])
    assert await found.stores.memories.count(ANA) == 0


async def test_what_is_erased_in_the_same_batch_does_not_come_back() -> None:
    found = await lived()
    await archive(found, "k1")
    receipts = await found.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "k1")]), said(1))
    assert [r.outcome for r in receipts] == [Outcome.FORGOTTEN, Outcome.FORGOTTEN]
    assert await found.stores.memories.count(ANA) == 3
    await assert_lexicon_exact(found)


async def test_a_mind_that_has_archived_nothing_does_not_ask_there() -> None:
    found = await lived()
    asked: list[str] = []

    async def gate(verb: str, collection: str) -> None:
        asked.append(f"{verb} {collection}")

    found.backend.gate = gate
    await found.take(said(9))
    assert "retrieve memories" in asked
    assert "retrieve unconscious" not in asked
    await archive(found, "k1")
    asked.clear()
    await found.take(said(10))
    assert "retrieve unconscious" in asked


@pytest.mark.parametrize("dies", [False, True])
async def test_what_is_written_down_meanwhile_holds_no_more_than_the_store(dies: bool) -> None:
    """The batch before is still on its way when a memory is brought back in the next one."""
    found = await lived()
    await archive(found, "k1")
    encoder, epochs = found.engine.encoder, {0: found.epoch}
    entries = [found.entry(said(n)) for n in (5, 6, 7, 1, 8)]
    first = await encoder.fold(await found.engine.senses.prepare(entries[:2]), epochs)
    arrivals = await found.engine.senses.prepare(entries[2:])
    folded = []

    async def fold() -> None:
        folded.append(await encoder.fold(arrivals, epochs, [first]))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fold)
        await anyio.wait_all_tasks_blocked()
        assert not folded, "it waits for the batch before"
        await encoder.write(first)
    if dies:
        found.again()
        await found.commit(*entries[2:])
    else:
        await encoder.write(folded[0])
    await found.engine.minds.checkpoint()
    await assert_lexicon_exact(found)
    mind = await found.engine.minds.look(ANA)
    assert (mind.memories, mind.repeats, mind.sleep.archived) == (8, 1, 0)
    assert await found.stores.memories.count(ANA) == 8
