"""Words that mean nothing, vectors that are alike as far as they are meant to be, and what is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cognition.client import Mind
from schemas.percept import BoundaryMark, Percept
from schemas.recollection import Recalled, Recollection

Vector = NDArray[np.float32]

DIMENSION = 768
_SOUNDS = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]


@dataclass(frozen=True, slots=True)
class Curve:
    """What was measured: one or more series over the same places, and which checks hold. `notes` say what
    was measured beside the effect and is not claimed, also where it speaks against it."""

    title: str
    x_label: str
    y_label: str
    x: list[float]
    series: dict[str, list[float]]
    checks: dict[str, bool]
    reference: str
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether sign and shape are as in people."""
        return all(self.checks.values())


@dataclass(slots=True)
class Materials:
    """A supply of items that were never seen before, under a seed."""

    chance: np.random.Generator
    used: set[str] = field(default_factory=set)

    def word(self) -> str:
        """A new word of three syllables."""
        while True:
            word = "".join(self.chance.choice(_SOUNDS, 3))
            if word not in self.used:
                self.used.add(word)
                return word

    def words(self, count: int) -> str:
        """New words."""
        return " ".join(self.word() for _ in range(count))

    def vector(self) -> Vector:
        """A direction that has nothing to do with any other."""
        return unit(self.chance.standard_normal(DIMENSION))

    def near(self, vector: Vector, distance: float) -> Vector:
        """A direction at about this distance from another."""
        return unit(vector + distance * self.vector())


def unit(vector: NDArray[Any]) -> Vector:
    """The same direction with length 1."""
    row: Vector = (vector / np.linalg.norm(vector)).astype("<f4")
    return row


def percept(
    mind: Mind, key: str, content: str, vector: Vector, *, begins: bool = True, **fields: Any
) -> Percept:
    """An item as it is perceived; `begins` opens an episode with it."""
    return Percept(
        mind=mind.name,
        key=key,
        content=content,
        vector=vector.tobytes(),
        boundary=BoundaryMark.BEGIN if begins else None,
        **fields,
    )


def evidence(recalled: Recalled) -> float:
    """The sum of what speaks for a memory."""
    return sum(part.contribution for part in recalled.parts)


def evidence_by_key(recollection: Recollection) -> dict[str, float]:
    """The same for all that came back."""
    return {recalled.memory.key: evidence(recalled) for recalled in recollection.recalled}


def falls(values: list[float]) -> bool:
    """Whether each value is below the one before."""
    return all(after < before for before, after in pairwise(values))


def rises(values: list[float]) -> bool:
    """Whether each value is above the one before."""
    return falls([-value for value in values])
