"""The fine scale: the outline of the open episode, and the boundaries in it that its meaning tells, late.

Knows the last few percepts and the scores of the gaps between them; knows no coarse episodes, and not
what ends a stretch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cognition.mechanisms.causes import CUE, MEANING, MEANT, Cause, from_rows, rows
from cognition.mechanisms.lookahead import KEPT, Lookahead
from cognition.mechanisms.observation import Cut, Observation
from cognition.mechanisms.prediction import Gap, PredictionError
from cognition.mechanisms.profiles import Profile
from schemas.episode import Boundary, BoundaryType
from schemas.percept import BoundaryMark

KEPT_MAX = 6
"""Percepts that are remembered so that a boundary can be put before them: four late, and two to spare."""


class Percept(NamedTuple):
    """What is remembered of a percept before which a boundary may yet be put; `causes` add to its score."""

    entry: str
    at: float
    label: str
    causes: tuple[Cause, ...] = ()


class Fine:
    """The open episode: since which percept, how many, when the last one came, its label; and where it ends.

    .. math:: s_i = z_i + cue_i + \\sum_k w_k

    of the gap before percept i, z and cue those of `PredictionError`, w_k what each cause adds; `Lookahead`
    says at which gaps s stands out. `judged` : (entry of the percept after the gap, score), of those that
    got their score since the last percept came. Invariant: a cut lies at most `profile.late` percepts back.
    """

    __slots__ = (
        *("_lookahead", "_profile", "_recent", "_scored"),
        *("count", "error", "first_entry", "judged", "label", "last_at", "started_at"),
    )

    def __init__(self, profile: Profile) -> None:
        self.first_entry = self.label = ""
        self.count = 0
        self.started_at = self.last_at = 0.0
        self.error = _fresh(profile)
        self.judged: list[tuple[str, float]] = []
        self._profile = profile
        self._lookahead = Lookahead(profile.late, profile.threshold)
        self._recent: list[Percept] = []
        self._scored: list[dict[str, float]] = []

    def enter(self, seen: Observation, said: Sequence[Cause], *, opens: bool) -> list[Cut]:
        """The percept that the likeness took last belongs to what is open, or `opens` it; the boundaries that
        are known now. `said` is what else speaks for a boundary before it."""
        gap = self.error.enter(seen.name)
        if opens:
            if self.count or seen.mark is BoundaryMark.BEGIN:
                self.label = ""
            self.first_entry, self.count = seen.entry, 0
            self.started_at = self.last_at = seen.at
            self._recent.clear()
        self.count += 1
        self._recent.append(Percept(seen.entry, seen.at, seen.label, () if opens else tuple(said)))
        del self._recent[:-KEPT_MAX]
        self.last_at = max(self.last_at, seen.at)
        if seen.label:
            self.label = seen.label
        return self._judged(gap, 1 if self._profile.late else 0) if gap is not None else []

    def end(self, *, behind: int) -> list[Cut]:
        """What comes does not continue what was: decide what waits to be decided. `behind` : percepts that
        were taken since."""
        gaps = self.error.end(behind=behind)
        found: list[Cut] = []
        for number, gap in enumerate(gaps):
            found += self._judged(gap, len(gaps) - 1 - number, behind)
        found += self._late(self._lookahead.flush(), 0, behind)
        self._lookahead.clear()
        self._scored.clear()
        return found

    def close(self) -> None:
        """Nothing is open."""
        self.count, self.first_entry, self.label = 0, "", ""
        self._recent.clear()

    def before(self) -> list[float]:
        """The scores of the last two gaps of this stretch."""
        return self._lookahead.last(2)

    def forget(self) -> None:
        """Nothing is left of how the last percepts were judged."""
        self.error = _fresh(self._profile)
        self._recent = [each._replace(causes=()) for each in self._recent]

    def figures(self) -> dict[str, float | int]:
        """How far the last gaps are judged."""
        waiting, *scores = self._lookahead.snapshot()
        return {
            "undecided": int(waiting),
            "last_z": round(self._scored[-1][MEANING], 3) if self._scored else 0.0,
            "last_score": round(scores[-1], 3) if scores else 0.0,
        }

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values without what was learned (`PredictionError.map`)."""
        return {
            "first_entry": self.first_entry,
            "label": self.label,
            "count": self.count,
            "started_at": self.started_at,
            "last_at": self.last_at,
            "error": self.error.snapshot(),
            "lookahead": self._lookahead.snapshot(),
            "recent": [[each.entry, each.at, each.label, rows(each.causes)] for each in self._recent],
            "scored": [dict(parts) for parts in self._scored],
            "late": self._profile.late,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], profile: Profile) -> Fine:
        """What `snapshot` wrote, under this profile. What an older release did not keep begins anew; so do
        the scores where looking ahead was switched on or off, which are of gaps one percept apart."""
        fine = cls(profile)
        for name in ("first_entry", "label", "count", "started_at", "last_at"):
            setattr(fine, name, state[name])
        fine.error = PredictionError.restore(
            state["error"], ahead=profile.late > 0, cue=profile.cue, running=profile.running
        )
        kept = [(*each, []) if len(each) == 3 else each for each in state.get("recent", ())]
        fine._recent = [Percept(entry, at, label, from_rows(said)) for entry, at, label, said in kept]
        del fine._recent[:-KEPT_MAX]
        ahead = state.get("late", profile.late) > 0
        if "scored" in state and ahead == (profile.late > 0):
            waiting, *scores = state["lookahead"]
            fine._lookahead = Lookahead(profile.late, profile.threshold, scores, int(waiting))
            fine._scored = [dict(parts) for parts in state["scored"]]
        return fine

    def _judged(self, gap: Gap, back: int, behind: int = 0) -> list[Cut]:
        """The gap before the percept that came `back` percepts before the last one has its score."""
        parts = {MEANING: gap.z, CUE: gap.cue}
        if back < len(self._recent):
            parts |= {cause.name: cause.weight for cause in self._recent[-1 - back].causes}
            self.judged.append((self._recent[-1 - back].entry, sum(parts.values())))
        self._scored.append(parts)
        del self._scored[:-KEPT]
        return self._late(self._lookahead.add(sum(parts.values())), back, behind)

    def _late(self, gaps: Sequence[int], newest: int, behind: int) -> list[Cut]:
        """The cuts at these gaps: 0 is the gap that was judged last, which lies before the percept that
        came `newest` percepts before the last one."""
        cuts = []
        for gap in sorted(gaps, reverse=True):
            back = gap + newest
            length = self.count - back - 1
            if length < self._profile.length_min or back >= len(self._recent):
                continue
            first = self._recent[len(self._recent) - 1 - back]
            boundary = Boundary(
                type=BoundaryType.PREDICTION_ERROR,
                trigger=max(first.causes, key=lambda c: c.weight).trigger if first.causes else MEANT,
                strength=self._lookahead.score(gap),
                scores=self._lookahead.around(gap),
                parts=self._scored[-1 - gap],
                threshold=self._profile.threshold,
            )
            cuts.append(Cut(boundary, first.entry, back + behind, self._reopen(back)))
        return cuts

    def _reopen(self, back: int) -> str:
        """The open episode begins with the percept that came `back` percepts ago; its label."""
        moved = self._recent[len(self._recent) - 1 - back :]
        self.first_entry, self.count = moved[0].entry, len(moved)
        self.started_at, self.last_at = moved[0].at, max(each.at for each in moved)
        self.label = next((each.label for each in reversed(moved) if each.label), "")
        return self.label


def _fresh(profile: Profile) -> PredictionError:
    return PredictionError(ahead=profile.late > 0, cue=profile.cue, running=profile.running)
