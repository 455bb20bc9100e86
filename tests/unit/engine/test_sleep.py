"""A night: what it does, that it can be interrupted anywhere, and that it can be taken back."""

from __future__ import annotations

import base64
import datetime as dt
from collections import OrderedDict
from pathlib import Path
from typing import Any

import anyio
import msgspec
import numpy as np
import pytest

from cognition.circadian import Circadian
from cognition.commands.sleeping import status_of
from cognition.engine.assembly import Options
from cognition.engine.night import FAILURES_MAX, LIVES_MAX, STAYS_AWAKE
from cognition.engine.night_canary import fell
from cognition.engine.night_identity import is_new_milestone
from cognition.engine.options import MindOptions
from cognition.engine.rhythm import Rhythm
from cognition.engine.sleep import ASIDE_S, ERASING_S, NOTHING_NEW, Sleep
from cognition.engine.sleep_options import SleepOptions
from cognition.errors import (
    BadCueError,
    LeaseLostError,
    MindStoppedError,
    StepFailedError,
    StoreUnavailableError,
    UnavailableError,
)
from cognition.mechanisms.identity import verify
from cognition.mechanisms.laws import DEFAULT_LAWS
from cognition.ports.stores import Found, Scope
from schemas.events import OperationRetried
from schemas.identifiers import identity_id, memory_id
from schemas.identity import Revision
from schemas.percept import Percept
from schemas.sleep import CanaryProbe, SleepReport, SleepStage, SleepStatus, SleepWork, UndoPage
from schemas.sleeping import SleepLogInquiry, SleepPauseInquiry, SleepPlanInquiry, SleepUndoInquiry
from tests.unit.engine.bench import ANA, BO, Bench, bench

pytestmark = pytest.mark.anyio

SUBJECTS = ("Aldo Brenner", "Lake Merrow", "The Long Ferry", "Ida Colm", "Port Anselm")


async def lived(count: int = 30, options: Options | None = None, **bench_options: Any) -> Bench:
    """A bench with a mind that has memories with subjects, some of which name each other."""
    found = await bench(options=options, **bench_options)
    messages = [
        Percept(
            mind=ANA,
            content=f"note {n} about {SUBJECTS[n % 5]} and {SUBJECTS[(n + 1) % 5]}, number {n * 7919}",
            key=f"k{n}",
            subject=SUBJECTS[n % 5] if n < 5 else "",
            valence=0.9 if n % 7 == 0 else 0.0,
            arousal=0.9 if n % 7 == 0 else 0.5,
            importance=0.9 if n % 3 == 0 else 0.5,
        )
        for n in range(count)
    ]
    await found.take(*messages)
    return found


async def payloads(found: Bench, mind: str = ANA) -> dict[str, Any]:
    """Everything that is stored of the memories of a mind, but for what orders and fences the writes."""
    ids = await found.stores.memories.select(mind, Scope(), limit=1_000)
    memories = await found.stores.memories.get(mind, ids)
    rows = {i: msgspec.to_builtins(m) for i, m in memories.items()}
    return {i: {k: v for k, v in row.items() if k not in ("rev", "epoch")} for i, row in rows.items()}


async def undone(found: Bench, cycle: str) -> SleepReport:
    """Take a cycle back, to the end."""
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=cycle))
    return await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]


async def test_a_night_replays_what_is_urgent_and_says_what_it_did() -> None:
    found = await lived()
    before = await payloads(found)
    report = await found.sleep()
    after = await payloads(found)
    assert report.status is SleepStatus.COMPLETED
    assert report.replayed == 30
    assert report.strengthened == 30
    assert report.formed > 10
    assert report.canary_before is not None
    assert report.canary_after == report.canary_before
    grown = [i for i in after if after[i]["consolidation_strength"] > before[i]["consolidation_strength"]]
    assert len(grown) == 30
    assert all(after[i]["stability_s"] >= before[i]["stability_s"] for i in after)
    assert {i: row["content"] for i, row in after.items()} == {i: r["content"] for i, r in before.items()}


async def test_sleeping_twice_with_no_time_between_changes_nothing_the_second_time() -> None:
    found = await lived()
    await found.sleep()
    once = await payloads(found)
    again = await found.sleep()
    assert await payloads(found) == once
    assert again.plan is not None
    assert again.plan.nothing == NOTHING_NEW
    assert len(await found.stores.cycles.latest(ANA, limit=10)) == 1


async def test_what_a_night_did_is_undone_to_what_was_there() -> None:
    found = await lived()
    before = await payloads(found)
    report = await found.sleep()
    assert await payloads(found) != before
    back = await undone(found, str(report.number))
    assert back.status is SleepStatus.UNDONE
    assert back.restored == 30
    assert not back.left
    assert await payloads(found) == before


async def test_undoing_leaves_what_somebody_has_touched_since_and_says_which() -> None:
    found = await lived()
    before = await payloads(found)
    report = await found.sleep()
    touched = await found.say("again", key="k3")
    now = await payloads(found)
    back = await undone(found, report.id)
    assert back.left == [touched.memory_id]
    after = await payloads(found)
    assert after.pop(touched.memory_id) == now.pop(touched.memory_id)
    before.pop(touched.memory_id)
    assert after == before


async def test_undoing_an_undone_cycle_says_so_and_changes_nothing() -> None:
    found = await lived()
    report = await found.sleep()
    await undone(found, report.id)
    once = await payloads(found)
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="again", mind=ANA, cycle=report.id))
    assert "undone before" in asked.note  # type: ignore[union-attr]
    assert await payloads(found) == once


