"""Ranking: how the evidence for each candidate becomes one score, with every part kept.

Knows numbers about candidates; fetches nothing. This is the only place where evidence is added
up: a score can be computed again from the parts that are shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.recollection import ScorePart

Scores = NDArray[np.float64]

DENSE_SD = 0.10
"""Standard deviation of the cosine of a cue with a mind's memories (measured, all-mpnet-base-v2)."""

SQUASH_MIDPOINT = 4.0
SQUASH_SCALE = 1.5
"""Of the logistic that shows evidence as 0..1: it changes no order; to be calibrated on abstention."""


def dense_z(cosine: Scores, mean_cosine: float, sd: float = DENSE_SD) -> Scores:
    """Cosine of each candidate (n,) in deviations from the cue's cosine with the mind's mean vector.

    .. math:: z_i = (q \\cdot v_i - q \\cdot \\bar v) / 0.10
    """
    return (np.asarray(cosine, dtype=np.float64) - mean_cosine) / sd


def lexical_z(score: Scores, mean: float, sd: float) -> Scores:
    """Lexical score of each candidate (n,) in deviations over the collection (`Lexicon.lexical_moments`)."""
    return (np.asarray(score, dtype=np.float64) - mean) / sd


def part(name: str, value: float, z: float, weight: float) -> ScorePart:
    """One kind of evidence: it contributes its weight times its z-score."""
    return ScorePart(name=name, value=value, z=z, weight=weight, contribution=weight * z)


def factor(name: str, value: float, times: float) -> ScorePart:
    """What speaks of no evidence but of its worth here: the score is multiplied by it."""
    return ScorePart(name=name, value=value, z=0.0, weight=0.0, contribution=0.0, factor=times)


def evidence(parts: Sequence[ScorePart]) -> float:
    """The fusion: a convex combination of z-scores, where the weights of the parts sum to 1.

    .. math:: e_i = \\alpha z^{d}_i + (1 - \\alpha) z^{l}_i

    Bruch, Gai & Ingber 2023, on convex combination against reciprocal rank fusion.
    """
    return math.fsum(part.contribution for part in parts)


def score(parts: Sequence[ScorePart]) -> float:
    """Evidence as a score in 0..1, times the factors: squash(sum of contributions) x product of factors."""
    return squash(evidence(parts)) * math.prod(part.factor for part in parts)


def squash(e: float) -> float:
    """Evidence as a score in 0..1, keeping the order.

    .. math:: 1 / (1 + e^{-(e - 4) / 1.5})
    """
    x = (e - SQUASH_MIDPOINT) / SQUASH_SCALE
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    grown = math.exp(max(x, -700.0))
    return grown / (1.0 + grown)


def within_budget(token_counts: Sequence[int], budget: int, limit: int) -> list[int]:
    """Places of at most `limit` that fit a token budget, best first: what no longer fits is passed over."""
    kept: list[int] = []
    left = budget
    for place, tokens in enumerate(token_counts):
        if len(kept) == limit:
            break
        if tokens <= left:
            kept.append(place)
            left -= tokens
    return kept
