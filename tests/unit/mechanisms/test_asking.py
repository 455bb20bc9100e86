"""Whom and when a cue means."""

import datetime as dt
import math

import pytest

from cognition.mechanisms.asking import (
    DAY_S,
    SPANS_MAX,
    Span,
    actor_match,
    dated,
    named_actors,
    speaks_first_person,
    time_match,
)


def epoch(year: int, month: int, day: int) -> float:
    return dt.datetime(year, month, day, tzinfo=dt.UTC).timestamp()


ASKED = epoch(2023, 11, 14)


@pytest.mark.parametrize("content", ["What did I say?", "tell me", "I've lost it", "MY boat", "myself"])
def test_the_first_person_is_heard(content: str) -> None:
    assert speaks_first_person(content)


@pytest.mark.parametrize("content", ["What did Ana say?", "II. act", ""])
def test_others_are_not_the_first_person(content: str) -> None:
    assert not speaks_first_person(content)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("What did Ana say?", {"Ana"}),
        ("ana's boat and Rossi's", {"Ana", "Bob Rossi"}),
        ("Analysis of bananas", set()),
        ("Ana, Bob and Cleo", set()),
        ("who was it?", set()),
    ],
)
def test_actors_are_named_by_a_word_of_their_name(content: str, named: set[str]) -> None:
    assert named_actors(content, ["Ana", "Bob Rossi", "Cleo"]) == named


def test_a_name_that_all_answer_to_tells_nothing_apart() -> None:
    assert named_actors("Ana?", ["Ana"]) == frozenset()


def test_actor_match_is_the_named_one_or_oneself() -> None:
    assert actor_match("Ana", {"Ana"}, "", first_person=False) == 1.0
    assert actor_match("Bob", {"Ana"}, "Bob", first_person=True) == 1.0
    assert actor_match("Bob", {"Ana"}, "Bob", first_person=False) == 0.0
    assert actor_match("", set(), "", first_person=True) == 0.0


@pytest.mark.parametrize(
    ("content", "start", "end"),
    [
        ("on 7 May 2023?", (2023, 5, 7), (2023, 5, 8)),
        ("May 7th, 2023", (2023, 5, 7), (2023, 5, 8)),
        ("the 7th of May", (2023, 5, 7), (2023, 5, 8)),
        ("2023-05-07", (2023, 5, 7), (2023, 5, 8)),
        ("2023-12", (2023, 12, 1), (2024, 1, 1)),
        ("Sept. 2021", (2021, 9, 1), (2021, 10, 1)),
        ("in December", (2022, 12, 1), (2023, 1, 1)),
        ("in June 2021?", (2021, 6, 1), (2021, 7, 1)),
        ("during May, 2020", (2020, 5, 1), (2020, 6, 1)),
        ("late in May 7th, 2020", (2020, 5, 7), (2020, 5, 8)),
        ("back in 2020", (2020, 1, 1), (2021, 1, 1)),
        ("29 February", (2020, 2, 29), (2020, 3, 1)),
        ("29 February 2000", (2000, 2, 29), (2000, 3, 1)),
    ],
)
def test_dates_are_read(content: str, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    assert dated(content, ASKED) == (Span(epoch(*start), epoch(*end)),)


@pytest.mark.parametrize("content", ["may I go?", "31 February 2020", "march on", "room 2023b", "12345", ""])
def test_what_is_no_date_is_not_read(content: str) -> None:
    assert dated(content, ASKED) == ()


def test_without_a_year_and_a_now_nothing_is_guessed() -> None:
    assert dated("in May", None) == ()
    assert len(dated("in May 2020", None)) == 1


def test_dates_of_one_cue_are_bounded() -> None:
    assert len(dated(" ".join(str(year) for year in range(1990, 2020)))) == SPANS_MAX


def test_time_match_falls_by_days_and_twice_as_fast_before() -> None:
    week = Span(0.0, DAY_S)
    assert time_match(DAY_S / 2, [week]) == 1.0
    assert time_match(8 * DAY_S, [week]) == pytest.approx(1 / math.e)
    assert time_match(-7 * DAY_S, [week]) == pytest.approx(1 / math.e**2)
    assert time_match(-1e15, [week, Span(-1e15, -1e15 + 1)]) == 1.0
    assert time_match(0.0, []) == 0.0