async def test_a_plan_changes_nothing_and_names_what_it_would_replay() -> None:
    found = await lived()
    before = await payloads(found)
    answer = await found.engine.sleep.answer(SleepPlanInquiry(id="plan", mind=ANA))
    assert await payloads(found) == before
    replays = [w for w in answer.plan.works if w.work == "replay"]  # type: ignore[union-attr]
    assert [len(w.memory_ids) for w in replays] == [6, 15, 9]
    assert len(answer.previews) == 30  # type: ignore[union-attr]
    assert not await found.stores.cycles.latest(ANA, limit=10)


async def test_a_mind_without_memories_and_one_with_one() -> None:
    found = await bench()
    report = await found.sleep()
    assert report.notes == ["it has no memories"]
    assert found.engine.minds.resident(ANA) is not None
    await found.say("the only one")
    assert (await found.sleep()).replayed == 1


async def test_two_requests_at_once_are_one_night() -> None:
    found = await lived()
    sleep = found.engine.sleep
    told: dict[str, tuple[SleepReport, str]] = {}

    async def ask(cause: str) -> None:
        told[cause] = await sleep.fall_asleep(ANA, "request", cause=cause)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, "one")
        tasks.start_soon(ask, "two")
    assert len({report.id for report, _ in told.values()}) == 1
    assert sorted(note for _, note in told.values()) == ["", "it is asleep already"]


async def test_who_is_asked_for_sleeps_before_those_whose_hour_it_is() -> None:
    found = await lived(3)
    for name in (BO, "cy"):
        await found.say("something to sleep on", mind=name)
    sleep = found.engine.sleep
    for name in (BO, "cy"):
        await sleep.fall_asleep(name, "schedule", cause="hour")
    await sleep.fall_asleep(ANA, "request", cause="one")
    assert [name for name, _ in sleep._waiting] == [ANA, BO, "cy"]


async def test_a_night_that_is_asked_for_beside_one_that_was_left_alone_is_that_one() -> None:
    found = await lived(3)
    first, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="one")
    sleep = found.again().sleep
    second, note = await sleep.fall_asleep(ANA, "request", cause="two")
    assert (second.id, note) == (first.id, "it is asleep already")
    assert list(sleep._waiting) == [(ANA, first.id)], "and it is tried again now"


async def test_who_falls_asleep_while_another_request_is_looked_at_disturbs_nobody() -> None:
    found = await lived()
    sleep, cycles = found.engine.sleep, found.stores.cycles
    await sleep.fall_asleep(ANA, "request", cause="one")
    original, names = cycles.get, iter(range(100))

    async def meanwhile(mind: str, cycle: str) -> SleepReport | None:
        sleep._waiting[f"mind {next(names)}", cycle] = None
        return await original(mind, cycle)

    cycles.get = meanwhile  # type: ignore[method-assign]
    _, note = await sleep.fall_asleep(ANA, "request", cause="two")
    assert note == "it is asleep already"


async def test_a_cycle_that_nobody_knows_is_refused() -> None:
    found = await lived(3)
    with pytest.raises(BadCueError, match="no cycle '77'"):
        await undone(found, "77")


async def test_the_log_is_of_the_mind_that_asks() -> None:
    found = await lived(3)
    await found.sleep()
    answer = await found.engine.sleep.answer(SleepLogInquiry(id="log", mind=BO))
    assert answer.cycles == []  # type: ignore[union-attr]


async def test_several_cycles_of_one_night_replay_different_memories() -> None:
    options = Options(sleep=SleepOptions(batch=10), minds=MindOptions(without=("temporal",)))
    found = await lived(30, options)
    await found.sleep(cycles=3)
    cycles = await found.stores.cycles.latest(ANA, limit=10)
    assert [c.number for c in cycles] == [3, 2, 1]
    works = [w for c in cycles for w in c.plan.works]  # type: ignore[union-attr]
    named = [i for w in works if w.work is SleepWork.REPLAY for i in w.memory_ids]
    assert len(named) == len(set(named)) == 21


async def test_a_night_that_goes_beyond_its_time_is_cut_short_and_says_so() -> None:
    options = Options(sleep=SleepOptions(cycle_s=1e-9))
    found = await lived(60, options)
    clock = found.clock
    original = found.stores.memories.get

    async def slow(mind: str, ids: Any) -> Any:
        clock.advance(1.0)
        return await original(mind, ids)

    found.stores.memories.get = slow  # type: ignore[method-assign]
    report = await found.sleep()
    assert report.status is SleepStatus.COMPLETED
    assert any("was cut short" in note for note in report.notes)
    assert 0 < report.replayed < 50


async def test_the_works_of_a_cycle_share_its_time_and_the_time_left_lasts_until_the_last_of_them() -> None:
    found = await lived(30, Options(sleep=SleepOptions(cycle_s=300.0, canary=0)))
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    assert report.left_s is None
    left: list[tuple[SleepStage, float | None]] = []
    while not report.finished:
        report = await found.engine.sleep._night.step(report, found.epoch)
        if report.plan is not None and report.cursor.work < len(report.plan.works):
            left.append((report.plan.works[report.cursor.work].stage, report.left_s))
    assert report.plan is not None
    budgets = {work.stage: work.budget_s for work in report.plan.works}
    assert sum(budgets.values()) == pytest.approx(report.plan.budget_s)
    assert left[0] == (SleepStage.LIGHT, pytest.approx(300.0))
    assert left[-1] == (SleepStage.WAKING, pytest.approx(budgets[SleepStage.WAKING]))
    assert report.left_s is None


