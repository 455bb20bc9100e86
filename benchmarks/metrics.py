"""Figures of retrieval and of segmentation, and how sure they are.

Pure functions over lists and arrays. Never compare one metric with another: R@k is the *fraction*
of the gold that is among the first k, hit@k whether *any* of it is, all@k whether *all* of it is.

Window conventions of segmentation: a dialogue of n percepts has n-1 gaps; a window spans k + 1 percepts
(k gaps), so there are n - k windows; k is half the mean gold segment length of that dialogue, rounded
to the nearest (half to even), at least 2. Pk and WindowDiff are means over dialogues, boundary F1
is over the gaps of all dialogues together. With these, a segmenter that never cuts has Pk .425 on
DialSeg711 and .450 on TIAGE dev, as published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW_MIN = 2
"""Below that a window is one gap, and Pk would only count errors."""

RESAMPLES = 2_000
"""Bootstrap resamples; the ends of a 95 % interval then move by some .001 from seed to seed."""

Figures = NDArray[np.float64]
Gaps = NDArray[np.bool_]


def recall_at(ranked: Sequence[str], gold: Sequence[str], k: int) -> float:
    """Fraction of the gold among the first k. `gold` is not empty."""
    return len(set(gold).intersection(ranked[:k])) / len(set(gold))


def hit_at(ranked: Sequence[str], gold: Sequence[str], k: int) -> float:
    """1 when any of the gold is among the first k."""
    return float(not set(gold).isdisjoint(ranked[:k]))


def all_at(ranked: Sequence[str], gold: Sequence[str], k: int) -> float:
    """1 when all of the gold is among the first k."""
    return float(set(gold).issubset(ranked[:k]))


def reciprocal_rank(ranked: Sequence[str], gold: Sequence[str]) -> float:
    """1 / rank of the first gold, 0 when none was ranked."""
    wanted = set(gold)
    return next((1.0 / rank for rank, key in enumerate(ranked, 1) if key in wanted), 0.0)


def precision(ranked: Sequence[str], gold: Sequence[str]) -> float:
    """Fraction of what came back that is gold; nothing back for no gold is 1, for some gold 0."""
    if not ranked:
        return float(not gold)
    return len(set(gold).intersection(ranked)) / len(ranked)


def interval(
    values: Figures, seed: int, *, resamples: int = RESAMPLES, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of `values` (n,)."""
    if len(values) == 0:
        return (float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    means = np.array([values[rng.integers(0, len(values), len(values))].mean() for _ in range(resamples)])
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(means, (tail, 1.0 - tail))
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better `after` is than `before` on the same questions; sure where 0 lies outside."""

    mean: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        return self.low > 0.0 or self.high < 0.0


def paired(before: Figures, after: Figures, seed: int, *, resamples: int = RESAMPLES) -> Difference:
    """Paired bootstrap: both (n,), in the same order of questions."""
    if before.shape != after.shape:
        raise ValueError(
            f"paired figures differ in number: {len(before)} and {len(after)}. Ask both the same cues."
        )
    change = after - before
    low, high = interval(change, seed, resamples=resamples)
    return Difference(mean=float(change.mean()), low=low, high=high)


def window(gold: Gaps) -> int:
    """Half the mean gold segment length of a dialogue with gaps `gold` (n-1,)."""
    segments = int(gold.sum()) + 1
    return max(WINDOW_MIN, round((len(gold) + 1) / segments / 2))


def pk(gold: Gaps, found: Gaps, k: int) -> float:
    """Beeferman et al. 1999: share of windows in which one side has a boundary and the other none."""
    return float(np.mean(window_errors(gold, found, k)[0]))


def window_diff(gold: Gaps, found: Gaps, k: int) -> float:
    """Pevzner & Hearst 2002: share of windows in which the numbers of boundaries differ."""
    return float(np.mean(window_errors(gold, found, k)[1]))


def window_errors(gold: Gaps, found: Gaps, k: int) -> tuple[Gaps, Gaps]:
    """Of each window of k gaps, (n - k,): whether Pk counts it, and whether WindowDiff does."""
    wanted, given = _within(gold, k), _within(found, k)
    return (wanted > 0) != (given > 0), wanted != given


def boundary_f1(gold: Gaps, found: Gaps, tolerance: int = 0) -> float:
    """F1 of exact boundaries, or of boundaries matched one to one within `tolerance` gaps."""
    wanted, given = np.flatnonzero(gold), np.flatnonzero(found)
    if len(wanted) == 0 and len(given) == 0:
        return 1.0
    matched = _matched(wanted.tolist(), given.tolist(), tolerance)
    return 2.0 * matched / (len(wanted) + len(given))


@dataclass(frozen=True, slots=True)
class SegmentationFigures:
    """Figures over many dialogues, by the conventions of this module."""

    pk: float
    window_diff: float
    f1: float
    precision: float
    recall: float
    dialogues: int


def segmentation(dialogues: Sequence[tuple[Gaps, Gaps]]) -> SegmentationFigures:
    """Figures of (gold, found) gaps, a pair a dialogue; one shorter than a window is left out of Pk."""
    scored = [(g, f, window(g)) for g, f in dialogues]
    scored = [(g, f, k) for g, f, k in scored if len(g) + 1 > k]
    gold = np.concatenate([g for g, _ in dialogues])
    found = np.concatenate([f for _, f in dialogues])
    right = int((gold & found).sum())
    return SegmentationFigures(
        pk=float(np.mean([pk(g, f, k) for g, f, k in scored])),
        window_diff=float(np.mean([window_diff(g, f, k) for g, f, k in scored])),
        f1=boundary_f1(gold, found),
        precision=right / max(1, int(found.sum())),
        recall=right / max(1, int(gold.sum())),
        dialogues=len(dialogues),
    )


def _within(gaps: Gaps, k: int) -> NDArray[np.int64]:
    """Number of boundaries in each window of k gaps, (n - k,) for n - 1 gaps."""
    if not 0 < k <= len(gaps):
        raise ValueError(f"a window of {k} gaps does not fit into {len(gaps)}. Give 1 to {len(gaps)}.")
    sums = np.concatenate(([0], np.cumsum(gaps, dtype=np.int64)))
    counts: NDArray[np.int64] = sums[k:] - sums[:-k]
    return counts


def _matched(wanted: list[int], given: list[int], tolerance: int) -> int:
    """Most pairs (w, g) with |w - g| <= tolerance, each used once: both sorted, taken greedily."""
    matched = position = 0
    for target in wanted:
        while position < len(given) and given[position] < target - tolerance:
            position += 1
        if position < len(given) and given[position] <= target + tolerance:
            matched += 1
            position += 1
    return matched
