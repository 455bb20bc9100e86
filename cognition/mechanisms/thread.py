"""A thread: the memories that follow each other without a break, and what each takes in from the others.

It ends where an episode is cut off by something outside it (silence, a mark, another place, another
task). Where only the meaning moved on, a reply still replies: the episode ends, the thread goes on
(measured, ADR 14). Knows turns and vectors in order; knows no store and no episodes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cognition.mechanisms.drift import DRIFT, WINDOW, Drift
from cognition.mechanisms.turns import REACH, Changes, Turns, needs, rule_without
from cognition.mechanisms.vectors import Dense
from schemas.episode import BoundaryType

REACHES = WINDOW + REACH
"""Memories before one that decide what it takes in, and at most so many after it take in of it."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One memory as a thread sees it: who said it, its own words (stated, asked), its bare vector (d,),
    and the mean length of the mind's memories when it came."""

    memory_id: str
    actor: str
    stated: Mapping[int, int]
    asked: Mapping[int, int]
    vector: Dense
    mean_length: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A memory in its context: the vector that is searched (d,), the bare one where it is another, the
    lexical weights, which weights of earlier memories changed with it, and by which mechanisms it took
    something in. `lexical` is the thread's own: while the memory is among its last ones it follows
    what comes."""

    context: Dense
    evidence: Dense | None
    lexical: dict[int, float]
    changed: dict[str, Changes]
    by: tuple[str, ...] = ()


class Thread:
    """What a mind's next memory takes in from those before it: `Turns` and `Drift` together.

    Parameters
    ----------
    without : names of `turns.MECHANISMS` that are left out.
    """

    __slots__ = ("_drift", "_turns", "_without")

    def __init__(self, without: Collection[str] = ()) -> None:
        self._without = without
        self._turns = Turns(rule_without(without))
        self._drift = Drift(_share(without))

    def take(self, spoken: Spoken) -> Placed:
        """The next memory takes its place."""
        taken = self._turns.take(
            spoken.memory_id, spoken.actor, spoken.stated, spoken.asked, spoken.mean_length
        )
        context = self._drift.take(spoken.vector, taken.gate)
        evidence = None if context is spoken.vector else spoken.vector
        by = [] if evidence is None else ["drift"]
        if len(taken.weights) > len(spoken.stated.keys() | spoken.asked.keys()):
            by.append("lexical_context")
        if taken.answers:
            by.append("question_inheritance")
        if taken.gate < 1.0:
            by.append("length_gate")
        if taken.answers and needs(taken.gate) < 1.0:
            by.append("conservation")
        return Placed(context, evidence, taken.weights, taken.changed, tuple(by))

    def end(self) -> None:
        """It ends: the next memory begins another."""
        self._turns.end()
        self._drift.end()

    def weights(self, memory_id: str) -> dict[int, float]:
        """The weights of one of the last memories, as they are and as they will follow what comes."""
        weights = self._turns.weights(memory_id)
        assert weights is not None, f"{memory_id} is out of reach of what comes"
        return weights

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values: 3 KB, and a few for the words of four turns."""
        return {"turns": self._turns.snapshot(), "context": self._drift.snapshot()}

    @classmethod
    def restore(cls, state: Mapping[str, Any], without: Collection[str] = ()) -> Thread:
        """What `snapshot` wrote. Raises `ValueError` or `TypeError` if it is damaged."""
        thread = cls(without)
        thread._turns = Turns.restore(state["turns"], rule_without(without))
        thread._drift = Drift.restore(state["context"], _share(without))
        return thread


def goes_on(boundary: BoundaryType | None) -> bool:
    """Whether a thread goes on across this end of an episode."""
    return boundary is BoundaryType.PREDICTION_ERROR


def placed(thread: Sequence[Spoken], without: Collection[str] = ()) -> tuple[dict[str, Placed], Thread]:
    """A whole thread, or a stretch of one, from its memories in order: each as it stands in the end.

    Of a stretch the first `REACHES` memories lack what came before it, the last `turns.REACH` what
    came after. The second value is the thread as it goes on from there.
    """
    going = Thread(without)
    found: dict[str, Placed] = {}
    for spoken in thread:
        found[spoken.memory_id] = going.take(spoken)
    return found, going


def changes_between(before: Mapping[int, float], after: Mapping[int, float]) -> Changes:
    """Which weights differ, term -> (before, after), 0 where absent."""
    terms = before.keys() | after.keys()
    pairs = {term: (before.get(term, 0.0), after.get(term, 0.0)) for term in sorted(terms)}
    return {term: pair for term, pair in pairs.items() if pair[0] != pair[1]}


def moved(before: Dense, after: Dense) -> bool:
    """Whether two vectors (d,) of unit length differ by more than half precision of either leaves open."""
    return float(np.abs(before - after).max()) > MOVED_MIN


MOVED_MIN = 2e-4
"""Largest difference of a component that rounding f to half precision explains (2^-12), rounded down."""


def _share(without: Collection[str]) -> float:
    return 0.0 if "drift" in without else DRIFT
