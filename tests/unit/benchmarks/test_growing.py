"""What a collection is grown by: other memories of the same minds, like the first in all that is measured."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.timing.growing import again, renamed
from cognition.stores import payloads
from cognition.stores.backend import Point, Sparse
from schemas.memory import Memory

FIRST = "0c2d8a52-9c3b-5d2e-8a55-0a3f6a0f3f11"


def point() -> Point:
    rng = np.random.default_rng(3)
    dense = rng.standard_normal(768).astype(np.float32)
    terms = Sparse(np.array([1, 5], np.uint32), np.array([0.5, 1.0], np.float32))
    memory = Memory(
        id=FIRST,
        mind="ana",
        key="k",
        entry="1-0",
        episode_id=FIRST,
        content="sea",
        occurred_at=10.0,
        encoded_at=11.0,
    )
    return Point(FIRST, payloads.encode(memory), {"context": dense / np.linalg.norm(dense), "lexical": terms})


def test_a_point_comes_again_as_another_memory_of_the_same_mind() -> None:
    first = point()
    second = again(first, 2, 100.0, np.random.default_rng(1))
    assert second.id == renamed(FIRST, 2) != first.id
    assert second.id != again(first, 3, 100.0, np.random.default_rng(1)).id
    was, now = (payloads.decode(Memory, p.id, p.payload) for p in (first, second))
    assert (now.id, now.key, now.episode_id) == (second.id, "k/2", renamed(FIRST, 2))
    assert (now.occurred_at, now.encoded_at) == (210.0, 211.0)
    moved = {"id", "key", "episode_id", "occurred_at", "encoded_at", "last_accessed"}
    assert all(getattr(now, f) == getattr(was, f) for f in Memory.__struct_fields__ if f not in moved)
    assert first.payload["key"] == "k"
    assert second.vectors["lexical"] is first.vectors["lexical"]
    dense = second.vectors["context"]
    assert isinstance(dense, np.ndarray)
    assert np.linalg.norm(dense) == pytest.approx(1.0, abs=1e-5)
    assert float(dense @ first.vectors["context"]) == pytest.approx(0.94, abs=0.02)  # type: ignore[operator]
