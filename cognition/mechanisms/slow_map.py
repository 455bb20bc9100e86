"""The slow map: what of a stream's meaning persists from percept to percept, what opens and closes events.

Knows vectors alone, in order: sums over the past (`SlowSums`), and what is solved from them in closed
form (`SlowMap`). It must not know where a boundary is, nor who keeps the sums between two lessons.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cognition.mechanisms.vectors import DIMENSION, Dense

RANK = 200
"""Directions of largest variance that are kept (measured on DialSeg711 and TIAGE)."""

SHRINKAGE = 1_000
"""Percepts, pairs or gaps after which what was learned counts as much as what is assumed (same data)."""

SLOWNESS_PRIOR = 0.3
"""Correlation over one or two percepts that is assumed of every direction (same data)."""

SLOWNESS_MAX = 0.95
LAGS = (1, 2)
REMEMBERED = 32_768
"""Percepts from which on all sums are halved: the map follows a stream that changes, and stays exact."""

VARIANCE_MIN = 1e-6
"""Mean variance of a direction below which there is nothing to learn (a constant stream): its floor."""

GROWTH = 1.2
"""A map is solved anew when so many times as much was learned from (measured on DialSeg711 and TIAGE)."""

_MAGIC = b"SLM2"
"""1 did not say of which model its vectors were."""

_HEAD = struct.Struct("<4s8sIIddddd")
_MAP_HEAD = struct.Struct("<4s8sIII")

Matrix = NDArray[np.float64]


class UnfitMapError(ValueError):
    """A stored map that is of another model, another dimension, or damaged: it is to be learned anew."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Percepts that follow each other: vectors (m, d); whether each continues the one before it; and how
    surely the gap before each is a boundary, 0..1 (NaN where there is none). The first `carried` were
    in the lesson before and are here for what follows them."""

    vectors: Dense
    continues: NDArray[np.bool_]
    evidence: NDArray[np.float64]
    carried: int


@dataclass(frozen=True, slots=True)
class SlowMap:
    """What is solved from the sums: features in which two percepts of one event are alike, and the cue.

    .. math:: \\phi(e) = \\rho^{1/2} Q^\\top P^\\top (e - \\mu), \\qquad
              cue_i = w_L (e_{i-1} - \\mu) + w_R (e_i - \\mu)

    P whitens the first `RANK` directions of the covariance (shrunk towards their mean variance), Q and
    rho are the eigenvectors and eigenvalues of the lagged covariance there: how slowly each
    feature changes. w_L and w_R are the regressions of the evidence of a boundary on what closes and
    what opens an event. (Wiskott & Sejnowski 2002, slow feature analysis; Zacks et al. 2007.)

    `n` : percepts learned from. `mean` (d,); `parts` (r + 2, d) the rows of rho^1/2 Q' P', then w_L and w_R;
    `offsets` (r + 2,) their products with the mean; float32.
    """

    n: int
    mean: Dense
    parts: Dense
    offsets: Dense

    @classmethod
    def of(cls, n: int, mean: Dense, rows: Dense, closing: Dense, opening: Dense) -> SlowMap:
        """The map of these parts."""
        parts = np.vstack([rows, closing, opening])
        return cls(n, mean, parts, parts @ mean)

    @property
    def rows(self) -> Dense:
        """What gives the features, (r, d)."""
        return self.parts[:-2]

    @property
    def closing(self) -> Dense:
        """w_L, (d,)."""
        found: Dense = self.parts[-2]
        return found

    @property
    def opening(self) -> Dense:
        """w_R, (d,)."""
        found: Dense = self.parts[-1]
        return found

    @property
    def size(self) -> int:
        """Bytes of all of it."""
        return self.mean.nbytes + self.parts.nbytes + self.offsets.nbytes

    @property
    def weight(self) -> float:
        """How far the map is trusted against the plain cosine: n / (n + 1000)."""
        return self.n / (self.n + SHRINKAGE)

    def judge(self, vector: Dense) -> tuple[Dense, float, float]:
        """phi of one vector (d,), and how much it closes an event and opens one, in units of z: what the
        vector before a gap closes and the one after it opens add up to the cue."""
        found = self.parts @ vector - self.offsets
        return found[:-2], float(found[-2]), float(found[-1])

    def to_bytes(self, model: str = "") -> bytes:
        """All of it, 4 (r + 3) d bytes: 0.6 MB; of vectors of this model."""
        head = _MAP_HEAD.pack(_MAGIC, _fingerprint(model), self.mean.size, len(self.rows), self.n)
        parts = (self.mean, self.closing, self.opening, self.rows)
        return head + b"".join(part.astype("<f4").tobytes() for part in parts)

    @classmethod
    def from_bytes(cls, body: bytes, model: str = "", dimension: int = DIMENSION) -> SlowMap:
        """What `to_bytes` wrote. Raises `UnfitMapError` if it is of another model, another dimension or
        damaged."""
        head = _MAP_HEAD.size
        found = _MAP_HEAD.unpack_from(body) if len(body) >= head else (b"", b"", 0, 0, 0)
        magic, of, d, rank, n = found
        if magic != _MAGIC or d != dimension or len(body) != head + 4 * d * (rank + 3):
            raise UnfitMapError(f"a map of {d} dimensions in {len(body)} bytes is none of {dimension}")
        if of != _fingerprint(model):
            raise UnfitMapError(f"a map of another embedding model than {model!r}")
        values = np.frombuffer(body, "<f4", offset=head).astype(np.float32).reshape(rank + 3, d)
        if not np.isfinite(values).all():
            raise UnfitMapError("a map that holds numbers that are none")
        return cls.of(n, values[0], values[3:], values[1], values[2])


class SlowSums:
    """Running sums over the past of one stream, from which a map is solved.

    .. math:: S = \\sum e_t, \\quad C = \\sum e_t e_t^\\top, \\quad
              A = \\tfrac12 \\sum_{l=1,2} (e_{t-l} e_t^\\top + e_t e_{t-l}^\\top), \\quad
              L = \\sum p_i e_{i-1}, \\quad R = \\sum p_i e_i

    Both matrices are symmetric and are kept packed in float32: 2.4 MB at 768 dimensions, whatever
    the length of the stream. The same lessons in the same order give the same sums.
    """

    __slots__ = ("closing", "dimension", "evidence", "lagged", "n", "opening", "pairs", "squares", "total")

    def __init__(self, dimension: int = DIMENSION) -> None:
        self.dimension = dimension
        self.n = 0.0
        self.pairs = 0.0
        self.evidence = (0.0, 0.0, 0.0)
        """Gaps judged, sum of their evidence, sum of its squares."""
        self.total: Matrix = np.zeros(dimension)
        self.closing: Matrix = np.zeros(dimension)
        self.opening: Matrix = np.zeros(dimension)
        self.squares: Matrix = np.zeros((dimension, dimension))
        self.lagged: Matrix = np.zeros((dimension, dimension))

    def take(self, lesson: Lesson) -> None:
        """Add what came after the carried ones."""
        if self.n >= REMEMBERED:
            self._halve()
        vectors, first = lesson.vectors.astype(np.float64), lesson.carried
        new = vectors[first:]
        self.total += new.sum(axis=0)
        self.squares += new.T @ new
        self.n += len(new)
        self._follow(vectors, lesson.continues, first)
        self._judge(vectors, lesson.evidence, first)

    def solve(self) -> SlowMap:
        """The map of these sums: two eigenproblems, 0.1 to 0.3 s at 768 dimensions on one core."""
        mean = self.total / max(1.0, self.n)
        covariance = self.squares / max(1.0, self.n) - np.outer(mean, mean)
        whitening = _whitening(covariance, self.n)
        lagged = self.lagged / max(1.0, self.pairs) - np.outer(mean, mean)
        inside = whitening.T @ lagged @ whitening
        prior = SHRINKAGE * SLOWNESS_PRIOR * np.eye(len(inside))
        inside = (self.pairs * inside + prior) / (self.pairs + SHRINKAGE)
        slowness, directions = np.linalg.eigh((inside + inside.T) / 2.0)
        scale = np.sqrt(np.clip(slowness, 0.0, SLOWNESS_MAX))
        closing, opening = self._cue(mean, whitening)
        return SlowMap.of(
            n=int(self.n),
            mean=mean.astype(np.float32),
            rows=(scale[:, None] * (directions.T @ whitening.T)).astype(np.float32),
            closing=closing.astype(np.float32),
            opening=opening.astype(np.float32),
        )

    def round(self) -> None:
        """To what `to_bytes` keeps of them."""
        for name in ("total", "closing", "opening", "squares", "lagged"):
            setattr(self, name, getattr(self, name).astype(np.float32).astype(np.float64))

    def to_bytes(self, model: str = "") -> bytes:
        """All of it, about 4 d (d + 4) bytes; of vectors of this model."""
        upper = np.triu_indices(self.dimension)
        head = _HEAD.pack(_MAGIC, _fingerprint(model), self.dimension, 0, self.n, self.pairs, *self.evidence)
        sums = (self.total, self.closing, self.opening, self.squares[upper], self.lagged[upper])
        return head + b"".join(part.astype("<f4").tobytes() for part in sums)

    @classmethod
    def from_bytes(cls, body: bytes, model: str = "", dimension: int = DIMENSION) -> SlowSums:
        """What `to_bytes` wrote. Raises `UnfitMapError` if it is of another model, another dimension or
        damaged."""
        nothing = (b"", b"", 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0)
        magic, of, *found = _HEAD.unpack_from(body) if len(body) >= _HEAD.size else nothing
        packed = dimension * (dimension + 1) // 2
        size = _HEAD.size + 4 * (3 * dimension + 2 * packed)
        if (magic, found[0]) != (_MAGIC, dimension) or len(body) != size:
            raise UnfitMapError(f"sums of {found[0]} dimensions in {len(body)} bytes are none of {dimension}")
        if of != _fingerprint(model):
            raise UnfitMapError(f"sums of another embedding model than {model!r}")
        values = np.frombuffer(body, "<f4", offset=_HEAD.size).astype(np.float64)
        if not np.isfinite(values).all():
            raise UnfitMapError("sums that hold numbers that are none")
        sums = cls(dimension)
        sums.n, sums.pairs, *evidence = found[2:]
        sums.evidence = (evidence[0], evidence[1], evidence[2])
        d = dimension
        sums.total, sums.closing, sums.opening = (values[i * d : (i + 1) * d].copy() for i in range(3))
        sums.squares = _unpacked(values[3 * d : 3 * d + packed], d)
        sums.lagged = _unpacked(values[3 * d + packed :], d)
        return sums

    def _follow(self, vectors: Matrix, continues: NDArray[np.bool_], first: int) -> None:
        for lag in LAGS:
            reached = [
                t for t in range(max(first, lag), len(vectors)) if continues[t - lag + 1 : t + 1].all()
            ]
            if reached:
                after = np.array(reached)
                product = vectors[after - lag].T @ vectors[after]
                self.lagged += (product + product.T) / 2.0
                self.pairs += len(reached)

    def _judge(self, vectors: Matrix, evidence: NDArray[np.float64], first: int) -> None:
        judged = np.flatnonzero(np.isfinite(evidence))
        judged = judged[judged >= max(first, 1)]
        sure = evidence[judged]
        count, total, squares = self.evidence
        self.evidence = (count + len(judged), total + float(sure.sum()), squares + float(sure.dot(sure)))
        self.closing += sure @ vectors[judged - 1]
        self.opening += sure @ vectors[judged]

    def _cue(self, mean: Matrix, whitening: Matrix) -> tuple[Matrix, Matrix]:
        """The regressions of the evidence on what went before and on what came, in the kept directions."""
        count, total, squares = self.evidence
        if count < 1.0:
            return np.zeros(self.dimension), np.zeros(self.dimension)
        share = total / count
        deviation = np.sqrt(max(squares / count - share * share, VARIANCE_MIN))
        scale = count / (count + SHRINKAGE) / deviation
        closing, opening = (
            whitening @ (whitening.T @ (each / count - share * mean)) * scale
            for each in (self.closing, self.opening)
        )
        return closing, opening

    def _halve(self) -> None:
        for each in (self.total, self.closing, self.opening, self.squares, self.lagged):
            each *= 0.5
        self.n, self.pairs = 0.5 * self.n, 0.5 * self.pairs
        count, total, squares = self.evidence
        self.evidence = (0.5 * count, 0.5 * total, 0.5 * squares)


def worth(sums: SlowSums, known: SlowMap | None) -> bool:
    """Whether these sums differ enough from those of the map to solve another one."""
    return known is None or not known.n / GROWTH < sums.n < known.n * GROWTH


def continuing(flags: Sequence[bool]) -> NDArray[np.bool_]:
    """Flags as a lesson wants them."""
    return np.array(flags, dtype=np.bool_)


def _fingerprint(model: str) -> bytes:
    """Eight bytes that stand for a model: vectors of another one of the same length are no neighbours."""
    return hashlib.blake2b(model.encode(), digest_size=8).digest()


def _whitening(covariance: Matrix, n: float) -> Matrix:
    """P = V l^-1/2 of the largest directions, (d, r); l = w lambda + (1 - w) m + m, m their mean."""
    variance, directions = np.linalg.eigh(covariance)
    variance, directions = np.maximum(variance[::-1][:RANK], 0.0), directions[:, ::-1][:, :RANK]
    middle = max(float(variance.mean()), VARIANCE_MIN)
    trust = n / (n + SHRINKAGE)
    found: Matrix = directions / np.sqrt(trust * variance + (1.0 - trust) * middle + middle)
    return found


def _unpacked(values: Matrix, dimension: int) -> Matrix:
    whole = np.zeros((dimension, dimension))
    upper = np.triu_indices(dimension)
    whole[upper] = values
    whole[upper[1], upper[0]] = values
    return whole
