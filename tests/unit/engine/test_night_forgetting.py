"""Forgetting: what has lapsed goes to the archive, whole, and a strong cue brings it back."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec
import numpy as np
import pytest

from cognition.engine import night_forgetting
from cognition.engine.assembly import Options
from cognition.engine.options import MindOptions
from cognition.engine.sleep_options import SleepOptions
from cognition.ports.stores import Scope
from schemas.identifiers import memory_id
from schemas.percept import ContentType, Forget, Percept
from schemas.sleep import SleepStatus
from schemas.sleeping import SleepUndoInquiry
from tests.unit.engine.bench import ANA, Bench, bench, contents

pytestmark = pytest.mark.anyio

YEAR_S = 365 * 86_400.0
QUICK = Options(
    sleep=SleepOptions(archived_a_year=1.0, canary=0, without=("replay",)),
    minds=MindOptions(without=("temporal",)),
)
"""Everything that lapses may be archived at once."""


async def lived(options: Options = QUICK, count: int = 12, **fields: Any) -> Bench:
    found = await bench(options=options)
    for n in range(count):
        await found.say(f"word{n} topic{n} number {n * 7919}", key=f"k{n}", **fields)
    return found


async def awake(found: Bench) -> set[str]:
    return set(await found.stores.memories.select(ANA, Scope(), limit=1_000))


async def test_what_has_lapsed_is_archived_whole_and_with_its_vectors() -> None:
    found = await lived()
    before = await found.stores.memories.get_traces(ANA, sorted(await awake(found)))
    found.clock.advance(5 * YEAR_S)
    report = await found.sleep()
    assert report.archived == 12
    assert not await awake(found)
    archived = await found.stores.archive.get_traces(ANA, list(before))
    assert {i: t.memory for i, t in archived.items()} == {i: t.memory for i, t in before.items()}
    assert all(np.allclose(archived[i].context, t.context, atol=1e-6) for i, t in before.items())
    assert all(archived[i].lexical == t.lexical for i, t in before.items())
    mind = await found.engine.minds.look(ANA)
    assert (mind.lexicon.n, mind.living, mind.sleep.archived) == (0, 0, 12)


async def test_nothing_is_archived_before_it_has_lapsed() -> None:
    found = await lived()
    found.clock.advance(7 * 86_400.0)
    assert (await found.sleep()).archived == 0
    assert len(await awake(found)) == 12


async def test_a_year_archives_its_share_and_no_more() -> None:
    options = Options(sleep=SleepOptions(archived_a_year=0.25, canary=0, without=("replay",)))
    found = await lived(options)
    found.clock.advance(5 * YEAR_S)
    assert (await found.sleep()).archived == 3
    found.clock.advance(86_400.0)
    assert (await found.sleep()).archived == 0
    found.clock.advance(YEAR_S)
    assert (await found.sleep()).archived == 2, "a quarter of the nine that are left"


async def test_milestones_and_what_a_caller_protects_stay() -> None:
    found = await lived(count=6)
    await found.say("the day she was born", key="birth", content_type=ContentType.MILESTONE)
    await found.say("the address of the house", key="house", metadata={"protected": True})
    found.clock.advance(5 * YEAR_S)
    await found.sleep()
    left = await found.stores.memories.get(ANA, sorted(await awake(found)))
    assert {m.key for m in left.values()} == {"birth", "house"}


async def test_a_strong_cue_brings_back_what_was_archived_and_says_so() -> None:
    found = await lived(count=40)
    found.clock.advance(5 * YEAR_S)
    await found.say("something quite new", key="new")
    await found.sleep()
    assert len(await awake(found)) == 1
    recollection = await found.recall("word7 topic7 number 55433")
    first = recollection.recalled[0]
    assert (first.memory.key, first.why) == ("k7", "surfaced from the archive")
    await found.engine.sleep.bring_back()
    back = await found.stores.memories.get(ANA, [first.memory.id])
    assert back[first.memory.id].access_count == first.memory.access_count + 1
    assert not await found.stores.archive.get(ANA, [first.memory.id])
    again = await found.recall("word7 topic7 number 55433")
    assert (again.recalled[0].memory.key, "archive" in again.recalled[0].why) == ("k7", False)
    mind = await found.engine.minds.look(ANA)
    assert mind.lexicon.n == mind.living == 41 - mind.sleep.archived
    assert mind.living < 10


async def test_a_cue_that_awake_memory_is_too_weak_for_is_answered_from_the_archive() -> None:
    found = await lived(count=40)
    found.clock.advance(5 * YEAR_S)
    await found.say("a word to stay")
    await found.sleep()
    cue = "word7 topic7 number 55433"
    sure = await found.recall(cue, abstain_below=0.5)
    assert sure.recalled[0].memory.key == "k7"
    assert min(r.score for r in sure.recalled) >= 0.5
    assert (sure.abstained, sure.notes[0].startswith("awake memory is silent: the best score")) == ("", True)
    surer = await found.recall(cue, abstain_below=sure.recalled[0].score + 0.01)
    assert surer.recalled == []
    assert "abstain_below" in surer.abstained
    await found.engine.sleep.bring_back()
    assert await found.stores.memories.get(ANA, [sure.recalled[0].memory.id])


async def test_the_archive_is_searched_beside_awake_memory_and_not_read_where_nothing_surfaces() -> None:
    found = await lived(count=11)
    found.clock.advance(5 * YEAR_S)
    await found.say("a word to stay")
    await found.sleep()
    stores: Any = found.stores
    searched, read = anyio.Event(), []
    awake_probe, archive_probe, archive_get = (
        stores.memories.probe,
        stores.archive.probe,
        stores.archive.get,
    )

    async def patient(*given: Any, **named: Any) -> Any:
        with anyio.fail_after(5):
            await searched.wait()
        return await awake_probe(*given, **named)

    async def noted(*given: Any, **named: Any) -> Any:
        searched.set()
        return await archive_probe(*given, **named)

    async def counted(*given: Any) -> Any:
        read.append(given)
        return await archive_get(*given)

    stores.memories.probe, stores.archive.probe, stores.archive.get = patient, noted, counted
    weak = await found.recall("a word to stay")
    assert searched.is_set()
    assert [r.memory.content for r in weak.recalled] == ["a word to stay"]
    assert not read
    strong = await found.recall("word7 topic7 number 55433")
    assert strong.recalled[0].memory.key == "k7"
    assert len(read) == 1


async def test_bringing_back_twice_is_bringing_back_once() -> None:
    found = await lived(count=40)
    found.clock.advance(5 * YEAR_S)
    await found.sleep()
    for _ in range(2):
        await found.recall("word7 topic7 number 55433")
        await found.engine.sleep.bring_back()
    mind = await found.engine.minds.look(ANA)
    assert mind.lexicon.n <= mind.living == 40 - mind.sleep.archived


async def test_what_surfaces_while_it_is_being_archived_is_found_in_one_place() -> None:
    found = await lived(count=40)
    found.clock.advance(5 * YEAR_S)
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    night = found.engine.sleep._night
    while not report.finished:
        report = await night.step(report, found.epoch)
        for n in (3, 17, 38):
            recollection = await found.recall(f"word{n} topic{n} number {n * 7919}")
            assert f"word{n} topic{n} number {n * 7919}" in contents(recollection)
            ids = [r.memory.id for r in recollection.recalled]
            assert len(ids) == len(set(ids))
        await found.engine.sleep.bring_back()
    there = await awake(found)
    archived = await found.stores.archive.get(ANA, sorted(there))
    assert not archived


async def test_undoing_brings_the_archived_back_as_they_were() -> None:
    found = await lived()
    ids = sorted(await awake(found))
    before = await found.stores.memories.get_traces(ANA, ids)
    found.clock.advance(5 * YEAR_S)
    report = await found.sleep()
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=report.id))
    back = await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]
    assert (back.status, back.restored, back.left) == (SleepStatus.UNDONE, 12, [])
    after = await found.stores.memories.get_traces(ANA, ids)
    same = [msgspec.structs.replace(t.memory, epoch=0) for t in after.values()]
    assert same == [msgspec.structs.replace(before[i].memory, epoch=0) for i in after]
    assert all(np.allclose(after[i].context, before[i].context, atol=1e-6) for i in ids)
    mind = await found.engine.minds.look(ANA)
    assert (mind.lexicon.n, mind.living, mind.sleep.archived) == (12, 12, 0)


async def test_what_was_archived_and_taken_back_is_not_counted_among_what_a_year_archives() -> None:
    options = Options(sleep=SleepOptions(archived_a_year=0.25, canary=0, without=("replay",)))
    found = await lived(options)
    found.clock.advance(5 * YEAR_S)
    first = await found.sleep()
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=first.id))
    await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]
    found.clock.advance(86_400.0)
    assert (first.archived, (await found.sleep()).archived) == (3, 3)


async def test_what_was_erased_since_the_plan_is_not_told_as_archived() -> None:
    found = await lived()
    found.clock.advance(5 * YEAR_S)
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    while report.plan is None:
        report = await found.engine.sleep._night.step(report, 1)
    await found.take(Forget(mind=ANA, memory_ids=(await _ids(found))[:1]))
    report = await found.engine.sleep.slept(report)
    assert (report.status, report.archived, len(await awake(found))) == (SleepStatus.COMPLETED, 11, 0)


@pytest.mark.parametrize(("kept", "left"), [(6, 6), (7, 0)])
async def test_callers_protect_no_more_than_their_share_of_a_mind(kept: int, left: int) -> None:
    found = await lived(count=12 - kept)
    for n in range(kept):
        await found.say(f"the address of house {n} is {n * 7919}", key=f"h{n}", metadata={"protected": True})
    found.clock.advance(5 * YEAR_S)
    await found.sleep()
    assert len(await awake(found)) == left


async def test_undoing_does_not_bring_back_what_was_erased_for_good() -> None:
    found = await lived()
    found.clock.advance(5 * YEAR_S)
    report = await found.sleep()
    doomed = sorted(await found.stores.archive.get(ANA, sorted(await _ids(found))))[0]
    await found.take(Forget(mind=ANA, memory_ids=[doomed]))
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=report.id))
    back = await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]
    assert back.left == [doomed]
    assert len(await awake(found)) == 11
    assert not await found.stores.archive.get(ANA, [doomed])


async def _ids(found: Bench) -> list[str]:
    page = await found.stores.cycles.latest(ANA, limit=1)
    works = page[0].plan.works if page[0].plan is not None else []
    return [i for work in works for i in work.memory_ids]


async def test_a_mind_with_a_limit_stays_under_it_and_keeps_what_says_most() -> None:
    options = Options(sleep=SleepOptions(memory_max=8, canary=0, without=("replay",)))
    found = await lived(options)
    await found.take(Percept(mind=ANA, content="ok", key="ok"))
    report = await found.sleep()
    assert report.archived == 5
    left = await found.stores.memories.get(ANA, sorted(await awake(found)))
    assert len(left) == 8
    assert "ok" not in {m.key for m in left.values()}


async def test_room_is_made_of_what_nobody_protects_though_a_page_holds_little_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(night_forgetting, "LOOKED_AT_ONCE", 10)
    monkeypatch.setattr(night_forgetting, "LOOKED_AT_MAX", 10)
    options = Options(sleep=SleepOptions(memory_max=16, protected=1.0, canary=0, without=("replay",)))
    found = await lived(options, count=20)
    for n in range(16):
        await found.say(f"the address of house {n} is {n * 7919}", key=f"h{n}", metadata={"protected": True})
    for _ in range(12):
        found.clock.advance(86_400.0)
        await found.sleep()
    left = await found.stores.memories.get(ANA, sorted(await awake(found)))
    assert {m.key for m in left.values()} == {f"h{n}" for n in range(16)}


async def test_of_a_mind_that_is_looked_through_whole_the_least_of_all_makes_room() -> None:
    options = Options(sleep=SleepOptions(memory_max=300, canary=0, without=("replay",)))
    found = await bench(options=options)
    words = ("Elm Road", "the harbour", "a kettle", "nobody", "Lake Merrow", "it")
    await found.take(
        *(
            Percept(mind=ANA, content=f"number {n * 7919} {words[n % 6]} " * (1 + n % 5), key=f"k{n}")
            for n in range(320)
        )
    )
    ids = [memory_id(ANA, f"k{n}") for n in range(320)]
    mind = await found.engine.minds.look(ANA)
    scores = await found.engine.sleep._planner._choosing._appraising.scores(mind, ids)
    least = sorted(ids, key=scores.__getitem__)[:20]
    assert (await found.sleep()).archived == 20
    assert set(await found.stores.archive.get(ANA, ids)) == set(least)
