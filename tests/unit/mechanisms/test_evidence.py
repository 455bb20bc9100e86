"""Own evidence, the length gate, and two reasons for one term."""

import numpy as np
import pytest

from cognition.mechanisms.evidence import gate, length_norm, noisy_or, on_grid, query_weights, saturated


def test_evidence_saturates_with_repeats_and_falls_with_length() -> None:
    norm = length_norm(4, 20.0)
    assert norm == pytest.approx(1.2 * (0.25 + 0.75 * 4 / 20))
    assert [saturated(tf, norm) for tf in (0, 1, 3)] == pytest.approx([0.0, 1 / (1 + norm), 3 / (3 + norm)])
    assert saturated(1, length_norm(40, 20.0)) < saturated(1, norm)


def test_a_short_memory_takes_in_all_of_its_context_and_a_long_one_little() -> None:
    assert [gate(n) for n in (0, 1, 25, 50, 250)] == [1.0, 1.0, 1.0, 0.5, 0.1]
    assert gate(10_000, float("inf")) == 1.0


def test_two_reasons_are_better_than_one_and_never_more_than_certain() -> None:
    assert noisy_or(0.5, 0.5) == 0.75
    assert noisy_or(0.5, 0.0) == 0.5
    assert noisy_or(1.0, 0.3) == 1.0
    assert noisy_or(0.0, 1 / 3) == on_grid(1 / 3)


def test_weights_survive_the_stores_float32_to_the_bit() -> None:
    weights = [on_grid(w) for w in (1e-9, 0.05, 1 / 3, 0.999999, 1.0)]
    assert all(float(np.float32(w)) == w and 0 < w <= 1 for w in weights)


def test_a_cue_weighs_each_term_by_idf() -> None:
    assert query_weights([7, 8], [0.5, 0.0]) == {7: 0.5}
