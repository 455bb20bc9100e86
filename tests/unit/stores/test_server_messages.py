"""What is written in place on its way to a server is what the vendor's client would have sent."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import grpc
from qdrant_client.conversions.conversion import RestToGrpc

from cognition.stores.backend import Payload, Point, Sparse
from cognition.stores.server_messages import put_payload, put_point, put_vector
from cognition.stores.server_values import points_in

ID = "5f0d2ab0-6e7c-4b7e-9f5e-0c1f5f3a7d11"
WHOLE = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
PAYLOADS = st.dictionaries(st.text(), VALUES, max_size=5)
NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
SPARSE = st.dictionaries(st.integers(0, 2**32 - 1), NUMBERS, max_size=5)


@given(payload=PAYLOADS, dense=st.lists(NUMBERS, max_size=40), sparse=SPARSE)
def test_a_point_is_the_message_that_the_vendor_makes_of_it(
    payload: Payload, dense: list[float], sparse: dict[int, float]
) -> None:
    words = Sparse(np.array(list(sparse), np.uint32), np.array(list(sparse.values()), np.float32))
    point = Point(ID, payload, {"v": np.array(dense, np.float32), "s": words})
    ours = grpc.PointStruct()
    put_point(ours, point)
    (theirs,) = points_in([point])
    assert ours == RestToGrpc.convert_point_struct(theirs)


def test_a_point_without_vectors_says_that_it_has_none() -> None:
    ours = grpc.PointStruct()
    put_point(ours, Point(ID, {}, {}))
    assert ours.HasField("vectors")
    assert ours.vectors.WhichOneof("vectors_options") == "vectors"


@pytest.mark.parametrize("size", [0, 1, 31, 32, 768, 5_000])
@pytest.mark.parametrize("kind", [np.float32, np.float64, ">f4"])
def test_numbers_of_any_size_and_order_of_bytes_arrive(size: int, kind: Any) -> None:
    numbers = np.linspace(-2, 2, size).astype(kind)
    stored, asked = grpc.Vector(), grpc.VectorInput()
    put_vector(stored, numbers)
    put_vector(asked, numbers)
    expected = numbers.astype(np.float32).tolist()
    assert list(stored.dense.data) == list(asked.dense.data) == expected


def test_what_is_no_value_of_a_payload_is_named() -> None:
    with pytest.raises(TypeError, match="Payload of nothing"):
        put_payload(grpc.PointStruct().payload, {"field": type("Payload of nothing", (), {})})
