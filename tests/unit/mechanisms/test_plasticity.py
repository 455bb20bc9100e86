"""Routes: the equations, by hand."""

from __future__ import annotations

import math

import pytest

from cognition.mechanisms.plasticity import (
    DAY_S,
    CueWords,
    Learned,
    effort,
    faded,
    route_gain,
    routed_weight,
    unused_penalty,
)
from schemas.association import Route
from schemas.memory import Memory

MEMORY = Memory(id="m", mind="ana", key="k", entry="1-0", content="")


def test_a_weight_rises_towards_one_with_use_and_falls_towards_nothing_in_vain() -> None:
    assert routed_weight(0.5, 0, 0) == 0.5
    assert routed_weight(0.5, 1, 0) == pytest.approx(1 - 0.5 * 0.8)
    assert routed_weight(0.5, 0, 1) == pytest.approx(0.405)
    assert routed_weight(0.5, 0.5, 2) == pytest.approx((1 - 0.5 * 0.8**0.5) * 0.6561)


def test_no_number_of_reports_takes_a_weight_far_from_where_it_was() -> None:
    assert routed_weight(0.5, 100, 0) == routed_weight(0.5, 1, 0)
    assert routed_weight(0.5, 0, 100) == pytest.approx(0.5 * 0.81**4)


def test_a_word_that_the_memory_does_not_have_comes_to_lead_to_it() -> None:
    assert routed_weight(0.0, 1, 0) == pytest.approx(0.2)


def test_showings_in_vain_cost_ever_less_each() -> None:
    assert unused_penalty(0) == 0
    assert unused_penalty(math.e - 1) == pytest.approx(0.2)


def test_a_tenth_is_lost_each_day_and_nothing_before_it_happened() -> None:
    assert faded(DAY_S) == pytest.approx(0.9)
    assert faded(0) == faded(-5) == 1


def test_what_was_hard_to_find_teaches_more() -> None:
    assert effort(0) == pytest.approx(0.3)
    assert effort(1) == pytest.approx(0.65)
    assert effort(9) == pytest.approx(0.93)


def test_a_cue_gains_by_the_routes_of_its_words_alone() -> None:
    routes = [Route(term=1, used=1.0, weight=0.5), Route(term=2, unused=1.0, weight=0.5)]
    assert route_gain(routes, {1: 2.0}) == pytest.approx(2 * 0.1)
    assert route_gain(routes, {2: 2.0}) == pytest.approx(-2 * 0.095)
    assert route_gain(routes, {3: 2.0}) == 0


def test_what_was_learned_long_ago_counts_less() -> None:
    routes = [Route(term=1, used=1.0, weight=0.0)]
    assert route_gain(routes, {1: 1.0}, faded(DAY_S)) == pytest.approx(1 - 0.8**0.9)


def test_a_word_that_is_asked_all_the_time_says_little() -> None:
    words = CueWords()
    assert words.distinctness(1) == 1
    for n in range(100):
        words.add([1, 1_000 + n])
    assert words.distinctness(1_050) == 1
    assert words.distinctness(1) == pytest.approx(math.log1p(100 / 101) / math.log1p(50))


def test_the_words_of_cues_are_bounded_and_the_frequent_ones_stay() -> None:
    words = CueWords(terms_max=10)
    for n in range(40):
        words.add([1, 100 + n])
    assert len(words) <= 10
    assert words.distinctness(1) < 0.3


def test_words_of_cues_survive_a_checkpoint() -> None:
    words = CueWords()
    words.add([1, 2])
    words.add([2])
    again = CueWords.restore(words.snapshot())
    assert (again.cues, again.snapshot()) == (2, words.snapshot())


def test_a_memory_keeps_the_strongest_routes() -> None:
    learned = Learned.of(MEMORY)
    learned.use(dict.fromkeys(range(40), 1.0), 0.5, at=0.0)
    learned.pass_over(dict.fromkeys(range(5), 1.0), at=0.0)
    routes = learned.routes({7: 0.25})
    assert len(routes) == 32
    assert {r.term for r in routes[:5]} == set(range(5))
    assert routes[7].weight == 0.25


def test_an_event_that_comes_late_counts_for_what_is_left_of_it() -> None:
    in_time, late = Learned.of(MEMORY), Learned.of(MEMORY)
    in_time.use({1: 1.0}, 1.0, at=0.0)
    in_time.use({1: 1.0}, 1.0, at=DAY_S)
    late.use({1: 1.0}, 1.0, at=DAY_S)
    late.use({1: 1.0}, 1.0, at=0.0)
    assert in_time.used[1] == pytest.approx(late.used[1]) == pytest.approx(1.9)
    assert in_time.at == late.at == DAY_S
