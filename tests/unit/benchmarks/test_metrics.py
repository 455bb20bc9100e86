"""Figures against examples computed by hand."""

import numpy as np
import pytest

from benchmarks import metrics


def gaps(text: str) -> metrics.Gaps:
    return np.array([c == "|" for c in text])


def test_recall_is_the_fraction_of_the_gold_among_the_first_k() -> None:
    ranked = ["a", "x", "b", "y", "c"]
    assert metrics.recall_at(ranked, ["a", "b", "c", "d"], 3) == 0.5
    assert metrics.recall_at(ranked, ["a", "b", "c", "d"], 5) == 0.75
    assert metrics.recall_at([], ["a"], 5) == 0.0


def test_hit_needs_any_and_all_needs_every_gold() -> None:
    ranked = ["x", "a", "b"]
    assert [metrics.hit_at(ranked, ["a", "b"], k) for k in (1, 2, 3)] == [0.0, 1.0, 1.0]
    assert [metrics.all_at(ranked, ["a", "b"], k) for k in (1, 2, 3)] == [0.0, 0.0, 1.0]


def test_reciprocal_rank_counts_from_one() -> None:
    assert metrics.reciprocal_rank(["x", "a", "b"], ["b", "a"]) == 0.5
    assert metrics.reciprocal_rank(["x"], ["a"]) == 0.0


def test_precision_rewards_silence_only_where_nothing_fits() -> None:
    assert metrics.precision(["a", "x"], ["a"]) == 0.5
    assert metrics.precision([], []) == 1.0
    assert metrics.precision([], ["a"]) == 0.0
    assert metrics.precision(["x"], []) == 0.0


def test_the_window_is_half_the_mean_gold_segment_and_at_least_two() -> None:
    assert metrics.window(gaps("....|....")) == 2  # 10 percepts, 2 segments: 2.5 rounds to 2
    assert metrics.window(gaps("......|.......")) == 4  # 15 percepts: 3.75
    assert metrics.window(gaps("||||")) == 2


def test_pk_and_window_diff_by_hand() -> None:
    # 6 percepts, 5 gaps; windows of 2 gaps: (0,1) (1,2) (2,3) (3,4)
    gold = gaps("..|..")
    assert metrics.pk(gold, gold, 2) == 0.0
    assert metrics.pk(gold, gaps("....."), 2) == 0.5  # windows 1 and 2 hold the gold boundary
    assert metrics.pk(gold, gaps("...|."), 2) == 0.5  # windows 1 (missed) and 3 (false)
    # two boundaries where gold has one: Pk sees the same windows but the last, WindowDiff counts
    assert metrics.pk(gold, gaps("..||."), 2) == 0.25
    assert metrics.window_diff(gold, gaps("..||."), 2) == 0.5


def test_a_window_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="window of 6"):
        metrics.pk(gaps("....."), gaps("....."), 6)


def test_boundary_f1_exact_and_within_one() -> None:
    gold, found = gaps("..|...|.."), gaps("..|..|...")
    assert metrics.boundary_f1(gold, found) == 0.5
    assert metrics.boundary_f1(gold, found, tolerance=1) == 1.0
    assert metrics.boundary_f1(gaps("..."), gaps("...")) == 1.0
    # one found boundary cannot serve two gold ones
    assert metrics.boundary_f1(gaps("|.|"), gaps(".|."), tolerance=1) == pytest.approx(2 / 3)


def test_segmentation_averages_pk_over_dialogues_and_pools_f1() -> None:
    right, wrong = (gaps("..|.."), gaps("..|..")), (gaps("..|.."), gaps("....."))
    figures = metrics.segmentation([right, wrong])
    assert figures.pk == pytest.approx(0.25)
    assert figures.window_diff == pytest.approx(0.25)
    assert figures.f1 == pytest.approx(2 / 3)
    assert (figures.precision, figures.recall, figures.dialogues) == (1.0, 0.5, 2)


def test_the_interval_repeats_under_a_seed_and_holds_the_mean() -> None:
    values = np.random.default_rng(1).random(200)
    low, high = metrics.interval(values, seed=7)
    assert (low, high) == metrics.interval(values, seed=7)
    assert low < values.mean() < high
    # for a mean of 200 uniform values the 95 % interval is 2 * 1.96 * sqrt(1/12/200) = .080 wide
    assert high - low == pytest.approx(0.080, abs=0.012)


def test_pairing_sees_a_small_change_that_two_intervals_do_not() -> None:
    rng = np.random.default_rng(2)
    before = rng.random(300)
    after = before + 0.01 + 0.001 * rng.standard_normal(300)
    difference = metrics.paired(before, after, seed=3)
    assert difference.significant
    assert difference.mean == pytest.approx(0.01, abs=0.001)
    assert metrics.interval(before, 3)[1] > metrics.interval(after, 3)[0]


def test_pairing_refuses_figures_of_different_questions() -> None:
    with pytest.raises(ValueError, match="differ in number"):
        metrics.paired(np.zeros(2), np.zeros(3), seed=0)
