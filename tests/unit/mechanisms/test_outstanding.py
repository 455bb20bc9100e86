"""Which of what came to mind belong to the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms.outstanding import outstanding

UNIT = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("scores", "count"),
    [([], 0), ([0.05], 0), ([0.9, 0.1], 1), ([0.5, 0.3, 0.1], 2), ([0.12, 0.11], 2), ([0.2, 0.09], 1)],
)
def test_what_is_far_below_the_best_stays_away(scores: list[float], count: int) -> None:
    assert outstanding(scores) == count


@given(st.lists(UNIT, max_size=20), UNIT, UNIT, UNIT, UNIT)
def test_who_asks_for_more_gets_no_more(
    scores: list[float], least: float, more: float, share: float, larger: float
) -> None:
    falling = sorted(scores, reverse=True)
    count = outstanding(falling, least=least, share=share)
    assert outstanding(falling, least=max(least, more), share=max(share, larger)) <= count
    assert (count > 0) == bool(falling and falling[0] >= least)


def test_scores_that_do_not_fall_are_refused() -> None:
    with pytest.raises(ValueError, match="best first"):
        outstanding([0.1, 0.2])
