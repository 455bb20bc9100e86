"""What is newer prevails, at the cue and in the night; what was is still there for who asks how it was."""

from __future__ import annotations

from typing import Any

import pytest

from cognition.engine.archiving import Returning
from cognition.engine.assembly import Options
from cognition.engine.sleep_options import EXTRA, SleepOptions
from cognition.engine.succession import FORETOLD_KEPT, foretell
from schemas.association import AssociationType, Relation
from schemas.cue import Cue
from schemas.identifiers import memory_id
from schemas.memory import Memory
from schemas.percept import Forget, Percept
from schemas.sleep import SleepReport, SleepStatus
from schemas.sleeping import SleepUndoInquiry
from tests.unit.engine.bench import ANA, BO, WHOLE, Bench, bench, contents

pytestmark = pytest.mark.anyio

DAY_S = 86_400.0
FIRST = 1_600_000_000.0
PORTO, LISBON, FARO = "Ana's city is Porto", "Ana's city is Lisbon", "Ana's city is Faro"


async def memory(found: Bench, key: str, mind: str = ANA) -> Memory:
    return (await found.stores.memories.get(mind, [memory_id(mind, key)]))[memory_id(mind, key)]


def says(key: str, content: str, day: float, *supersedes: str, **fields: Any) -> Percept:
    relations = [Relation(type=AssociationType.SUPERSEDES, target=target) for target in supersedes]
    at = FIRST + day * DAY_S
    return Percept(
        **{"mind": ANA, "subject": "Ana", **fields},
        content=content, key=key, occurred_at=at, relations=relations,
    )  # fmt: skip


async def undone(found: Bench, cycle: str) -> SleepReport:
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=cycle))
    return await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]


async def test_what_a_caller_supersedes_is_marked_as_it_is_encoded_and_stays() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("old", PORTO, 0))
    await found.take(says("new", LISBON, 10, "old"))
    old, new = await memory(found, "old"), await memory(found, "new")
    assert (old.superseded_by, old.superseded_at) == (new.id, new.occurred_at)
    assert new.superseded_by is None
    assert contents(await found.recall("Ana's city"))[0] == LISBON


async def test_both_in_one_batch_are_as_one_after_the_other() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("old", PORTO, 0), says("new", LISBON, 10, "old"))
    assert (await memory(found, "old")).superseded_by == memory_id(ANA, "new")
    assert contents(await found.recall("Ana's city"))[0] == LISBON


async def test_a_cue_as_of_a_moment_hears_what_was_so_then() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("a", PORTO, 0), says("b", LISBON, 10, "a"), says("c", FARO, 20, "b"))
    as_of = [await found.recall("Ana's city", as_of=FIRST + day * DAY_S) for day in (5, 15, 25)]
    assert [contents(each)[0] for each in as_of] == [PORTO, LISBON, FARO]
    assert contents(as_of[0]) == [PORTO]
    assert set(contents(as_of[1])) == {PORTO, LISBON}
    early = await found.recall("Ana's city", as_of=FIRST - DAY_S)
    assert early.abstained == "no memory satisfies the filters"


async def test_an_answer_says_what_it_was_lowered_for_and_can_be_asked_without() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("old", PORTO, 0), says("new", LISBON, 10, "old"))
    told = await found.recall(PORTO, explain=True)
    parts = {r.memory.key: {p.name: p for p in r.parts} for r in told.recalled}
    assert parts["old"]["superseded"].contribution == -3.0
    assert parts["new"]["superseded"].contribution == 0.0
    assert "superseded since" in next(r.why for r in told.recalled if r.memory.key == "old")
    assert contents(await found.recall(PORTO, without=["superseded"]))[0] == PORTO


async def test_a_second_delivery_marks_nothing_anew() -> None:
    found = await bench(options=WHOLE)
    old = found.entry(says("old", PORTO, 0))
    new = found.entry(says("new", LISBON, 10, "old"))
    await found.commit(old, new)
    once = await memory(found, "old")
    found.again()
    await found.commit(old, new)
    again = await memory(found, "old")
    assert (again.superseded_by, again.superseded_at) == (once.superseded_by, once.superseded_at)


async def test_in_sleep_the_newer_value_of_the_same_attribute_prevails_and_each_ends_when_the_next_came() -> (
    None
):
    found = await bench(options=WHOLE)
    await found.take(says("a", PORTO, 0), says("b", LISBON, 10), says("c", FARO, 20))
    assert (await memory(found, "a")).superseded_by is None
    report = await found.sleep()
    assert report.superseded == 2
    ends = {key: (await memory(found, key)).superseded_by for key in "abc"}
    assert ends == {"a": memory_id(ANA, "b"), "b": memory_id(ANA, "c"), "c": None}
    assert contents(await found.recall("Ana's city"))[0] == FARO
    assert contents(await found.recall("Ana's city", as_of=FIRST + 12 * DAY_S))[0] == LISBON


