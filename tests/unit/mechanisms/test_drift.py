"""The temporal context of the dense vector."""

import numpy as np
import pytest

from cognition.mechanisms.drift import DECAY, DRIFT, Drift
from cognition.mechanisms.vectors import DIMENSION, Dense


def unit(place: int) -> Dense:
    row = np.zeros(DIMENSION, np.float32)
    row[place] = 1.0
    return row


def test_each_memory_leans_towards_those_before_it_the_later_the_more() -> None:
    drift = Drift()
    first, second, third = (drift.take(unit(i), 1.0) for i in range(3))
    assert first is not None
    np.testing.assert_array_equal(first, unit(0))
    assert second[0] / second[1] == pytest.approx(DRIFT)
    assert third[1] / third[2] == pytest.approx(DRIFT)
    assert third[0] / third[2] == pytest.approx(DRIFT * DECAY)
    assert np.linalg.norm(third) == pytest.approx(1.0, abs=1e-6)


def test_a_memory_that_speaks_for_itself_stays_as_it_is() -> None:
    drift = Drift()
    drift.take(unit(0), 1.0)
    np.testing.assert_allclose(drift.take(unit(1), 0.0), unit(1))
    assert drift.take(unit(2), 1.0)[1] > 0, "it is context all the same"


def test_a_vector_that_came_in_is_never_changed() -> None:
    drift, given = Drift(), [unit(i) for i in range(4)]
    for row in given:
        drift.take(row, 1.0)
    assert all(np.array_equal(row, unit(i)) for i, row in enumerate(given))


def test_switched_off_or_at_a_beginning_the_vector_is_the_bare_one_itself() -> None:
    off, on, row = Drift(0.0), Drift(), unit(0)
    assert on.take(row, 1.0) is row
    assert off.take(row, 1.0) is row
    assert off.take(row, 1.0) is row
    on.end()
    assert on.take(row, 1.0) is row


def test_opposite_vectors_that_cancel_out_leave_the_bare_one() -> None:
    drift, row = Drift(1.0), unit(0)
    drift.take(-row, 1.0)
    np.testing.assert_array_equal(drift.take(row, 1.0), row)


def test_it_goes_on_from_a_snapshot_to_the_last_bit() -> None:
    drift = Drift()
    for i in range(3):
        drift.take(unit(i), 1.0)
    again = Drift.restore(drift.snapshot())
    np.testing.assert_array_equal(again.take(unit(5), 0.5), drift.take(unit(5), 0.5))
    with pytest.raises(ValueError, match="buffer"):
        Drift.restore(b"short")
