"""Homeostasis: what was learned is scaled down by every night, all of it alike, at no cost.

One factor a cycle, multiplied in when a weight is read. Nothing is rewritten: what is kept is when the cycles
were. Knows weights and moments; neither memories nor stores.

References: Tononi & Cirelli 2003, 2014 (synaptic homeostasis: sleep downscales, and order is kept);
de Vivo et al. 2017 (synapses shrink by 18 % in sleep).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass

NIGHT_FACTOR = 0.9
"""What a night leaves of a weight. Routes fade by the same `plasticity.KEPT_A_DAY` a day, whether or not
there was a night."""

CYCLES_A_NIGHT = 4
"""Cycles of an ordinary night (`pressure`: S falls from .67 to .17 in 3.6 of them)."""

CYCLE_FACTOR: float = NIGHT_FACTOR ** (1.0 / CYCLES_A_NIGHT)
"""What a cycle leaves of a weight."""

WEIGHT_MIN = 0.05
"""What is weaker is pruned (schema, section 6)."""

CYCLES_KEPT = 512
"""Moments of cycles that a mind keeps, 8 bytes each. What has not been touched for so many is scaled by
CYCLE_FACTOR^512 < 2e-6, and pruned long since."""


@dataclass(frozen=True, slots=True)
class Downscaling:
    """When a mind's cycles were, ascending, epoch seconds: all that homeostasis stores.

    Invariants: at most `CYCLES_KEPT`; no moment twice, so that a cycle that is recorded again
    scales nothing again.
    """

    cycles: tuple[float, ...] = ()

    @classmethod
    def of(cls, cycles: Iterable[float]) -> Downscaling:
        """From moments in any order, with repetitions."""
        return cls(tuple(sorted(set(cycles)))[-CYCLES_KEPT:])

    def after(self, cycle: float) -> Downscaling:
        """With the cycle that ended at this moment."""
        if cycle in self.cycles:
            return self
        moments = list(self.cycles)
        insort(moments, cycle)
        return Downscaling(tuple(moments[-CYCLES_KEPT:]))

    def without(self, cycle: float) -> Downscaling:
        """As if that cycle had not been: undone, nothing else has to be put back."""
        return Downscaling(tuple(moment for moment in self.cycles if moment != cycle))

    def factor(self, touched_at: float, factor: float = CYCLE_FACTOR) -> float:
        """What is left of a weight that was last changed at this moment, in (0, 1].

        .. math:: F(t) = f^{\\,|\\{c : c > t\\}|}
        """
        since = len(self.cycles) - bisect_right(self.cycles, touched_at)
        return float(factor**since)

    def scaled(self, weight: float, touched_at: float) -> float:
        """A learned weight as of now. What the caller gave, and what is read off contents, is not scaled."""
        return weight * self.factor(touched_at)
