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

_GRID = 1 << 20


class PredictionError:
    """Running z of the incoherence of each gap in a stream of vectors.

    .. math::
        c_i = \\max(\\cos(e_{i-1}, e_i), \\cos(e_{i-2}, e_i)), \\qquad
        z_i = \\frac{-c_i - \\mu}{\\sigma}

    mu and sigma are those of -c over the last 300 gaps before this one, with a prior of mean
    -0.4, variance 0.04 and weight 3. Any one link across the gap keeps the event alive. Strictly
    causal: nothing later is looked at. (Zacks et al. 2007, event segmentation theory.)

    Sums are kept as integers (grid 2^-20), so that the window slides without drift and a
    restored state continues to the last bit.
    """

    __slots__ = ("_before", "_gaps", "_last", "_squares", "_sum")

    def __init__(self) -> None:
        self._last: Dense | None = None
        self._before: Dense | None = None
        self._gaps: deque[int] = deque(maxlen=WINDOW)
        self._sum = 0
        self._squares = 0

    def observe(self, vector: Dense) -> float:
        """z of the gap before this vector (d,), of unit length; 0.0 where there is no gap to judge."""
        last, before = self._last, self._before
        self._last, self._before = vector, last
        if last is None:
            return 0.0
        coherence = float(last.dot(vector))
        if before is not None:
            coherence = max(coherence, float(before.dot(vector)))
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
        return error

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
