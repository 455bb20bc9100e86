"""The coarse scale: which of the boundaries between episodes are boundaries between larger ones.

Judges the same percepts as the fine scale, by links over four percepts on each side and by every cause's
part of the score; where a score stands out, the fine boundary there is a coarse one too. So a coarse boundary
is always a fine one. Knows percepts by their number; knows no memories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from cognition.mechanisms.causes import LENGTH, MEANING, Cause, from_rows, leading, rows
from cognition.mechanisms.likeness import Likeness
from cognition.mechanisms.lookahead import Lookahead
from cognition.mechanisms.prediction import COARSE_REACH, Gap, Scale
from schemas.episode import Boundary, BoundaryType

LATE = 2
"""Percepts by which the coarse scale looks ahead of a score that it has (no memory moves for it, so the fine
scale's choice does not matter here)."""

NEAR = 1
"""Percepts between where a coarse score stands out and the fine boundary that it is about (0 and 2 differ by
nothing on sherlock-events)."""

CHILDREN_MAX = 64
"""Episodes that a coarse one holds at most; a longer one is cut, so that nothing about it is unbounded."""

BACK_MAX = COARSE_REACH + LATE + 2 * NEAR
"""Percepts back at which a coarse boundary may come at most."""


class Bound(NamedTuple):
    """A fine boundary: before the percept of this number, which came as this entry."""

    number: int
    entry: str


class Promotion(NamedTuple):
    """A fine boundary that is a coarse one too."""

    boundary: Boundary
    bound: Bound


class Coarse:
    """Decides which fine boundaries are coarse ones.

    .. math:: s_i = z^{(4)}(-c_i) + \\sum_k w_k, \\qquad s_i > \\theta,\\; s_i \\ge s_{i+1}

    c_i the coherence over four percepts on each side, w_k what each cause adds (`causes`). The decision
    waits until every fine boundary near it is known: `patience` percepts after the gap.

    Invariants: what is promoted was given as a bound before; each at most once, in order; at most
    `CHILDREN_MAX` bounds lie between two; resumed from a snapshot equals uninterrupted.
    """

    __slots__ = (
        *("_bounds", "_causes", "_lookahead", "_patience", "_peaks", "_running", "_scale"),
        *("_scored", "held", "threshold"),
    )

    def __init__(self, threshold: float, *, late: int, running: bool = True) -> None:
        """`late` : percepts by which a fine boundary may come late; `running` as of the `Scale`."""
        self.threshold = threshold
        self._patience = max(COARSE_REACH, NEAR + late)
        self._running = running
        self._scale = Scale(COARSE_REACH, cue=False, running=running)
        self._lookahead = Lookahead(LATE, threshold)
        self._causes: list[tuple[int, list[Cause]]] = []
        self._scored: list[tuple[int, dict[str, float], list[Cause]]] = []
        self._peaks: list[tuple[int, Boundary]] = []
        self._bounds: list[Bound] = []
        self.held = 0
        """Fine episodes of the coarse one that is open; 0 where none is."""

    def figures(self) -> dict[str, float | int]:
        """How it cuts, for a person to read."""
        usual, spread = self._scale.usual
        scores = self._lookahead.last(1)
        return {
            "coarse_threshold": self.threshold,
            "coarse_usual_coherence": round(-usual, 3),
            "coarse_spread": round(spread, 3),
            "coarse_last_score": round(scores[-1], 3) if scores else 0.0,
            "coarse_holds": self.held,
        }

    def begin(self) -> None:
        """A coarse episode begins with the next percept; nothing of what was counts for it."""
        self._causes.clear()
        self._scored.clear()
        self._peaks.clear()
        self._bounds.clear()
        self._lookahead.clear()
        self.held = 1

    def bound(self, number: int, entry: str) -> list[Promotion]:
        """A fine boundary lies before this percept. One more than there may be is a coarse one at once."""
        self._bounds.append(Bound(number, entry))
        self.held += 1
        if self.held <= CHILDREN_MAX:
            return []
        full = Boundary(
            type=BoundaryType.TEMPORAL,
            trigger=f"{CHILDREN_MAX} episodes",
            strength=0.0,
            parts={LENGTH: 0.0},
        )
        return [self._promoted(full, self._bounds[-1])]

    def take(self, likeness: Likeness, number: int, causes: list[Cause]) -> list[Promotion]:
        """The percept of this number was taken, and these causes speak for a boundary before it; the
        boundaries that are known now."""
        if causes:
            self._causes.append((number, causes))
        gap = self._scale.next(likeness)
        if gap is not None:
            self._judge(gap, number - self._scale.back)
        found = self._settled(number - self._patience) if self._peaks else []
        while self._bounds and self._bounds[0].number < number - BACK_MAX:
            del self._bounds[0]
        return found

    def end(self, likeness: Likeness, number: int, *, behind: int = 0) -> list[Promotion]:
        """The percept of this number was the last of its coarse episode: what waits is decided."""
        gaps = self._scale.end(likeness, behind=behind)
        for place, gap in enumerate(gaps):
            self._judge(gap, number - (len(gaps) - 1 - place))
        self._peak(self._lookahead.flush())
        found = self._settled(number)
        self.held = 0
        return found

    def judge_by(self, scale: Scale) -> None:
        """Judge what comes by this."""
        self._scale = scale

    def forget(self) -> None:
        """Nothing is left of what was said by causes, nor of how the last percepts were judged."""
        self._scale = Scale(COARSE_REACH, cue=False, running=self._running)
        self._causes = [(number, [_silenced(c) for c in causes]) for number, causes in self._causes]
        self._scored = [(n, parts, [_silenced(c) for c in causes]) for n, parts, causes in self._scored]
        self._peaks = [
            (number, msgspec.structs.replace(boundary, trigger="")) for number, boundary in self._peaks
        ]

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values."""
        return {
            "scale": self._scale.snapshot(),
            "scores": self._lookahead.snapshot(),
            "causes": [[number, rows(causes)] for number, causes in self._causes],
            "scored": [[number, parts, rows(causes)] for number, parts, causes in self._scored],
            "peaks": [
                [number, str(b.type), b.trigger, b.strength, b.scores, b.parts, b.threshold]
                for number, b in self._peaks
            ],
            "bounds": [list(bound) for bound in self._bounds],
            "held": self.held,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """What `snapshot` wrote."""
        self._scale.resume(state["scale"])
        waiting, *scores = state["scores"]
        self._lookahead = Lookahead(LATE, self.threshold, scores, int(waiting))
        self._causes = [(number, list(from_rows(kept))) for number, kept in state["causes"]]
        self._scored = [
            (number, dict(parts), list(from_rows(kept))) for number, parts, kept in state["scored"]
        ]
        self._peaks = [
            (number, Boundary(type=BoundaryType(kind), trigger=trigger, strength=strength, scores=scores,
                              parts=parts, threshold=threshold))
            for number, kind, trigger, strength, scores, parts, threshold in state["peaks"]
        ]  # fmt: skip
        self._bounds = [Bound(number, entry) for number, entry in state["bounds"]]
        self.held = state["held"]

    def _judge(self, gap: Gap, number: int) -> None:
        causes = [cause for at, found in self._causes if at == number for cause in found]
        self._causes = [(at, found) for at, found in self._causes if at > number]
        parts = {MEANING: gap.z, **{cause.name: cause.weight for cause in causes}}
        self._scored.append((number, parts, causes))
        del self._scored[: -LATE - 1]
        self._peak(self._lookahead.add(sum(parts.values())))

    def _peak(self, gaps: Sequence[int]) -> None:
        """The scores of these gaps stand out, 0 the one that was judged last."""
        for gap in gaps:
            number, parts, causes = self._scored[-1 - gap]
            kind, trigger = leading(causes, parts)
            boundary = Boundary(
                type=kind,
                trigger=trigger,
                strength=self._lookahead.score(gap),
                scores=self._lookahead.around(gap),
                parts=parts,
                threshold=self.threshold,
            )
            self._peaks.append((number, boundary))

    def _settled(self, until: int) -> list[Promotion]:
        """What the peaks up to this gap are about."""
        found = []
        while self._peaks and self._peaks[0][0] <= until:
            number, boundary = self._peaks.pop(0)
            near = [bound for bound in self._bounds if abs(bound.number - number) <= NEAR]
            if near:
                found.append(self._promoted(boundary, min(near, key=lambda b: abs(b.number - number))))
        return found

    def _promoted(self, boundary: Boundary, bound: Bound) -> Promotion:
        self._bounds = [each for each in self._bounds if each.number > bound.number]
        self.held = 1 + len(self._bounds)
        return Promotion(boundary, bound)


def _silenced(cause: Cause) -> Cause:
    return cause._replace(trigger="")
