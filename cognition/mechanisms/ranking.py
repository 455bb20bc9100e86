"""Ranking: how the evidence for each candidate becomes one score, with every part kept.

Knows numbers about candidates; fetches nothing. Who was named and which date was meant is
found by `asking`. This is the only place where evidence is added
up: a score can be computed again from the parts that are shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.cue import Mood
from schemas.recollection import ScorePart

Scores = NDArray[np.float64]

DENSE_SD = 0.10
"""Standard deviation of the cosine of a cue with a mind's memories (measured, all-mpnet-base-v2)."""

NO_CONTRAST = 1e-12
"""Deviation below which episodes do not differ: rounding, no difference."""

ACTOR_WEIGHT = 1.0
"""Of whom the cue means: BEAM R@5 +.046 [.024, .070], LoCoMo +.002 [-.005, .007] (ADR 13)."""

TIME_WEIGHT = 1.5
"""Of the date that the cue names: LoCoMo R@5 +.015 [.010, .022], BEAM -.006 [-.014, 0] (ADR 13)."""

EPISODE_WEIGHT = 0.3
"""Of the memory's episode: LoCoMo R@5 +.033 [.024, .042], BEAM -.002 [-.013, .006] (ADR 13)."""

MOOD_WEIGHT = 0.5
CONTEXT_WEIGHT = 0.5
"""Of a mood and of surroundings that the cue states, half of whom it means: a choice, no set has either, and
a cue that states none pays nothing (ADR 16)."""

MENTION_WEIGHT = 1.0
"""Of a subject that the cue names for certain, in units of the best evidence: 2Wiki R@5 .962 with .7, .970
with 1, .973 with 1.5, each with the fan of the square root (ADR 16)."""

SQUASH_MIDPOINT = 7.65
SQUASH_SCALE = 2.07
"""Of the logistic that shows evidence as 0..1; it changes no order. Near the fits on LoCoMo minds (7.97 and
2.12, 7.77 and 1.96) of the best evidence of cues that were answered against cues of another mind (ADR 13)."""


def dense_z(cosine: Scores, mean_cosine: float, sd: float = DENSE_SD) -> Scores:
    """Cosine of each candidate (n,) in deviations from the cue's cosine with the mind's mean vector.

    .. math:: z_i = (q \\cdot v_i - q \\cdot \\bar v) / 0.10
    """
    return (np.asarray(cosine, dtype=np.float64) - mean_cosine) / sd


def lexical_z(score: Scores, mean: float, sd: float) -> Scores:
    """Lexical score of each candidate (n,) in deviations over the collection (`Lexicon.lexical_moments`)."""
    return (np.asarray(score, dtype=np.float64) - mean) / sd


def episode_prior(evidence: Scores, episodes: Sequence[str]) -> tuple[Scores, Scores]:
    """How well each candidate's episode (n,) as a whole answers: its best member, and that as z <= 0.

    .. math:: P_i = (\\max_{j \\in E(i)} e_j - \\max_j e_j) / sd_E

    The deviation is over the episodes among the candidates. Counted from the best of them, the prior
    lowers what lies elsewhere and leaves the best memory's evidence as it is: that does not depend on
    what it stands beside, and may be held against a threshold. A candidate without an episode (``""``)
    is one of its own. All 0 where fewer than two episodes are among the candidates.
    """
    best: dict[str, float] = {}
    names = [name or f"\0{place}" for place, name in enumerate(episodes)]
    for name, value in zip(names, evidence.tolist(), strict=True):
        if name not in best or value > best[name]:
            best[name] = value
    peaks = list(best.values())
    mean = math.fsum(peaks) / max(1, len(peaks))
    sd = math.sqrt(math.fsum((peak - mean) ** 2 for peak in peaks) / max(1, len(peaks)))
    own = np.array([best[name] for name in names])
    return own, (own - max(peaks)) / sd if sd > NO_CONTRAST else np.zeros(len(names))


def mood_congruence(felt: Scores, mood: Mood) -> Scores:
    """How near each memory's feeling (n, 2) lies to the mood, (n,), in (0, 1]: what fits comes more easily.

    .. math:: M_i = e^{-d_i^2 / 2 r^2}

    with d the distance in the plane of valence and arousal, r the mood's radius.

    Bower 1981 (mood and memory); Russell 1980 (circumplex).
    """
    distance = np.hypot(felt[:, 0] - mood.valence, felt[:, 1] - mood.arousal)
    congruence: Scores = np.exp(-0.5 * (distance / mood.radius) ** 2)
    return congruence


def context_match(then: Mapping[str, str], now: Mapping[str, str]) -> float:
    """The share of what surrounds the cue that surrounded the memory too, 0..1.

    Godden & Baddeley 1975 (context-dependent memory); Tulving & Thomson 1973 (encoding specificity).
    """
    return sum(then.get(name) == value for name, value in now.items()) / max(1, len(now))


def part(name: str, value: float, z: float, weight: float, paths: Sequence[Sequence[str]] = ()) -> ScorePart:
    """One kind of evidence: it contributes its weight times its z-score."""
    ways = [list(path) for path in paths]
    return ScorePart(name=name, value=value, z=z, weight=weight, contribution=weight * z, paths=ways)


def factor(name: str, value: float, times: float) -> ScorePart:
    """What speaks of no evidence but of its worth here: the score is multiplied by it."""
    return ScorePart(name=name, value=value, z=0.0, weight=0.0, contribution=0.0, factor=times)


def evidence(parts: Sequence[ScorePart]) -> float:
    """The fusion: both z-scores, weighed, and what else speaks for a candidate.

    .. math:: e_i = z^{d}_i + 0.5 z^{l}_i + A_i + 1.5 T_i + 0.3 P_i

    A: the cue means the memory's actor; T: nearness to the date it names; P: `episode_prior`. What was
    learned of the memory joins before P (`plasticity`).

    Bruch, Gai & Ingber 2023, on convex combination against reciprocal rank fusion.
    """
    return math.fsum(part.contribution for part in parts)


def score(parts: Sequence[ScorePart]) -> float:
    """Evidence as a score in 0..1, times the factors: squash(sum of contributions) x product of factors."""
    return squash(evidence(parts)) * math.prod(part.factor for part in parts)


def squash(e: float) -> float:
    """Evidence as a score in 0..1, keeping the order.

    .. math:: 1 / (1 + e^{-(e - 7.65) / 2.07})
    """
    x = (e - SQUASH_MIDPOINT) / SQUASH_SCALE
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    grown = math.exp(max(x, -700.0))
    return grown / (1.0 + grown)


def squashed(evidence: Scores) -> Scores:
    """`squash` of each (n,)."""
    exponent = np.clip((SQUASH_MIDPOINT - evidence) / SQUASH_SCALE, -700.0, 700.0)
    shown: Scores = 1.0 / (1.0 + np.exp(exponent))
    return shown


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