async def test_a_night_that_costs_answers_is_taken_back_and_says_why() -> None:
    """The archive cannot be searched: what went there does not come back, and the canary misses it."""
    options = Options(sleep=SleepOptions(memory_max=10, tolerance=0.0))
    found = await lived(30, options)

    async def nothing(mind: str, probe: Any, *, limit: int) -> Found:
        return Found([], np.zeros(0, np.float32), np.zeros(0, np.float32))

    found.stores.archive.probe = nothing  # type: ignore[method-assign]
    before = await payloads(found)
    report = await found.sleep()
    assert report.status is SleepStatus.ROLLED_BACK
    assert report.archived == 20
    assert report.canary_before is not None
    assert report.canary_after is not None
    assert report.canary_after < report.canary_before
    assert any("rolled back" in note for note in report.notes)
    assert await payloads(found) == before
    mind = await found.engine.minds.look(ANA)
    assert (mind.lexicon.n, mind.sleep.archived) == (30, 0)


@pytest.mark.parametrize(
    ("lost", "gained", "falls"), [(0, 0, False), (0, 8, False), (1, 0, False), (2, 0, True), (3, 2, True)]
)
def test_what_fails_that_did_not_before_counts_whatever_was_gained(
    lost: int, gained: int, falls: bool
) -> None:
    changes = [(True, False)] * lost + [(False, True)] * gained
    asked = [*changes, *[(True, True)] * (32 - len(changes))]
    probes = [CanaryProbe(kind="opening", name="m", expected="m", before=b, after=a) for b, a in asked]
    assert fell(probes, 0.05) is falls


async def test_a_paused_mind_sleeps_on_request_only() -> None:
    found = await lived(30)
    sleep, mind = found.engine.sleep, await found.engine.minds.look(ANA)
    found.clock.advance(10 * 86_400.0)
    assert sleep.drowsy(mind) == "awake_too_long"
    await sleep.answer(SleepPauseInquiry(id="pause", mind=ANA))
    assert sleep.drowsy(await found.engine.minds.look(ANA)) == ""
    assert (await found.again().minds.look(ANA)).sleep.paused
    assert (await found.sleep()).replayed == 30
    await found.engine.sleep.answer(SleepPauseInquiry(id="resume", mind=ANA, paused=False))
    assert not (await found.engine.minds.look(ANA)).sleep.paused


@pytest.mark.parametrize("everyone", [False, True])
@pytest.mark.parametrize("before", [False, True])
async def test_a_night_under_way_begins_no_other_cycle_once_its_mind_is_paused(
    everyone: bool, before: bool
) -> None:
    found = await lived(30, Options(sleep=SleepOptions(canary=0, batch=10)))
    sleep, pause = found.engine.sleep, SleepPauseInquiry(id="pause", mind=ANA, everyone=everyone)
    if before:
        await sleep.answer(pause)
    report, _ = await sleep.fall_asleep(ANA, "request", cause="night", cycles=2)
    report = await sleep._night.step(report, found.epoch)
    if not before:
        await sleep.answer(pause)
    await sleep._sleep(ANA, report.id)
    *_, first = cycles = await found.stores.cycles.latest(ANA, limit=10)
    assert len(cycles) == (2 if before else 1), "who asks for a night while it is paused gets it whole"
    assert (STAYS_AWAKE in first.notes) is not before


async def test_a_mind_that_there_is_not_is_neither_paused_nor_made() -> None:
    found = await lived(3)
    with pytest.raises(BadCueError, match="there is no mind 'bo'"):
        await found.engine.sleep.answer(SleepPauseInquiry(id="pause", mind=BO))
    assert await found.stores.identities.get(BO) is None


async def test_pressure_alone_puts_an_idle_mind_to_sleep_and_a_rested_one_stays_awake() -> None:
    found = await lived(30)
    sleep, mind = found.engine.sleep, await found.engine.minds.look(ANA)
    assert sleep.drowsy(mind) == ""
    found.clock.advance(4_000.0)
    assert sleep.drowsy(mind) == "pressure"
    await found.sleep(cycles=0)
    cycles = await found.stores.cycles.latest(ANA, limit=20)
    assert 1 < len(cycles) <= 6
    assert cycles[0].pressure_after is not None
    assert cycles[0].pressure_after < cycles[-1].pressure_before
    found.clock.advance(86_400.0)
    assert sleep.drowsy(mind) == "", "time alone makes nobody tired"


async def test_a_mind_falls_asleep_sooner_near_the_hour_of_its_schedule(tmp_path: Path) -> None:
    found = await lived(30)
    sleep, mind = found.engine.sleep, await found.engine.minds.look(ANA)
    near, far = (rhythm_at(found, tmp_path / name, hours) for name, hours in (("near", 0.5), ("far", 12.5)))
    assert near.of(ANA) > 0.9
    assert far.of(ANA) < -0.9
    assert Rhythm(found.clock, None).of(ANA) == 0.0
    sleep._rhythm = near
    while not sleep.drowsy(mind):
        found.clock.advance(30.0)
    sleep._rhythm = far
    assert sleep.drowsy(mind) == ""
    found.clock.advance(90_000.0)
    assert sleep.drowsy(mind) == "awake_too_long", "whatever the hour"


