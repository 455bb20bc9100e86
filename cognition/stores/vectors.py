"""Vectors at the door of the stores: nothing bad is ever stored.

An engine takes NaN, zero vectors and doubled indices without a word and answers wrongly
ever after, so they are refused here. This module must not know any engine.

Each mind has its own term ids in a store: those of the language, exclusive-or the mind's key. A search by
words thus reads the postings of one mind alone, however many share the store, and needs no filter for it
(measured with 10,000 memories of four minds: .12 for .97 ms).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cognition.errors import BadPerceptError
from cognition.ports.embedder import DIMENSION
from cognition.ports.stores import Terms
from cognition.stores.backend import Dense, Sparse, Vector

TERM_MAX: Final = 2**32 - 1
"""Largest term id: indices of sparse vectors are unsigned 32-bit."""

MIND_KEYS_MAX: Final = 4096
"""Keys of minds at hand; another one costs 2 us."""

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


@lru_cache(maxsize=MIND_KEYS_MAX)
def mind_key(mind: str) -> int:
    """What the term ids of a mind are mixed with, unsigned 32-bit."""
    return int.from_bytes(blake2b(mind.encode("utf-8", "replace"), digest_size=4).digest(), "little")


def sparse(terms: Terms, mind: str, whose: str) -> Sparse:
    """Term weights as a mind's sparse vector, indices increasing; raises `BadPerceptError`."""
    if terms and not 0 <= min(terms) <= max(terms) <= TERM_MAX:
        raise BadPerceptError(
            f"A term id of {whose} is outside 0..{TERM_MAX}: {min(terms)} or {max(terms)}",
            remedy="Term ids are unsigned 32-bit hashes.",
        )
    weights = terms.values()
    if terms and not 0.0 < min(weights) <= sum(weights) <= _WEIGHTS_MAX:  # the sum of a NaN is none
        raise BadPerceptError(
            f"A term weight of {whose} is not a positive number", remedy="Leave out terms without weight."
        )
    ids = np.fromiter(terms, np.uint32, len(terms)) ^ np.uint32(mind_key(mind))
    order = np.argsort(ids)
    return Sparse(ids[order], np.fromiter(weights, np.float32, len(terms))[order])


def terms(vectors: Mapping[str, Vector], name: str, mind: str) -> dict[int, float]:
    """The weights of a mind's sparse vector by term, empty where the point has none."""
    found = vectors.get(name)
    if not isinstance(found, Sparse):
        return {}
    ids = found.indices ^ np.uint32(mind_key(mind))
    order = np.argsort(ids)
    return dict(zip(ids[order].tolist(), found.values[order].tolist(), strict=True))


def array(vectors: Mapping[str, Vector], name: str) -> Dense:
    """A dense vector that every point of its collection has."""
    found = vectors[name]
    assert not isinstance(found, Sparse), f"{name} is not dense"
    return found
