"""Lexical evidence: how strongly a memory speaks of a term, by itself and by what stands around it.

Knows numbers of one memory at a time. Which turns stand around a memory, and what they hand
over to it, is `turns`; how common a term is, `lexicon`.
"""

from __future__ import annotations

from collections.abc import Iterable

K1 = 1.2
"""Saturation of term frequency (Robertson & Walker 1994; the usual value)."""

B = 0.75
"""Share of the normalisation by length (Robertson et al. 1995; the usual value)."""

GRID = 65_536
"""Weights lie on multiples of 1/GRID: exact in float32, so a store gives back what it was given."""

GATE_LENGTH = 25.0
"""Terms up to which a memory takes in all of its context (measured on LoCoMo and BEAM, ADR 14)."""

CONTEXT_MIN = 0.05
"""A term that a memory has from its context alone is kept from this weight on (no figure changes, and
a memory of LoCoMo keeps 47 terms)."""


def length_norm(length: float, mean_length: float, k1: float = K1, b: float = B) -> float:
    """How much of a term it takes to saturate a memory of this length.

    .. math:: K_i = k_1 (1 - b + b\\,|i| / \\bar\\ell)

    The mean length is that of the mind at the time of encoding. It moves as the mind grows and
    stored weights are not rewritten: a weight says how strongly the memory spoke then. The prior
    of `Lexicon.mean_length` keeps the first memories of a life from setting the scale alone.

    Parameters
    ----------
    length : terms of the memory, |i|, repetitions counted.
    mean_length : mean of |i| over the mind, > 0.
    k1, b : saturation >= 0 and share of length normalisation, 0..1.

    References
    ----------
    Robertson & Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond.
    """
    return k1 * (1.0 - b + b * length / mean_length)


def saturated(tf: float, norm: float) -> float:
    """Own evidence for a term that occurs `tf` times: BM25 without idf, 0..1.

    .. math:: e_{it} = \\frac{tf_{it}}{tf_{it} + K_i}
    """
    return tf / (tf + norm)


def gate(length: float, limit: float = GATE_LENGTH) -> float:
    """How far a memory takes in its context, 0..1: as far as it says little itself.

    .. math:: g_i = \\min(1, 25 / |i|)

    A short turn ("Yes, last week!") means what was said around it; a long one speaks for itself,
    and what is added to it blurs it. Without this gate BEAM falls below the plain hybrid (ADR 14).
    """
    return 1.0 if length <= limit else limit / length


def noisy_or(own: float, shared: float) -> float:
    """Two independent reasons to believe in one term, each 0..1, as one on the grid.

    .. math:: w = 1 - (1 - e)(1 - g x)

    References
    ----------
    Pearl 1988, Probabilistic Reasoning in Intelligent Systems, section 4.3.
    """
    return (int(GRID * (1.0 - (1.0 - own) * (1.0 - shared)) + 0.5) or 1) / GRID


def on_grid(weight: float) -> float:
    """The weight in (0, 1] as it is stored: a multiple of 1/GRID, never 0."""
    return (int(GRID * weight + 0.5) or 1) / GRID


def query_weights(term_ids: Iterable[int], idf: Iterable[float]) -> dict[int, float]:
    """A cue's side of the lexical score: each distinct term once, by the mind's own idf, if above 0.

    .. math:: s_i = \\sum_t \\mathrm{idf}_t\\, w_{it}
    """
    return {term: weight for term, weight in zip(term_ids, idf, strict=True) if weight > 0.0}
