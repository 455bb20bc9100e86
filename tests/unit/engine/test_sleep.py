"""A night: what it does, that it can be interrupted anywhere, and that it can be taken back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cognition.engine.assembly import Options
from cognition.engine.options import MindOptions
from cognition.engine.sleep import NOTHING_NEW
from cognition.engine.sleep_options import SleepOptions
from cognition.errors import BadCueError
from cognition.ports.stores import Scope
from schemas.percept import Percept
from schemas.sleep import SleepReport, SleepStatus
from schemas.sleeping import SleepLogInquiry, SleepPlanInquiry, SleepUndoInquiry
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
    first, _ = await sleep.fall_asleep(ANA, "request", cause="one")
    second, note = await sleep.fall_asleep(ANA, "request", cause="two")
    assert second.id == first.id
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
    named = [i for c in cycles for w in c.plan.works for i in w.memory_ids]  # type: ignore[union-attr]
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
