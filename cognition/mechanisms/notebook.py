"""A notebook: which percepts are to be learned from next, and in what order they came.

Knows names of percepts, which of them continues the one before, and how surely a boundary lies before
each; knows no vectors: whoever teaches looks them up. So a notebook is small enough to be written
down with every checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from cognition.mechanisms.slow_map import LAGS, Lesson
from cognition.mechanisms.vectors import Dense

LESSON = 512
"""Percepts of one lesson. Figures with 128 to 512 do not differ; a shorter one solves and writes down more
often: with 128 a flood of percepts of twenty new minds was taken in at half the rate."""

CARRIED = max(LAGS)
UNJUDGED = 2
"""The last two percepts wait until the gaps before them are judged."""


class Notebook:
    """What was perceived since the last lesson, and `learned`: from how many before that.

    A lesson is `due` when enough has come, and must be over (`overdue`) when as much again has come:
    so what is learned from, and from which percept on it counts, depends on the stream alone.
    Bounded by two lessons and a few: 1,030 rows of some 40 bytes.
    """

    __slots__ = ("_carried", "_continues", "_evidence", "_ids", "learned")

    def __init__(self) -> None:
        self.learned = 0
        self._carried = 0
        self._ids: list[str] = []
        self._continues: list[bool] = []
        self._evidence: list[float] = []

    def __len__(self) -> int:
        return len(self._ids) - self._carried

    @property
    def size(self) -> int:
        """Percepts of the next lesson."""
        return LESSON

    @property
    def due(self) -> bool:
        """Whether there is enough for a lesson."""
        return len(self) >= self.size + UNJUDGED

    @property
    def overdue(self) -> bool:
        """Whether what the lesson teaches must be there before the next percept."""
        return len(self) >= 2 * self.size + UNJUDGED

    def note(self, name: str, *, continues: bool) -> None:
        """A percept; whether it continues the one before it."""
        self._ids.append(name)
        self._continues.append(continues)
        self._evidence.append(math.nan)

    def judge(self, back: int, evidence: float) -> None:
        """How surely, 0..1, a boundary lies before the percept that came `back` percepts ago."""
        if back < len(self._evidence):
            self._evidence[-1 - back] = evidence

    def page(self) -> list[str]:
        """The percepts of the next lesson with the carried ones before them."""
        return self._ids[: self._carried + self.size]

    def lesson(self, vectors: Mapping[str, Dense]) -> Lesson | None:
        """The next lesson; who is not in `vectors` has left nothing to learn from. None where all have."""
        rows = [n for n, name in enumerate(self.page()) if name in vectors]
        carried = sum(1 for n in rows if n < self._carried)
        if len(rows) == carried:
            return None
        follows = [n > 0 and self._continues[n] and n - 1 in set(rows[max(0, i - 1) : i])
                   for i, n in enumerate(rows)]  # fmt: skip
        evidence = [self._evidence[n] if follows[i] else math.nan for i, n in enumerate(rows)]
        return Lesson(
            vectors=np.stack([vectors[self._ids[n]] for n in rows]),
            continues=np.array(follows, dtype=np.bool_),
            evidence=np.array(evidence),
            carried=carried,
        )

    def turn(self) -> None:
        """The lesson was taken: go on with what comes after it."""
        size, gone = self.size, self._carried + self.size - CARRIED
        for rows in (self._ids, self._continues, self._evidence):
            del rows[:gone]
        self._carried = CARRIED
        self.learned += size

    def drop(self) -> None:
        """Begin anew: nothing was learned and nothing is waiting."""
        self.__init__()  # type: ignore[misc]

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values."""
        return {
            "learned": self.learned,
            "carried": self._carried,
            "ids": list(self._ids),
            "continues": bytes(self._continues),
            "evidence": np.array(self._evidence, dtype="<f4").tobytes(),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Notebook:
        """What `snapshot` wrote."""
        book = cls()
        book.learned, book._carried = state["learned"], state["carried"]
        book._ids = list(state["ids"])
        book._continues = [bool(flag) for flag in state["continues"]]
        book._evidence = np.frombuffer(state["evidence"], "<f4").astype(np.float64).tolist()
        if not len(book._ids) == len(book._continues) == len(book._evidence):
            raise ValueError("a notebook whose columns differ in length")
        return book