def rhythm_at(found: Bench, folder: Path, hours: float) -> Rhythm:
    """Of a schedule whose next night is in so many hours."""
    folder.mkdir()
    at = dt.datetime.fromtimestamp(found.clock.now() + hours * 3_600.0, dt.UTC)
    schedule, file = f"{at.minute} {at.hour} * * *", folder / "schedule.json"
    now = found.clock.now()
    return Rhythm(found.clock, Circadian(schedule, {}, zone="UTC", jitter_s=0.0, file=file, now=now))


async def to_the_end(sleep: Sleep, report: SleepReport, epoch: int) -> None:
    """Step by step, under this epoch."""
    while not report.finished:
        report = await sleep._night.step(report, epoch)


async def test_a_lease_that_is_lost_in_the_middle_ends_it_here_and_not_there() -> None:
    found = await lived(30)
    expected = await lived(30)
    await expected.sleep()
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night-0", cycles=1)
    night = found.engine.sleep._night
    for _ in range(4):
        report = await night.step(report, found.epoch)
    old = found.engine
    found.again()
    stored = await found.stores.cycles.get(ANA, report.id)
    assert stored is not None
    taken_over = await found.engine.sleep.slept(stored)
    assert (taken_over.status, taken_over.replayed) == (SleepStatus.COMPLETED, 30)
    done = await payloads(found), await found.stores.cycles.get(ANA, report.id)
    with pytest.raises((LeaseLostError, UnavailableError)):
        await to_the_end(old.sleep, report, found.epoch - 1)
    assert (await payloads(found), await found.stores.cycles.get(ANA, report.id)) == done


async def test_what_comes_while_a_cycle_runs_is_for_the_next_one_whoever_ends_this_one() -> None:
    found = await lived(30)
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    report = await found.engine.sleep._night.step(report, found.epoch)
    came = [Percept(mind=ANA, content=f"a visitor says {n}", key=f"v{n}", arousal=0.9) for n in range(40)]
    await found.take(*came)
    first = (await found.stores.memories.get(ANA, [memory_id(ANA, "v0")]))[memory_id(ANA, "v0")]
    found.again()
    await found.engine.sleep.slept(report)
    state = (await found.engine.minds.look(ANA)).sleep
    assert (state.encoded, state.tagged > 0) == (40, True)
    assert state.awake_since == first.encoded_at
    found.clock.advance(300.0)
    assert found.engine.sleep.pressure(await found.engine.minds.look(ANA))[0] > 0.1
    again, note = await found.engine.sleep.fall_asleep(ANA, "request", cause="again", cycles=1)
    assert (note, again.number) == ("", 2)
    await found.engine.sleep.slept(again)
    state = (await found.again().minds.look(ANA)).sleep
    assert (state.encoded, state.tagged, state.awake_since) == (0, 0, 0.0)


async def test_tags_that_no_replay_has_touched_keep_a_mind_tired_and_at_last_are_gone() -> None:
    found = await lived(30)
    state = (await found.engine.minds.look(ANA)).sleep
    state.tagged = 80
    for number, left in ((1, 45), (2, 10), (3, 0)):
        state.plan("", "")
        state.slept(number, float(number), "", "", 0.1, replayed=35)
        assert state.tagged == left
    state.tagged = 5
    state.slept(4, 4.0, "", "", 0.1, replayed=0)
    assert state.tagged == 0, "nothing is left to replay"


async def test_a_mind_that_is_only_used_gets_tired_and_is_not_idle() -> None:
    found = await lived(30, Options(sleep=SleepOptions(canary=0)))
    await found.sleep()
    state = (await found.engine.minds.look(ANA)).sleep
    assert state.awake_since == 0.0
    now = found.clock.now() + 7_200.0
    state.use(3, now)
    assert (state.awake_s(now + 3_600.0), state.idle_s(now + 5.0)) == (3_600.0, 5.0)
    assert state.waking(now + 3_600.0).work


async def test_works_before_waking_leave_calls_for_what_a_cycle_does_at_its_end() -> None:
    found = await lived(60, Options(sleep=SleepOptions(calls_max=150, canary=0, while_awake=False)))
    report = await found.sleep()
    assert any("associate was cut short" in note and " 120 calls" in note for note in report.notes)
    assert not any(note.startswith(("homeostasis", "identity")) for note in report.notes)
    assert report.downscaled < 1.0


async def test_of_two_cycles_that_have_not_ended_the_earlier_goes_on_first() -> None:
    found = await lived(30)
    night = found.engine.sleep._night
    names = [f"night {n}" for n in range(6)]
    for number, name in enumerate(names, start=1):
        report = await night.begin(ANA, name, nth=1, cycles=1, trigger="request", epoch=found.epoch)
        numbered = msgspec.structs.replace(report, number=len(names) - number)
        await found.stores.cycles.save(numbered, epoch=found.epoch)
    order = [cycle for _, cycle in await found.stores.cycles.unfinished(limit=10)]
    known = [await found.stores.cycles.get(ANA, cycle) for cycle in order]
    assert [each.number for each in known if each is not None] == list(range(len(names)))


