"""What the commands about learning say of a report, and of a path to nobody."""

from __future__ import annotations

import argparse

import pytest

from cognition.commands.learning import learned, remarks, show_path
from cognition.engine.neighbourhood import no_memory
from schemas.learning import FoldedAnswer, PathAnswer, ReportAnswer

NAMES = {"a": "n1", "b": "n2", "z": "n9"}
"""Memories by id, as the caller named them."""


def report(*, useful: str = "", misleading: str = "") -> ReportAnswer:
    """On a recollection that showed four."""
    return ReportAnswer(
        inquiry_id="i", mind="ana", shown=list("abcd"), useful=list(useful), misleading=list(misleading)
    )


def folded(useful: int | None, vain: int | None) -> FoldedAnswer:
    return FoldedAnswer(inquiry_id="i", mind="ana", entry="1-0", useful=useful, vain=vain)


@pytest.mark.parametrize("said", [report(useful="a"), report(misleading="a")])
def test_what_was_told_before_stands_whichever_way_it_was_told(said: ReportAnswer) -> None:
    text = learned(said, folded(0, 0), NAMES)
    assert text.startswith(
        "nothing new: an earlier report on this recollection told of n1 already and stands"
    )
    assert "cannot be taken back; report the next recollection" in text
    assert list(remarks(said, folded(0, 0), NAMES)) == []


def test_a_bare_report_that_comes_again_names_nobody() -> None:
    assert "told of all that was shown already" in learned(report(), folded(0, 0), NAMES)


def test_of_a_report_that_taught_a_part_the_rest_is_named() -> None:
    said = report(useful="a", misleading="b")
    assert learned(said, folded(1, 0), NAMES).startswith("learned: 1 useful")
    (note,) = remarks(said, folded(1, 0), NAMES)
    assert note.startswith("an earlier report told of n2 already and stands: a report cannot be taken back")
    (note,) = remarks(report(useful="ab"), folded(1, 2), NAMES)
    assert note.startswith("an earlier report told of 1 of n1, n2 already")


def test_a_first_report_has_nothing_before_it() -> None:
    assert list(remarks(report(useful="a", misleading="b"), folded(1, 3), NAMES)) == []
    assert list(remarks(report(useful="a"), folded(None, None), NAMES)) == []


def test_who_was_not_among_those_shown_is_told() -> None:
    for taught in (folded(2, 3), None):
        said = list(remarks(report(useful="az"), taught, NAMES))
        assert said == ["n9 was not among the 4 shown"]


def test_a_path_to_nobody_says_who_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    options = argparse.Namespace(mind="ana", id="k0", to="nope", depth=None, json=False)
    answer = PathAnswer(inquiry_id="i", mind="ana", notes=[no_memory("ana", "nope"), "another"])
    assert show_path(answer, options) == 1
    assert capsys.readouterr().out == "'ana' has no memory 'nope'.\nnote: another\n"
    show_path(PathAnswer(inquiry_id="i", mind="ana"), options)
    assert capsys.readouterr().out == "No path from k0 to nope in 4 steps.\n"
