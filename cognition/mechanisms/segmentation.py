"""Event segmentation: where one episode of a mind ends and the next begins, online.

Knows what was observed, in order, and the open episode's outline; knows no memories, and
closes nothing itself: it says where the cut is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from cognition.mechanisms import causes
from cognition.mechanisms.causes import Cause, from_rows, rows
from cognition.mechanisms.coarse import Coarse, Promotion
from cognition.mechanisms.context import VALUE_LENGTH_MAX, ContextWatch
from cognition.mechanisms.lookahead import KEPT, Lookahead
from cognition.mechanisms.prediction import SIZE_MAX, Gap, PredictionError, Scale
from cognition.mechanisms.profiles import CONVERSATION, Profile
from cognition.mechanisms.rhythm import Rhythm
from cognition.mechanisms.vectors import Dense
from schemas.episode import Boundary, BoundaryType, EpisodeScale
from schemas.percept import BoundaryMark

KEPT_MAX = 6
"""Percepts that are remembered so that a boundary can be put before them: four late, and two to spare."""

_STATE_VERSION = 3
"""1 knew no look-ahead and no lessons, 2 one scale alone: a mind woken from them begins what they lack."""


class Observation(NamedTuple):
    """What segmentation sees of a percept. `at` is event time in seconds, `vector` (d,) of unit length;
    `name` is what it can be looked up by when there is something to learn from it."""

    entry: str
    at: float
    vector: Dense
    source: str = ""
    context: Mapping[str, str] = {}
    mark: BoundaryMark | None = None
    label: str = ""
    name: str = ""


class Cut(NamedTuple):
    """Where an episode ended: `boundary` lies before the percept that came as `entry`. `back` : how many
    percepts ago that was, 0 for the one just observed; `label` names the episode that begins. A cut of the
    coarse `scale` says that the fine episode which begins there begins a coarse one too."""

    boundary: Boundary
    entry: str
    back: int = 0
    label: str = ""
    scale: EpisodeScale = EpisodeScale.FINE


class Percept(NamedTuple):
    """What is remembered of a percept before which a boundary may yet be put; `causes` add to its score."""

    entry: str
    at: float
    label: str
    causes: tuple[Cause, ...] = ()


class Segmenter:
    """Cuts one mind's stream of percepts into episodes, at one scale or two.

    An episode is open from its first percept until a boundary. The score of a gap is its prediction
    error in units of z plus what each other cause adds (`causes`): a mark, a silence (also backwards: a time
    long before the last belongs to another event), a change of place, task, people or source from one known
    value to another, a task that ended. At the fine scale all of these but the source, and the length, are
    enough by themselves; at the coarse one a mark and a long silence. What is not said does not change: a
    percept without a place stays where the last one was. A task ends by ``task_status`` "done" (its
    percept is the last of the episode) or by an empty ``task`` (its percept is the next one's first).

    A boundary by its score may come late: `observe` then returns a cut that lies some percepts back, and
    they belong to the episode that begins there. Every cause that is enough ends the stretch that is
    looked at. A coarse boundary is always a fine one too, and may come later than that (`Coarse`).

    Invariants: every percept is in exactly one episode; the same observations give the same cuts;
    resumed from a snapshot equals uninterrupted; `tick` closes early but never moves a cut; no fine one lies
    more than `profile.late` percepts back.

    References
    ----------
    Zacks et al. 2007; Kurby & Zacks 2008 (events at several scales); Radvansky & Zacks 2011 (event horizon
    model).
    """

    __slots__ = (
        *(
            "_coarse",
            "_context",
            "_ending",
            "_error",
            "_lookahead",
            "_number",
            "_recent",
            "_rhythm",
            "_scored",
        ),
        *("_started", "count", "first_entry", "judged", "label", "last_at", "profile"),
        "started_at",
    )

    def __init__(self, profile: Profile = CONVERSATION) -> None:
        self.profile = profile
        self.first_entry = ""
        self.label = ""
        self.count = 0
        self._number = 0
        self._started = False
        self.started_at = 0.0
        self.last_at = 0.0
        self._context = ContextWatch(profile.watched)
        self._ending: BoundaryType | None = None
        self._error = PredictionError(ahead=profile.late > 0, cue=profile.cue, running=profile.running)
        self._lookahead = Lookahead(profile.late, profile.threshold)
        self._recent: list[Percept] = []
        self.judged: list[tuple[str, float]] = []
        self._scored: list[dict[str, float]] = []
        self._coarse = (
            Coarse(profile.coarse_threshold, late=profile.late, running=profile.running)
            if profile.coarse
            else None
        )
        self._rhythm = Rhythm(profile.gap_s)

    @property
    def error(self) -> PredictionError:
        """What judges the gaps, with what it has learned."""
        return self._error

    @property
    def gap_s(self) -> float:
        """Silence in event time that ends the open episode, by the profile and the stream's rhythm."""
        return self._rhythm.gap_s

    @property
    def is_open(self) -> bool:
        """Whether an episode is open. If none is, the next percept opens one."""
        return self.count > 0

    def observe(self, observation: Observation) -> list[Cut]:
        """Take one percept in; returns the boundaries that are known now, the oldest first.

        None: it belongs to the open episode, or opens one where none is open. After it, `first_entry`,
        `started_at`, `count` and `label` are those of the percept's episode, and `judged` says which gaps got
        their score: (entry of the percept after it, score).
        """
        self.judged = []
        said = self._causes(observation)
        self._number += 1
        self._error.likeness.take(observation.vector)
        boundary = self._enough(said) if said and self.count else None
        opens = boundary is not None or not self.count
        cuts = self._end_stretch(behind=1) if boundary is not None else []
        now = [Cut(boundary, observation.entry, 0, observation.label)] if boundary is not None else []
        if self._coarse is None:
            cuts += now
        elif opens:
            cuts += self._opening(self._coarse, cuts, now, said, observation)
        gap = self._error.enter(observation.name)
        self._enter(observation, said, opens=opens)
        found = self._judged(gap, 1 if self.profile.late else 0) if gap is not None else []
        if self._coarse is not None:
            found += self._bound(self._coarse, found)
            found += self._promoted(self._coarse.take(self._error.likeness, self._number, said))
        return cuts + found

    def mark(
        self, mark: BoundaryMark, label: str = "", cause: BoundaryType = BoundaryType.EXPLICIT
    ) -> tuple[list[Cut], Boundary | None]:
        """A boundary that comes without a percept: what is known now of the open episode, and the boundary
        that closes what is open after that. An explicit one closes the coarse episode, too.

        The label of a begin names the episode that comes next; that of an end the one that ends.
        """
        self.judged = []
        if cause is BoundaryType.EXPLICIT:
            given = _marked(mark, label)
            self._ending = BoundaryType.EXPLICIT if self._started else None
        else:
            given = Boundary(type=cause, trigger=label or str(mark), parts={causes.SILENCE: causes.SHIFT})
            given = self._ended() or given
        if self.count and mark is BoundaryMark.END and label:
            self.label = label
        cuts, boundary = self._stop(given)
        if mark is BoundaryMark.BEGIN:
            self.label = label
        return cuts, boundary

    def notify_at(self) -> float | None:
        """Event time from which `tick` would close the open episode; None while none is open."""
        if not self.count:
            return None
        return self.last_at if self._ending else self.last_at + self.gap_s

    def tick(self, now: float) -> tuple[list[Cut], Boundary | None]:
        """Time passes without a percept: the boundary that closes the open episode, if it is due, after
        those that are known then.

        `now` is event time; a percept of an earlier time that comes later opens another episode.
        """
        due = self.notify_at()
        if due is None or now < due:
            return [], None
        silence = causes.silent(max(now - self.last_at, self.gap_s), self.gap_s)
        assert silence is not None, "a whole gap is a silence"
        return self._stop(self._ended() or _boundary(silence, {silence.name: silence.weight}, []))

    def forget(self, contexts: Iterable[Mapping[str, str]]) -> None:
        """Nothing is left of how the last percepts were judged, nor of what was known of these surroundings:
        some of what was perceived there is erased. `relearned` then says how to go on."""
        self._error = PredictionError(
            ahead=self.profile.late > 0, cue=self.profile.cue, running=self.profile.running
        )
        self._recent = [each._replace(causes=()) for each in self._recent]
        if self._coarse is not None:
            self._coarse.forget()
        for context in contexts:
            for key, value in context.items():
                if self._context.known.get(key) == value[:VALUE_LENGTH_MAX]:
                    del self._context.known[key]

    def relearned(self, error: PredictionError, coarse: Scale) -> None:
        """Judge by this from now on."""
        self._error = error
        if self._coarse is not None:
            self._coarse.judge_by(coarse)

    def figures(self) -> dict[str, float | int | str | bool]:
        """How it cuts, and what it has learned, for a person to read."""
        error = self._error
        usual, spread = error.usual
        waiting, *scores = self._lookahead.snapshot()
        learned = error.map
        found: dict[str, float | int | str | bool] = {
            "profile": self.profile.name,
            "late": self.profile.late,
            "threshold": self.profile.threshold,
            "gap_s": round(self.gap_s, 1),
            "learned_from": error.notebook.learned,
            "until_next_lesson": max(0, error.notebook.size - len(error.notebook)),
            "map_of": learned.n if learned is not None else 0,
            "directions": len(learned.rows) if learned is not None else 0,
            "trust": round(learned.weight, 3) if learned is not None else 0.0,
            "usual_coherence": round(-usual, 3),
            "spread": round(spread, 3),
            "undecided": int(waiting),
            "last_z": round(self._scored[-1][causes.MEANING], 3) if self._scored else 0.0,
            "last_score": round(scores[-1], 3) if scores else 0.0,
            "state_bytes": error.likeness.size,
            "state_bytes_max": SIZE_MAX,
        }
        if self._coarse is not None:
            usual, spread = self._coarse.usual
            found |= {
                "coarse_threshold": self._coarse.threshold,
                "coarse_usual_coherence": round(-usual, 3),
                "coarse_spread": round(spread, 3),
                "coarse_last_score": round(self._coarse.last_score, 3),
                "coarse_holds": self._coarse.held,
            }
        return found

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values without what was learned (`PredictionError.map`): 40 to 85 KB."""
        return {
            "version": _STATE_VERSION,
            "first_entry": self.first_entry,
            "label": self.label,
            "count": self.count,
            "number": self._number,
            "started": self._started,
            "started_at": self.started_at,
            "last_at": self.last_at,
            "known": dict(self._context.known),
            "ending": str(self._ending) if self._ending else "",
            "error": self._error.snapshot(),
            "rhythm": self._rhythm.snapshot(),
            "lookahead": self._lookahead.snapshot(),
            "recent": [[each.entry, each.at, each.label, rows(each.causes)] for each in self._recent],
            "scored": [dict(parts) for parts in self._scored],
            "coarse": self._coarse.snapshot() if self._coarse is not None else None,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], profile: Profile = CONVERSATION) -> Segmenter:
        """What `snapshot` wrote, under this profile."""
        segmenter = cls(profile)
        for name in ("first_entry", "label", "count", "started_at", "last_at"):
            setattr(segmenter, name, state[name])
        segmenter._started = state["started"]
        segmenter._context = ContextWatch(profile.watched, state["known"])
        segmenter._ending = BoundaryType(state["ending"]) if state["ending"] else None
        segmenter._error = PredictionError.restore(
            state["error"], ahead=profile.late > 0, cue=profile.cue, running=profile.running
        )
        if state["version"] > 1:
            segmenter._recent = [Percept(*each[:3]) for each in state["recent"][-KEPT_MAX:]]
        if state["version"] >= _STATE_VERSION:
            waiting, *scores = state["lookahead"]
            segmenter._lookahead = Lookahead(profile.late, profile.threshold, scores, int(waiting))
            segmenter._recent = [
                Percept(entry, at, label, from_rows(kept)) for entry, at, label, kept in state["recent"]
            ]
            segmenter._number, segmenter._scored = state["number"], [dict(p) for p in state["scored"]]
        if segmenter._coarse is not None and state.get("coarse"):
            segmenter._coarse.resume(state["coarse"])
        elif segmenter._coarse is not None and segmenter.count:
            segmenter._coarse.begin()
        segmenter._rhythm = Rhythm.restore(state["rhythm"], profile.gap_s)
        return segmenter

    # --- what speaks for a boundary before a percept ----------------------------------------

    def _causes(self, seen: Observation) -> list[Cause]:
        """Those that are enough first, the surest of them before the others."""
        if not self._started:
            return []
        found: list[Cause] = []
        if seen.mark is BoundaryMark.BEGIN:
            found.append(causes.marked(seen.label or str(seen.mark)))
        elif self._ending is not None:
            found.append(_ending(self._ending))
        silence = causes.silent(seen.at - self.last_at, self.gap_s)
        if silence is not None:
            found.append(silence)
        if seen.context or seen.source:
            found += self._context.changes(seen.context, seen.source)
        if self.count >= self.profile.length_max:
            found.append(causes.long(self.profile.length_max))
        return found

    def _enough(self, said: Sequence[Cause]) -> Boundary | None:
        """The boundary before this percept, if one of these causes is enough, or if it can be told at once
        that what came from another source means something else."""
        parts = {cause.name: cause.weight for cause in said}
        guess = self._error.guess()
        if guess is not None:
            parts |= {causes.MEANING: guess.z, causes.CUE: guess.cue}
        by = next((cause for cause in said if cause.enough), None)
        if by is not None:
            return _boundary(by, parts, self._lookahead.last(2))
        by = next((cause for cause in said if cause.type is BoundaryType.SOURCE_CHANGE), None)
        if by is None or guess is None or sum(parts.values()) <= self.profile.threshold:
            return None
        return _boundary(by, parts, self._lookahead.last(2), threshold=self.profile.threshold)

    def _ended(self) -> Boundary | None:
        if self._ending is None:
            return None
        cause = _ending(self._ending)
        return _boundary(cause, {cause.name: cause.weight}, self._lookahead.last(2))

    # --- the fine scale ---------------------------------------------------------------------

    def _enter(self, seen: Observation, said: Sequence[Cause], *, opens: bool) -> None:
        if self._started:
            self._rhythm.observe(seen.at - self.last_at)
        self._started = True
        if opens:
            if self.count or seen.mark is BoundaryMark.BEGIN:
                self.label = ""
            self.first_entry, self.count = seen.entry, 0
            self.started_at = self.last_at = seen.at
            self._ending = None
            self._recent.clear()
        self.count += 1
        self._recent.append(Percept(seen.entry, seen.at, seen.label, () if opens else tuple(said)))
        del self._recent[:-KEPT_MAX]
        self.last_at = max(self.last_at, seen.at)
        if seen.label:
            self.label = seen.label
        if (seen.context or seen.source) and self._context.learn(seen.context, seen.source):
            self._ending = BoundaryType.TASK_COMPLETION
        if seen.mark is BoundaryMark.END:
            self._ending = BoundaryType.EXPLICIT

    def _stop(self, given: Boundary) -> tuple[list[Cut], Boundary | None]:
        """What is open ends, and nothing begins: why it ends counts for what comes next, too."""
        boundary = given if self.count else None
        cuts = self._end_stretch(behind=0)
        if self._coarse is not None:
            cuts += self._bound(self._coarse, cuts)
            if self._ending is BoundaryType.EXPLICIT:
                cuts += self._promoted(self._coarse.end(self._error.likeness, self._number))
        self.count, self.first_entry, self.label = 0, "", ""
        self._recent.clear()
        return cuts, boundary

    def _end_stretch(self, *, behind: int) -> list[Cut]:
        """What comes does not continue what was: decide what waits to be decided. `behind` : percepts that
        were taken since."""
        gaps = self._error.end(behind=behind)
        found: list[Cut] = []
        for number, gap in enumerate(gaps):
            found += self._judged(gap, len(gaps) - 1 - number, behind)
        found += self._late(self._lookahead.flush(), 0, behind)
        self._lookahead.clear()
        self._scored.clear()
        return found

    def _judged(self, gap: Gap, back: int, behind: int = 0) -> list[Cut]:
        """The gap before the percept that came `back` percepts before the last one has its score."""
        parts = {causes.MEANING: gap.z, causes.CUE: gap.cue}
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
            if length < self.profile.length_min or back >= len(self._recent):
                continue
            first = self._recent[len(self._recent) - 1 - back]
            boundary = Boundary(
                type=BoundaryType.PREDICTION_ERROR,
                trigger=first.causes[0].trigger if first.causes else causes.MEANT,
                strength=self._lookahead.score(gap),
                scores=self._lookahead.around(gap),
                parts=self._scored[-1 - gap],
                threshold=self.profile.threshold,
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

    # --- the coarse scale -------------------------------------------------------------------

    def _opening(
        self, coarse: Coarse, late: Sequence[Cut], now: list[Cut], said: list[Cause], seen: Observation
    ) -> list[Cut]:
        """A fine episode opens with this percept: the fine cut, and the coarse ones that are known by it."""
        cuts = self._bound(coarse, late)
        by = next((cause for cause in said if cause.always), None)
        if not coarse.held or by is None:
            held = coarse.held
            if not held:
                coarse.begin()
            return [*cuts, *now, *(self._promoted(coarse.bound(self._number, seen.entry)) if held else [])]
        cuts += self._promoted(coarse.end(self._error.likeness, self._number - 1, behind=1))
        coarse.begin()
        said_all = {cause.name: cause.weight for cause in said}
        said.clear()  # the gap between two coarse episodes is judged by neither
        boundary = now[0].boundary if now else _boundary(by, said_all, [])
        return [*cuts, *now, Cut(boundary, seen.entry, 0, seen.label, EpisodeScale.COARSE)]

    def _bound(self, coarse: Coarse, cuts: Sequence[Cut]) -> list[Cut]:
        """Tell the coarse scale of these fine cuts; what it says to them."""
        found = []
        for cut in cuts:
            if cut.scale is EpisodeScale.FINE:
                found += self._promoted(coarse.bound(self._number - cut.back, cut.entry))
        return found

    def _promoted(self, promotions: Sequence[Promotion]) -> list[Cut]:
        return [
            Cut(boundary, bound.entry, self._number - bound.number, "", EpisodeScale.COARSE)
            for boundary, bound in promotions
        ]


def _marked(mark: BoundaryMark, label: str) -> Boundary:
    cause = causes.marked(label or str(mark))
    return _boundary(cause, {cause.name: cause.weight}, [])


def _ending(ending: BoundaryType) -> Cause:
    return causes.marked("end") if ending is BoundaryType.EXPLICIT else causes.completed("task done")


def _boundary(
    by: Cause, parts: dict[str, float], before: Sequence[float], *, threshold: float = 0.0
) -> Boundary:
    """A boundary at once, by this cause; `before` are the scores of the gaps before it."""
    score = sum(parts.values())
    return Boundary(
        type=by.type,
        trigger=by.trigger,
        strength=score,
        scores=[*before, score],
        parts=parts,
        threshold=threshold,
    )
