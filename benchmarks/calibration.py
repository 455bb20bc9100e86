"""From the best score of each cue to how well it tells what is remembered from what is not.

Pure functions over arrays. It must not know how the scores came about.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(20))
"""Of the table: 0 (off) to 0.95."""

NEWTON_STEPS = 50
"""A fit of two numbers converges in some ten, unless the classes do not overlap."""

RIDGE = 1e-3
"""Holds the fit finite where one threshold separates the classes; moves it by less than .001 where not."""

BINS = 5
"""Of the reliability figures: equal widths of the score."""


def fit_logistic(answerable: Figures, unanswerable: Figures) -> tuple[float, float]:
    """Midpoint and scale of the logistic that reads evidence as the chance that an answer is there.

    .. math:: P(e) = 1 / (1 + e^{-(e - m) / s})

    Maximum likelihood, by Newton's method. `answerable` (n,) and `unanswerable` (m,) hold the best
    evidence of each cue and weigh the same together, however many there are of either.
    """
    evidence = np.concatenate([answerable, unanswerable])
    truth = np.concatenate([np.ones(len(answerable)), np.zeros(len(unanswerable))])
    weight = np.where(truth > 0.0, 0.5 / len(answerable), 0.5 / len(unanswerable))
    design = np.stack([np.ones_like(evidence), evidence - evidence.mean()], axis=1)
    beta = np.zeros(2)
    for _ in range(NEWTON_STEPS):
        chance = 1.0 / (1.0 + np.exp(-(design @ beta)))
        slope = design.T @ (weight * (truth - chance)) - RIDGE * beta * (0.0, 1.0)
        curve = (design * (weight * chance * (1.0 - chance))[:, None]).T @ design + np.diag((0.0, RIDGE))
        beta = beta + np.linalg.solve(curve, slope)
    return float(evidence.mean() - beta[0] / beta[1]), float(1.0 / beta[1])


def curve(answerable: Figures, unanswerable: Figures) -> list[dict[str, float]]:
    """For each threshold: the share of the answerable silenced, and of the unanswerable kept silent."""
    return [
        {
            "abstain_below": threshold,
            "silenced": _share_below(answerable, threshold),
            "silent": _share_below(unanswerable, threshold),
        }
        for threshold in THRESHOLDS
    ]


def sensible(rows: list[dict[str, float]], silenced_max: float) -> float:
    """The highest threshold of a curve that silences at most this share of the answerable."""
    return max(row["abstain_below"] for row in rows if row["silenced"] <= silenced_max)


def separation(answerable: Figures, unanswerable: Figures) -> float:
    """Chance that an answerable cue scores above an unanswerable one (area under the ROC curve)."""
    ranks = np.searchsorted(np.sort(unanswerable), answerable, side="left")
    ties = np.searchsorted(np.sort(unanswerable), answerable, side="right") - ranks
    return round(float(np.mean(ranks + ties / 2.0)) / len(unanswerable), 4)


def reliability(answerable: Figures, unanswerable: Figures) -> list[dict[str, Any]]:
    """For each bin of the score: its mean, and the share of answerable cues among those in it.

    Both classes weigh the same together, as in `fit_logistic`.
    """
    rows = []
    for low in np.arange(BINS) / BINS:
        yes, no = (_within(scores, low, low + 1.0 / BINS) for scores in (answerable, unanswerable))
        weight = len(yes) / len(answerable) + len(no) / len(unanswerable)
        if weight:
            mean = (yes.sum() / len(answerable) + no.sum() / len(unanswerable)) / weight
            rows.append(
                {
                    "from": round(float(low), 2),
                    "cues": len(yes) + len(no),
                    "score": round(float(mean), 3),
                    "answerable": round(len(yes) / len(answerable) / weight, 3),
                }
            )
    return rows


def _share_below(scores: Figures, threshold: float) -> float:
    return round(float(np.mean(scores < threshold)), 4)


def _within(scores: Figures, low: float, high: float) -> Figures:
    upper = scores <= high if high >= 1.0 else scores < high
    return scores[(scores >= low) & upper]
