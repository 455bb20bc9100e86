"""The rhythm of a stream: how long a silence must be to mean that something is over.

Knows intervals of event time; knows no episodes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

SURPRISE = 4.0
"""A silence counts when it is this many times longer than usual: a stream whose percepts are hours
apart is not cut at every one of them, a chat with a minute between turns is cut as before."""

CAP = 16.0
"""At most this many times the profile's gap: 8 h for a conversation, so that a night always counts."""

RATE = 0.1
"""Share of the newest interval in the running mean: about the last twenty count."""


class Rhythm:
    r"""Running geometric mean of the intervals between percepts.

    .. math:: \mu \leftarrow (1 - r)\,\mu + r \ln \Delta t, \qquad
              gap = \min(16\,g, \max(g, 4 e^{\mu}))

    with g the profile's gap; \mu starts at ln(g / 8), so that the gap of an unknown stream is g.
    Silences beyond the cap are not intervals of the stream and are not learned.

    Invariant: g <= gap <= 16 g.
    """

    __slots__ = ("_base_s", "_mean")

    def __init__(self, base_s: float) -> None:
        self._base_s = base_s
        self._mean = math.log(base_s / (2.0 * SURPRISE))

    @property
    def gap_s(self) -> float:
        """Silence in seconds from which on an episode is over."""
        return min(CAP * self._base_s, max(self._base_s, SURPRISE * math.exp(self._mean)))

    def observe(self, interval_s: float) -> None:
        """Learn from one interval; a negative one, or one beyond the cap, teaches nothing."""
        if 0.0 <= interval_s < CAP * self._base_s:
            self._mean += RATE * (math.log(max(interval_s, 1.0)) - self._mean)

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values."""
        return {"mean": self._mean}

    @classmethod
    def restore(cls, state: Mapping[str, Any], base_s: float) -> Rhythm:
        """What `snapshot` wrote, under this gap."""
        rhythm = cls(base_s)
        rhythm._mean = state["mean"]
        return rhythm
