"""What a cue means beside its words, and what its dates do."""

import datetime as dt

import anyio
import pytest

from cognition.dating import DateParser
from cognition.engine.meaning import INSTANT_S, meant, narrowed
from cognition.mechanisms.languages import language_of
from cognition.ports.dates import NamedDate
from schemas.cue import Cue, CueFilter, DateMode
from tests.unit.engine.bench import ANA, bench, contents

ENGLISH = language_of("english")


def epoch(year: int, month: int, day: int) -> float:
    return dt.datetime(year, month, day, tzinfo=dt.UTC).timestamp()


ASKED = epoch(2023, 11, 14)


def cue(content: str, **fields: object) -> Cue:
    return Cue(id="c", mind=ANA, content=content, at=ASKED, **fields)  # type: ignore[arg-type]


class Unread:
    """A reader that must not be asked."""

    async def ready(self, tongue: str) -> None:
        raise AssertionError(f"{tongue} was loaded")

    def read(self, phrase: str, tongue: str, at: float) -> NamedDate | None:
        raise AssertionError(f"{phrase!r} was read")


async def test_a_cue_without_a_hint_or_that_wants_none_is_not_read() -> None:
    assert (await meant(cue("What did Ana paint?"), ENGLISH, Unread(), now=0.0)).spans == ()
    assert (await meant(cue("in May", dates=DateMode.OFF), ENGLISH, Unread(), now=0.0)).spans == ()
    assert (await meant(cue("in May"), ENGLISH, None, now=0.0)).spans == ()


async def test_the_first_person_needs_somebody_who_asks() -> None:
    assert (await meant(cue("What did I paint?", actor="Ana"), ENGLISH, None, now=0.0)).oneself
    assert not (await meant(cue("What did I paint?"), ENGLISH, None, now=0.0)).oneself


async def test_dates_are_relative_to_when_the_cue_was_asked_or_to_now() -> None:
    asked = await meant(cue("yesterday"), ENGLISH, DateParser(), now=0.0)
    assert asked.spans[0].start == epoch(2023, 11, 13)
    now = Cue(id="c", mind=ANA, content="yesterday")
    told = await meant(now, ENGLISH, DateParser(), now=epoch(2020, 1, 2))
    assert told.spans[0].start == epoch(2020, 1, 1)


async def test_dates_narrow_a_filter_only_where_they_are_to() -> None:
    content = "What happened in May 2023?"
    spans = (await meant(cue(content), ENGLISH, DateParser(), now=0.0)).spans
    assert narrowed(cue(content), spans) == CueFilter()
    only = narrowed(cue(content, dates=DateMode.FILTER), spans)
    assert (only.occurred_from, only.occurred_to) == (epoch(2023, 5, 1), epoch(2023, 6, 1) - INSTANT_S)
    assert narrowed(cue("What?", dates=DateMode.FILTER), ()) == CueFilter()


async def test_dates_narrow_within_the_filter_that_is_given() -> None:
    given = CueFilter(occurred_from=epoch(2023, 5, 20), occurred_to=epoch(2024, 1, 1), actors=["Ana"])
    asked = cue("in May 2023", dates=DateMode.FILTER, filter=given)
    only = narrowed(asked, (await meant(asked, ENGLISH, DateParser(), now=0.0)).spans)
    assert (only.occurred_from, only.actors) == (epoch(2023, 5, 20), ["Ana"])
    assert only.occurred_to == epoch(2023, 6, 1) - INSTANT_S


@pytest.mark.parametrize(
    ("mode", "content", "first", "count"),
    [
        (DateMode.SOFT, "tea in April 2023", "green tea", 3),
        (DateMode.OFF, "black tea in April 2023", "black tea", 3),
        (DateMode.FILTER, "black tea in April 2023", "green tea", 1),
        (DateMode.FILTER, "black tea since April 2023", "black tea", 2),
    ],
)
async def test_a_named_time_weighs_filters_or_is_let_be(
    mode: DateMode, content: str, first: str, count: int
) -> None:
    on = await bench()
    for text, month in (("red tea", 3), ("green tea", 4), ("black tea", 5)):
        await on.say(text, occurred_at=epoch(2023, month, 15))
    answer = await on.recall(content, dates=mode, at=ASKED)
    assert contents(answer)[0] == first
    assert len(answer.recalled) == count


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ("tea last week", "2023-11-06 .. 2023-11-12"),
        ("tea on 15 April 2023", "2023-04-15"),
        ("tea in the last 3 days", "2023-11-11 .. 2023-11-13"),
        ("tea before May 2023", ".. 2023-04-30"),
        ("tea since May 2023", "2023-05-01 .."),
    ],
)
async def test_a_filter_says_how_the_time_was_read(content: str, read: str) -> None:
    on = await bench()
    await on.say("green tea", occurred_at=epoch(2023, 4, 15))
    answer = await on.recall(content, dates=DateMode.FILTER, at=ASKED)
    assert answer.notes == [f"the time in the cue was read as {read}: nothing else was asked"]
    assert (await on.recall(content, at=ASKED)).notes == []


async def test_a_filter_that_leaves_nothing_says_how_the_time_was_read() -> None:
    on = await bench()
    await on.say("green tea", occurred_at=epoch(2020, 4, 15))
    answer = await on.recall("tea last week", dates=DateMode.FILTER, at=ASKED)
    assert answer.abstained == "no memory satisfies the filters"
    assert answer.notes == [
        "the time in the cue was read as 2023-11-06 .. 2023-11-12: nothing else was asked"
    ]


async def test_a_filter_says_that_it_found_no_time_to_filter_by() -> None:
    on = await bench()
    await on.say("green tea", occurred_at=epoch(2020, 4, 15))
    answer = await on.recall("tea before the wedding", dates=DateMode.FILTER, at=ASKED)
    assert contents(answer) == ["green tea"]
    assert answer.notes == ["no time was understood in the cue: nothing was filtered"]
    assert (await on.recall("tea before the wedding", at=ASKED)).notes == []


async def test_a_language_is_loaded_once_and_others_go_on_meanwhile() -> None:
    reader = DateParser()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(reader.ready, "fr")
    with anyio.fail_after(0.5):
        await reader.ready("fr")
    assert reader.read("3 mai 2023", "fr", 0.0) == NamedDate(2023, 5, 3, "day")
