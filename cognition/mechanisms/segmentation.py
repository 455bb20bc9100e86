"""Event segmentation: where one episode of a mind ends and the next begins, online.

Knows what was observed, in order, and the open episode's outline; knows no memories, and
closes nothing itself: it says where the cut is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cognition.mechanisms import causes
from cognition.mechanisms.causes import Cause
from cognition.mechanisms.circumstances import Circumstances
from cognition.mechanisms.coarse import Coarse, Promotion
from cognition.mechanisms.fine import Fine
from cognition.mechanisms.observation import Cut, Observation
from cognition.mechanisms.prediction import SIZE_MAX, PredictionError, Scale
from cognition.mechanisms.profiles import CONVERSATION, Profile
from schemas.episode import Boundary, BoundaryType, EpisodeScale
from schemas.percept import BoundaryMark

_STATE_VERSION = 3
"""1 knew no look-ahead and no lessons, 2 one scale alone: a mind woken from them begins what they lack."""


class Segmenter:
    """Cuts one mind's stream of percepts into episodes, at one scale or two.

    An episode is open from its first percept until a boundary. The score of a gap is its prediction
    error in units of z plus what each other cause adds (`causes`): a mark, a silence (also backwards: a time
    long before the last belongs to another event), a change of place, task, people or source from one known
    value to another, a task that ended. At the fine scale all of these but the source, and the length, are
    enough by themselves; at the coarse one a mark and a very long silence, and what was begun by
    name goes on there until its end. What is not said does not change: a percept without a place stays where
    the last one was. A task ends by ``task_status`` "done" (its percept is the last of the episode) or by an
    empty ``task`` (its percept is the next one's first).

    A boundary by its score may come late: `observe` then returns a cut that lies some percepts back, and
    they belong to the episode that begins there (`Fine`). Every cause that is enough ends the stretch that
    is looked at. A coarse boundary is always a fine one too, and may come later than that (`Coarse`).

    Invariants: every percept is in exactly one episode; the same observations give the same cuts;
    resumed from a snapshot equals uninterrupted; `tick` closes early but never moves a cut; no fine one lies
    more than `profile.late` percepts back.

    References
    ----------
    Zacks et al. 2007; Kurby & Zacks 2008 (events at several scales); Radvansky & Zacks 2011 (event horizon
    model).
    """

    __slots__ = ("_coarse", "_fine", "_number", "_round", "profile")

    def __init__(self, profile: Profile = CONVERSATION) -> None:
        self.profile = profile
        self._number = 0
        self._fine = Fine(profile)
        self._round = Circumstances(profile)
        self._coarse = (
            Coarse(profile.coarse_threshold, late=profile.late, running=profile.running)
            if profile.coarse
            else None
        )

    @property
    def error(self) -> PredictionError:
        """What judges the gaps, with what it has learned."""
        return self._fine.error

    @property
    def gap_s(self) -> float:
        """Silence in event time that ends the open episode, by the profile and the stream's rhythm."""
        return self._round.gap_s

    @property
    def is_open(self) -> bool:
        """Whether an episode is open. If none is, the next percept opens one."""
        return self._fine.count > 0

    @property
    def first_entry(self) -> str:
        """With which the open episode began."""
        return self._fine.first_entry

    @property
    def started_at(self) -> float:
        """When it began, in event time."""
        return self._fine.started_at

    @property
    def last_at(self) -> float:
        """When the latest of its percepts was."""
        return self._fine.last_at

    @property
    def count(self) -> int:
        """Percepts of the open episode."""
        return self._fine.count

    @property
    def label(self) -> str:
        """What it, or the next one where none is open, is called by who marked it."""
        return self._fine.label

    @property
    def judged(self) -> list[tuple[str, float]]:
        """Which gaps got their score since the last percept came: (entry of the percept after it, score)."""
        return self._fine.judged

    def observe(self, observation: Observation) -> list[Cut]:
        """Take one percept in; returns the boundaries that are known now, the oldest first.

        None: it belongs to the open episode, or opens one where none is open. After it, `first_entry`,
        `started_at`, `count` and `label` are those of the percept's episode, and `judged` tells of the gaps.
        """
        fine = self._fine
        fine.judged = []
        since = observation.at - fine.last_at
        said = self._round.causes(observation, since, fine.count)
        larger = self._round.at_large(said, since)
        self._number += 1
        fine.error.likeness.take(observation.vector)
        boundary = self._enough(said) if said and fine.count else None
        opens = boundary is not None or not fine.count
        cuts = fine.end(behind=1) if boundary is not None else []
        now = [Cut(boundary, observation.entry, 0, observation.label)] if boundary is not None else []
        if self._coarse is None:
            cuts += now
        elif opens:
            cuts += self._opening(self._coarse, cuts, now, larger, observation)
        since = observation.at - fine.last_at
        found = fine.enter(observation, said, opens=opens)
        self._round.take(observation, since, opens=opens)
        if self._coarse is not None:
            found += self._bound(self._coarse, found)
            found += self._promoted(self._coarse.take(fine.error.likeness, self._number, larger))
        return cuts + found

    def mark(
        self, mark: BoundaryMark, label: str = "", cause: BoundaryType = BoundaryType.EXPLICIT
    ) -> tuple[list[Cut], Boundary | None]:
        """A boundary that comes without a percept: what is known now of the open episode, and the boundary
        that closes what is open after that. An explicit one closes the coarse episode, too.

        The label of a begin names the episode that comes next; that of an end the one that ends.
        """
        self._fine.judged = []
        if cause is BoundaryType.EXPLICIT:
            given = _boundary(causes.marked(label or str(mark)), [])
            self._round.marked(mark, label)
        else:
            given = Boundary(type=cause, trigger=label or str(mark), parts={causes.SILENCE: causes.SHIFT})
            given = self._ended() or given
        if self._fine.count and mark is BoundaryMark.END and label:
            self._fine.label = label
        cuts, boundary = self._stop(given)
        if mark is BoundaryMark.BEGIN:
            self._fine.label = label
        return cuts, boundary

    def notify_at(self) -> float | None:
        """Event time from which `tick` would close the open episode; None while none is open."""
        if not self._fine.count:
            return None
        return self.last_at if self._round.ending else self.last_at + self.gap_s

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
        return self._stop(self._ended() or _boundary(silence, []))

    def forget(self, contexts: Iterable[Mapping[str, str]]) -> None:
        """Nothing is left of how the last percepts were judged, nor of what was known of these surroundings:
        some of what was perceived there is erased. `relearned` then says how to go on."""
        self._fine.forget()
        if self._coarse is not None:
            self._coarse.forget()
        self._round.forget(contexts)

    def relearned(self, error: PredictionError, coarse: Scale) -> None:
        """Judge by this from now on."""
        self._fine.error = error
        if self._coarse is not None:
            self._coarse.judge_by(coarse)

    def figures(self) -> dict[str, float | int | str | bool]:
        """How it cuts, and what it has learned, for a person to read."""
        found: dict[str, float | int | str | bool] = {
            "profile": self.profile.name,
            "late": self.profile.late,
            "threshold": self.profile.threshold,
            "gap_s": round(self.gap_s, 1),
            **self.error.figures(),
            **self._fine.figures(),
            "state_bytes": self.error.likeness.size,
            "state_bytes_max": SIZE_MAX,
        }
        return found | (self._coarse.figures() if self._coarse is not None else {})

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values without what was learned (`PredictionError.map`): 40 to 85 KB."""
        return {
            "version": _STATE_VERSION,
            "number": self._number,
            **self._fine.snapshot(),
            **self._round.snapshot(),
            "coarse": self._coarse.snapshot() if self._coarse is not None else None,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], profile: Profile = CONVERSATION) -> Segmenter:
        """What `snapshot` wrote, under this profile."""
        segmenter = cls(profile)
        segmenter._number = state.get("number", 0)
        segmenter._fine = Fine.restore(state, profile)
        segmenter._round = Circumstances.restore(state, profile)
        if segmenter._coarse is not None and state.get("coarse"):
            segmenter._coarse.resume(state["coarse"])
        elif segmenter._coarse is not None and segmenter.count:
            segmenter._coarse.begin()
        return segmenter

    def _enough(self, said: Sequence[Cause]) -> Boundary | None:
        """The boundary before this percept, if one of these causes is enough."""
        by = next((cause for cause in said if cause.enough), None)
        if by is None:
            return None
        parts = {cause.name: cause.weight for cause in said}
        guess = self.error.guess()
        if guess is not None:
            parts |= {causes.MEANING: guess.z, causes.CUE: guess.cue}
        return _boundary(by, self._fine.before(), parts)

    def _ended(self) -> Boundary | None:
        """The boundary after the last percept, if that said so."""
        ending = self._round.ending
        return _boundary(causes.ending(ending), self._fine.before()) if ending is not None else None

    def _stop(self, given: Boundary) -> tuple[list[Cut], Boundary | None]:
        """What is open ends, and nothing begins: why it ends counts for what comes next, too."""
        boundary = given if self._fine.count else None
        cuts = self._fine.end(behind=0)
        if self._coarse is not None:
            cuts += self._bound(self._coarse, cuts)
            if self._round.ending is BoundaryType.EXPLICIT:
                cuts += self._promoted(self._coarse.end(self.error.likeness, self._number))
        self._fine.close()
        return cuts, boundary

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
        cuts += self._promoted(coarse.end(self.error.likeness, self._number - 1, behind=1))
        coarse.begin()
        self._round.begun = False
        boundary = now[0].boundary if now else _boundary(by, [], {c.name: c.weight for c in said})
        said.clear()  # the gap between two coarse episodes is judged by neither
        return [*cuts, *now, Cut(boundary, seen.entry, 0, seen.label, EpisodeScale.COARSE)]

    def _bound(self, coarse: Coarse, cuts: Sequence[Cut]) -> list[Cut]:
        """Tell the coarse scale of these fine cuts; what it says to them."""
        found = []
        for cut in cuts:
            if cut.scale is EpisodeScale.FINE:
                found += self._promoted(coarse.bound(self._number - cut.back, cut.entry))
        return found

    def _promoted(self, promotions: Sequence[Promotion]) -> list[Cut]:
        if promotions:
            self._round.begun = False
        return [
            Cut(boundary, bound.entry, self._number - bound.number, "", EpisodeScale.COARSE)
            for boundary, bound in promotions
        ]


def _boundary(by: Cause, before: Sequence[float], parts: dict[str, float] | None = None) -> Boundary:
    """A boundary at once, by this cause; `before` are the scores of the gaps before it."""
    if parts is None:
        parts = {by.name: by.weight}
    score = sum(parts.values())
    return Boundary(type=by.type, trigger=by.trigger, strength=score, scores=[*before, score], parts=parts)
