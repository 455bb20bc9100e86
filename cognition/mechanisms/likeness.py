"""Likeness: how alike each percept of a stream is to the few before it, by what the stream has taught.

Knows the vectors of one stream, in order, and the map that it is given; knows no gaps and no episodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cognition.mechanisms.slow_map import SlowMap
from cognition.mechanisms.vectors import Dense

SPAN = 8
"""Percepts at hand: at the coarse scale a gap has four on each side."""

MEAN_WINDOW = 1_000
"""Percepts that the running mean of the stream remembers at least; when twice as many, it halves."""

MEAN_FROM = 50
"""Percepts from which on the mean is taken away; before, there is no telling it from the topic."""

GROUND = 1e-4
"""Added to every product: two vectors that are as good as their mean are alike, not at right angles."""

_EARLIER: NDArray[np.intp] = (np.arange(SPAN)[:, None] - np.arange(1, SPAN)[None, :]) % SPAN
"""Where the percepts before one lie in the ring, by its own place: the one right before it first."""


class Likeness:
    """How alike the last percepts are, each judged as it comes.

    .. math:: sim(a, b) = \\beta \\cos(\\phi_a, \\phi_b) + (1 - \\beta) \\cos(e_a - \\mu', e_b - \\mu')

    phi and beta = n/(n+1000) are those of the `SlowMap` (beta = 0 without one), mu' the running mean of the
    stream, 0 for the first 50 percepts. Two products of a ring of eight vectors with the new one are all
    that a percept costs.

    Invariant: restored from a snapshot, with the same map, it continues to the last bit.
    """

    __slots__ = ("_alike", "_cues", "_features", "_lengths", "_map", "_rows", "_seen", "_total", "taken")

    def __init__(self) -> None:
        self.taken = 0
        """Percepts so far."""
        self._seen = 0
        self._total: Dense | None = None
        self._map: SlowMap | None = None
        self._rows: Dense = np.zeros((SPAN, 0), np.float32)
        self._features: Dense = np.zeros((SPAN, 0), np.float32)
        self._lengths: Dense = np.ones(SPAN, np.float32)
        self._cues = [(0.0, 0.0)] * SPAN
        self._alike: list[list[float]] = [[0.0] * (SPAN - 1) for _ in range(SPAN)]

    @property
    def map(self) -> SlowMap | None:
        """What was learned, once anything was."""
        return self._map

    @property
    def size(self) -> int:
        """Bytes of what was learned and of the vectors that are at hand."""
        return self._rows.nbytes + self._features.nbytes + (self._map.size if self._map is not None else 0)

    def adopt(self, learned: SlowMap | None) -> None:
        """Judge what comes by this map."""
        self._map = learned
        if learned is None:
            self._features = np.zeros((SPAN, 0), np.float32)
            return
        self._features = np.zeros((SPAN, len(learned.rows)), np.float32)
        if self._rows.shape[1]:
            for slot in range(SPAN):
                self._place(learned, slot)

    def take(self, vector: Dense) -> None:
        """The next vector (d,), of unit length."""
        if self._total is None:
            self._total = vector.copy()
            self._rows = np.zeros((SPAN, vector.size), np.float32)
        else:
            self._total += vector
        self._seen += 1
        slot = self.taken % SPAN
        self._rows[slot] = vector
        self.taken += 1
        sim = self._centred(slot)
        if self._map is not None:
            self._place(self._map, slot)
            weight = self._map.weight
            sim = weight * self._slow(slot) + (1.0 - weight) * sim
        self._alike[slot] = sim[_EARLIER[slot]].tolist()
        if self._seen == 2 * MEAN_WINDOW:
            self._total *= np.float32(0.5)
            self._seen = MEAN_WINDOW

    def link(self, back: int, reach: int, before: int, behind: int) -> float:
        """The strongest link across the gap before the percept that came `back` percepts before the last one,
        `behind` percepts that came since left out: between the `before` percepts before it and at most
        `reach` from it on."""
        newest, strongest = self.taken - 1 - behind, -2.0
        for k in range(max(0, back - reach + 1), back + 1):
            best = max(self._alike[(newest - k) % SPAN][back - k : back - k + before])
            if best > strongest:
                strongest = best
        return strongest

    def cue(self, back: int) -> float:
        """How much the gap before the percept of `back` percepts ago has what usually closes and opens an
        event, in units of z; 0 without a map."""
        at = self.taken - 1 - back
        return self._cues[(at - 1) % SPAN][0] + self._cues[at % SPAN][1] if self._map is not None else 0.0

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values, without the map: 31 KB at 768 dimensions."""
        return {
            "taken": self.taken,
            "seen": self._seen,
            "total": b"" if self._total is None else self._total.astype("<f4").tobytes(),
            "rows": self._rows.astype("<f4").tobytes(),
            "alike": np.array(self._alike, dtype="<f8").tobytes(),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Likeness:
        """What `snapshot` wrote; the map is adopted afterwards."""
        likeness = cls()
        likeness.taken, likeness._seen = state["taken"], state["seen"]
        if state["total"]:
            likeness._total = np.frombuffer(state["total"], "<f4").astype(np.float32)
            rows = np.frombuffer(state["rows"], "<f4").astype(np.float32)
            likeness._rows = rows.reshape(SPAN, likeness._total.size)
            likeness._alike = np.frombuffer(state["alike"], "<f8").reshape(SPAN, SPAN - 1).tolist()
        return likeness

    def _centred(self, slot: int) -> Dense:
        """Cosines of all rows with one of them, on common ground, the running mean taken away."""
        products: Dense = self._rows @ self._rows[slot]
        if self._seen < MEAN_FROM:
            return (products + np.float32(GROUND)) * np.float32(1.0 / (1.0 + GROUND))
        assert self._total is not None
        mean = self._total * np.float32(1.0 / self._seen)
        shares = self._rows @ mean
        square = float(mean.dot(mean)) + GROUND
        own = float(shares[slot])
        lengths = np.sqrt((np.float32(1.0 + square) - 2.0 * shares) * np.float32(1.0 + square - 2.0 * own))
        found = (products - shares + np.float32(square - own)) / lengths
        return found.astype(np.float32, copy=False)

    def _slow(self, slot: int) -> Dense:
        """Cosines of the features of all rows with those of one of them, on common ground."""
        ground = np.float32(GROUND)
        products = self._features @ self._features[slot] + ground
        found: Dense = products / np.sqrt((self._lengths + ground) * (self._lengths[slot] + ground))
        return found

    def _place(self, learned: SlowMap, slot: int) -> None:
        features, closing, opening = learned.judge(self._rows[slot])
        self._features[slot] = features
        self._lengths[slot] = features.dot(features)
        self._cues[slot] = (closing, opening)
