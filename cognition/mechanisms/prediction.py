"""Prediction error: how little what comes continues what was.

Knows the vectors of one stream, in order; knows no episodes. A rule that learns the slow
features of the stream can stand in its place: it observes a vector and returns a z.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from cognition.mechanisms.vectors import Dense

WINDOW = 300
"""Gaps over which the running mean and deviation are taken (measured on DialSeg711 and TIAGE)."""

PRIOR_MEAN = -0.4
PRIOR_VARIANCE = 0.04
PRIOR_WEIGHT = 3
"""What is assumed of -coherence before anything was seen, worth three gaps (same measurement)."""

MEAN_WINDOW = 1_000
"""Percepts that the running mean of the stream remembers at least; when twice as many, it halves."""

MEAN_PRIOR = 50
"""Percepts seen until half of the mean is taken away; before, there is no telling it from the topic."""

MEAN_SHARE_MAX = 0.9
"""Of the mean that is taken away. Not all: in a stream that repeats itself, rounding noise would be left."""

_GRID = 1 << 20


class PredictionError:
    """Running z of the incoherence of each gap in a stream of vectors.

    .. math::
        e_i = v_i - g_i \\bar v_i, \\qquad
        c_i = \\max(\\cos(e_{i-1}, e_i), \\cos(e_{i-2}, e_i)), \\qquad
        z_i = \\frac{-c_i - \\mu}{\\sigma}

    The running mean of the stream before this percept, bar v (over some 1,000 to 2,000), is what all
    its topics share; taking away g = min(0.9, n / (n + 50)) of it lets them differ. mu and sigma
    are those of -c over the last 300 gaps before this one, with a prior of mean -0.4, variance
    0.04 and weight 3. Any one link across the gap keeps the event alive. Strictly causal: nothing
    later is looked at. (Zacks et al. 2007, event segmentation theory.)

    Measured at z > 1.1, one stream from cold, Pk / F1: DialSeg711 .277/.554 (without taking away the
    mean .310/.524), TIAGE dev .396/.378 (.437/.311). A link to the open episode's centroid, a third
    percept back, or only one, were no better.

    Gaps are summed as integers (grid 2^-20), so that the window slides without drift and a
    restored state continues to the last bit.
    """

    __slots__ = ("_before", "_gaps", "_last", "_seen", "_squares", "_sum", "_total")

    def __init__(self) -> None:
        self._last: Dense | None = None
        self._before: Dense | None = None
        self._total: Dense | None = None
        self._seen = 0
        self._gaps: deque[int] = deque(maxlen=WINDOW)
        self._sum = 0
        self._squares = 0

    def observe(self, vector: Dense) -> float:
        """z of the gap before this vector (d,), of unit length; 0.0 where there is no gap to judge."""
        last, before = self._last, self._before
        own = self._centre(vector)
        self._last, self._before = own, last
        if last is None:
            return 0.0
        coherence = float(last.dot(own))
        if before is not None:
            coherence = max(coherence, float(before.dot(own)))
        mean, deviation = self._statistics()
        self._remember(round(-coherence * _GRID))
        return (-coherence - mean) / deviation

    def reset(self) -> None:
        """An event ended for another reason: the next vector continues nothing. Statistics stay."""
        self._last = self._before = None

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values."""
        return {
            "last": [v.astype("<f4").tobytes() for v in (self._last, self._before) if v is not None],
            "total": b"" if self._total is None else self._total.astype("<f4").tobytes(),
            "seen": self._seen,
            "gaps": list(self._gaps),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> PredictionError:
        """What `snapshot` wrote."""
        error = cls()
        for gap in state["gaps"]:
            error._remember(gap)
        vectors = [np.frombuffer(data, "<f4").astype(np.float32) for data in state["last"]]
        error._last, error._before = (*vectors, None, None)[:2]
        error._total = np.frombuffer(state["total"], "<f4").astype(np.float32) if state["total"] else None
        error._seen = state["seen"]
        return error

    def _centre(self, vector: Dense) -> Dense:
        """The vector without most of the stream's mean, of unit length; then the mean takes it in."""
        if self._total is None:
            self._total, self._seen = vector.copy(), 1
            return vector
        share = min(MEAN_SHARE_MAX, self._seen / (self._seen + MEAN_PRIOR))
        own = self._total * np.float32(-share / self._seen)
        own += vector
        own *= np.float32(1.0 / math.sqrt(own.dot(own)))
        self._total += vector
        self._seen += 1
        if self._seen == 2 * MEAN_WINDOW:
            self._total *= np.float32(0.5)
            self._seen = MEAN_WINDOW
        return own

    def _statistics(self) -> tuple[float, float]:
        n = PRIOR_WEIGHT + len(self._gaps)
        mean = (PRIOR_WEIGHT * PRIOR_MEAN + self._sum / _GRID) / n
        prior_square = PRIOR_VARIANCE + PRIOR_MEAN * PRIOR_MEAN
        square = (PRIOR_WEIGHT * prior_square + self._squares / (_GRID * _GRID)) / n
        return mean, math.sqrt(square - mean * mean)

    def _remember(self, gap: int) -> None:
        if len(self._gaps) == WINDOW:
            oldest = self._gaps[0]
            self._sum -= oldest
            self._squares -= oldest * oldest
        self._gaps.append(gap)
        self._sum += gap
        self._squares += gap * gap
