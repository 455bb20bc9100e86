"""When two backends agree: the tolerance and the tie rules, written once.

- Scores agree within `SCORE`: engines sum float32 in another order than NumPy does.
- Equal scores come in any order: whoever is better than the last one by more than `SCORE`
  has to be there, and everyone who is there has to have the score that was said.
- A payload's null is an absent field: a patch removes what it sets to null, an engine may drop
  a null inside what it merges, and no reader tells them apart.
- Dense vectors come back with unit length, within `SCORE` per component (`HALF` where only kept).
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cognition.stores.backend import Hit, Sparse, Vector

SCORE = 1e-5

HALF = 1e-3
"""A vector that is only kept (`k`) may come back in half precision: 11 bits."""


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return value


def assert_same_points(ours: Sequence[Hit], theirs: Sequence[Hit]) -> None:
    """The same points with the same payloads and vectors, in any order."""
    left, right = {hit.id: hit for hit in ours}, {hit.id: hit for hit in theirs}
    assert left.keys() == right.keys()
    for point_id, hit in left.items():
        other = right[point_id]
        assert without_nulls(hit.payload) == without_nulls(other.payload)
        assert_same_vectors(hit.vectors, other.vectors)


def assert_same_vectors(ours: Mapping[str, Vector] | None, theirs: Mapping[str, Vector] | None) -> None:
    assert (ours or {}).keys() == (theirs or {}).keys()
    for name, vector in (ours or {}).items():
        other = (theirs or {})[name]
        if isinstance(vector, Sparse):
            assert isinstance(other, Sparse)
            np.testing.assert_array_equal(vector.indices, other.indices)
            np.testing.assert_allclose(vector.values, other.values, atol=SCORE)
        else:
            assert not isinstance(other, Sparse)
            np.testing.assert_allclose(vector, other, atol=HALF if name == "k" else SCORE)


def assert_same_ranking(answer: Sequence[Hit], everyone: Sequence[Hit], limit: int) -> None:
    """`answer` is a right answer, given the oracle's score of `everyone` who qualifies."""
    scores = {hit.id: hit.score for hit in everyone}
    assert len(answer) == min(limit, len(everyone))
    assert len({hit.id for hit in answer}) == len(answer)
    for hit in answer:
        assert abs(hit.score - scores[hit.id]) <= SCORE
    given = [hit.score for hit in answer]
    assert all(a >= b - SCORE for a, b in itertools.pairwise(given))
    last = given[-1] if given else float("inf")
    better = {point_id for point_id, score in scores.items() if score > last + SCORE}
    assert better <= {hit.id for hit in answer} or len(answer) < limit
