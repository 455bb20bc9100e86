"""Event segmentation: where one episode of a mind ends and the next begins, online.

Knows what was observed, in order, and the open episode's outline; knows no memories, and
closes nothing itself: it says where the cut is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from cognition.errors import SettingsError
from cognition.mechanisms.context import ContextWatch
from cognition.mechanisms.lookahead import Lookahead
from cognition.mechanisms.prediction import REACH, Gap, PredictionError
from cognition.mechanisms.rhythm import Rhythm
from cognition.mechanisms.vectors import Dense
from schemas.episode import Boundary, BoundaryType
from schemas.percept import BoundaryMark

LENGTH_MAX = 500
"""Percepts of one episode; a longer one is cut, so that nothing about an episode is unbounded."""

THRESHOLD = 1.2
"""Score of the prediction error, in units of z, above which a gap can be a boundary (measured on
DialSeg711 and TIAGE with what the stream has taught; see benchmarks/README.md)."""

KEPT_MAX = 6
"""Percepts that are remembered so that a boundary can be put before them: four late, and two to spare."""

SHIFT = 2.0
COARSE = 2.0
"""What a change of place, task or people adds to a score of the coarse scale, and the threshold there. Read
off sherlock-events, the one set with places: Pk / F1 / within one .244 / .467 / .542 against .281 / .393 /
.479 of the place alone. Reach 2 gives .330 / .396 / .486, without the place .299 / .306 / .361."""

SUPPORT = 0.5
"""Share of the threshold that supports a change of source alone: an agent hears voice, calendar and
mail of one event, so the source counts only where the meaning changes too."""

_STATE_VERSION = 2
"""1 knew no look-ahead and no lessons: a mind woken from it begins both."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What ends an episode in one kind of stream.

    `gap_s` : silence in event time, seconds. `watched` : context keys (and ``source``) whose change
    is a boundary. `threshold` : z of the prediction error, above which it is one (infinity: never).
    `length_min` : percepts before prediction error may cut; `length_max` : percepts at most. `late` :
    by how many percepts a boundary of meaning may come late (0, 2 or 4): what follows shows it better.
    `cue` : whether what usually closes and opens an episode counts. `reach` : percepts on each side of a
    gap among which a link is looked for. `shift` : what a change of what is watched adds to the score of
    its gap (infinity: it is a boundary by itself).
    """

    name: str
    gap_s: float
    watched: tuple[str, ...]
    threshold: float = THRESHOLD
    length_min: int = 2
    length_max: int = LENGTH_MAX
    late: int = 2
    cue: bool = True
    reach: int = REACH
    shift: float = math.inf

    @property
    def lateness(self) -> int:
        """By how many percepts a boundary may come late in all."""
        return self.late + self.reach - REACH if self.late else 0

    @property
    def coarse(self) -> Profile:
        """The same on the coarse scale."""
        return replace(
            self, reach=2 * REACH, cue=False, shift=SHIFT, threshold=COARSE, late=min(self.late, 2)
        )


CONVERSATION = Profile("conversation", 1_800.0, ("place", "task", "people", "source"))
ASSISTANT = Profile("assistant", 1_800.0, ("place", "task", "people"))
SENSORS = Profile("sensors", 30.0, ("place", "task", "people"), threshold=3.0)
PROFILES: Mapping[str, Profile] = {p.name: p for p in (CONVERSATION, ASSISTANT, SENSORS)}
"""Conversation: 30 min of silence, or longer in a stream of a slower rhythm. Assistant: the same, but
sources alternate (user, tools) and do not count. Sensors: 30 s, sources interleave, coarse threshold."""


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
    percepts ago that was, 0 for the one just observed; `label` names the episode that begins."""

    boundary: Boundary
    entry: str
    back: int = 0
    label: str = ""


class Percept(NamedTuple):
    """What is remembered of a percept before which a boundary may yet be put; `shift` says what changed
    with it, where that counts towards the score."""

    entry: str
    at: float
    label: str
    shift: str = ""


