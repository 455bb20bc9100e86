"""A given vector is normalised, or refused with what is wrong with it."""

import numpy as np
import pytest

from cognition.errors import BadPerceptError, EmbeddingError
from cognition.mechanisms.vectors import DIMENSION, check_rows, decode_vector, normalise


def packed(*values: float) -> bytes:
    row = np.zeros(DIMENSION, dtype="<f4")
    row[: len(values)] = values
    return row.tobytes()


def test_a_vector_comes_out_with_unit_length_and_its_direction() -> None:
    v = decode_vector(packed(3.0, 4.0))
    assert v.dtype == np.float32
    assert v[:2] == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e18, 3e37])
def test_magnitudes_whose_squares_leave_float32_are_still_directions(scale: float) -> None:
    assert decode_vector(packed(3 * scale, 4 * scale))[:2] == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\0" * 3068, "3068 bytes (767 float32 values), expected 3072"),
        (b"", "0 bytes"),
        (packed(1.0, float("nan")), "nan at position 1"),
        (packed(1.0, 2.0, float("-inf")), "-inf at position 2"),
        (packed(), "zero norm"),
        (packed(1e-30), "zero norm"),
    ],
)
def test_what_is_no_direction_is_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(BadPerceptError, match="vector") as caught:
        decode_vector(data)
    assert said in str(caught.value)
    assert "768 float32" in caught.value.remedy


def test_the_callers_bytes_are_not_kept() -> None:
    v = decode_vector(packed(1.0))
    v[0] = 5.0
    assert v.flags.owndata


def test_normalising_zeros_is_an_error() -> None:
    with pytest.raises(ValueError, match="no direction"):
        normalise(np.zeros(4))


def test_rows_are_normalised_one_by_one() -> None:
    rows = check_rows(np.array([[3.0, 4.0], [0.0, 1e-3]]), dimension=2)
    assert rows == pytest.approx(np.array([[0.6, 0.8], [0.0, 1.0]]))
    assert check_rows(np.zeros((0, 2)), dimension=2).shape == (0, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_a_bad_row_is_named(bad: float) -> None:
    rows = np.ones((3, 4))
    rows[1] = bad
    with pytest.raises(EmbeddingError, match="row 1 of 3"):
        check_rows(rows, dimension=4)


def test_a_model_of_another_dimension_is_named() -> None:
    with pytest.raises(EmbeddingError, match=r"\(2, 384\), expected \(n, 768\)"):
        check_rows(np.ones((2, 384)))