async def test_taking_back_that_is_given_up_says_so_and_may_be_asked_again() -> None:
    found = await lived(30)
    done = await found.sleep()
    restore, broken = found.engine.sleep._night._undoing, [True]
    part = restore.part

    async def fails(*args: Any, **named: Any) -> Any:
        if broken:
            raise KeyError("no such page")
        return await part(*args, **named)

    restore.part = fails  # type: ignore[method-assign]
    sleep = found.engine.sleep
    asked = await sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=done.id))
    report = asked.report  # type: ignore[union-attr]
    for _ in range(FAILURES_MAX):
        with pytest.raises(StepFailedError):
            await sleep.slept(report)
        stored = await found.stores.cycles.get(ANA, done.id)
        assert stored is not None
        report = stored
    assert report.status is SleepStatus.INTERRUPTED
    assert report.notes[-1].startswith("taking it back was given up, 0 memories")
    assert status_of(report) == "was being taken back, and that was given up"
    broken.clear()
    asked = await sleep.answer(SleepUndoInquiry(id="again", mind=ANA, cycle=done.id))
    assert (await sleep.slept(asked.report)).status is SleepStatus.UNDONE  # type: ignore[union-attr]


async def test_that_a_cycle_has_ended_is_said_twice_and_counts_once() -> None:
    found = await lived(30)
    state = (await found.engine.minds.look(ANA)).sleep
    state.slept(1, 1.0, "", "", 0.5, replayed=30)
    await found.say("something new", key="new")
    state.slept(1, 2.0, "", "", 0.5, replayed=30)
    assert (state.encoded, state.slept_at) == (1, 1.0)


async def test_a_clock_that_is_set_back_a_day_in_the_middle_changes_no_law() -> None:
    found = await lived(30)
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    night = found.engine.sleep._night
    while not report.finished:
        found.clock.jump(-20_000.0)
        report = await night.step(report, found.epoch)
    assert report.status is SleepStatus.COMPLETED
    rows = (await payloads(found)).values()
    assert all(0.0 <= row["consolidation_strength"] <= 1.0 and row["stability_s"] > 0.0 for row in rows)
    assert found.engine.sleep.drowsy(await found.engine.minds.look(ANA)) == ""


async def test_a_store_that_is_full_holds_a_night_up_and_loses_nothing() -> None:
    found = await lived(30)
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    full = False

    async def gate(verb: str, collection: str) -> None:
        if full and verb in ("upsert", "set_payloads", "delete"):
            raise StoreUnavailableError("No space left on device")

    found.backend.gate = gate
    night, held_up = found.engine.sleep._night, 0
    while not report.finished:
        full = not full
        try:
            report = await night.step(report, found.epoch)
        except StoreUnavailableError:
            held_up += 1
    assert held_up > 3
    assert (report.status, report.replayed, report.strengthened) == (SleepStatus.COMPLETED, 30, 30)


async def test_a_store_that_can_only_be_read_lets_no_night_begin_and_one_that_began_go_on_later() -> None:
    found = await lived(30)
    read_only = True

    async def gate(verb: str, collection: str) -> None:
        if read_only and verb not in ("retrieve", "scroll", "count", "query", "gather", "info"):
            raise StoreUnavailableError("Read-only file system")

    found.backend.gate = gate
    before = await payloads(found)
    with pytest.raises(StoreUnavailableError, match="Read-only"):
        await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    assert await found.stores.cycles.latest(ANA, limit=10) == []
    read_only = False
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    read_only = True
    with pytest.raises(StoreUnavailableError, match="Read-only"):
        await found.engine.sleep.slept(report)
    assert await payloads(found) == before
    read_only = False
    stored = await found.stores.cycles.get(ANA, report.id)
    assert stored is not None
    assert (await found.engine.sleep.slept(stored)).replayed == 30


@pytest.mark.slow
async def test_a_cycle_makes_as_many_calls_in_a_mind_of_a_thousand_as_in_one_of_three_hundred() -> None:
    calls = []
    for size in (300, 1_000):
        found = await lived(size)
        await found.sleep()  # links all that is new, which is more of the larger one
        found.clock.advance(86_400.0)
        calls.append((await found.sleep()).calls)
    assert abs(calls[1] - calls[0]) <= 0.2 * calls[0]


async def test_only_the_latest_cycles_can_be_undone() -> None:
    options = Options(sleep=SleepOptions(undo_kept=2, canary=0))
    found = await lived(30, options)
    for _ in range(3):
        found.clock.advance(86_400.0)
        await found.sleep()
    with pytest.raises(BadCueError, match="not kept any more"):
        await undone(found, "1")
    assert (await undone(found, "3")).status is SleepStatus.UNDONE


async def test_no_word_of_a_memory_is_kept_in_a_cycle() -> None:
    found = await lived(30)
    await found.say("the secret is xylophone", key="secret")
    await found.recall("what is the secret? xylophone")
    await found.sleep()
    points = found.backend._collections["sleep_cycles"].points.values()
    plain = [point.payload for point in points]
    assert "xylophone" not in str(plain)
    assert "xylophone" not in str([base64.b64decode(p["body"]) for p in plain if "body" in p])