class Segmenter:
    """Cuts one mind's stream of percepts into episodes.

    An episode is open from its first percept until a boundary. Causes, in the order in which they
    are asked: an explicit mark; a task that ended; a temporal gap (also backwards: a time long
    before the last belongs to another event); a change of place, task, people or source from one
    known value to another; the length; prediction error. What is not said does not change: a
    percept without a place stays where the last one was. A task ends by ``task_status`` "done" (its
    percept is the last of the episode) or by an empty ``task`` (its percept is the next one's first).

    A boundary of meaning may come late: `observe` then returns a cut that lies some percepts back, and
    they belong to the episode that begins there. Every other cause ends the stretch that is looked at.

    Invariants: every percept is in exactly one episode; the same observations give the same cuts;
    resumed from a snapshot equals uninterrupted; `tick` closes early but never moves a cut; none lies
    more than `profile.lateness` percepts back.

    References
    ----------
    Zacks et al. 2007; Radvansky & Zacks 2011 (event horizon model).
    """

    __slots__ = (
        "_context",
        "_ending",
        "_error",
        "_lookahead",
        "_recent",
        "_rhythm",
        "_started",
        "count",
        "first_entry",
        "judged",
        "label",
        "last_at",
        "profile",
        "started_at",
    )

    def __init__(self, profile: Profile = CONVERSATION) -> None:
        self.profile = profile
        self.first_entry = ""
        self.label = ""
        self.count = 0
        self._started = False
        self.started_at = 0.0
        self.last_at = 0.0
        self._context = ContextWatch(profile.watched)
        self._ending: BoundaryType | None = None
        self._error = PredictionError(ahead=profile.late > 0, cue=profile.cue, reach=profile.reach)
        self._lookahead = Lookahead(profile.late, profile.threshold)
        self.judged: list[tuple[str, float]] = []
        self._recent: list[Percept] = []
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
        cause = self._cause(observation) if self.count else None
        doubtful = cause is not None and cause.type is BoundaryType.SOURCE_CHANGE
        if doubtful and self._error.guess(observation.vector) <= SUPPORT * self.profile.threshold:
            cause = None
        shift = ""
        if cause is not None and cause.type is BoundaryType.CONTEXT_SHIFT and self.profile.shift < math.inf:
            shift, cause = cause.trigger, None
        cuts = self._end_stretch() if cause is not None else []
        gap = self._error.observe(observation.vector, observation.name)
        if cause is not None:
            cuts.append(Cut(cause, observation.entry, 0, observation.label))
        self._enter(observation, shift, opens=cause is not None or not self.count)
        if gap is not None:
            cuts += self._judged(gap, self.profile.reach - 1 if self.profile.late else 0)
        return cuts

    def mark(self, mark: BoundaryMark, label: str = "") -> tuple[list[Cut], Boundary | None]:
        """An explicit mark that comes without a percept: what is known now of the open episode, and the
        boundary that closes what is open after that.

        The label of a begin names the episode that comes next; that of an end the one that ends.
        """
        self.judged = []
        cuts = self._end_stretch()
        if self.count and mark is BoundaryMark.END and label:
            self.label = label
        boundary = _explicit(mark, label) if self.count else None
        self._close()
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
        boundary = self._ended() or Boundary(type=BoundaryType.TEMPORAL, trigger=_gap(now - self.last_at))
        cuts = self._end_stretch()
        self._close()
        return cuts, boundary

    def figures(self) -> dict[str, float | int | str | bool]:
        """How it cuts, and what it has learned, for a person to read."""
        error = self._error
        usual, spread = error.usual
        waiting, *scores = self._lookahead.snapshot()
        return {
            "profile": self.profile.name,
            "late": self.profile.late,
            "threshold": self.profile.threshold,
            "gap_s": round(self.gap_s, 1),
            "learned_from": error.notebook.learned,
            "until_next_lesson": max(0, error.notebook.size - len(error.notebook)),
            "map_of": error.map.n if error.map is not None else 0,
            "directions": len(error.map.rows) if error.map is not None else 0,
            "trust": round(error.map.weight, 3) if error.map is not None else 0.0,
            "usual_coherence": round(-usual, 3),
            "spread": round(spread, 3),
            "undecided": int(waiting),
            "last_score": round(scores[-1], 3) if scores else 0.0,
            "state_bytes": error.size,
        }

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values without what was learned (`PredictionError.map`): 15 to 60 KB."""
        return {
            "version": _STATE_VERSION,
            "first_entry": self.first_entry,
            "label": self.label,
            "count": self.count,
            "started_at": self.started_at,
            "last_at": self.last_at,
            "known": dict(self._context.known),
            "started": self._started,
            "ending": self._ending.value if self._ending else "",
            "error": self._error.snapshot(),
            "rhythm": self._rhythm.snapshot(),
            "lookahead": self._lookahead.snapshot(),
            "recent": [list(percept) for percept in self._recent],
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
            state["error"], ahead=profile.late > 0, cue=profile.cue, reach=profile.reach
        )
        if state["version"] > 1:
            waiting, *scores = state["lookahead"]
            segmenter._lookahead = Lookahead(profile.late, profile.threshold, scores, int(waiting))
            segmenter._recent = [Percept(*each) for each in state["recent"]][-KEPT_MAX:]
        segmenter._rhythm = Rhythm.restore(state["rhythm"], profile.gap_s)
        return segmenter

    def _cause(self, seen: Observation) -> Boundary | None:
        if seen.mark is BoundaryMark.BEGIN:
            return _explicit(seen.mark, seen.label)
        ended = self._ended()
        if ended is not None:
            return ended
        gap = self.gap_s
        if seen.at >= self.last_at + gap or seen.at <= self.last_at - gap:
            return Boundary(type=BoundaryType.TEMPORAL, trigger=_gap(seen.at - self.last_at))
        if seen.context or seen.source:
            change = self._context.change(seen.context, seen.source)
            if change is not None:
                return change
        if self.count >= self.profile.length_max:
            return Boundary(type=BoundaryType.TEMPORAL, trigger=f"length {self.profile.length_max}")
        return None

    def _ended(self) -> Boundary | None:
        if self._ending is None:
            return None
        return Boundary(
            type=self._ending, trigger="end" if self._ending is BoundaryType.EXPLICIT else "task done"
        )

    def _enter(self, seen: Observation, shift: str, *, opens: bool) -> None:
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
        self._recent.append(Percept(seen.entry, seen.at, seen.label, shift))
        del self._recent[:-KEPT_MAX]
        self.last_at = max(self.last_at, seen.at)
        if seen.label:
            self.label = seen.label
        if (seen.context or seen.source) and self._context.learn(seen.context, seen.source):
            self._ending = BoundaryType.TASK_COMPLETION
        if seen.mark is BoundaryMark.END:
            self._ending = BoundaryType.EXPLICIT

    def _close(self) -> None:
        self.count, self.first_entry, self.label, self._ending = 0, "", "", None
        self._recent.clear()

    def _end_stretch(self) -> list[Cut]:
        """What comes does not continue what was: decide what waits to be decided."""
        gaps = self._error.end()
        found: list[Cut] = []
        for number, gap in enumerate(gaps):
            found += self._judged(gap, len(gaps) - 1 - number)
        found += self._late(self._lookahead.flush(), 0)
        self._lookahead.clear()
        return found

    def _judged(self, gap: Gap, back: int) -> list[Cut]:
        """The gap before the percept that came `back` percepts before the last one has its score."""
        shifted = back < len(self._recent) and self._recent[-1 - back].shift
        score = gap.score + (self.profile.shift if shifted else 0.0)
        if back < len(self._recent):
            self.judged.append((self._recent[-1 - back].entry, score))
        return self._late(self._lookahead.add(score), back)

    def _late(self, gaps: Sequence[int], newest: int) -> list[Cut]:
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
                trigger=first.shift or "the meaning changed",
                strength=self._lookahead.score(gap),
                scores=self._lookahead.around(gap),
            )
            cuts.append(Cut(boundary, first.entry, back, self._reopen(back)))
        return cuts

    def _reopen(self, back: int) -> str:
        """The open episode begins with the percept that came `back` percepts ago; its label."""
        moved = self._recent[len(self._recent) - 1 - back :]
        self.first_entry, self.count = moved[0].entry, len(moved)
        self.started_at, self.last_at = moved[0].at, max(each.at for each in moved)
        self.label = next((each.label for each in reversed(moved) if each.label), "")
        return self.label


def profile_of(name: str) -> Profile:
    """The profile of this name; raises `SettingsError` that lists those there are."""
    if name not in PROFILES:
        raise SettingsError(f"segmentation profile {name!r} is unknown", remedy="Use " + ", ".join(PROFILES))
    return PROFILES[name]


def _explicit(mark: BoundaryMark, label: str) -> Boundary:
    return Boundary(type=BoundaryType.EXPLICIT, trigger=label or mark.value)


def _gap(seconds: float) -> str:
    return f"{seconds:.0f} s apart"
