"""What comes up in several episodes becomes a memory of its own: beside the others, gone with its sources."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.engine.knowing import UNFILTERED, UNSOUGHT
from cognition.engine.sleep_options import EXTRA, SleepOptions
from cognition.ports.stores import Scope
from schemas.abstraction import Abstraction
from schemas.cue import CueFilter
from schemas.identifiers import memory_id
from schemas.inquiry import MemoryInquiry, StatusInquiry
from schemas.percept import BoundaryMark, Forget, MemoryKind, Percept, Rebuild
from schemas.sleep import SleepReport, SleepStatus
from schemas.sleeping import SleepPlanInquiry, SleepUndoInquiry
from tests.unit.engine.bench import ANA, BO, START_MS, WHOLE, Bench, bench, contents

pytestmark = pytest.mark.anyio

RECURS = "grandmother bakes walnut bread beside the harbour lighthouse every autumn morning"
DAY_S = 86_400.0


def near(number: int, *, topic: int = 0) -> bytes:
    """A vector near to the others of its topic, and its own."""
    row = np.zeros(768, "<f4")
    row[topic], row[100 + number] = 1.0, 0.3
    return row.tobytes()


def again(number: int, mind: str = ANA, **fields: Any) -> Percept:
    """The same kind of thing once more, in an episode of its own."""
    given: dict[str, Any] = {
        "content": f"{RECURS} {number}",
        "key": f"again{number}",
        "vector": near(number),
        "boundary": BoundaryMark.BEGIN,
        "occurred_at": START_MS / 1e3 - (100 - number) * DAY_S,
    }
    return Percept(mind=mind, **{**given, **fields})


def other(number: int, mind: str = ANA) -> Percept:
    """Something that comes up once."""
    return Percept(
        mind=mind,
        content=f"entry {number * 7919} about matter {number * 104729}",
        key=f"other{number}",
        vector=near(number, topic=1 + number),
    )


async def lived(count: int = 4, *, options: Options | None = None, mind: str = ANA) -> Bench:
    """A mind to which something happened so often."""
    found = await bench(options=options or WHOLE)
    await found.take(*(other(n, mind) for n in range(30)), *(again(n, mind) for n in range(count)))
    return found


async def known(found: Bench, mind: str = ANA) -> list[Abstraction]:
    page, _ = await found.stores.abstractions.page(mind, None, limit=100)
    return page


async def undone(found: Bench, cycle: str) -> SleepReport:
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=cycle))
    return await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]


def ids(*numbers: int) -> set[str]:
    return {memory_id(ANA, f"again{n}") for n in numbers}


def plain(abstraction: Abstraction) -> dict[str, Any]:
    """All of it but what orders the writes."""
    row = msgspec.to_builtins(abstraction)
    return {name: value for name, value in row.items() if name not in ("rev", "epoch")}


async def point(found: Bench, name: str) -> Any:
    """An abstraction with its vectors, as it is stored."""
    (hit,) = await found.backend.retrieve("abstractions", [name], with_vectors=("context", "lexical"))
    return hit.vectors


async def test_what_comes_up_in_several_episodes_becomes_one_memory_with_its_sources_named() -> None:
    found = await lived(4)
    report = await found.sleep()
    (made,) = await known(found)
    assert report.abstracted == 1
    assert set(made.derived_from) == ids(0, 1, 2, 3)
    assert made.content.startswith(RECURS)
    assert made.episodes == 4
    assert made.confidence == pytest.approx(4 / 6)
    assert (made.last_at - made.began_at) == pytest.approx(3 * DAY_S)


async def test_twice_is_chance_and_makes_nothing() -> None:
    found = await lived(2)
    await found.sleep()
    assert await known(found) == []


async def test_often_in_one_episode_is_one_event() -> None:
    found = await bench(options=WHOLE)
    await found.take(*(other(n) for n in range(30)))
    await found.take(*(again(n, boundary=None, occurred_at=START_MS / 1e3 + n) for n in range(5)))
    await found.sleep()
    assert await known(found) == []


async def test_it_is_never_among_the_memories_and_counts_nowhere() -> None:
    found = await lived(4)
    await found.sleep()
    (made,) = await known(found)
    assert await found.stores.memories.count(ANA) == 34
    assert made.id not in await found.stores.memories.select(ANA, Scope(), limit=100)
    mind = await found.engine.minds.look(ANA)
    assert (mind.memories, mind.lexicon.n) == (34, 34)
    answer = await found.recall(RECURS, limit=100)
    assert made.id not in [r.memory.id for r in answer.recalled]
    assert answer.abstractions == []


async def test_a_cue_that_asks_for_it_gets_it_apart() -> None:
    found = await lived(4)
    await found.sleep()
    (made,) = await known(found)
    answer = await found.recall(RECURS, vector=near(7), abstractions=3)
    assert [a.abstraction.id for a in answer.abstractions] == [made.id]
    assert 0.0 < answer.abstractions[0].score <= 1.0
    plainly = await found.recall(RECURS, vector=near(7))
    assert [r.memory.id for r in answer.recalled] == [r.memory.id for r in plainly.recalled]


async def test_beside_a_filter_none_is_answered_and_the_answer_says_so() -> None:
    found = await lived(4)
    await found.sleep()
    answer = await found.recall(RECURS, abstractions=3, filter=CueFilter(actors=["Ana"]))
    assert answer.abstractions == []
    answer = await found.recall(RECURS, abstractions=3, filter=CueFilter(kinds=[MemoryKind.EPISODIC]))
    assert UNFILTERED in answer.notes


async def test_as_of_a_moment_what_happened_later_is_not_known() -> None:
    found = await lived(4)
    await found.sleep()
    (made,) = await known(found)
    before = await found.recall(RECURS, abstractions=3, as_of=made.last_at - 1.0)
    after = await found.recall(RECURS, abstractions=3, as_of=made.last_at)
    assert (len(before.abstractions), len(after.abstractions)) == (0, 1)


async def test_sleeping_again_derives_nothing_anew() -> None:
    found = await lived(4)
    await found.sleep()
    once = await known(found)
    await found.say("something else", vector=near(40, topic=50))
    report = await found.sleep()
    assert report.abstracted == 0
    assert await known(found) == once


async def test_once_more_updates_it_and_makes_no_other() -> None:
    found = await lived(4)
    await found.sleep()
    (once,) = await known(found)
    await found.take(again(9))
    report = await found.sleep()
    (now,) = await known(found)
    assert report.abstracted == 1
    assert (now.id, now.formed_at, now.episodes) == (once.id, once.formed_at, 5)
    assert set(now.derived_from) == ids(0, 1, 2, 3, 9)
    assert now.confidence > once.confidence


async def test_a_night_that_is_undone_leaves_none_that_it_made() -> None:
    found = await lived(4)
    report = await found.sleep()
    back = await undone(found, report.id)
    assert back.status is SleepStatus.UNDONE
    assert not back.left
    assert await known(found) == []


async def test_undoing_gives_back_what_was_known_byte_for_byte() -> None:
    found = await lived(4)
    await found.sleep()
    (once,) = await known(found)
    vectors = await point(found, once.id)
    await found.take(again(9))
    report = await found.sleep()
    back = await undone(found, report.id)
    (now,) = await known(found)
    assert not back.left
    assert plain(now) == plain(once)
    after = await point(found, once.id)
    assert np.array_equal(after["context"], vectors["context"])
    assert str(after["lexical"]) == str(vectors["lexical"])


async def test_an_undo_page_holds_no_words() -> None:
    found = await lived(4)
    await found.sleep()
    await found.take(again(9))
    report = await found.sleep()
    pages = await found.stores.cycles.pages(ANA, report.id, range(report.cursor.step + 100))
    assert any(page.derived for page in pages.values())
    assert b"walnut" not in msgspec.msgpack.encode(list(pages.values()))


async def test_what_is_erased_is_gone_from_it_and_too_few_sources_are_none() -> None:
    found = await lived(4)
    await found.sleep()
    (once,) = await known(found)
    await found.take(Forget(mind=ANA, memory_ids=[once.source_id]))
    (now,) = await known(found)
    assert once.source_id not in now.derived_from
    assert now.source_id != once.source_id
    assert now.content != once.content
    assert now.episodes == 3
    await found.take(Forget(mind=ANA, memory_ids=[now.derived_from[-1]]))
    assert await known(found) == []


async def test_undoing_after_erasing_does_not_bring_back_what_said_it() -> None:
    found = await lived(4)
    await found.sleep()
    await found.take(again(9))
    report = await found.sleep()
    (grown,) = await known(found)
    await found.take(Forget(mind=ANA, memory_ids=[grown.source_id]))
    back = await undone(found, report.id)
    assert grown.id in back.left
    (now,) = await known(found)
    assert grown.source_id not in now.derived_from


async def test_one_that_is_erased_itself_is_not_made_again() -> None:
    found = await lived(4)
    await found.sleep()
    (made,) = await known(found)
    receipt = (await found.take(Forget(mind=ANA, memory_ids=[made.id])))[0]
    assert receipt.count == 1
    await found.say("something else", vector=near(40, topic=50))
    await found.sleep()
    assert await known(found) == []
    assert await found.stores.memories.count(ANA) == 35


async def test_it_stays_when_its_sources_are_archived() -> None:
    found = await lived(4)
    await found.sleep()
    (once,) = await known(found)
    gone = list(ids(0, 1))
    traces = await found.stores.memories.get_traces(ANA, gone)
    await found.stores.archive.deposit(
        list(traces.values()), reason="decay", at=found.clock.now(), epoch=found.epoch
    )
    await found.stores.memories.erase(ANA, gone)
    await found.say("something else", vector=near(40, topic=50))
    await found.sleep()
    (now,) = await known(found)
    assert plain(now) == plain(once)


async def test_what_contradicts_is_recorded_and_not_blended_in() -> None:
    found = await lived(0)
    for n in range(4):
        value = "Faro" if n == 3 else "Porto"
        words = f"{RECURS} {n} city {value}"
        await found.take(
            again(
                n,
                content=words,
                subject="Ana",
                data={"slot": "city", "value": value},
                trust=0.2 if n == 3 else 1.0,
            )
        )
    await found.sleep()
    (made,) = await known(found)
    assert set(made.derived_from) == ids(0, 1, 2)
    assert made.conflicts == [memory_id(ANA, "again3")]


async def test_what_is_superseded_is_no_source_and_what_said_it_says_how_it_was() -> None:
    found = await lived(0)
    for n in range(3):
        await found.take(
            again(n, subject="Ana", data={"slot": "city", "value": "Porto"}, content=f"{RECURS} Porto {n}")
        )
    await found.sleep()
    (made,) = await known(found)
    assert made.superseded_at is None
    newer = again(5, subject="Ana", data={"slot": "city", "value": "Faro"}, content="the city is Faro")
    await found.take(newer)
    await found.sleep()
    (now,) = await known(found)
    assert now.superseded_at == newer.occurred_at
    assert (await found.recall(RECURS, abstractions=1)).abstractions == []
    then = await found.recall(RECURS, abstractions=1, as_of=made.last_at + 1.0)
    assert [a.abstraction.id for a in then.abstractions] == [made.id]


async def was_so() -> tuple[Bench, Percept]:
    """What recurs said how it was, and what says how it is came then."""
    found = await lived(0)
    city = {"slot": "city", "value": "Porto"}
    await found.take(*(again(n, subject="Ana", data=city, content=f"{RECURS} Porto {n}") for n in range(4)))
    await found.sleep()
    city = {"slot": "city", "value": "Faro"}
    newer = again(5, subject="Ana", data=city, content="the city is Faro")
    await found.take(newer)
    await found.sleep()
    return found, newer


async def test_what_said_how_it_was_says_so_still_without_one_of_its_sources() -> None:
    found, newer = await was_so()
    (once,) = await known(found)
    await found.take(Forget(mind=ANA, memory_ids=[once.derived_from[-1]]))
    (now,) = await known(found)
    assert len(now.derived_from) == 3
    assert now.superseded_at == newer.occurred_at
    assert (await found.recall(RECURS, abstractions=1)).abstractions == []


async def test_it_says_how_it_is_again_at_once_where_what_superseded_it_is_erased() -> None:
    found, newer = await was_so()
    await found.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, newer.key)]))
    (now,) = await known(found)
    assert now.superseded_at is None
    assert len((await found.recall(RECURS, abstractions=1)).abstractions) == 1


async def test_undoing_names_nothing_that_contradicted_and_was_erased_since() -> None:
    found = await lived(0)
    for n, value in enumerate(("Porto", "Porto", "Porto", "Faro")):
        said = {"slot": "city", "value": value}
        trust = 0.2 if value == "Faro" else 1.0
        await found.take(again(n, content=f"{RECURS} {n} {value}", subject="Ana", data=said, trust=trust))
    await found.sleep()
    said = {"slot": "city", "value": "Porto"}
    await found.take(again(7, content=f"{RECURS} 7 Porto", subject="Ana", data=said))
    report = await found.sleep()
    await found.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "again3")]))
    await undone(found, report.id)
    (now,) = await known(found)
    assert set(now.derived_from) == ids(0, 1, 2)
    assert now.conflicts == []


async def test_it_is_shown_by_its_id_and_counted_in_the_status_of_its_mind_alone() -> None:
    found = await lived(4)
    await found.say("something else", mind=BO)
    await found.sleep()
    (made,) = await known(found)
    look = found.engine.introspection
    shown = await look.memory(MemoryInquiry(id="show", mind=ANA, memory_id=made.id))
    assert (shown.memory, shown.abstraction) == (None, made)
    assert (await look.memory(MemoryInquiry(id="show", mind=BO, memory_id=made.id))).abstraction is None
    counts = [(await look.status(StatusInquiry(id="s", mind=each), {})).abstractions for each in (ANA, BO)]
    assert counts == [1, 0]


async def test_a_mind_that_is_derived_anew_knows_it_by_its_sources_as_they_are() -> None:
    found = await lived(4)
    await found.sleep()
    (made,) = await known(found)
    (whole,) = await found.backend.retrieve("abstractions", [made.id], with_vectors=("context", "lexical"))
    worn = msgspec.structs.replace(made, episodes=9, content="something that nobody said")
    await found.stores.abstractions.save(worn, np.ones(768, np.float32), {}, epoch=found.epoch)
    orphan = msgspec.structs.replace(made, id=memory_id(ANA, "orphan"), derived_from=made.derived_from[:1])
    await found.stores.abstractions.save(orphan, np.ones(768, np.float32), {}, epoch=found.epoch)
    await found.take(Rebuild(mind=ANA))
    (again,) = await known(found)
    assert msgspec.structs.replace(again, rev=made.rev) == made
    (derived,) = await found.backend.retrieve("abstractions", [made.id], with_vectors=("context", "lexical"))
    words = [hit.vectors["lexical"] for hit in (derived, whole)]
    assert words[0].indices.tolist() == words[1].indices.tolist() != []
    assert np.allclose(words[0].values, words[1].values)
    assert np.allclose(derived.vectors["context"], whole.vectors["context"])


async def test_nobody_knows_what_recurs_in_another_mind() -> None:
    found = await lived(2)
    await found.take(*(other(n, BO) for n in range(30)), *(again(n, BO) for n in range(4)))
    await found.sleep()
    await found.sleep(mind=BO)
    assert await known(found) == []
    (made,) = await known(found, BO)
    assert made.mind == BO
    assert (await found.recall(RECURS, abstractions=9)).abstractions == []
    await found.take(Forget(mind=ANA, memory_ids=[made.id, *made.derived_from]))
    assert await known(found, BO) == [made]


@pytest.mark.parametrize("sleep", [SleepOptions(), SleepOptions(also=("abstract",), without=("abstract",))])
async def test_the_stage_is_for_who_asks_for_it(sleep: SleepOptions) -> None:
    found = await lived(4, options=Options(sleep=sleep))
    assert (await found.sleep()).abstracted == 0
    answer = await found.recall(RECURS, abstractions=3)
    assert contents(answer)
    assert answer.notes == [UNSOUGHT]


async def test_a_plan_says_what_is_off_and_where_that_is_set() -> None:
    for also in EXTRA:
        found = await lived(4, options=Options(sleep=SleepOptions(also=(also,))))
        asked = SleepPlanInquiry(id="plan", mind=ANA)
        plan = (await found.engine.sleep.answer(asked)).plan  # type: ignore[union-attr]
        (said,) = [reason for reason in plan.reasons if "sleep.also" in reason]
        assert [name for name in EXTRA if name in said] == [name for name in EXTRA if name != also]
        assert ("abstract" in {work.work for work in plan.works}) == (also == "abstract")


async def test_nothing_is_said_of_what_recurs_where_nights_look_for_it_or_nobody_asks() -> None:
    found = await lived(2)
    await found.sleep()
    assert (await found.recall(RECURS, abstractions=3)).notes == []
    off = await lived(2, options=Options())
    assert (await off.recall(RECURS)).notes == []
