"""How far a share of a sample may lie below what it was drawn from."""

import pytest

from cognition.mechanisms.proportions import at_most


def test_the_bound_is_the_one_of_wilson() -> None:
    assert at_most(0.5, 100, 1.96) == pytest.approx(0.5962, abs=1e-4)
    assert at_most(0.0, 10, 1.96) == pytest.approx(0.2775, abs=1e-4)


@pytest.mark.parametrize(("share", "count"), [(1.0, 160), (1.2, 160), (0.3, 0)])
def test_a_whole_sample_and_an_empty_one_leave_everything_possible(share: float, count: int) -> None:
    assert at_most(share, count, 2.326) == 1.0


def test_the_more_were_drawn_the_nearer_it_is() -> None:
    bounds = [at_most(0.9, count, 2.326) for count in (10, 160, 10_000)]
    assert bounds == sorted(bounds, reverse=True)
    assert 0.9 < bounds[-1] < 0.91
