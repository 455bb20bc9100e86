"""Circumstances: what beside the meaning speaks for a boundary before a percept, and what speaks against it.

Knows the situation, the rhythm of the stream and what was marked; knows no scores and no episodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cognition.mechanisms import causes
from cognition.mechanisms.causes import Cause
from cognition.mechanisms.context import VALUE_LENGTH_MAX, ContextWatch
from cognition.mechanisms.observation import Observation
from cognition.mechanisms.profiles import Profile
from cognition.mechanisms.rhythm import Rhythm
from schemas.episode import BoundaryType
from schemas.percept import BoundaryMark


class Circumstances:
    """The situation that a mind is in as far as it was said, how often it perceives, and its marks.

    `ending` : what ends the open episode after the percept that was taken last (an end that was marked, a
    task that is done). `begun` : whether an event was marked to begin, by name, whose end has not come: at
    the coarse scale that speaks against a boundary (`causes.going_on`). A begin without a name is a cut and
    no more. Invariant: what is not said does not change.
    """

    __slots__ = ("_context", "_length_max", "_rhythm", "begun", "ending", "started")

    def __init__(self, profile: Profile) -> None:
        self._context = ContextWatch(profile.watched)
        self._rhythm = Rhythm(profile.gap_s)
        self._length_max = profile.length_max
        self.ending: BoundaryType | None = None
        self.begun = False
        self.started = False

    @property
    def gap_s(self) -> float:
        """Silence in event time that ends the open episode, by the profile and the stream's rhythm."""
        return self._rhythm.gap_s

    def causes(self, seen: Observation, since: float, length: int) -> list[Cause]:
        """What speaks for a boundary before this percept, `since` seconds after the last one of an episode of
        so many. Those that are enough first, the surest of them before the others."""
        if not self.started:
            return []
        found: list[Cause] = []
        if seen.mark is BoundaryMark.BEGIN:
            found.append(causes.marked(seen.label or str(seen.mark)))
        elif self.ending is not None:
            found.append(causes.ending(self.ending))
        silence = causes.silent(since, self.gap_s)
        if silence is not None:
            found.append(silence)
        if seen.context or seen.source:
            found += self._context.changes(seen.context, seen.source)
        if length >= self._length_max:
            found.append(causes.long(self._length_max))
        return found

    def at_large(self, said: Sequence[Cause], since: float) -> list[Cause]:
        """The same at the coarse scale: what is silent there is silent for longer, and an event that was
        begun goes on until its end is marked."""
        if not self.started:
            return []
        longer = causes.silent(since, causes.COARSE_GAPS * self.gap_s)
        found = [longer if cause.name == causes.SILENCE else cause for cause in said]
        larger = [cause for cause in found if cause is not None]
        if self.begun and not any(cause.name == causes.MARK for cause in larger):
            larger.append(causes.going_on())
        return larger

    def take(self, seen: Observation, since: float, *, opens: bool) -> None:
        """This percept belongs to what is open now."""
        if self.started:
            self._rhythm.observe(since)
        self.started = True
        if opens:
            self.ending = None
        if (seen.context or seen.source) and self._context.learn(seen.context, seen.source):
            self.ending = BoundaryType.TASK_COMPLETION
        if seen.mark is BoundaryMark.END:
            self.ending = BoundaryType.EXPLICIT
        if seen.mark is not None:
            self.begun = seen.mark is BoundaryMark.BEGIN and bool(seen.label)

    def marked(self, mark: BoundaryMark, label: str) -> None:
        """A mark came without a percept."""
        self.ending = BoundaryType.EXPLICIT if self.started else None
        self.begun = mark is BoundaryMark.BEGIN and bool(label)

    def forget(self, contexts: Iterable[Mapping[str, str]]) -> None:
        """Nothing is left of what was known of these surroundings."""
        for context in contexts:
            for key, value in context.items():
                if self._context.known.get(key) == value[:VALUE_LENGTH_MAX]:
                    del self._context.known[key]

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values."""
        return {
            "started": self.started,
            "known": dict(self._context.known),
            "ending": str(self.ending) if self.ending else "",
            "begun": self.begun,
            "rhythm": self._rhythm.snapshot(),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any], profile: Profile) -> Circumstances:
        """What `snapshot` wrote, under this profile. An older release did not say what was begun."""
        found = cls(profile)
        found.started = state["started"]
        found.begun = state.get("begun", False)
        found.ending = BoundaryType(state["ending"]) if state["ending"] else None
        found._context = ContextWatch(profile.watched, state["known"])
        found._rhythm = Rhythm.restore(state["rhythm"], profile.gap_s)
        return found