async def test_the_self_moves_a_little_towards_what_was_consolidated_and_back_when_undone() -> None:
    options = Options(sleep=SleepOptions(canary=0))
    found = await lived(40, options)
    await found.say("the day she was born", key="birth", content_type="milestone", importance=1.0)
    before = await found.stores.identities.concept(ANA)
    assert before is not None
    turned, reports = before, []
    for _ in range(6):
        found.clock.advance(86_400.0)
        reports.append(await found.sleep(cycles=2))
        after = await found.stores.identities.concept(ANA)
        assert after is not None
        assert float(after @ turned) > 0.998, "no more than a few degrees a night"
        turned = after
    assert float(turned @ before) < 0.9999
    identity = await found.stores.identities.get(ANA)
    assert identity is not None
    assert verify(identity, DEFAULT_LAWS) == []
    assert [r.event for r in identity.revisions][1:] == [f"milestone {memory_id(ANA, 'birth')}"]
    assert identity.last_sleep_at == pytest.approx(reports[-1].started_at)
    kept = await found.stores.cycles.latest(ANA, limit=1)
    pages = await found.stores.cycles.pages(ANA, kept[0].id, range(kept[0].cursor.step + 1))
    page = next(p for _, p in sorted(pages.items()) if p.concept)
    await undone(found, kept[0].id)
    back = await found.stores.identities.concept(ANA)
    assert np.allclose(back, np.frombuffer(page.concept, "<f4"), atol=1e-6)


async def test_a_milestone_enters_the_history_once_however_often_its_replay_is_taken_back() -> None:
    found = await lived(10, Options(sleep=SleepOptions(canary=0)))
    await found.say("the day she was born", key="birth", content_type="milestone", importance=1.0)
    for _ in range(2):
        report = await found.sleep()
        await undone(found, report.id)
        found.clock.advance(86_400.0)
    await found.sleep()
    assert await milestones_told(found) == [f"milestone {memory_id(ANA, 'birth')}"]


async def test_a_milestone_that_a_cycle_replayed_and_did_not_tell_is_told_by_the_next() -> None:
    found = await lived(10, Options(sleep=SleepOptions(canary=0, without=("identity",))))
    await found.say("the day she was born", key="birth", content_type="milestone", importance=1.0)
    await found.sleep()
    found.options = Options(sleep=SleepOptions(canary=0))
    found.again()
    for _ in range(2):
        found.clock.advance(86_400.0)
        await found.sleep()
    assert await milestones_told(found) == [f"milestone {memory_id(ANA, 'birth')}"]


async def test_of_a_history_whose_beginning_has_given_way_the_first_replay_tells() -> None:
    found, birth = await bench(), memory_id(ANA, "birth")
    await found.say("the day she was born", key="birth", content_type="milestone")
    born_late = [Revision(number=2, at=0.0, event="milestone other", previous_hash="", hash="")]
    memory = (await found.stores.memories.get(ANA, [birth]))[birth]
    memory = msgspec.structs.replace(memory, replay_count=1)
    assert is_new_milestone(memory, born_late)
    assert not is_new_milestone(msgspec.structs.replace(memory, replay_count=2), born_late)
    assert not is_new_milestone(msgspec.structs.replace(memory, replay_count=0), [])


async def milestones_told(found: Bench) -> list[str]:
    """What the history says after its beginning, which still matches its hashes."""
    identity = await found.stores.identities.get(ANA)
    assert identity is not None
    assert verify(identity, DEFAULT_LAWS) == []
    return [r.event for r in identity.revisions][1:]


async def test_all_minds_are_paused_and_resumed_and_what_one_was_told_stays() -> None:
    found = await lived(30)
    found.clock.advance(4_000.0)
    drowsy = found.engine.sleep.drowsy
    assert drowsy(await found.engine.minds.look(ANA)) == "pressure"
    told = SleepPauseInquiry(id="pause", mind=BO, everyone=True)
    answer = await found.engine.sleep.answer(told)
    assert (answer.paused, answer.everyone_paused) == (False, True)  # type: ignore[union-attr]
    assert drowsy(await found.engine.minds.look(ANA)) == ""
    later = found.again()
    assert await nights_of(found, ANA) == []
    assert (await found.sleep()).replayed == 30, "on request it sleeps"
    found.clock.advance(4_000.0)
    await found.say("something new", key="new")
    found.clock.advance(90_000.0)
    await later.sleep.answer(SleepPauseInquiry(id="resume", mind=BO, everyone=True, paused=False))
    assert await nights_of(found, ANA) != []


async def test_pressure_reaches_a_mind_that_nobody_has_called_since_the_start() -> None:
    found = await lived(30)
    found.clock.advance(4_000.0)
    found.again()
    assert found.engine.minds.all() == []
    assert await nights_of(found, ANA) == ["pressure"]
    found.again()
    assert await nights_of(found, ANA) == [], "it is rested"


async def test_a_mind_that_cannot_sleep_keeps_no_other_awake_and_is_tried_again_later() -> None:
    found = await lived(30)
    for n in range(30):
        await found.say(f"note {n} of somebody else, number {n * 7919}", mind=BO, key=f"b{n}")
    await found.backend.set_payload("identity", [identity_id(ANA)], {"laws": []})
    found.clock.advance(4_000.0)
    sleep = found.again().sleep
    await sleep._fall_asleep()
    assert [name for name, _ in sleep._waiting] == [BO]
    told = [e for e in found.sink.events if isinstance(e, OperationRetried)]
    assert [(e.operation, e.retry_in_s) for e in told] == [(f"sleep of {ANA}", ASIDE_S)]
    assert "MindStoppedError" in told[0].error
    await sleep._fall_asleep()
    assert len([e for e in found.sink.events if isinstance(e, OperationRetried)]) == 1, "it is left alone"
    sleep._looked = True
    found.clock.advance(ASIDE_S)
    sleep._try_again()
    assert (ANA in sleep._aside, sleep._looked) == (False, False), "what it had begun is looked for again"


