"""Looking ahead: which gap between percepts is a boundary, once those after it were judged too.

Knows scores in order, and how many percepts later a decision may come; knows no percepts.
"""

from __future__ import annotations

from collections.abc import Sequence

BEFORE = 0.15
AFTER = 0.4
"""Of the scores of the gap before and after a gap, taken away from its own where four percepts are
looked ahead: what stands out against its neighbours (measured on DialSeg711 and TIAGE)."""

LATE = (0, 2, 4)
"""Percepts by which a boundary may be decided late."""

KEPT = 8


class Lookahead:
    """Decides gap by gap.

    .. math:: s_i > \\theta \\;(k = 0); \\qquad s_i > \\theta,\\; s_i \\ge s_{i+1} \\;(k = 2); \\qquad
              s'_i > \\theta,\\; s'_i \\ge s'_{i+1}, s'_{i+2},\\;
              s' = s_i - 0.15\\, s_{i-1} - 0.4\\, s_{i+1} \\;(k = 4)

    A score of i is there one percept after i's own where k > 0. At the end of a stretch (`flush`) what
    is missing after a gap is taken as no better and as zero.
    """

    __slots__ = ("_late", "_scores", "_threshold", "_waiting")

    def __init__(self, late: int, threshold: float, scores: Sequence[float] = (), waiting: int = 0) -> None:
        if late not in LATE:
            raise ValueError(f"a boundary {late} percepts late is unknown. Use one of {LATE}.")
        self._late = late
        self._threshold = threshold
        self._scores = list(scores)
        self._waiting = waiting

    def add(self, score: float) -> list[int]:
        """The next gap was judged. Which gaps are boundaries: 0 is this one, 1 the one before."""
        self._scores.append(score)
        del self._scores[:-KEPT]
        self._waiting += 1
        return self._decide({0: 0, 2: 1, 4: 3}[self._late])

    def flush(self) -> list[int]:
        """Nothing more comes of this stretch: decide what waits. `clear` then."""
        return self._decide(0)

    def clear(self) -> None:
        """Another stretch begins."""
        self._scores.clear()
        self._waiting = 0

    def score(self, gap: int) -> float:
        """The score of a gap, 0 the last one."""
        return self._scores[len(self._scores) - 1 - gap]

    def last(self, count: int) -> list[float]:
        """The scores of the last gaps of this stretch, at most so many."""
        return self._scores[-count:]

    def around(self, gap: int) -> list[float]:
        """The scores of up to two gaps before it, its own, and of up to two after it."""
        at = len(self._scores) - 1 - gap
        return self._scores[max(0, at - 2) : at + 3]

    def snapshot(self) -> list[float]:
        """The scores that still count, and before them how many are undecided."""
        return [float(self._waiting), *self._scores]

    def _decide(self, ahead: int) -> list[int]:
        """Those of the waiting gaps, oldest first, after which at least `ahead` are known."""
        found = []
        while self._waiting > ahead:
            self._waiting -= 1
            if self._is_boundary(len(self._scores) - 1 - self._waiting):
                found.append(self._waiting)
        return found

    def _is_boundary(self, at: int) -> bool:
        reach = {0: 0, 2: 1, 4: 2}[self._late]
        own = self._contrast(at)
        after = range(at + 1, min(at + 1 + reach, len(self._scores)))
        return own > self._threshold and all(own >= self._contrast(j) for j in after)

    def _contrast(self, at: int) -> float:
        score = self._scores[at]
        if self._late < 4:
            return score
        before = self._scores[at - 1] if at else 0.0
        after = self._scores[at + 1] if at + 1 < len(self._scores) else 0.0
        return score - BEFORE * before - AFTER * after
