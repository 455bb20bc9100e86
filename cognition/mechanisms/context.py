"""The situation a mind is in: place, task, people, source, as far as it has been said.

Knows the latest known value of each watched key; knows no episodes and no time.
"""

from __future__ import annotations

from collections.abc import Mapping

from cognition.mechanisms.causes import Cause, completed, shifted
from schemas.episode import BoundaryType

VALUE_LENGTH_MAX = 256
"""Characters of a context value that are compared and kept."""

DONE = frozenset({"done", "completed", "complete", "finished", "closed", "cancelled", "failed"})
"""Values of the context key ``task_status`` that end the task."""

SOURCE = "source"
_TASK, _TASK_STATUS = "task", "task_status"
_SHOWN = 60


class ContextWatch:
    """The last known values of the watched keys of one stream.

    What is not said does not change: a percept without a place is where the last one was. Values
    are compared without case and space, and lists (``"ana, bob"``) in any order.

    Parameters
    ----------
    watched : keys of the percept's context map; ``"source"`` means the percept's source.
    """

    __slots__ = ("known", "watched")

    def __init__(self, watched: tuple[str, ...], known: Mapping[str, str] | None = None) -> None:
        self.watched = watched
        self.known: dict[str, str] = dict(known or {})

    def changes(self, context: Mapping[str, str], source: str) -> list[Cause]:
        """What changed between what was known and this: each key that has another value, or the task that
        was left (given as "")."""
        known = self.known
        if not known:
            return []
        if _TASK in self.watched and context.get(_TASK) == "" and _TASK in known:
            return [completed(f"task {known[_TASK][:_SHOWN]!r} left")]
        found: list[Cause] = []
        for key in self.watched:
            value = source if key == SOURCE else context.get(key)
            if value and key in known and not _same(known[key], value[:VALUE_LENGTH_MAX]):
                kind = BoundaryType.SOURCE_CHANGE if key == SOURCE else BoundaryType.CONTEXT_SHIFT
                found.append(shifted(kind, key, f"{key}: {known[key][:_SHOWN]!r} -> {value[:_SHOWN]!r}"))
        return found

    def learn(self, context: Mapping[str, str], source: str) -> bool:
        """Take over what is said; whether it says that the task is done."""
        for key in self.watched:
            value = source if key == SOURCE else context.get(key)
            if value:
                self.known[key] = value[:VALUE_LENGTH_MAX]
        if _TASK not in self.watched:
            return False
        done = context.get(_TASK_STATUS, "").casefold() in DONE
        if done or context.get(_TASK) == "":
            self.known.pop(_TASK, None)
        return done


def _same(one: str, other: str) -> bool:
    return one == other or _parts(one) == _parts(other)


def _parts(value: str) -> list[str]:
    return sorted(" ".join(part.casefold().split()) for part in value.replace(";", ",").split(","))