async def test_a_night_and_undoing_leave_a_mind_that_is_stopped_alone_and_go_on_when_it_is_mended() -> None:
    found = await lived(30, Options(sleep=SleepOptions(canary=0, memory_max=20)))
    [identity] = await found.backend.retrieve("identity", [identity_id(ANA)])
    assert identity.payload is not None
    laws = identity.payload["laws"]
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    while report.cursor.stage != "working":
        report = await found.engine.sleep._night.step(report, found.epoch)
    before = await payloads(found)
    await found.backend.set_payload("identity", [identity_id(ANA)], {"laws": []})
    found.again()
    with pytest.raises(MindStoppedError):
        await found.engine.sleep.slept(report)
    assert await payloads(found) == before
    await found.backend.set_payload("identity", [identity_id(ANA)], {"laws": laws})
    found.again()
    report = await found.engine.sleep.slept(report)
    assert (report.status, report.archived) == (SleepStatus.COMPLETED, 10)
    after = await payloads(found)
    await found.backend.set_payload("identity", [identity_id(ANA)], {"laws": []})
    sleep = found.again().sleep
    with pytest.raises(MindStoppedError):
        await undone(found, report.id)
    sleep._surfacing._noted = OrderedDict({(ANA, i): None for i in before.keys() - after.keys()})
    await sleep.bring_back()
    assert ANA in sleep._aside
    assert await payloads(found) == after


async def test_a_step_that_fails_again_and_again_ends_its_cycle_and_nothing_else() -> None:
    found = await lived(30)
    sleep = found.engine.sleep
    report, _ = await sleep.fall_asleep(ANA, "request", cause="night", cycles=0)

    async def broken(*args: Any, **named: Any) -> Any:
        raise KeyError("no such page")

    found.stores.episodes.get = broken  # type: ignore[method-assign]
    found.stores.episodes.latest = broken  # type: ignore[method-assign]
    found.stores.memories.get_traces = broken  # type: ignore[method-assign]
    for attempt in range(1, FAILURES_MAX + 1):
        assert not report.finished
        sleep._aside.clear()
        sleep._waiting[ANA, report.id] = None
        async with sleep._alone(ANA):
            await sleep._sleep(ANA, report.id)
        assert ANA in sleep._aside
        [*_, event] = [e for e in found.sink.events if isinstance(e, OperationRetried)]
        assert (
            f"failed {attempt} times of {FAILURES_MAX}: KeyError: 'no such page' (test_sleep.py:"
            in event.error
        )
        stored = await found.stores.cycles.get(ANA, report.id)
        assert stored is not None
        report = stored
    assert report.status is SleepStatus.INTERRUPTED
    assert "given up" in report.notes[-1]
    assert "KeyError" in report.notes[-1]
    assert not await found.stores.cycles.unfinished(limit=10)


async def test_a_step_that_failed_and_then_did_not_is_not_counted_against_its_cycle() -> None:
    found = await lived(40)
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night-0", cycles=1)
    amend, calls = found.stores.memories.amend, iter(range(1_000))

    async def often(*args: Any, **named: Any) -> Any:
        if next(calls) % 2 == 0:
            raise AssertionError("every other time")
        return await amend(*args, **named)

    found.stores.memories.amend = often  # type: ignore[method-assign]
    while not report.finished:
        try:
            report = await found.engine.sleep.slept(report)
        except StepFailedError:
            stored = await found.stores.cycles.get(ANA, report.id)
            assert stored is not None
            assert stored.cursor.failures == 1
            report = stored
    assert (report.status, report.replayed) == (SleepStatus.COMPLETED, 35)
    assert next(calls) > 2 * FAILURES_MAX


class Killed(BaseException):
    """What no handler sees."""


async def test_a_step_that_no_process_survives_ends_its_cycle() -> None:
    found = await lived(30)
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=2)
    amend, dying = found.stores.memories.amend, [True]

    async def dies(*args: Any, **named: Any) -> Any:
        if dying:
            raise Killed
        return await amend(*args, **named)

    found.stores.memories.amend = dies  # type: ignore[method-assign]
    for life in range(1 + LIVES_MAX):
        sleep = found.again().sleep
        await sleep._look()
        with pytest.raises(Killed):
            await sleep._sleep(ANA, report.id)
        stored = await found.stores.cycles.get(ANA, report.id)
        assert stored is not None
        assert (stored.cursor.step, stored.cursor.lives) == (1, life), "the first one planned, and asked"
    sleep = found.again().sleep
    await sleep._look()
    await sleep._sleep(ANA, report.id)
    ended = await found.stores.cycles.get(ANA, report.id)
    assert ended is not None
    assert (ended.status, ended.replayed) == (SleepStatus.INTERRUPTED, 0)
    assert ended.notes[-1] == f"given up: {LIVES_MAX} processes in a row ended in step 1"
    assert not await found.stores.cycles.unfinished(limit=10)
    dying.clear()
    sleep = found.again().sleep
    await sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=report.id))
    sleep = found.again().sleep
    await sleep._look()
    await sleep._sleep(ANA, report.id)
    back = await found.stores.cycles.get(ANA, report.id)
    assert back is not None
    assert back.status is SleepStatus.UNDONE
    assert (await found.sleep()).status is SleepStatus.COMPLETED


