"""Fractions as they are given, and what a set says of what is out of date."""

import pytest

from benchmarks import keep, precision
from benchmarks.data import Rows, from_rows


def test_fractions_fall_and_repeat_nothing() -> None:
    assert keep.fractions_of(".5,1,.25,.5") == [1.0, 0.5, 0.25]


@pytest.mark.parametrize("text", ["", "0", "1.5", "a,b", "-.5"])
def test_fractions_that_are_no_shares_are_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="fractions"):
        keep.fractions_of(text)


def test_what_a_caller_said_to_supersede_is_outdated() -> None:
    rows = [
        {"mind": "ana", "key": "old", "content": "a", "occurred_at": 1.0},
        {"mind": "ana", "key": "new", "content": "b", "occurred_at": 2.0,
         "relations": [{"type": "supersedes", "target": "old"}]},
        {"mind": "bo", "key": "old", "content": "c", "occurred_at": 1.0},
    ]  # fmt: skip
    assert precision.outdated(from_rows("set", Rows(rows))) == {("ana", "old")}
