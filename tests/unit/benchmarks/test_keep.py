"""Fractions as they are given."""

import pytest

from benchmarks import keep


def test_fractions_fall_and_repeat_nothing() -> None:
    assert keep.fractions_of(".5,1,.25,.5") == [1.0, 0.5, 0.25]


@pytest.mark.parametrize("text", ["", "0", "1.5", "a,b", "-.5"])
def test_fractions_that_are_no_shares_are_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="fractions"):
        keep.fractions_of(text)
