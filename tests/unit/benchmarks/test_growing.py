"""What a collection is grown by: other memories of the same minds, like the first in all that is measured."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.timing.growing import again, renamed
from cognition.stores.backend import Point, Sparse

FIRST = "0c2d8a52-9c3b-5d2e-8a55-0a3f6a0f3f11"


def point() -> Point:
    rng = np.random.default_rng(3)
    dense = rng.standard_normal(768).astype(np.float32)
    terms = Sparse(np.array([1, 5], np.uint32), np.array([0.5, 1.0], np.float32))
    payload = {
        "mind": "ana",
        "key": "k",
        "episode_id": FIRST,
        "occurred_at": 10.0,
        "context": {"place": "sea"},
    }
    return Point(FIRST, payload, {"context": dense / np.linalg.norm(dense), "lexical": terms})


def test_a_point_comes_again_as_another_memory_of_the_same_mind() -> None:
    first = point()
    second = again(first, 2, 100.0, np.random.default_rng(1))
    assert second.id == renamed(FIRST, 2) != first.id
    assert second.id != again(first, 3, 100.0, np.random.default_rng(1)).id
    assert second.payload == {
        "mind": "ana",
        "key": "k/2",
        "episode_id": renamed(FIRST, 2),
        "occurred_at": 210.0,
        "context": {"place": "sea"},
    }
    assert first.payload["key"] == "k"
    assert second.vectors["lexical"] is first.vectors["lexical"]
    dense = second.vectors["context"]
    assert isinstance(dense, np.ndarray)
    assert np.linalg.norm(dense) == pytest.approx(1.0, abs=1e-5)
    assert float(dense @ first.vectors["context"]) == pytest.approx(0.94, abs=0.02)  # type: ignore[operator]
