"""Figures of recall as one object."""

import pytest

from benchmarks.report import Answer, recall_report, recall_table


def answer(gold: list[str], ranked: list[str], category: str = "a", took_ms: float = 1.0) -> Answer:
    return Answer(mind="m", content="?", category=category, gold=gold, ranked=ranked, took_ms=took_ms)


def test_overall_and_categories_are_means_over_their_questions() -> None:
    report = recall_report(
        "set", [answer(["k1"], ["k1"]), answer(["k1", "k2"], ["x", "k1"]), answer(["k3"], [], "b")], seed=0
    )
    assert report["overall"]["cues"] == 3
    assert report["overall"]["R@1"] == pytest.approx(1 / 3, abs=1e-4)
    assert report["overall"]["R@5"] == 0.5
    assert report["overall"]["MRR"] == 0.5
    assert report["overall"]["hit@5"] == pytest.approx(2 / 3, abs=1e-4)
    assert report["overall"]["all@5"] == pytest.approx(1 / 3, abs=1e-4)
    assert report["by_category"]["b"] == {
        "R@1": 0.0, "R@5": 0.0, "R@10": 0.0, "R@20": 0.0, "all@5": 0.0, "MRR": 0.0, "hit@5": 0.0, "cues": 1
    }  # fmt: skip
    assert set(report["intervals"]) == {"R@1", "R@5", "R@10", "R@20", "all@5", "MRR", "hit@5"}
    assert "silence" not in report["overall"]


def test_questions_without_gold_count_for_silence_only() -> None:
    report = recall_report("set", [answer([], []), answer([], ["x"]), answer(["k"], ["k", "x"])], seed=0)
    assert report["overall"]["R@1"] == 1.0
    assert report["overall"]["silence"] == 0.5
    assert report["overall"]["precision"] == pytest.approx((1 + 0 + 0.5) / 3, abs=1e-4)


def test_latency_is_given_as_percentiles() -> None:
    report = recall_report("s", [answer(["k"], ["k"], took_ms=float(i)) for i in range(101)], seed=0)
    assert report["latency_ms"] == {"p50": 50.0, "p95": 95.0, "p99": 99.0}


def test_the_table_shows_every_category_once() -> None:
    table = recall_table(recall_report("s", [answer(["k"], ["k"], c) for c in "abc"], seed=0))
    assert [line.split()[0] for line in table.splitlines()[1:5]] == ["overall", "a", "b", "c"]
