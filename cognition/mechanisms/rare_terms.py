"""Rare terms: two memories that share words which hardly any other has speak of the same thing.

In conversations nobody says what a turn is about; that it was about the pottery class, and that another was
months ago, shows in words that only these few have. Knows term ids, counts and lengths; asks no index.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from cognition.mechanisms.evidence import gate
from cognition.mechanisms.mentions import Mention, strongest

DF_MIN, DF_MAX = 2, 5
"""Memories of a mind that have a rare term among their own words: two at least, or it connects nothing."""

TELLING = 12.0
"""Summed idf, nats, of shared rare terms that makes an association as strong as one can be."""

WEAKEST = 0.35
"""Weight below which none is formed: one rare word that two share is chance more often than not. What a night
adds to R@5 / R@10 by it, LoCoMo and BEAM-100k: .2 .0061 / .0028 and -.0008 / .0025, .3 .0058 / .0028 and
-.0008 / .0029, .35 .0058 / .0023 and .0017 / .0033, .4 .0049 / .0022 and .0028 / .0033 (gate: ADR 16)."""

SHARED_MAX = 8
"""Associations by rare terms that a memory keeps, the strongest."""


class Having(NamedTuple):
    """One memory that may share rare terms: its own words, and how many it has."""

    terms: Collection[int]
    length: int


def rare(frequencies: Mapping[int, int]) -> frozenset[int]:
    """The terms that are rare in a mind: term -> memories that have it among their own words."""
    return frozenset(term for term, df in frequencies.items() if DF_MIN <= df <= DF_MAX)


def shared_weight(mass: float, length: int, other_length: int) -> float:
    """How strongly two memories are associated by the rare terms that they share, 0..1.

    .. math:: w_{ij} = \\min\\left(1, \\frac{\\sum_t \\mathrm{idf}_t}{12}\\right) g_i g_j, \\qquad
        g_i = \\min(1, 25/|i|)

    Parameters
    ----------
    mass : summed idf of the shared rare terms, nats.
    length, other_length : terms of both. A long text has rare words by its mere length.
    """
    return min(1.0, mass / TELLING) * gate(length) * gate(other_length)


def sharing(
    me: Having, others: Mapping[str, Having], idf: Mapping[int, float], *, most: int = SHARED_MAX
) -> list[Mention]:
    """With which of these a memory is associated by rare terms, the strongest first, and how strongly.

    Parameters
    ----------
    me, others : the memory and those that may share its words, of whatever episode: without those of its own
        LoCoMo R@5 gains .002 a night, with them .006.
    idf : of the rare terms (`rare`, `telling`), nats; a term that is not in it is not rare.

    Invariants: symmetric, up to what `most` leaves out; `WEAKEST` <= w <= 1; nothing is associated by common
    words.
    """
    mine = {term: weight for term, weight in idf.items() if term in me.terms}
    weights = {i: shared_weight(_mass(mine, o.terms), me.length, o.length) for i, o in others.items()}
    return strongest({i: w for i, w in weights.items() if w >= WEAKEST}, most=most)


def telling(frequencies: Mapping[int, int], memories: int) -> dict[int, float]:
    """How telling each rare term is among so many memories, nats: by those that have it among their own
    words, not by those that took it in from their neighbours.

    .. math:: \\mathrm{idf}_t = \\ln\\left(1 + \\frac{N - df_t + 1/2}{df_t + 1/2}\\right)
    """
    return {
        term: math.log1p((max(0, memories - frequencies[term]) + 0.5) / (frequencies[term] + 0.5))
        for term in sorted(rare(frequencies))
    }


def _mass(idf: Mapping[int, float], terms: Collection[int]) -> float:
    return math.fsum(weight for term, weight in idf.items() if term in terms)


def frequencies(memories: Iterable[Collection[int]]) -> dict[int, int]:
    """How many of these memories have each term among their own words."""
    counts: dict[int, int] = {}
    for terms in memories:
        for term in set(terms):
            counts[term] = counts.get(term, 0) + 1
    return counts
