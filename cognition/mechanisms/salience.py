"""Salience: how strongly a percept calls for attention, and what that means for its memory.

Knows one percept and what is active beside it; no store, no history.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cognition.mechanisms.vectors import Dense

IMPORTANCE_WEIGHT = 0.2
NOVELTY_WEIGHT = 0.2
RELEVANCE_WEIGHT = 0.3
EMOTION_WEIGHT = 0.1
CONNECTION_WEIGHT = 0.2
"""The five weights sum to 1 (ADR-021)."""

CONNECTION_MIN = 0.001
"""The drive to connect is never zero (ADR-020, a law of the self)."""

CONSOLIDATE_FROM = 0.7
"""Threshold of the consolidation tag (ADR-021)."""

STRENGTH_SHARE = 0.45
"""Of salience, as initial strength: never familiar (0.5) at birth. One full replay makes the most salient
memory familiar, eleven make it permanent (0.9, `consolidation_strength`)."""

STABILITY_S = 86_400.0
"""Of an ordinary memory: one day, after which one in three still comes to mind (Ebbinghaus 1885)."""

STABILITY_SPREAD = 4.0
"""The most salient memory starts four times as stable as the least (a choice, to be fitted)."""


def composite(
    importance: float,
    novelty: float,
    relevance: float,
    emotional_intensity: float,
    connection_relevance: float,
) -> float:
    """Composite salience, 0..1.

    .. math:: s = 0.2\\,i + 0.2\\,n + 0.3\\,r + 0.1\\,e + 0.2 \\max(c, 0.001)

    All five in 0..1. Invariant: rises with each of them, and is never 0.
    """
    return (
        IMPORTANCE_WEIGHT * importance
        + NOVELTY_WEIGHT * novelty
        + RELEVANCE_WEIGHT * relevance
        + EMOTION_WEIGHT * emotional_intensity
        + CONNECTION_WEIGHT * max(connection_relevance, CONNECTION_MIN)
    )


def novelty(vector: Dense, others: NDArray[np.float32], centroid: Dense | None) -> float:
    """How unlike what is active now: working memory and the open episode.

    .. math:: n = 1 - \\max_j \\cos(v, o_j), \\quad clipped to 0..1

    Parameters
    ----------
    vector : (d,) of unit length.
    others : (k, d) rows of unit length, k >= 0.
    centroid : (d,) of unit length, or None while no episode is open.

    Returns
    -------
    1.0 where there is nothing to compare with.
    """
    nearest = -1.0
    if len(others):
        nearest = max(others.dot(vector).tolist())
    if centroid is not None:
        nearest = max(nearest, float(centroid.dot(vector)))
    if nearest == -1.0:
        return 1.0
    return min(1.0, max(0.0, 1.0 - nearest))


def emotional_intensity(valence: float, arousal: float) -> float:
    """|valence| (-1..1) times arousal (0..1): distance from indifference, 0..1 (Russell 1980)."""
    return abs(valence) * arousal


def initial_strength(salience: float) -> float:
    """Consolidation strength at encoding, 0..0.45, in proportion to salience."""
    return STRENGTH_SHARE * min(1.0, max(0.0, salience))


def initial_stability_s(salience: float, arousal: float) -> float:
    """Seconds over which retrievability first falls.

    .. math:: S_0 = 86400 \\cdot 4^{\\,s - 1/2} \\cdot (3/4 + a / 2)

    An ordinary percept (s = a = 1/2) starts at one day. Rises with salience s and with arousal a
    (emotional enhancement of memory: McGaugh 2004).
    """
    spread: float = STABILITY_SPREAD ** (salience - 0.5)
    return STABILITY_S * spread * (0.75 + 0.5 * arousal)
