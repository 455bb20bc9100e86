"""Attention: what becomes of a percept by its salience, in one of two modes.

Knows the saliences of one mind's percepts and when they came; no words, no vectors, no store.
"""

from __future__ import annotations

import bisect
import enum
import math
from collections import deque
from dataclasses import dataclass
from typing import Any, NamedTuple

from cognition.mechanisms.salience import CONSOLIDATE_FROM

FORGET_BELOW = 0.3
WINDOW_S, WINDOW_PERCEPTS = 5.0, 100
"""The forget threshold, and the attention window in event time and in percepts (ADR-021)."""

RECENT = 100
"""Percepts among which the share that is tagged is sought: the last window's worth."""
RECENT_MIN = 20
"""Below so many nothing is known of what is usual."""
TOP_SHARE = 0.1
"""Tagged in any case: of a stream in which nothing reaches the threshold, what stands out most (a choice:
as many as a cycle of sleep replays of a day of some hundred percepts)."""


class Mode(enum.StrEnum):
    """`RETAIN`: everything admitted becomes a memory. `COMPETE`: the percepts of a window compete."""

    RETAIN = "retain"
    COMPETE = "compete"


class Fate(enum.Enum):
    """What becomes of a percept: a memory, an archived memory, or nothing but its entry in the stream."""

    MEMORY = "memory"
    ARCHIVE = "archive"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Rules:
    """How one mind attends. Saliences 0..1; `archive` : whether `RETAIN` archives what is below
    `forget_below`; a window lasts `window_s` of event time, or `window_percepts`."""

    mode: Mode = Mode.RETAIN
    archive: bool = False
    forget_below: float = FORGET_BELOW
    consolidate_from: float = CONSOLIDATE_FROM
    window_s: float = WINDOW_S
    window_percepts: int = WINDOW_PERCEPTS

    @property
    def archives(self) -> bool:
        """Whether a percept may be archived."""
        return self.archive or self.mode is Mode.COMPETE


class Verdict(NamedTuple):
    """What becomes of a percept, whether its memory is tagged, the salience that it had to reach, and the
    reason where it became no memory."""

    fate: Fate
    tagged: bool
    threshold: float
    reason: str = ""


class Attention:
    r"""Judges each percept as it comes; none waits for another.

    With salience s, the best so far in its window b, thresholds f (forget) and c (consolidate):

    .. math:: s < f: \text{ archived}; \qquad s \ge c \text{ or } s > b: \text{ a memory, tagged}; \qquad
              \text{else it lives in the stream alone}

    (`COMPETE`). A memory is never taken back because a better percept came later in its window, so that
    what a receipt said stays true: of n percepts in random order 1 + 1/2 + ... + 1/n are expected to be
    the best so far, 2.3 of 5, 5.2 of 100. `RETAIN`: all are memories, unless those below f are archived;
    tagged are s >= c, and what exceeds nine in ten of the last 100.

    Invariants: the first of a window that is not archived is a memory; resumed from a snapshot equals
    uninterrupted. (Desimone & Duncan 1995, biased competition; Frey & Morris 1997, synaptic tagging.)
    """

    __slots__ = ("_best", "_count", "_ranked", "_recent", "_started_at", "rules")

    def __init__(self, rules: Rules = Rules()) -> None:
        self.rules = rules
        self._recent: deque[float] = deque()
        self._ranked: list[float] = []
        self._started_at = -math.inf
        self._count = 0
        self._best = -math.inf

    def judge(self, salience: float, at: float) -> Verdict:
        """The next percept: salience 0..1, event time in seconds."""
        tagged = salience >= self.rules.consolidate_from or self._stands_out(salience)
        self._remember(salience)
        if self.rules.mode is Mode.RETAIN:
            if self.rules.archive and salience < self.rules.forget_below:
                return self._too_low(salience)
            return Verdict(Fate.MEMORY, tagged, 0.0)
        return self._compete(salience, at)

    def snapshot(self) -> list[Any]:
        """The whole state in plain values, a kilobyte at most."""
        began = None if self._started_at == -math.inf else self._started_at
        best = None if self._best == -math.inf else self._best
        return [began, self._count, best, list(self._recent)]

    def resume(self, state: list[Any]) -> None:
        """What `snapshot` wrote."""
        began, self._count, best, recent = state
        self._started_at = -math.inf if began is None else began
        self._best = -math.inf if best is None else best
        self._recent = deque(recent[-RECENT:])
        self._ranked = sorted(self._recent)

    def _compete(self, salience: float, at: float) -> Verdict:
        rules = self.rules
        if abs(at - self._started_at) >= rules.window_s or self._count >= rules.window_percepts:
            self._started_at, self._count, self._best = at, 0, -math.inf
        self._count += 1
        if salience < rules.forget_below:
            return self._too_low(salience)
        needed = min(rules.consolidate_from, max(self._best, rules.forget_below))
        wins = salience >= rules.consolidate_from or salience > self._best
        self._best = max(self._best, salience)
        if wins:
            return Verdict(Fate.MEMORY, True, needed)
        reason = (
            f"lost the competition for attention: its salience {salience:.3f} is neither above {needed:.3f}, "
            f"the best of its window so far, nor {rules.consolidate_from:g}; it stays in the stream alone"
        )
        return Verdict(Fate.STREAM, False, needed, reason)

    def _too_low(self, salience: float) -> Verdict:
        below = self.rules.forget_below
        return Verdict(
            Fate.ARCHIVE, False, below, f"its salience {salience:.3f} is below {below:g}: archived"
        )

    def _stands_out(self, salience: float) -> bool:
        if len(self._recent) < RECENT_MIN:
            return False
        return salience > self._ranked[-1 - int(TOP_SHARE * len(self._ranked))]

    def _remember(self, salience: float) -> None:
        if len(self._recent) == RECENT:
            del self._ranked[bisect.bisect_left(self._ranked, self._recent.popleft())]
        self._recent.append(salience)
        bisect.insort(self._ranked, salience)
