"""Synapses between memories: growth, fading, and who gives way."""

from __future__ import annotations

import msgspec
import pytest

from cognition.mechanisms.synapses import (
    HALF_LIFE_S,
    IDLE_S,
    LEARNED,
    decayed,
    depress,
    depressed,
    formed,
    given,
    kept,
    potentiate,
    potentiated,
    strength,
    strongest,
)
from schemas.association import Association, AssociationType


def learned(target: str, weight: float, at: float = 0.0) -> Association:
    return Association(target_id=target, weight=weight, type=LEARNED, last_coactivated=at)


def caused(target: str, weight: float) -> Association:
    return Association(target_id=target, weight=weight, type=AssociationType.CAUSES)


def test_each_co_activation_adds_a_tenth_of_what_is_missing() -> None:
    assert potentiate(0.0, 1.0) == pytest.approx(0.1)
    assert potentiate(0.5, 0.5) == pytest.approx(0.525)
    assert potentiate(1.0, 1.0) == 1.0


def test_depression_takes_a_tenth_of_what_is_there() -> None:
    assert depress(0.5) == pytest.approx(0.45)


def test_half_of_what_was_learned_is_left_after_a_half_life() -> None:
    assert decayed(0.8, HALF_LIFE_S) == pytest.approx(0.4)
    assert strength(learned("b", 0.8), HALF_LIFE_S) == pytest.approx(0.4)


def test_what_the_caller_said_and_what_is_read_off_contents_does_not_fade() -> None:
    mention = Association(target_id="b", weight=0.8, type=AssociationType.SEMANTIC)
    said = msgspec.structs.replace(learned("b", 0.8), given=True)
    for each in (mention, said, caused("b", 0.8)):
        assert strength(each, 10 * HALF_LIFE_S) == 0.8
    assert [given(each) for each in (mention, said, caused("b", 0.8))] == [False, True, True]


def test_a_synapse_is_formed_by_its_first_co_activation() -> None:
    new = formed("b", 1.0, 5.0)
    assert (new.weight, new.last_coactivated, new.coactivation_count) == (pytest.approx(0.1), 5.0, 1)


def test_it_fades_until_it_is_used_again() -> None:
    again = potentiated(learned("b", 0.8), 1.0, HALF_LIFE_S)
    assert again.weight == pytest.approx(0.46)
    assert depressed(learned("b", 0.8), HALF_LIFE_S).weight == pytest.approx(0.36)


def test_what_comes_late_by_a_half_life_counts_half_and_sets_no_clock_back() -> None:
    late = potentiated(learned("b", 0.5, at=HALF_LIFE_S), 1.0, 0.0)
    assert late.weight == pytest.approx(potentiate(0.5, 0.5))
    assert late.last_coactivated == HALF_LIFE_S


def test_the_weakest_gives_way_but_nothing_that_the_caller_gave() -> None:
    array = [caused("a", 0.01), learned("b", 0.3), learned("c", 0.2), learned("d", 0.4)]
    assert [a.target_id for a in kept(array, 0.0, limit=3)] == ["a", "b", "d"]
    assert [a.target_id for a in kept([*array, caused("e", 0.9)], 0.0, limit=2)] == ["a", "e"]


def test_the_order_of_an_array_stays() -> None:
    array = [learned("c", 0.3), learned("a", 0.9)]
    assert kept(array, 0.0) == array


def test_what_has_faded_is_pruned_once_it_lay_idle() -> None:
    weak, said = learned("b", 0.04), caused("c", 0.01)
    assert kept([weak, said], IDLE_S / 2) == [weak, said]
    assert kept([weak, said], IDLE_S * 2) == [said]


def test_the_strongest_come_first_and_what_has_no_weight_not_at_all() -> None:
    array = [learned("c", 0.3), learned("a", 0.9), learned("b", 0.3), learned("d", 0.0)]
    assert [a.target_id for a in strongest(array, 0.0, 3)] == ["a", "b", "c"]
