"""What is read out of a server's messages is what the vendor's client reads."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import grpc
from qdrant_client.conversions.conversion import GrpcToRest

from cognition.stores.backend import Sparse
from cognition.stores.server_reading import vectors_of
from cognition.stores.server_values import vectors_out

NUMBERS = st.lists(st.floats(width=32, allow_nan=False), max_size=40)
WORDS = st.dictionaries(st.integers(0, 2**32 - 1), st.floats(width=32, allow_nan=False), max_size=5)


def as_now(dense: list[float], words: dict[int, float]) -> dict[str, grpc.VectorOutput]:
    sparse = grpc.SparseVector(indices=list(words), values=list(words.values()))
    return {
        "v": grpc.VectorOutput(dense=grpc.DenseVector(data=dense)),
        "s": grpc.VectorOutput(sparse=sparse),
    }


def as_once(dense: list[float], words: dict[int, float]) -> dict[str, grpc.VectorOutput]:
    """The fields that newer servers have others for."""
    indices = grpc.SparseIndices(data=list(words))
    return {
        "v": grpc.VectorOutput(data=dense),
        "s": grpc.VectorOutput(data=list(words.values()), indices=indices),
    }


@pytest.mark.parametrize("said", [as_now, as_once])
@given(dense=NUMBERS, words=WORDS)
def test_vectors_are_those_that_the_vendor_reads(
    said: Any, dense: list[float], words: dict[int, float]
) -> None:
    found = grpc.VectorsOutput(vectors=grpc.NamedVectorsOutput(vectors=said(dense, words)))
    ours, theirs = vectors_of(found), vectors_out(GrpcToRest.convert_vectors_output(found))
    assert set(ours) == set(theirs) == {"v", "s"}
    np.testing.assert_array_equal(ours["v"], theirs["v"])
    one, other = ours["s"], theirs["s"]
    assert isinstance(one, Sparse)
    assert isinstance(other, Sparse)
    np.testing.assert_array_equal(one.indices, other.indices)
    np.testing.assert_array_equal(one.values, other.values)


def test_vectors_can_be_written_on() -> None:
    found = grpc.VectorsOutput(vectors=grpc.NamedVectorsOutput(vectors=as_now([1.0, 2.0], {})))
    vector = vectors_of(found)["v"]
    assert not isinstance(vector, Sparse)
    vector *= 2
    assert vector.tolist() == [2.0, 4.0]
