"""The self holds nothing of what is erased, nor do the pages from which nights are undone."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.engine.selfhood import SELF
from cognition.engine.sleep_options import SleepOptions
from cognition.ports.stores import Dense
from schemas.identifiers import memory_id
from schemas.percept import Forget, Percept
from schemas.sleep import SleepStatus, UndoPage
from schemas.sleeping import SleepUndoInquiry
from tests.unit.engine.bench import ANA, Bench, bench, vector
from tests.unit.engine.nights import archive, erase

pytestmark = pytest.mark.anyio

KEYS = [f"k{n}" for n in range(4)]


async def lived() -> Bench:
    """Four memories, each in a direction of its own."""
    found = await bench(options=Options(sleep=SleepOptions(canary=0)))
    await found.take(
        *(
            Percept(mind=ANA, content=f"word{n} {n * 7919}", key=key, vector=vector(n))
            for n, key in enumerate(KEYS)
        )
    )
    return found


async def consolidate(found: Bench, *keys: str) -> None:
    patches = {memory_id(ANA, key): {"consolidation_strength": 0.6} for key in keys}
    await found.stores.memories.patch(ANA, patches, epoch=found.epoch)


async def concept(found: Bench) -> Dense:
    stored = await found.stores.identities.concept(ANA)
    assert stored is not None
    return stored


async def pages(found: Bench) -> list[UndoPage]:
    """Those that tell how the self was."""
    reports = await found.stores.cycles.latest(ANA, limit=100)
    steps = {r.id: range(r.cursor.step + 1) for r in reports}
    kept = [p for i, some in steps.items() for p in (await found.stores.cycles.pages(ANA, i, some)).values()]
    return [page for page in kept if page.concept or page.turned]


async def test_what_began_the_self_and_is_erased_is_gone_from_it() -> None:
    found = await lived()
    await consolidate(found, "k2")
    assert (await concept(found))[0] == pytest.approx(1.0)
    await erase(found, "k0")
    kept = (await found.stores.memories.get_traces(ANA, [memory_id(ANA, "k2")])).popitem()[1]
    np.testing.assert_allclose(await concept(found), kept.context, atol=1e-3)


async def test_where_nothing_is_consolidated_the_self_is_as_near_to_one_as_to_all() -> None:
    found = await lived()
    await found.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, key) for key in KEYS]))
    np.testing.assert_allclose(await concept(found), np.full(768, 768**-0.5), atol=1e-6)
    found.again()
    await found.say("a new beginning")
    assert not (await found.engine.minds.look(ANA)).stopped


async def test_what_shaped_nothing_leaves_the_self_as_it_is() -> None:
    found = await lived()
    before = await concept(found)
    await erase(found, "k3")
    assert np.array_equal(await concept(found), before)


@pytest.mark.parametrize("archived", [False, True])
async def test_what_moved_the_self_in_a_night_is_gone_from_it_and_from_its_pages(archived: bool) -> None:
    found = await lived()
    await consolidate(found, "k3")
    report = await found.sleep()
    assert (await concept(found))[3] > 0.01
    assert len(await pages(found)) == 1
    if archived:
        await archive(found, "k3")
    await erase(found, "k3")
    assert abs((await concept(found))[3] - 768**-0.5) < 1e-3
    assert await pages(found) == []
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=report.id))
    back = await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]
    assert back.status is SleepStatus.UNDONE
    assert abs((await concept(found))[3] - 768**-0.5) < 1e-3


async def test_what_moved_a_self_that_undoing_left_is_gone_from_it() -> None:
    found = await lived()
    await consolidate(found, "k3")
    first = await found.sleep()
    await consolidate(found, "k2")
    found.clock.advance(86_400.0)
    await found.sleep()
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=first.id))
    back = await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]
    assert SELF in back.left, "the second night has moved it on"
    as_undone = {memory_id(ANA, "k3"): {"consolidation_strength": 0.1}}
    await found.stores.memories.patch(ANA, as_undone, epoch=found.epoch)
    assert (await concept(found))[3] > 0.01
    await erase(found, "k3")
    assert abs((await concept(found))[3]) < 0.01
    anew = await concept(found)
    await erase(found, "k1")
    assert np.array_equal(await concept(found), anew), "it was made anew, and owes nothing any more"


async def test_a_self_that_was_made_anew_and_not_turned_back_is_remembered_as_left() -> None:
    found = await lived()
    await consolidate(found, "k2", "k3")
    night = await found.sleep()
    await erase(found, "k2")
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=night.id))
    back = await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]
    assert SELF in back.left
    as_undone = {memory_id(ANA, "k3"): {"consolidation_strength": 0.1}}
    await found.stores.memories.patch(ANA, as_undone, epoch=found.epoch)
    assert (await concept(found))[3] > 0.5
    await erase(found, "k3")
    assert abs((await concept(found))[3]) < 0.1


async def test_a_page_keeps_all_else_that_it_says() -> None:
    found = await lived()
    await consolidate(found, "k3")
    await found.sleep()
    (before,) = await pages(found)
    await erase(found, "k3")
    after = (await found.stores.cycles.pages(ANA, before.cycle_id, [before.step]))[before.step]
    assert after == msgspec.structs.replace(before, concept=b"", turned=b"")
