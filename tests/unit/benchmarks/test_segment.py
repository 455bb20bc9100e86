"""Episodes of percepts become gaps of dialogues; what is given is not scored."""

import numpy as np
import pytest

from benchmarks.data import Dataset, Sensed
from benchmarks.engine import EngineChoice
from benchmarks.segment import dialogues, report, table
from schemas.percept import BoundaryMark, Percept


def sensed(gold: str) -> list[Sensed]:
    """One percept a letter: ``(`` opens a dialogue, ``|`` has a gold boundary before it."""
    return [
        Sensed(Percept(mind="m", content="x", boundary=BoundaryMark.BEGIN if c == "(" else None), c == "|")
        for c in gold
    ]


def test_gaps_before_marks_are_not_scored() -> None:
    pairs = dialogues(sensed("(..|(.."), list("aaabccc"))
    assert [(g.tolist(), f.tolist()) for g, f in pairs] == [
        ([False, False, True], [False, False, True]),
        ([False, False], [False, False]),
    ]


def test_a_boundary_is_found_where_the_episode_changes() -> None:
    ((gold, found),) = dialogues(sensed("(.|."), list("abbc"))
    assert found.tolist() == [True, False, True]
    assert gold.tolist() == [False, True, False]


def test_a_dialogue_of_one_percept_has_no_gap() -> None:
    assert [len(g) for g, _ in dialogues(sensed("((.."), list("aabb"))] == [2]


def test_the_report_counts_what_it_scored() -> None:
    made = sensed("(..|..(.|...")
    pairs = dialogues(made, list("aaabbbcccddd"))
    written = report(Dataset(name="s", sensed=made), pairs, EngineChoice())
    assert written["counts"] == {"percepts": 12, "dialogues": 2, "gold_boundaries": 2, "found_boundaries": 2}
    assert written["overall"]["F1"] == 0.5
    assert written["overall"]["F1_within_1"] == 1.0
    assert np.isfinite(written["intervals"]["Pk"]).all()
    assert "2 dialogues" in table(written)


def test_a_setting_that_is_not_one_is_refused() -> None:
    with pytest.raises(SystemExit, match="not KEY=VALUE"):
        EngineChoice(overrides=("recall.candidates",)).settings()


def test_what_the_person_sets_wins_over_what_the_benchmark_sets() -> None:
    choice = EngineChoice(overrides=("attention.echo_window_s=5",)).overridden("attention.echo_window_s=0")
    assert choice.settings().attention.echo_window_s == 5.0
