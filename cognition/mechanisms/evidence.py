"""Lexical evidence: how strongly a memory speaks of each of its terms.

Knows one memory at a time, and of the mind only the mean length. A rule that also takes
the evidence of a memory's neighbours (noisy-or of own and context evidence) is a further
function here, between `lexical_weights` and the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

K1 = 1.2
"""Saturation of term frequency (Robertson & Walker 1994; the usual value)."""

B = 0.75
"""Share of the normalisation by length (Robertson et al. 1995; the usual value)."""

GRID = 65_536
"""Weights lie on multiples of 1/GRID: exact in float32, so a store gives back what it was given."""


def lexical_weights(
    terms: Mapping[int, int], length: float, mean_length: float, k1: float = K1, b: float = B
) -> dict[int, float]:
    """Own lexical evidence of a memory: BM25's saturated term frequency, without idf.

    .. math:: e_{it} = \\frac{tf_{it}}{tf_{it} + K_i}, \\qquad K_i = k_1 (1 - b + b\\,|i| / \\bar\\ell)

    The mean length is that of the mind at the time of encoding. It moves as the mind grows and
    stored weights are not rewritten: a weight says how strongly the memory spoke then. The prior
    of `Lexicon.mean_length` keeps the first memories of a life from setting the scale alone.

    Parameters
    ----------
    terms : term id -> times it occurs, each >= 1.
    length : terms of the memory, |i| (sum of `terms`).
    mean_length : mean of |i| over the mind, > 0.
    k1, b : saturation >= 0 and share of length normalisation, 0..1.

    Returns
    -------
    Term id -> weight in (0, 1], on the grid of 1/GRID.

    References
    ----------
    Robertson & Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond.
    """
    norm = k1 * (1.0 - b + b * length / mean_length)
    once = max(1, round(GRID / (1.0 + norm))) / GRID
    return {
        term: once if tf == 1 else max(1, round(GRID * tf / (tf + norm))) / GRID for term, tf in terms.items()
    }


def query_weights(term_ids: Iterable[int], idf: Iterable[float]) -> dict[int, float]:
    """A cue's side of the lexical score: each distinct term once, by the mind's own idf, if above 0.

    .. math:: s_i = \\sum_t \\mathrm{idf}_t\\, w_{it}
    """
    return {term: weight for term, weight in zip(term_ids, idf, strict=True) if weight > 0.0}