async def test_structured_percepts_state_facts_too() -> None:
    found = await bench(options=WHOLE)
    for key, value, day in (("a", 21, 0), ("b", 23, 1)):
        await found.take(says(key, f"note {value}", day, data={"slot": "temperature", "value": value}))
    await found.sleep()
    assert (await memory(found, "a")).superseded_by == memory_id(ANA, "b")


async def test_a_night_that_is_undone_gives_back_what_was_current() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("a", PORTO, 0), says("b", LISBON, 10))
    report = await found.sleep()
    assert (await memory(found, "a")).superseded_at is not None
    back = await undone(found, report.id)
    assert back.status is SleepStatus.UNDONE
    assert not back.left
    after = await memory(found, "a")
    assert (after.superseded_by, after.superseded_at) == (None, None)
    parts = [p.name for r in (await found.recall(PORTO, explain=True)).recalled for p in r.parts]
    assert "superseded" not in parts


async def test_who_is_trusted_less_does_not_overrule_and_the_report_says_that_they_disagree() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("a", PORTO, 0), says("b", LISBON, 10, trust=0.3))
    report = await found.sleep()
    assert report.superseded == 0
    assert any("none prevails" in note for note in report.notes)
    assert PORTO not in " ".join(report.notes)


async def test_what_came_later_than_what_supersedes_it_is_marked_as_it_comes() -> None:
    found = await bench()
    await found.take(says("new", "the door is red now", 10, "old", subject=""))
    found.again()
    await found.take(says("old", "the door is green", 0, subject=""))
    assert (await memory(found, "old")).superseded_by == memory_id(ANA, "new")
    assert contents(await found.recall("the door"))[0] == "the door is red now"


async def test_what_supersedes_a_memory_that_comes_late_and_was_erased_meanwhile_marks_nothing() -> None:
    found = await bench()
    await found.take(says("new", "the door is red now", 10, "old", subject=""))
    await found.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "new")]))
    await found.take(says("old", "the door is green", 0, subject=""))
    assert (await memory(found, "old")).superseded_by is None


async def test_so_many_are_waited_for_and_no_more() -> None:
    foretold: dict[str, str] = {}
    for n in range(FORETOLD_KEPT + 3):
        foretold = foretell(foretold, f"late {n}", "by")
    assert (len(foretold), min(foretold, key=list(foretold).index)) == (FORETOLD_KEPT, "late 3")


async def test_in_the_night_what_a_caller_said_is_followed_where_encoding_did_not_follow_it() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("new", "the door is red now", 10, "old", subject=""))
    (await found.engine.minds.awake(ANA, epoch=found.epoch)).foretold.clear()
    await found.take(says("old", "the door is green", 0, subject=""))
    assert (await memory(found, "old")).superseded_by is None
    await found.sleep()
    assert (await memory(found, "old")).superseded_by == memory_id(ANA, "new")


async def test_a_circle_supersedes_nothing() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("a", "one", 0, "b", subject=""), says("b", "two", 1, "a", subject=""))
    await found.sleep()
    assert [(await memory(found, key)).superseded_by for key in "ab"] == [None, None]


async def test_erasing_what_superseded_makes_the_older_current_again() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("old", PORTO, 0), says("new", LISBON, 10, "old"))
    await found.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "new")]))
    old = await memory(found, "old")
    assert (old.superseded_by, old.superseded_at) == (None, None)
    told = await found.recall(PORTO, explain=True)
    assert "superseded" not in [p.name for p in told.recalled[0].parts]


async def test_nobody_supersedes_a_memory_of_another_mind() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("a", PORTO, 0))
    await found.take(says("b", LISBON, 10, memory_id(ANA, "a"), "a", mind=BO), says("c", LISBON, 20, mind=BO))
    await found.sleep()
    await found.sleep(mind=BO)
    assert (await memory(found, "a")).superseded_by is None


async def test_nobody_supersedes_a_memory_of_another_mind_that_comes_in_the_same_batch() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("a", PORTO, 0), says("b", LISBON, 10, memory_id(ANA, "a"), mind=BO))
    assert (await memory(found, "a")).superseded_by is None


async def test_an_id_in_capitals_names_the_same_memory() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("old", PORTO, 0))
    await found.take(says("new", LISBON, 10, memory_id(ANA, "old").upper()))
    assert (await memory(found, "old")).superseded_by == memory_id(ANA, "new")


