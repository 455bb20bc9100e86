"""Base-level activation: how ready a memory is by its own history alone, before any cue.

Knows when and how often a memory was used; neither what it says nor what it is connected to.
"""

from __future__ import annotations

import math

DECAY = 0.5
"""d of ACT-R, the value that nearly every model keeps (Anderson & Lebiere 1998)."""

AGE_MIN_S = 1.0
"""A use is taken to lie at least a second back: the power law has no value at 0."""


def base_level(uses: int, since_last_s: float, since_first_s: float, decay: float = DECAY) -> float:
    """Log odds that a memory is needed now, from how often and how long ago it was used, in O(1).

    .. math::
        B = \\ln\\left(\\sum_{j=1}^{n} t_j^{-d}\\right) \\approx
        \\ln\\left(t_1^{-d} + (n - 1)\\,\\frac{t_n^{1-d} - t_1^{1-d}}{(1 - d)(t_n - t_1)}\\right)

    The last use is kept exactly, those before are taken as spread evenly since the first.
    Exact for one use: -5.683 after a day, -6.656 after a week.

    Parameters
    ----------
    uses : n >= 1, the encoding among them.
    since_last_s, since_first_s : t_1 and t_n, seconds since the last use and the first.
    decay : d, in (0, 1).

    Invariants: falls as time passes; rises with the number of uses.

    References
    ----------
    Anderson & Schooler 1991; Petrov 2006, Computationally efficient approximation of the base-level
    learning equation in ACT-R (his hybrid form with k = 1).
    """
    if uses < 1:
        raise ValueError(
            f"uses = {uses}: a memory was used at least once, when it was encoded. Give 1 or more."
        )
    if not 0.0 < decay < 1.0:
        raise ValueError(f"decay = {decay} is not within (0, 1). The usual value is {DECAY}.")
    last = max(AGE_MIN_S, since_last_s)
    first = max(last, since_first_s)
    strength = last**-decay
    if uses > 1:
        strength += (uses - 1) * _mean_strength(last, first, decay)
    return math.log(strength)


def _mean_strength(last: float, first: float, decay: float) -> float:
    """Mean of t^-d over t in last..first, exact also where they are close together."""
    span = (first - last) / last
    if span == 0.0:
        return float(last**-decay)
    kept = 1.0 - decay
    return float(last**-decay * math.expm1(kept * math.log1p(span)) / (kept * span))
