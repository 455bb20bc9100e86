"""Dense vectors as they enter the mind: read, checked, brought to unit length.

Knows nothing of where a vector comes from or goes to.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cognition.errors import BadPerceptError, EmbeddingError

Dense = NDArray[np.float32]

DIMENSION = 768
"""Of the one vector space that all minds share (ADR-020; all-mpnet-base-v2)."""

NORM_MIN = 1e-12
"""Below this length a direction is rounding noise of float32 (machine epsilon 1.2e-7), not meaning."""

_REMEDY = f"Give {DIMENSION} float32 values, little-endian (base64 in JSON), or leave the vector out"


def decode_vector(data: bytes, dimension: int = DIMENSION) -> Dense:
    """Read the vector that a caller brought along, and normalise it.

    .. math:: \\hat v = v / \\lVert v \\rVert_2

    Parameters
    ----------
    data : ``4 * dimension`` bytes, float32 little-endian.
    dimension : length of the vector space.

    Returns
    -------
    (dimension,) float32 of unit length, owned by the caller.

    Raises
    ------
    BadPerceptError
        Wrong length, a NaN or infinity (with its place), or no direction at all. A vector
        that cannot be compared is refused; it is never replaced by zeros.
    """
    if len(data) != 4 * dimension:
        raise BadPerceptError(
            f"vector has {len(data)} bytes ({len(data) / 4:g} float32 values), expected {4 * dimension}",
            remedy=_REMEDY,
        )
    v: Dense = np.frombuffer(data, dtype="<f4")
    wide = v.astype(np.float64)
    norm = math.sqrt(wide.dot(wide))
    if not NORM_MIN < norm < math.inf:
        raise BadPerceptError(_fault(v), remedy=_REMEDY)
    wide *= 1.0 / norm
    return wide.astype(np.float32)


def as_kept(v: Dense) -> Dense:
    """The unit vector (d,) as its memory gives it back, which keeps half precision, 11 bits.

    Whatever is derived from what came in is then derived from what is kept just as well. The cosine of
    two vectors moves by about 1e-5. Invariant: kept once or many times, the same to the last bit.
    """
    return normalise(v.astype(np.float16))


def normalise(v: NDArray[np.floating]) -> Dense:
    """The vector of unit length in the direction of `v` (d,); raises `ValueError` if it has none."""
    wide = np.asarray(v, dtype=np.float64)
    norm = math.sqrt(wide.dot(wide))
    if not NORM_MIN < norm < math.inf:
        raise ValueError(f"a vector of norm {norm:g} has no direction")
    unit: Dense = (wide / norm).astype(np.float32)
    return unit


def check_rows(m: NDArray[np.floating], dimension: int = DIMENSION) -> Dense:
    """Normalise what an embedder returned, row by row.

    Parameters
    ----------
    m : (n, dimension) of any floating type.

    Returns
    -------
    (n, dimension) float32, every row of unit length.

    Raises
    ------
    EmbeddingError
        The shape is wrong, or a row is not finite or has no direction; names the first such row.
    """
    if m.ndim != 2 or m.shape[1] != dimension:
        raise EmbeddingError(
            f"the embedder returned shape {m.shape}, expected (n, {dimension})",
            remedy=f"Configure a model of {dimension} dimensions",
        )
    wide = m.astype(np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    bad = np.flatnonzero(~((norms > NORM_MIN) & (norms < np.inf)))
    if bad.size:
        raise EmbeddingError(
            f"row {int(bad[0])} of {len(m)} from the embedder has norm {float(norms[bad[0]]):g}",
            remedy="Retry; if it persists, verify the weights with `cognition model install`",
        )
    rows: Dense = (wide / norms[:, None]).astype(np.float32)
    return rows


def _fault(v: Dense) -> str:
    """Why this vector has no direction."""
    bad = np.flatnonzero(~np.isfinite(v))
    if bad.size:
        return f"vector holds {float(v[bad[0]])} at position {int(bad[0])}"
    return "vector has zero norm, so it points nowhere and is like nothing"
