"""Cues that a mind cannot answer are made from those of another, and counted apart."""

import pytest

from benchmarks.abstain import EMPTY, FOUND, MISSED, STRANGE, Best, abstain_report, renamed, strangers, table
from benchmarks.data import Dataset, Rows, from_rows

PEOPLE = {"a": "Ana", "b": "Bo", "c": "Cy", "d": "Di"}


@pytest.fixture
def four() -> Dataset:
    percepts = [{"mind": m, "key": "1", "content": "tea", "actor": who} for m, who in PEOPLE.items()]
    cues = [{"mind": m, "content": f"What did {who} drink?", "gold": ["1"]} for m, who in PEOPLE.items()]
    return from_rows("four", Rows(percepts, [*cues, {"mind": "a", "content": "And now?", "gold": []}]))


def test_a_strange_cue_stays_in_its_half_and_names_the_other_minds_people(four: Dataset) -> None:
    made = [(q.mind, q.content, q.gold) for q in strangers(four)]
    assert made == [
        ("c", "What did Cy drink?", []),
        ("d", "What did Di drink?", []),
        ("a", "What did Ana drink?", []),
        ("b", "What did Bo drink?", []),
    ]


@pytest.mark.parametrize(("minds", "asked"), [(2, ["b", "a"]), (1, [])])
def test_of_few_minds_the_other_one_is_asked(four: Dataset, minds: int, asked: list[str]) -> None:
    assert [q.mind for q in strangers(four.limited(minds))] == asked


def test_names_are_exchanged_at_once_and_only_as_words() -> None:
    assert renamed("Ana's Anagram for Bo", ["Ana", "Bo"], ["Bo", "Ana"]) == "Bo's Anagram for Ana"
    assert renamed("Ana and Bo", ["Ana", "Bo"], ["Cy"]) == "Cy and Bo"
    assert renamed("what the user said", ["user"], ["user"]) == "what the user said"


def test_what_was_missed_counts_neither_way(four: Dataset) -> None:
    best = [
        Best(FOUND, "a", "", 5.0, 0.9),
        Best(FOUND, "b", "", 4.0, 0.7),
        Best(MISSED, "a", "", 1.0, 0.1),
        Best(STRANGE, "a", "", 2.0, 0.2),
        Best(STRANGE, "b", "", 3.0, 0.4),
        Best(EMPTY, "a", "", 4.5, 0.8),
    ]
    report = abstain_report(four, best)
    assert report["cues"] == {FOUND: 2, MISSED: 1, STRANGE: 2, EMPTY: 1}
    row = next(r for r in report["halves"]["all"]["curve"] if r["abstain_below"] == 0.6)
    assert row == {"abstain_below": 0.6, "silenced": 0.0, "silent": 1.0, MISSED: 1.0, EMPTY: 0.0}
    assert MISSED not in report["halves"]["odd"]["curve"][0]
    assert report["halves"]["all"]["sensible"] == 0.7
    assert "0.700          0.000          1.000          1.000          0.000  <- sensible" in table(report)


def test_without_strange_cues_the_empty_ones_are_the_unanswerable(four: Dataset) -> None:
    best = [Best(FOUND, "a", "", 5.0, 0.9), Best(EMPTY, "a", "", 1.0, 0.1)]
    halves = abstain_report(four, best)["halves"]
    assert "odd" not in halves
    assert halves["even"]["separation"] == 1.0
