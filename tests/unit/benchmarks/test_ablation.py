"""What a mechanism is worth is told from the same cues with and without it."""

from dataclasses import dataclass

import pytest

from benchmarks.ablate import at_cue, at_encoding
from benchmarks.ablation import FIGURES, compared, harmful, markdown
from benchmarks.report import Answer
from cognition.engine.weighing import MECHANISMS


@dataclass
class Asked:
    answers: list[Answer]
    store_calls: float = 2.0


def asked(*hits: bool) -> Asked:
    """Twenty cues for each of these: answered rightly or not at all."""
    ranked = [["gold", "other"] if hit else ["other"] for hit in hits for _ in range(20)]
    return Asked([Answer("m", "?", "", ["gold"], r, float(n)) for n, r in enumerate(ranked)])


@pytest.fixture
def found() -> dict[str, object]:
    both, half, none = asked(True, True), asked(True, False), asked(False, False)
    return compared(both, half, {"good": half}, {"good": both, "bad": none}, seed=1)


def test_a_mechanism_is_held_against_everything_and_alone_against_the_hybrid(found: dict) -> None:
    assert found["all"]["R@1"] == 1.0
    assert found["hybrid"]["R@10"] == 0.5
    assert found["without"]["good"]["difference"]["R@5"][0] == -0.5
    assert found["only"]["good"]["difference"]["MRR"][0] == 0.5
    assert found["only"]["bad"]["difference"]["all@5"][0] == -0.5
    low, high = found["without"]["good"]["difference"]["R@1"][1:]
    assert low < -0.5 < high < 0.0
    assert found["all"]["store_calls"] == 2.0
    assert found["all"]["ms"] == 19.5
    assert found["cues"] == 40


def test_what_harms_is_named_with_its_set_and_figure(found: dict) -> None:
    assert harmful({"set": found}) == []
    worse = compared(asked(False, True), asked(True, True), {"bad": asked(True, True)}, {}, seed=1)
    assert [(h["set"], h["mechanism"], h["figure"]) for h in harmful({"s": worse})] == [
        ("s", "bad", "R@1"),
        ("s", "bad", "R@10"),
    ]


def test_the_table_has_a_row_a_pass_and_marks_what_is_sure(found: dict) -> None:
    shown = markdown({"sets": {"locomo": found}, "harmful": []})
    assert "| all | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 19.5 | 2.0 |" in shown
    assert "| without good | .500 (**-.500**)" in shown
    assert "| bad alone | .000 (**-.500**)" in shown
    assert shown.endswith("beyond noise: none.")
    assert all(f" {name} " in shown for name in FIGURES)


def test_cues_without_gold_do_not_count() -> None:
    empty = Answer("m", "?", "", [], ["x"], 1.0)
    some = Asked([*asked(True).answers, empty])
    assert compared(some, some, {}, {}, seed=1)["cues"] == 20


def test_every_mechanism_has_its_place() -> None:
    assert at_cue() < MECHANISMS
    assert "lexical_context" in at_encoding()
    assert at_cue().isdisjoint(at_encoding())
