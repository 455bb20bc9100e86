"""Readiness by history alone."""

import math

import pytest

from cognition.mechanisms.activation import base_level

DAY = 86_400.0


@pytest.mark.parametrize(("days", "level"), [(1, -5.683371), (7, -6.656326)])
def test_one_use_is_exact(days: int, level: float) -> None:
    assert base_level(1, days * DAY, days * DAY) == pytest.approx(level, abs=1e-6)


def test_uses_at_one_moment_add_up_exactly() -> None:
    assert base_level(4, DAY, DAY) == pytest.approx(math.log(4 * DAY**-0.5), abs=1e-9)


def test_evenly_spread_uses_come_close_to_the_whole_sum() -> None:
    ages = [DAY * (1 + place) for place in range(30)]
    whole = math.log(sum(age**-0.5 for age in ages))
    assert base_level(len(ages), ages[0], ages[-1]) == pytest.approx(whole, abs=0.05)


def test_a_memory_of_this_moment_has_a_finite_level() -> None:
    assert base_level(1, 0.0, 0.0) == 0.0


@pytest.mark.parametrize(("uses", "decay"), [(0, 0.5), (-3, 0.5), (1, 0.0), (1, 1.0), (1, math.nan)])
def test_what_cannot_be_is_refused_by_name(uses: int, decay: float) -> None:
    with pytest.raises(ValueError, match=r"(uses|decay) = "):
        base_level(uses, 1.0, 2.0, decay)
