"""What one replica holds otherwise than another is seen, whatever part of a point it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.timing.replicas import NEAR, Held, different
from cognition.stores.backend import Sparse

DENSE = np.array([0.6, 0.8], np.float32)
WORDS = Sparse(np.array([3, 9], np.uint32), np.array([0.5, 1.0], np.float32))
ONE = Held({"mind": "ana", "rev": 4, "associations": [{"weight": 0.5}]}, {"context": DENSE, "lexical": WORDS})


def test_the_same_on_every_node_is_nothing() -> None:
    sent_anew = replace(ONE, vectors={**ONE.vectors, "context": DENSE + np.float32(NEAR / 4)})
    assert different([{"a": ONE, "b": ONE}, {"b": ONE, "a": sent_anew}, {"a": ONE, "b": ONE}]) == []
    assert different([{}, {}]) == []


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, payload={**ONE.payload, "rev": 5}),
        replace(ONE, payload={**ONE.payload, "associations": [{"weight": 0.6}]}),
        replace(ONE, payload={"mind": "ana"}),
        replace(ONE, vectors={"context": DENSE}),
        replace(ONE, vectors={**ONE.vectors, "context": DENSE[::-1]}),
        replace(ONE, vectors={**ONE.vectors, "context": WORDS}),
        replace(ONE, vectors={**ONE.vectors, "lexical": Sparse(WORDS.indices, WORDS.values[::-1])}),
        replace(ONE, vectors={**ONE.vectors, "lexical": Sparse(WORDS.indices + 1, WORDS.values)}),
    ],
    ids=["payload", "nested", "field", "vector", "numbers", "kind", "weights", "terms"],
)
@pytest.mark.parametrize("place", range(3))
def test_what_one_node_holds_otherwise_is_told(other: Held, place: int) -> None:
    nodes = [{"a": ONE, "b": ONE} for _ in range(3)]
    nodes[place] = {"a": ONE, "b": other}
    assert different(nodes) == ["b"]


@pytest.mark.parametrize("place", range(3))
def test_what_one_node_lacks_is_told(place: int) -> None:
    nodes = [{"a": ONE, "b": ONE} for _ in range(3)]
    del nodes[place]["a"]
    assert different(nodes) == ["a"]