@pytest.mark.parametrize("form", ["{{{0}}}--", "urn:uuid:{0}", "{0}----"])
async def test_what_is_only_like_an_id_is_a_key(form: str) -> None:
    found = await bench(options=WHOLE)
    key = form.format(memory_id(ANA, "old").replace("-", ""))[:36]
    await found.take(says(key, PORTO, 0))
    await found.take(says("new", LISBON, 10, key))
    assert (await memory(found, key)).superseded_by == memory_id(ANA, "new")


async def test_a_circle_of_three_leaves_one_that_is_current() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("a", "one", 0, "b", subject=""))
    await found.take(says("b", "two", 1, "c", subject=""))
    await found.take(says("c", "three", 2, "a", subject=""))
    await found.sleep()
    by = {key: (await memory(found, key)).superseded_by for key in "abc"}
    assert by == {"a": memory_id(ANA, "c"), "b": memory_id(ANA, "a"), "c": None}


@pytest.mark.parametrize("order", [("new", "old"), ("old", "new")])
async def test_what_a_caller_said_prevails_over_what_the_times_say(order: tuple[str, str]) -> None:
    found = await bench(options=WHOLE)
    said = {"new": says("new", LISBON, 10), "old": says("old", PORTO, 0, "new")}
    for key in order:
        await found.take(said[key])
    await found.sleep()
    by = {key: (await memory(found, key)).superseded_by for key in said}
    assert by == {"new": memory_id(ANA, "old"), "old": None}


async def test_a_long_chain_of_values_is_marked_to_its_end() -> None:
    found = await bench(options=WHOLE)
    await found.take(*(says(f"k{n}", f"Ana's city is Town{n}", n) for n in range(40)))
    await found.sleep()
    by = [(await memory(found, f"k{n}")).superseded_by for n in range(40)]
    assert by == [*(memory_id(ANA, f"k{n}") for n in range(1, 40)), None]


async def test_undoing_does_not_bring_back_the_mark_of_what_was_erased_since() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("x", PORTO, 0), says("a", LISBON, 20, "x"), says("b", FARO, 10))
    report = await found.sleep()
    assert (await memory(found, "x")).superseded_by == memory_id(ANA, "b")
    await found.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "a")]))
    await undone(found, report.id)
    after = await memory(found, "x")
    assert (after.superseded_by, after.superseded_at) == (None, None)


async def test_what_returns_from_the_archive_is_current_where_what_superseded_it_was_erased() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("old", PORTO, 0), says("new", LISBON, 10, "old"))
    away = [memory_id(ANA, "old")]
    traces = await found.stores.memories.get_traces(ANA, away)
    await found.stores.archive.deposit(
        list(traces.values()), reason="decay", at=found.clock.now(), epoch=found.epoch
    )
    await found.stores.memories.erase(ANA, away)
    await found.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "new")]))
    async with found.engine.minds.writing:
        await Returning(found.stores, found.engine.minds).back(ANA, away, at=None, epoch=found.epoch)
    after = await memory(found, "old")
    assert (after.superseded_by, after.superseded_at) == (None, None)


async def test_the_stage_is_for_who_asks_for_it() -> None:
    for sleep in (SleepOptions(), SleepOptions(also=EXTRA, without=("supersede",))):
        found = await bench(options=Options(sleep=sleep))
        await found.take(says("a", PORTO, 0), says("b", LISBON, 10))
        assert (await found.sleep()).superseded == 0


async def test_sleeping_again_marks_nothing_more() -> None:
    found = await bench(options=WHOLE)
    await found.take(says("a", PORTO, 0), says("b", LISBON, 10))
    await found.sleep()
    once = await memory(found, "a")
    await found.say("something else happened")
    again = await found.sleep()
    assert again.superseded == 0
    assert (await memory(found, "a")).superseded_at == once.superseded_at


def test_a_cue_takes_a_moment_in_either_form() -> None:
    assert Cue(id="c", mind=ANA, content="x", as_of=FIRST).as_of == FIRST


async def test_an_exact_answer_is_what_stands_out_or_nothing() -> None:
    found = await bench(options=WHOLE)
    await found.take(*(says(f"k{n}", f"matter {n * 7919} of entry {n}", n, subject="") for n in range(12)))
    whole = await found.recall("matter 23757 of entry 3")
    exact = await found.recall("matter 23757 of entry 3", exact=True)
    assert len(whole.recalled) == 10
    assert contents(exact) == ["matter 23757 of entry 3"]
    silent = await found.recall("nothing that anybody said", exact=True)
    assert silent.recalled == []
    assert silent.abstained.startswith("nothing stands out: the best score is 0.")
