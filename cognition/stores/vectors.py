"""Vectors at the door of the stores: nothing bad is ever stored.

An engine takes NaN, zero vectors and doubled indices without a word and answers wrongly
ever after, so they are refused here. This module must not know any engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cognition.errors import BadPerceptError
from cognition.ports.embedder import DIMENSION
from cognition.ports.stores import Terms
from cognition.stores.backend import Dense, Sparse, Vector

TERM_MAX: Final = 2**32 - 1
"""Largest term id: indices of sparse vectors are unsigned 32-bit."""

NORM_MIN: Final = 1e-12
"""Below this length a vector has no direction that float32 could keep."""

_WEIGHTS_MAX: Final = float(np.finfo(np.float32).max)
"""All weights of a vector together: none is infinite."""

_REMEDY: Final = f"Give {DIMENSION} finite float32 values that are not all zero."


def dense(vector: NDArray[np.floating], whose: str) -> Dense:
    """The vector as it is stored; raises `BadPerceptError` that names whose it is."""
    array = np.ascontiguousarray(vector, dtype=np.float32)
    if array.shape != (DIMENSION,):
        raise BadPerceptError(f"The vector of {whose} has shape {array.shape}", remedy=_REMEDY)
    square = float(array @ array)
    if not math.isfinite(square):
        raise BadPerceptError(f"The vector of {whose} is not finite", remedy=_REMEDY)
    if square < NORM_MIN * NORM_MIN:
        raise BadPerceptError(f"The vector of {whose} is zero", remedy=_REMEDY)
    return array


def sparse(terms: Terms, whose: str) -> Sparse:
    """Term weights as a sparse vector, indices increasing; raises `BadPerceptError`."""
    ids = sorted(terms)
    if ids and not 0 <= ids[0] <= ids[-1] <= TERM_MAX:
        raise BadPerceptError(
            f"A term id of {whose} is outside 0..{TERM_MAX}: {ids[0]} or {ids[-1]}",
            remedy="Term ids are unsigned 32-bit hashes.",
        )
    weights = [terms[i] for i in ids]
    if ids and not 0.0 < min(weights) <= sum(weights) <= _WEIGHTS_MAX:  # the sum of a NaN is none
        raise BadPerceptError(
            f"A term weight of {whose} is not a positive number", remedy="Leave out terms without weight."
        )
    return Sparse(np.array(ids, dtype=np.uint32), np.array(weights, dtype=np.float32))


def terms(vectors: Mapping[str, Vector], name: str) -> dict[int, float]:
    """The weights of a sparse vector, empty where the point has none."""
    found = vectors.get(name)
    if not isinstance(found, Sparse):
        return {}
    return dict(zip(found.indices.tolist(), found.values.tolist(), strict=True))


def array(vectors: Mapping[str, Vector], name: str) -> Dense:
    """A dense vector that every point of its collection has."""
    found = vectors[name]
    assert not isinstance(found, Sparse), f"{name} is not dense"
    return found
