"""The pages of a cycle: what a step that is done again keeps of what its earlier attempt wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cognition.engine.assembly import Options
from cognition.engine.night_journal import digest, merged
from cognition.engine.sleep_options import SleepOptions
from cognition.errors import UnavailableError
from schemas.percept import Percept
from schemas.sleep import UndoEntry
from schemas.sleeping import SleepUndoInquiry
from tests.unit.engine.bench import ANA, bench

pytestmark = pytest.mark.anyio


def entry(rev: int, before: Sequence[str], after: Sequence[str]) -> UndoEntry:
    """An array that is to be another one."""
    return UndoEntry(
        memory_id="m",
        rev=rev,
        before={"associations": list(before)},
        after={"associations": digest(list(after))},
        did={"formed": len(after) - len(before)},
    )


def test_what_an_earlier_attempt_made_and_nobody_touched_keeps_what_was_there_before_it() -> None:
    [both] = merged([entry(5, [], ["a"])], [entry(6, ["a"], ["a", "b"])])
    assert (both.before, both.did) == ({"associations": []}, {"formed": 2})


@pytest.mark.parametrize("rev", [5, 6, 7])
def test_what_an_earlier_attempt_only_meant_to_do_is_written_down_as_it_is_read_now(rev: int) -> None:
    now = entry(rev, ["taught"], ["taught", "a"])
    assert merged([entry(5, [], ["a"])], [now]) == [now]


def test_a_thing_that_an_earlier_attempt_made_anew_is_still_undone_to_nothing() -> None:
    made = UndoEntry(memory_id="m", rev=-1, after={"label": digest("a")})
    again = UndoEntry(memory_id="m", rev=0, before={"label": "a"}, after={"label": digest("b")})
    assert merged([made], [again])[0].before == {}


async def test_what_is_learned_between_two_attempts_of_a_step_outlives_undoing_and_counts_once() -> None:
    found = await bench(options=Options(sleep=SleepOptions(canary=0)))
    await found.take(*(Percept(mind=ANA, content=f"note {n}", key=f"k{n}") for n in range(4)))
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    while report.cursor.stage != "working":
        report = await found.engine.sleep._night.step(report, found.epoch)
    assert report.plan is not None
    taught = report.plan.works[0].memory_ids[0]
    first = (await found.stores.memories.get(ANA, [taught]))[taught]
    amend = found.stores.memories.amend

    async def fails(*args: Any, **named: Any) -> set[str]:
        raise UnavailableError("the store is away")

    found.stores.memories.amend = fails  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        await found.engine.sleep._night.step(report, found.epoch)
    found.stores.memories.amend = amend  # type: ignore[method-assign]
    await found.say(first.content, key=first.key)
    before = (await found.stores.memories.get(ANA, [taught]))[taught]
    report = await found.engine.sleep.slept(report)
    assert report.replayed == 4
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=report.id))
    await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]
    after = (await found.stores.memories.get(ANA, [taught]))[taught]
    assert before.stability_s > first.stability_s
    assert after.stability_s == before.stability_s
    assert after.consolidation_strength == before.consolidation_strength
