"""What is left out by name goes to where it acts."""

from __future__ import annotations

import pytest

from benchmarks.recall import parted


def test_mechanisms_are_parted_by_where_they_act() -> None:
    assert parted(["actor", "conservation", "lexical"]) == (["actor", "lexical"], ["conservation"])
    assert parted([]) == ([], [])


def test_an_unknown_mechanism_is_named_with_those_that_there_are() -> None:
    with pytest.raises(SystemExit, match=r"--without gravity: no such mechanism\. Use any of .*conservation"):
        parted(["actor", "gravity"])
