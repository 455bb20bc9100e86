"""Retrievability: how likely a memory comes to mind by itself, and how using it makes it last.

Computed on read from what is stored (stability, last use): upkeep at any cadence changes nothing.
Knows times and life figures; what becomes of a memory that lapses is `keeping`.
"""

from __future__ import annotations

import math

EXPONENT = 0.126
"""psi, of the power law through Ebbinghaus' seven points (1885; r2 .978, an exponential .479)."""

AT_STABILITY = 0.32
"""R(S): with a stability of one day, that of an ordinary percept, the curve passes Ebbinghaus' seven
points with a root mean square error of .021 (.025 with 1/3)."""

SCALE: float = AT_STABILITY ** (-1.0 / EXPONENT) - 1.0
"""kappa: what makes R(S) = `AT_STABILITY`."""

GROWTH_MAX = 4.0
"""A single use lengthens stability to five times at most (a choice: spaced repetition gains 2.5 a time)."""

GROWTH_AT_STABILITY = 2.0
"""A use when one in three would still recall it makes stability three times as long (a choice between
SM-2's 1.3 and 2.5 to 3.5 that FSRS fits for easy material)."""

STEEPNESS = 8.0
"""How much more is gained the nearer a memory is to being forgotten. With 8 the best gap before a test
moves out from hours to a day as the delay goes from two days to a week (signature `spacing`)."""

EXPOSURE = 0.4
"""Of the gain of a retrieval that reading it again has (testing effect: Roediger & Karpicke 2006, after a
week 61 against 40 % kept)."""

REPLAY = 0.1
"""Of the gain of a retrieval that a full replay has: replays come by the dozen (a choice)."""

STABILITY_MAX_S = 10 * 365 * 86_400.0
"""Bahrick 1984: after some years what is left stays (permastore). Ten years is for ever here."""


def retrievability(elapsed_s: float, stability_s: float) -> float:
    """How likely a memory comes to mind by itself after so long, in (0, 1].

    .. math:: R = \\left(1 + \\kappa \\frac{t}{S}\\right)^{-\\psi}, \\qquad
        \\psi = 0.126,\\; R(S) = 0.32

    Parameters
    ----------
    elapsed_s : t, seconds since the last use; below 0 (a clock set back) counts as 0.
    stability_s : S > 0, the time after which one in three still does.

    Invariants: 1 at once; falls with t and rises with S; R(t, S) depends on t/S alone.

    References
    ----------
    Ebbinghaus 1885; Wixted & Ebbesen 1991 (forgetting follows a power of time).
    """
    _check(stability_s)
    return math.pow(1.0 + SCALE * max(0.0, elapsed_s) / stability_s, -EXPONENT)


def stability_after(
    stability_s: float,
    elapsed_s: float,
    *,
    arousal: float = 0.5,
    strength: float = 0.0,
    share: float = 1.0,
) -> float:
    """Stability after a use: it grows, the more the nearer the memory was to being forgotten.

    .. math::
        S' = \\min\\left(S_{max},\\; S\\left[1 + w\\,\\min\\left(4,\\;
        2\\,\\frac{e^{8 (1 - R)} - 1}{e^{8 (1 - 0.32)} - 1}\\right)
        \\left(\\tfrac34 + \\tfrac a2\\right) \\frac{1 + c}{2}\\right]\\right) \\cdot

    Parameters
    ----------
    stability_s : S > 0.
    elapsed_s : seconds since the last use before this one; R is taken then.
    arousal : a, 0..1 (emotional enhancement; 1/2 changes nothing).
    strength : c, consolidation strength, 0..1: what is consolidated gains up to twice as much.
    share : w, 0..1; 1 for a retrieval, `EXPOSURE` for the same percept again, `REPLAY` times the
        stage's factor for a replay.

    Invariants: S <= S' <= `STABILITY_MAX_S` (S itself where it is longer); rises with t, a, c and w;
    nothing is gained by a use at once (massing).

    References
    ----------
    Cepeda et al. 2006, 2008 (spacing); Roediger & Karpicke 2006 (testing); McGaugh 2004 (arousal).
    """
    ready = retrievability(elapsed_s, stability_s)
    steep = math.expm1(STEEPNESS * (1.0 - ready)) / math.expm1(STEEPNESS * (1.0 - AT_STABILITY))
    growth = min(GROWTH_MAX, GROWTH_AT_STABILITY * steep)
    gain = share * growth * (0.75 + 0.5 * arousal) * (1.0 + strength) / 2.0
    return max(stability_s, min(STABILITY_MAX_S, stability_s * (1.0 + gain)))


def _check(stability_s: float) -> None:
    if not stability_s > 0.0:
        raise ValueError(f"stability = {stability_s} s is not above 0. A fresh memory has a day.")
