"""The course of an episode: how unexpected each of its members was, and how aroused.

Knows members by their order alone; it keeps four bytes of each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

UNKNOWN = -32_768
"""Stands for what was not judged (the first of a stretch) or is not to be told (something was erased)."""

GRID = 100.0
"""Hundredths are kept: a picture shows no more, and what is read back is what was written."""

LIMIT = 300.0
"""Larger values are kept as this; a z beyond it says nothing more."""


class Course:
    """Prediction error and arousal of the members of an episode, in order.

    Invariant: read back from a snapshot it is the same; both curves have as many values as asked for,
    unknown ones first.
    """

    __slots__ = ("_arousals", "_errors")

    def __init__(self) -> None:
        self._errors: list[int] = []
        self._arousals: list[int] = []

    def __len__(self) -> int:
        return len(self._errors)

    def note(self, arousal: float, error: float | None = None) -> None:
        """One more member, arousal 0..1; `error` of the gap before it in units of z, if known yet."""
        self._errors.append(_kept(error))
        self._arousals.append(_kept(arousal))

    def judge(self, back: int, error: float) -> None:
        """The gap before the member that came `back` members before the last one was judged."""
        if back < len(self._errors):
            self._errors[-1 - back] = _kept(error)

    def give_up(self, count: int) -> list[float | None]:
        """The last `count` members leave; what is known of the gaps before them."""
        stay = max(0, len(self._errors) - count)
        left = _padded(self._errors[stay:], count)
        del self._errors[stay:], self._arousals[stay:]
        return left

    def clear(self) -> None:
        """Nothing may be told of the members so far."""
        self._errors.clear()
        self._arousals.clear()

    def errors(self, count: int) -> list[float | None]:
        """Prediction error of the gap before each of the last `count` members; None where there is none."""
        return _padded(self._errors, count)

    def arousals(self, count: int) -> list[float | None]:
        """Arousal of each of the last `count` members, 0..1; None where it is not known."""
        return _padded(self._arousals, count)

    def snapshot(self) -> bytes:
        """Both curves, int16."""
        return np.array([self._errors, self._arousals], "<i2").tobytes()

    @classmethod
    def restore(cls, state: bytes) -> Course:
        """What `snapshot` wrote."""
        course = cls()
        values = np.frombuffer(state, "<i2").reshape(2, -1)
        course._errors, course._arousals = values[0].tolist(), values[1].tolist()
        return course


def _kept(value: float | None) -> int:
    return UNKNOWN if value is None else round(GRID * min(LIMIT, max(-LIMIT, value)))


def _padded(values: Sequence[int], count: int) -> list[float | None]:
    known = [None if value == UNKNOWN else value / GRID for value in values[max(0, len(values) - count) :]]
    return [*[None] * (count - len(known)), *known]
