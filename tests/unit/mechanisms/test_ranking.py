"""From evidence to one score, with every part."""

import numpy as np
import pytest

from cognition.mechanisms import ranking


def scores(*values: float) -> ranking.Scores:
    return np.array(values, dtype=np.float64)


def test_dense_z_counts_from_the_minds_own_mean() -> None:
    assert ranking.dense_z(scores(0.3, 0.1), 0.1) == pytest.approx([2.0, 0.0])


def test_lexical_z_counts_in_the_collections_deviation() -> None:
    assert ranking.lexical_z(scores(5.0, 1.0), 1.0, 2.0) == pytest.approx([2.0, 0.0])


def test_fusion_is_the_convex_combination_up_to_a_factor() -> None:
    dense, lexical = scores(1.0, 4.0, -2.0), scores(3.0, 0.0, 2.0)
    alpha = 1 / 1.5
    convex = alpha * dense + (1 - alpha) * lexical
    assert ranking.convex(dense, lexical, 0.5) == pytest.approx(1.5 * convex)


def test_an_episode_counts_by_its_best_member() -> None:
    prior = ranking.episode_prior(scores(4.0, 0.0, 2.0), ["a", "a", "b"])
    assert prior == pytest.approx([1.0, 1.0, -1.0])


def test_memories_without_an_episode_stand_alone() -> None:
    assert ranking.episode_prior(scores(4.0, 2.0), ["", ""]) == pytest.approx([1.0, -1.0])


@pytest.mark.parametrize("episodes", [["a", "a"], ["a", "b"]])
def test_without_contrast_there_is_no_prior(episodes: list[str]) -> None:
    assert ranking.episode_prior(scores(3.0, 3.0), episodes) == pytest.approx([0.0, 0.0])


def test_the_doorway_is_soft() -> None:
    assert ranking.cross_episode(0.8, same=True) == 0.8
    assert ranking.cross_episode(0.8, same=False) == pytest.approx(0.56)


def test_squash_stays_in_bounds_at_any_evidence() -> None:
    assert ranking.squash(4.0) == 0.5
    assert 0.0 <= ranking.squash(-1e9) < 1e-9
    assert ranking.squash(1e9) == 1.0


def test_parts_add_up_and_leave_out_what_is_off() -> None:
    kept = ranking.parts([("dense", 3.0, 1.0), ("lexical", 2.0, 0.5), ("actor", 1.0, 0.0)])
    assert [part.name for part in kept] == ["dense", "lexical"]
    assert sum(part.contribution for part in kept) == 4.0


def test_diversity_passes_over_a_near_copy() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    assert ranking.diversify([0.9, 0.8, 0.5], vectors, 2) == [0, 2]
    assert ranking.diversify([0.9, 0.8, 0.5], vectors, 5, balance=1.0) == [0, 1, 2]
    assert ranking.diversify([], np.zeros((0, 2), dtype=np.float32), 3) == []


def test_a_budget_takes_what_fits_in_order_of_rank() -> None:
    assert ranking.within_budget([50, 60, 40, 10], 100) == [0, 2, 3]
    assert ranking.within_budget([50], 49) == []
