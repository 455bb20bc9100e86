"""What separates the answerable from the unanswerable, on figures whose truth is known."""

import numpy as np
import pytest

from benchmarks import calibration


def figures(*values: float) -> calibration.Figures:
    return np.array(values, dtype=np.float64)


def test_the_fit_finds_the_logistic_that_made_the_figures() -> None:
    rng = np.random.default_rng(7)
    evidence = rng.uniform(-2.0, 8.0, 40_000)
    yes = rng.uniform(size=40_000) < 1.0 / (1.0 + np.exp(-(evidence - 3.0) / 0.8))
    midpoint, scale = calibration.fit_logistic(evidence[yes], evidence[~yes])
    assert (midpoint, scale) == pytest.approx((3.0, 0.8), abs=0.05)


def test_each_class_weighs_the_same_however_many_there_are() -> None:
    yes, no = figures(2.0, 3.0, 5.0), figures(0.0, 1.0, 2.5)
    assert calibration.fit_logistic(np.tile(yes, 9), no) == pytest.approx(calibration.fit_logistic(yes, no))


def test_classes_that_do_not_overlap_still_have_a_fit() -> None:
    midpoint, scale = calibration.fit_logistic(figures(5.0, 6.0), figures(1.0, 2.0))
    assert midpoint == pytest.approx(3.5)
    assert 0.0 < scale < 1.0


def test_a_curve_counts_what_lies_below_each_threshold() -> None:
    rows = {r["abstain_below"]: r for r in calibration.curve(figures(0.5, 0.8), figures(0.1, 0.3, 0.6, 0.9))}
    assert (rows[0.0]["silenced"], rows[0.0]["silent"]) == (0.0, 0.0)
    assert (rows[0.5]["silenced"], rows[0.5]["silent"]) == (0.0, 0.5)
    assert (rows[0.85]["silenced"], rows[0.85]["silent"]) == (1.0, 0.75)


def test_the_sensible_threshold_is_the_highest_that_silences_few() -> None:
    rows = calibration.curve(np.linspace(0.21, 1.0, 80), figures(0.1))
    assert calibration.sensible(rows, 0.04) == 0.2
    assert calibration.sensible(rows, 0.5) == 0.6


def test_separation_is_the_chance_of_the_right_order_and_ties_count_half() -> None:
    assert calibration.separation(figures(2.0, 3.0), figures(0.0, 1.0)) == 1.0
    assert calibration.separation(figures(1.0), figures(1.0)) == 0.5
    assert calibration.separation(figures(1.0, 3.0), figures(2.0)) == 0.5


def test_reliability_holds_the_score_against_the_share_in_each_bin() -> None:
    low, high = calibration.reliability(figures(0.9, 0.9, 0.1, 0.9), figures(0.1, 1.0))
    assert low == {"from": 0.0, "cues": 2, "score": 0.1, "answerable": pytest.approx(1 / 3, abs=1e-3)}
    assert high["cues"] == 4
    assert high["answerable"] == pytest.approx(0.6)
