"""Forgetting and what use does against it, at known points."""

import math

import pytest

from cognition.mechanisms.retrievability import (
    AT_STABILITY,
    EXPOSURE,
    STABILITY_MAX_S,
    retrievability,
    stability_after,
)

HOUR, DAY = 3_600.0, 86_400.0
EBBINGHAUS = {
    HOUR / 3: 0.582,
    HOUR: 0.442,
    9 * HOUR: 0.358,
    DAY: 0.337,
    2 * DAY: 0.278,
    6 * DAY: 0.254,
    31 * DAY: 0.211,
}


def test_an_ordinary_memory_is_forgotten_as_ebbinghaus_forgot() -> None:
    missed = [retrievability(delay, DAY) - kept for delay, kept in EBBINGHAUS.items()]
    assert math.sqrt(sum(miss * miss for miss in missed) / len(missed)) < 0.022


def test_one_in_three_still_comes_to_mind_at_the_time_that_is_called_stability() -> None:
    assert retrievability(0.0, DAY) == 1.0
    assert retrievability(5 * DAY, 5 * DAY) == pytest.approx(AT_STABILITY)


def test_a_clock_set_back_forgets_nothing() -> None:
    assert retrievability(-DAY, DAY) == 1.0


@pytest.mark.parametrize("stability", [0.0, -1.0, math.nan])
def test_no_stability_is_refused(stability: float) -> None:
    with pytest.raises(ValueError, match="stability"):
        retrievability(1.0, stability)


def test_recalling_after_a_day_makes_it_last_longer_than_reading_it_again() -> None:
    read = stability_after(DAY, DAY, share=EXPOSURE)
    recalled = stability_after(DAY, DAY)
    assert recalled == pytest.approx(2 * DAY)
    assert DAY < read < recalled


def test_use_on_use_within_a_minute_gains_next_to_nothing() -> None:
    massed = DAY
    for _ in range(5):
        massed = stability_after(massed, 10.0)
    assert massed < 1.05 * DAY < stability_after(DAY, DAY)


def test_what_lasts_for_ever_lasts_no_longer() -> None:
    assert stability_after(STABILITY_MAX_S, 100 * STABILITY_MAX_S) == STABILITY_MAX_S
    assert stability_after(2 * STABILITY_MAX_S, DAY) == 2 * STABILITY_MAX_S
