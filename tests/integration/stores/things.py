"""The points that integration tests of the stores write: number i says all that there is to say."""

import uuid

import numpy as np

from cognition.stores.backend import CollectionSpec, FieldType, Hit, Point, Sparse

SPEC = CollectionSpec(
    "things", {"v": 16}, ("s",), {"mind": FieldType.TENANT, "n": FieldType.INTEGER, "kind": FieldType.KEYWORD}
)


def point_id(number: int) -> str:
    return str(uuid.UUID(int=number + 1))


def point(number: int, kind: str = "first") -> Point:
    vector = np.zeros(16, np.float32)
    vector[number % 16], vector[number // 16 % 16] = 1.0, 0.5
    sparse = Sparse(np.array([number % 7, 100 + number], np.uint32), np.array([0.5, 1.0], np.float32))
    payload = {"mind": "m", "n": number, "kind": kind, "content": f"thing {number}"}
    return Point(point_id(number), payload, {"v": vector, "s": sparse})


def assert_whole(hits: list[Hit], numbers: range | set[int], kind: str = "first") -> None:
    """Exactly these points, each whole."""
    by_id = {hit.id: hit for hit in hits}
    assert len(by_id) == len(hits)
    assert set(by_id) == {point_id(i) for i in numbers}
    for number in numbers:
        expected, hit = point(number, kind), by_id[point_id(number)]
        assert hit.payload == expected.payload
        assert hit.vectors is not None
        stored, given = hit.vectors["v"], expected.vectors["v"]
        assert not isinstance(stored, Sparse)
        assert not isinstance(given, Sparse)
        np.testing.assert_allclose(stored, given / np.linalg.norm(given), atol=1e-6)
        sparse = hit.vectors["s"]
        assert isinstance(sparse, Sparse)
        assert sparse.indices.tolist() == sorted({number % 7, 100 + number})
