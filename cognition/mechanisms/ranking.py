"""Ranking: how the evidence for each candidate becomes one score, with every part kept.

Knows numbers about candidates; fetches nothing. Who was named and which date was meant is
found by `asking`. A part whose weight is 0 is off.
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

LEXICAL_WEIGHT = 0.5
"""Of lexical against dense z; the convex form's alpha is 1 / (1 + weight) = 0.67 (LoCoMo)."""

ACTOR_WEIGHT = 1.0
TIME_WEIGHT = 1.5
EPISODE_WEIGHT = 0.3
"""Weights of the further parts in the rule "evidence in context" (LoCoMo, BEAM); off until switched on."""

SQUASH_MIDPOINT = 4.0
SQUASH_SCALE = 1.5
"""Of the logistic that shows evidence as 0..1: it changes no order; to be calibrated on abstention."""

CROSS_EPISODE_FACTOR = 0.7
"""Of the score of what lies in another episode (ADR-022, softened)."""

DIVERSITY_BALANCE = 0.7
"""Share of relevance against redundancy (Carbonell & Goldstein 1998)."""


def dense_z(cosine: Scores, mean_cosine: float, sd: float = DENSE_SD) -> Scores:
    """Cosine of each candidate (n,) in deviations from the cue's cosine with the mind's mean vector.

    .. math:: z_i = (q \\cdot v_i - q \\cdot \\bar v) / 0.10
    """
    return (np.asarray(cosine, dtype=np.float64) - mean_cosine) / sd


def lexical_z(score: Scores, mean: float, sd: float) -> Scores:
    """Lexical score of each candidate (n,) in deviations over the collection (`Lexicon.lexical_moments`)."""
    return (np.asarray(score, dtype=np.float64) - mean) / sd


def convex(dense: Scores, lexical: Scores, lexical_weight: float = LEXICAL_WEIGHT) -> Scores:
    """Fusion of two z-scores (n,): a convex combination, up to a factor that changes no order.

    .. math:: s_i = z^{d}_i + w z^{l}_i = (1 + w)\\,(\\alpha z^{d}_i + (1 - \\alpha) z^{l}_i),
              \\quad \\alpha = 1/(1+w)

    Left in units of the dense z, so that further parts may be added. (Bruch, Gai & Ingber 2023,
    on convex combination against reciprocal rank fusion.)
    """
    return dense + lexical_weight * lexical


def episode_prior(scores: Scores, episodes: Sequence[str]) -> Scores:
    """How well each candidate's episode (n,) as a whole answers: z over episodes of its best member.

    .. math:: P_i = z_E(\\max_{j \\in E(i)} s_j)

    A candidate without an episode (``""``) is one of its own. All 0 where fewer than two episodes
    are among the candidates.
    """
    best: dict[str, float] = {}
    names = [name or f"\0{place}" for place, name in enumerate(episodes)]
    for name, score in zip(names, scores.tolist(), strict=True):
        best[name] = max(score, best.get(name, -math.inf))
    peaks = np.array(list(best.values()), dtype=np.float64)
    sd = float(peaks.std()) if len(peaks) > 1 else 0.0
    if sd <= 1e-12:
        return np.zeros(len(names))
    mean = float(peaks.mean())
    return np.array([(best[name] - mean) / sd for name in names])


def cross_episode(score: float, same: bool, factor: float = CROSS_EPISODE_FACTOR) -> float:
    """Score 0..1 of a memory after the soft episode filter: times `factor` if it lies in another episode."""
    return score if same else score * factor


def squash(s: float) -> float:
    """Evidence as a score in 0..1, keeping the order.

    .. math:: 1 / (1 + e^{-(s - 4) / 1.5})
    """
    x = (s - SQUASH_MIDPOINT) / SQUASH_SCALE
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    grown = math.exp(max(x, -700.0))
    return grown / (1.0 + grown)


def parts(values: Sequence[tuple[str, float, float]]) -> list[ScorePart]:
    """Score parts of (name, value, weight): what each contributed, without those that are off."""
    return [
        ScorePart(name=name, value=value, weight=weight, contribution=value * weight)
        for name, value, weight in values
        if weight != 0.0
    ]


def diversify(
    scores: Sequence[float], vectors: NDArray[np.float32], limit: int, balance: float = DIVERSITY_BALANCE
) -> list[int]:
    """Maximal marginal relevance: places of up to `limit` candidates, each unlike those before it.

    .. math:: \\arg\\max_i\\; \\beta s_i - (1 - \\beta) \\max_{j \\in chosen} \\cos(v_i, v_j)

    Parameters
    ----------
    scores : (n,) in 0..1. vectors : (n, d) rows of unit length. balance : beta, 0..1; 1 keeps
        the order of the scores. Ties go to the earlier candidate.
    """
    relevance = np.asarray(scores, dtype=np.float64)
    redundancy = np.full(len(relevance), -1.0)
    open_places = np.ones(len(relevance), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < min(limit, len(relevance)):
        seen = redundancy if chosen else np.zeros(len(relevance))
        merit = np.where(open_places, balance * relevance - (1.0 - balance) * seen, -np.inf)
        best = int(np.argmax(merit))
        chosen.append(best)
        open_places[best] = False
        redundancy = np.maximum(redundancy, vectors @ vectors[best])
    return chosen


def within_budget(token_counts: Sequence[int], budget: int) -> list[int]:
    """Places of what fits a token budget, best first: each is taken if it still fits, else passed over."""
    kept: list[int] = []
    left = budget
    for place, tokens in enumerate(token_counts):
        if tokens <= left:
            kept.append(place)
            left -= tokens
    return kept
