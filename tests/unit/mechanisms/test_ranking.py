"""From evidence to one score, with every part."""

import math

import numpy as np
import pytest

from cognition.mechanisms import ranking


def scores(*values: float) -> ranking.Scores:
    return np.array(values, dtype=np.float64)


def test_dense_z_counts_from_the_minds_own_mean() -> None:
    assert ranking.dense_z(scores(0.3, 0.1), 0.1) == pytest.approx([2.0, 0.0])


def test_lexical_z_counts_in_the_collections_deviation() -> None:
    assert ranking.lexical_z(scores(5.0, 1.0), 1.0, 2.0) == pytest.approx([2.0, 0.0])


def test_fusion_is_the_convex_combination_of_z_scores() -> None:
    parts = [ranking.part("dense", 0.5, 3.0, 0.65), ranking.part("lexical", 9.0, -2.0, 0.35)]
    assert [p.contribution for p in parts] == pytest.approx([1.95, -0.7])
    assert ranking.evidence(parts) == pytest.approx(1.25)
    assert ranking.evidence([]) == 0.0


def test_a_factor_acts_on_the_score_and_not_on_the_evidence() -> None:
    dense = ranking.part("dense", 0.5, 5.0, 1.0)
    doorway = ranking.factor("episode", 0.0, 0.7)
    assert ranking.evidence([dense, doorway]) == 5.0
    assert ranking.score([dense, doorway]) == pytest.approx(0.7 * ranking.squash(5.0))
    assert ranking.score([dense, ranking.factor("episode", 1.0, 1.0)]) == ranking.squash(5.0)


def test_an_episode_counts_by_its_best_member_from_the_best_episode_down() -> None:
    best, prior = ranking.episode_prior(scores(4.0, 0.0, 2.0), ["a", "a", "b"])
    assert best == pytest.approx([4.0, 4.0, 2.0])
    assert prior == pytest.approx([0.0, 0.0, -2.0])


def test_memories_without_an_episode_stand_alone() -> None:
    assert ranking.episode_prior(scores(4.0, 2.0), ["", ""])[1] == pytest.approx([0.0, -2.0])


@pytest.mark.parametrize("episodes", [["a", "a"], ["a", "b"]])
def test_without_contrast_there_is_no_prior(episodes: list[str]) -> None:
    assert ranking.episode_prior(scores(3.0, 3.0), episodes)[1] == pytest.approx([0.0, 0.0])


def test_squash_is_a_logistic_about_its_midpoint() -> None:
    assert ranking.squash(ranking.SQUASH_MIDPOINT) == 0.5
    above = ranking.squash(ranking.SQUASH_MIDPOINT + ranking.SQUASH_SCALE)
    assert above == pytest.approx(1 / (1 + math.exp(-1)))
    assert 0.0 <= ranking.squash(-1e9) < 1e-9
    assert ranking.squash(1e9) == 1.0


def test_a_budget_takes_what_fits_in_order_of_rank_up_to_a_limit() -> None:
    assert ranking.within_budget([50, 60, 40, 10], 100, 9) == [0, 2, 3]
    assert ranking.within_budget([50, 60, 40, 10], 100, 2) == [0, 2]
    assert ranking.within_budget([50], 49, 9) == []
