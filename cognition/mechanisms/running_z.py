"""A running z-score: how unusual a value is among the last ones of its stream. Knows numbers alone."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

WINDOW = 300
"""Values over which the running mean and deviation are taken (measured on DialSeg711 and TIAGE)."""

PRIOR_MEAN = -0.4
PRIOR_VARIANCE = 0.04
PRIOR_WEIGHT = 3
"""What is assumed of -coherence before anything was seen, worth three gaps (same measurement)."""

_GRID = 1 << 20


class RunningZ:
    """z of each value against those before it.

    .. math:: z_i = (x_i - \\mu) / \\sigma

    mu and sigma are those of the last 300 values before this one, with a prior of mean -0.4, variance
    0.04 and weight 3: sigma is never zero, also where every value is the same. Values are summed
    as integers (grid 2^-20), so that the window slides without drift, and a restored state continues
    to the last bit. Not `running`, the prior alone is what values are held against. (Reynolds, Zacks & Braver
    2007: an error is a boundary where it stands out of the running mean of errors.)
    """

    __slots__ = ("_running", "_squares", "_sum", "_values")

    def __init__(self, values: Sequence[int] = (), *, running: bool = True) -> None:
        self._running = running
        self._values: deque[int] = deque(maxlen=WINDOW)
        self._sum = 0
        self._squares = 0
        for value in values:
            self._remember(value)

    def of(self, value: float) -> float:
        """z of this value against what was taken so far."""
        mean, deviation = self.statistics()
        return (value - mean) / deviation

    def take(self, value: float) -> float:
        """z of this value, which counts from now on."""
        z = self.of(value)
        self._remember(round(value * _GRID))
        return z

    def statistics(self) -> tuple[float, float]:
        """Mean and deviation, prior included."""
        n = PRIOR_WEIGHT + len(self._values)
        mean = (PRIOR_WEIGHT * PRIOR_MEAN + self._sum / _GRID) / n
        prior_square = PRIOR_VARIANCE + PRIOR_MEAN * PRIOR_MEAN
        square = (PRIOR_WEIGHT * prior_square + self._squares / (_GRID * _GRID)) / n
        return mean, math.sqrt(square - mean * mean)

    def snapshot(self) -> list[int]:
        """The values, in units of 2^-20."""
        return list(self._values)

    def _remember(self, value: int) -> None:
        if not self._running:
            return
        if len(self._values) == WINDOW:
            oldest = self._values[0]
            self._sum -= oldest
            self._squares -= oldest * oldest
        self._values.append(value)
        self._sum += value
        self._squares += value * value
