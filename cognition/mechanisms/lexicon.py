"""A mind's own lexicon: what is common and what is rare in this life, and what is average.

Knows term ids, weights and vectors; knows no text and no memory. It is kept by the mind's one
writer, checkpointed, and can be rebuilt by adding every memory again, in any order.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from cognition.errors import DataVersionError
from cognition.mechanisms.vectors import DIMENSION, Dense

TERMS_MAX = 2_000_000
"""Distinct terms a mind counts, at about 150 bytes each; further new terms stay uncounted (df 0)."""

MEMORIES_MAX = 2**30 - 1
"""Memories a lexicon can count: the width of its fields."""

LENGTH_PRIOR = 20.0
"""Terms of a typical message, assumed before any was seen (LoCoMo's mean is 16)."""

LENGTH_PRIOR_WEIGHT = 20.0
"""Memories that the prior length counts for, so that a life's first words do not set the scale."""

SD_MIN = 0.05
"""Floor of the lexical standard deviation; keeps z finite where a cue's terms were never seen."""

_GRID = 4096
_S1, _DF = 56, 98
_M1, _M2 = (1 << 42) - 1, (1 << 56) - 1
_STEPS = [1 << _DF | q << _S1 | q * q for q in range(_GRID + 1)]
"""What one memory whose weight of a term is q / 4096 adds to the term's integer."""
_HEADER = struct.Struct("<4sHHQQQQ")
_MAGIC, _VERSION = b"LEXI", 1


class Lexicon:
    """Counts and moments per term, mean length and mean vector of one mind's memories.

    Of each term t the state holds df (memories that have it), S1 = sum of w and S2 = sum of
    w^2 over the stored weights, in one 128-bit integer (df : 30, S1 : 42, S2 : 56 bits; weights
    on a grid of 1/4096). Integers make removal the exact inverse of adding, and make the
    state independent of the order in which memories came.

    Parameters
    ----------
    dimension : of the dense vectors.

    Invariants: 0 <= df <= n; a term with df 0 is not held; `restore(snapshot())` is equal.
    """

    __slots__ = ("_changed", "_moments", "_sum", "_vectors", "n", "total_length")

    def __init__(self, dimension: int = DIMENSION) -> None:
        self.n = 0
        self.total_length = 0
        self._moments: dict[int, int] = {}
        self._changed: set[int] = set()
        self._sum: NDArray[np.float64] = np.zeros(dimension)
        self._vectors = 0

    def __len__(self) -> int:
        return len(self._moments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lexicon) and self.snapshot() == other.snapshot()

    __hash__ = None  # type: ignore[assignment]

    def add(self, terms: Mapping[int, float], length: int, vector: Dense | None) -> None:
        """Count one memory: its stored term weights (0..1), its length in terms, its vector (d,)."""
        moments = self._moments
        get = moments.get
        for term, weight in terms.items():
            held = get(term, 0)
            if held or len(moments) < TERMS_MAX:
                moments[term] = held + _STEPS[int(weight * _GRID + 0.5)]
        self._changed.update(terms)
        self.n += 1
        self.total_length += length
        if vector is not None:
            np.add(self._sum, vector, out=self._sum)
            self._vectors += 1

    def remove(self, terms: Mapping[int, float], length: int, vector: Dense | None) -> None:
        """Uncount a memory that was added with these values: the inverse of `add`, never below 0.

        Counts and moments return exactly; the mean vector to within rounding of float64.
        """
        for term, weight in terms.items():
            self._uncount(term, _STEPS[min(_GRID, int(weight * _GRID + 0.5))])
        self._changed.update(terms)
        self.n = max(0, self.n - 1)
        self.total_length = max(0, self.total_length - length)
        if vector is not None:
            self._vectors = max(0, self._vectors - 1)
            np.subtract(self._sum, vector, out=self._sum)
        if self._vectors == 0:
            self._sum[:] = 0.0

    def revise(self, changes: Mapping[int, tuple[float, float]]) -> None:
        """Some weights of one counted memory changed (term -> before, after; 0 where absent)."""
        moments = self._moments
        for term, (before, after) in changes.items():
            held = moments.get(term, 0)
            if held or len(moments) < TERMS_MAX:
                gained = _STEPS[int(after * _GRID + 0.5)] if after else 0
                lost = _STEPS[int(before * _GRID + 0.5)] if before else 0
                moments[term] = held + gained - lost
                if not moments[term]:
                    del moments[term]
        self._changed.update(changes)

    def move(self, before: Dense, after: Dense) -> None:
        """The dense vector of one counted memory changed."""
        self._sum += after.astype(np.float64) - before

    def merge(self, other: Lexicon) -> None:
        """Count all that the other has counted: as if its memories had been added here too."""
        for term, held in other._moments.items():
            mine = self._moments.get(term, 0)
            if mine or len(self._moments) < TERMS_MAX:
                self._moments[term] = mine + held
        self._changed.update(other._moments)
        self.n += other.n
        self.total_length += other.total_length
        self._sum += other._sum
        self._vectors += other._vectors

    def _uncount(self, term: int, step: int) -> None:
        held = self._moments.get(term, 0)
        df = (held >> _DF) - 1
        if df <= 0:
            self._moments.pop(term, None)
            return
        s1 = max(0, (held >> _S1 & _M1) - (step >> _S1 & _M1))
        s2 = max(0, (held & _M2) - (step & _M2))
        self._moments[term] = df << _DF | s1 << _S1 | s2

    def document_frequency(self, term: int) -> int:
        """Memories that have this term."""
        return self._moments.get(term, 0) >> _DF

    def idf(self, term_ids: Iterable[int]) -> NDArray[np.float64]:
        """How telling each term is in this mind, (k,), in nats.

        .. math:: \\mathrm{idf}_t = \\ln\\left(1 + \\frac{N - df_t + 1/2}{df_t + 1/2}\\right) > 0

        Robertson & Zaragoza 2009, in the form that stays positive (Lucene). A term never seen
        gets the largest value; it finds nothing, so it does no harm.
        """
        frequencies = np.array([self.document_frequency(t) for t in term_ids], dtype=np.float64)
        return np.log1p((np.maximum(self.n - frequencies, 0.0) + 0.5) / (frequencies + 0.5))

    @property
    def mean_length(self) -> float:
        """Mean terms a memory, with the prior: (20 * 20 + total) / (20 + n)."""
        prior = LENGTH_PRIOR * LENGTH_PRIOR_WEIGHT
        return (prior + self.total_length) / (LENGTH_PRIOR_WEIGHT + self.n)

    @property
    def mean_vector(self) -> Dense:
        """Mean of all dense vectors, (d,), not of unit length; zeros before the first."""
        mean: Dense = (self._sum / max(1, self._vectors)).astype(np.float32)
        return mean

    def lexical_moments(
        self, query_weights: Mapping[int, float], sd_min: float = SD_MIN
    ) -> tuple[float, float]:
        """Mean and standard deviation of a cue's lexical score over all memories of the mind.

        .. math::
            \\mu = \\sum_t q_t \\frac{S1_t}{n}, \\qquad
            \\sigma^2 = \\sum_t q_t^2 \\left(\\frac{S2_t}{n} - \\left(\\frac{S1_t}{n}\\right)^2\\right)

        Terms are taken as independent, so no pair has to be counted. (Terms that go together
        make the true deviation larger: z comes out somewhat high for phrases.)

        Parameters
        ----------
        query_weights : term id -> weight in the cue, q_t.
        sd_min : floor of the deviation.
        """
        n = max(1, self.n)
        mean = variance = 0.0
        for term, q in query_weights.items():
            held = self._moments.get(term, 0)
            first = (held >> _S1 & _M1) / (_GRID * n)
            second = (held & _M2) / (_GRID * _GRID * n)
            mean += q * first
            variance += q * q * max(0.0, second - first * first)
        return mean, max(sd_min, math.sqrt(variance))

    def snapshot(self) -> bytes:
        """The whole state: 20 bytes a term, plus the summed vector; terms in ascending order."""
        return self._packed(self._moments)

    def changes(self) -> bytes:
        """What is not `saved` yet, in the same form: the terms that changed, as they are now."""
        return self._packed({term: self._moments.get(term, 0) for term in self._changed})

    def no_changes(self) -> bytes:
        """What `changes` will be right after all of it was `saved`."""
        return self._packed({})

    def saved(self) -> None:
        """All of it is written down as of now."""
        self._changed.clear()

    def take_over(self, changes: bytes) -> None:
        """Be what the lexicon was that had been like this one when saved, and wrote these `changes`."""
        other = Lexicon.restore(changes)
        self.n, self.total_length, self._vectors = other.n, other.total_length, other._vectors
        self._sum[:] = other._sum
        for term, held in other._moments.items():
            if held:
                self._moments[term] = held
            else:
                self._moments.pop(term, None)
        self._changed.update(other._moments)

    def _packed(self, moments: Mapping[int, int]) -> bytes:
        keys = np.fromiter(moments.keys(), "<u4", len(moments))
        packed = b"".join([held.to_bytes(16, "little") for held in moments.values()])
        order = np.argsort(keys)
        rows = np.frombuffer(packed, "<u8").reshape(-1, 2)[order]
        header = _HEADER.pack(
            _MAGIC, _VERSION, self._sum.size, self.n, self.total_length, self._vectors, len(keys)
        )
        return b"".join((header, self._sum.astype("<f8").tobytes(), keys[order].tobytes(), rows.tobytes()))

    @classmethod
    def restore(cls, data: bytes) -> Lexicon:
        """The lexicon that `snapshot` wrote; raises `ValueError` if the bytes are not whole."""
        if len(data) < _HEADER.size or data[:4] != _MAGIC:
            raise ValueError(f"not the snapshot of a lexicon: starts with {data[:4]!r}")
        _, version, dimension, n, total, vectors, count = _HEADER.unpack_from(data)
        if version > _VERSION:
            raise DataVersionError(
                f"the lexicon was written in version {version}, this release reads up to {_VERSION}",
                remedy="Upgrade, or delete the checkpoint to have it rebuilt from the memories",
            )
        sums = _HEADER.size
        keys = sums + 8 * dimension
        rows = keys + 4 * count
        if len(data) != rows + 16 * count:
            raise ValueError(f"snapshot of a lexicon is {len(data)} bytes, expected {rows + 16 * count}")
        lexicon = cls(dimension)
        lexicon.n, lexicon.total_length, lexicon._vectors = n, total, vectors
        lexicon._sum[:] = np.frombuffer(data, "<f8", dimension, sums)
        halves = np.frombuffer(data, "<u8", 2 * count, rows)
        packed = [h << 64 | low for low, h in zip(halves[::2].tolist(), halves[1::2].tolist(), strict=True)]
        names = np.frombuffer(data, "<u4", count, keys).tolist()
        lexicon._moments = dict(zip(names, packed, strict=True))
        return lexicon