async def test_a_mind_whose_memories_are_being_erased_keeps_no_other_awake() -> None:
    found = await lived(30)
    for n in range(30):
        await found.say(f"note {n} of somebody else, number {n * 7919}", mind=BO, key=f"b{n}")
    sleep = found.engine.sleep
    reports = {
        name: (await sleep.fall_asleep(name, "request", cause="night", cycles=1))[0] for name in (ANA, BO)
    }
    (await found.engine.minds.look(ANA)).erasing = "1-0"
    for name, report in reports.items():
        async with sleep._alone(name):
            await sleep._sleep(name, report.id)
    ended = {name: await found.stores.cycles.get(name, report.id) for name, report in reports.items()}
    assert {name: each is not None and each.finished for name, each in ended.items()} == {
        ANA: False,
        BO: True,
    }
    (await found.engine.minds.look(ANA)).erasing = ""
    found.clock.advance(ERASING_S)
    sleep._looked = True
    sleep._try_again()
    await sleep._look()
    assert (ANA, reports[ANA].id) in sleep._waiting
    await sleep._sleep(ANA, reports[ANA].id)
    assert (await found.stores.cycles.latest(ANA, limit=1))[0].finished


async def test_undoing_reads_each_page_once_and_is_seen_to_go_on() -> None:
    found = await lived(150, Options(sleep=SleepOptions(canary=0, batch=150)))
    report = await found.sleep()
    read: list[int] = []
    pages = found.stores.cycles.pages

    async def counted(mind: str, cycle: str, steps: Any) -> Any:
        read.extend(steps)
        return await pages(mind, cycle, steps)

    found.stores.cycles.pages = counted  # type: ignore[method-assign]
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=report.id))
    back, steps = asked.report, []  # type: ignore[union-attr]
    while not back.finished:
        steps.append(back.cursor.step)
        back = await found.engine.sleep._night.step(back, found.epoch)
    assert len(steps) == 3
    assert sorted({*steps, back.cursor.step}) == [*steps, back.cursor.step]
    assert len(read) == len(set(read))
    assert back.restored == 150


async def test_pages_that_are_not_kept_any_more_go_whenever_it_is_interrupted() -> None:
    found = await lived(30, Options(sleep=SleepOptions(canary=0)))
    reports = []
    for _ in range(12):
        found.clock.advance(86_400.0)
        reports.append(await found.sleep())
    found.options = Options(sleep=SleepOptions(canary=0, undo_kept=2))
    found.again()
    drop, calls = found.stores.cycles.drop, iter(range(1_000))

    async def dies(*args: Any) -> None:
        if next(calls) == 5:
            raise UnavailableError("in the middle")
        await drop(*args)

    found.stores.cycles.drop = dies  # type: ignore[method-assign]
    found.clock.advance(86_400.0)
    with pytest.raises(UnavailableError):
        await found.sleep()
    cut = await found.stores.cycles.latest(ANA, limit=20)
    assert [c.number for c in cut if c.undo_log] == [13, 12, 11, 10, 9, 8, 7, 6]
    with pytest.raises(BadCueError, match="not kept any more"):
        await undone(found, "6")
    found.clock.advance(86_400.0)
    await found.sleep()
    after = await found.stores.cycles.latest(ANA, limit=20)
    assert [c.number for c in after if c.undo_log] == [14, 13]
    assert [r.number for r in reports if await pages_of(found, r)] == []


async def test_undoing_an_older_cycle_leaves_the_self_where_a_later_one_has_moved_it_and_says_so() -> None:
    found = await lived(40, Options(sleep=SleepOptions(canary=0)))
    reports = []
    for _ in range(8):
        found.clock.advance(86_400.0)
        reports.append(await found.sleep())
    concepts = [p for r in reports for p in await pages_of(found, r) if p.concept]
    older, later = concepts[-2], concepts[-1]
    before = await found.stores.identities.concept(ANA)
    first = await undone(found, older.cycle_id)
    assert "the self" in first.left
    assert np.array_equal(await found.stores.identities.concept(ANA), before)
    second = await undone(found, later.cycle_id)
    assert "the self" not in second.left
    back = await found.stores.identities.concept(ANA)
    assert np.allclose(back, np.frombuffer(later.concept, "<f4"), atol=1e-6)


async def pages_of(found: Bench, report: SleepReport) -> list[UndoPage]:
    """All that a cycle has written down."""
    pages = await found.stores.cycles.pages(ANA, report.id, range(report.cursor.step + 1))
    return list(pages.values())


async def test_a_report_that_cannot_be_undone_any_more_keeps_no_list_of_what_was_planned() -> None:
    found = await lived(40, Options(sleep=SleepOptions(undo_kept=1)))
    for _ in range(3):
        found.clock.advance(86_400.0)
        await found.sleep()
    latest, *older = await found.stores.cycles.latest(ANA, limit=10)
    assert latest.plan is not None
    assert any(w.memory_ids for w in latest.plan.works)
    for report in older:
        assert report.plan is not None
        assert [w for w in report.plan.works if w.memory_ids or w.episode_ids] == []
        assert (report.canary, report.undo_log) == ([], "")
        assert report.plan.reasons


async def nights_of(found: Bench, mind: str) -> list[str]:
    """Why this mind falls asleep by itself, if it does, in a look at who should; slept to the end."""
    sleep = found.engine.sleep
    sleep._all_awake = await sleep._sleepers.paused()
    await sleep._fall_asleep()
    waiting = [cycle for name, cycle in sleep._waiting if name == mind]
    for cycle in waiting:
        await sleep._sleep(mind, cycle)
    reports = [await found.stores.cycles.get(mind, cycle) for cycle in waiting]
    return [report.trigger for report in reports if report is not None]
