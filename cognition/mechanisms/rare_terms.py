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

SHARED_MAX = 8
"""Associations by rare terms that a memory keeps, the strongest."""


class Having(NamedTuple):
    """One memory that may share rare terms: its own words, how many it has, and its episode."""

    terms: Collection[int]
    length: int
    episode_id: str


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
    me, others : the memory and those that may share its words; one of its own episode is passed over, for
        neighbours help each other through what is stored of them.
    idf : of the rare terms (`rare`), nats; a term that is not in it is not rare.

    Invariants: symmetric, up to what `most` leaves out; 0 < w <= 1; nothing is associated by common words.
    """
    mine = {term: weight for term, weight in idf.items() if term in me.terms}
    weights = {
        i: shared_weight(_mass(mine, other.terms), me.length, other.length)
        for i, other in others.items()
        if not me.episode_id or other.episode_id != me.episode_id
    }
    return strongest(weights, most=most)


def _mass(idf: Mapping[int, float], terms: Collection[int]) -> float:
    return math.fsum(weight for term, weight in idf.items() if term in terms)


def frequencies(memories: Iterable[Collection[int]]) -> dict[int, int]:
    """How many of these memories have each term among their own words."""
    counts: dict[int, int] = {}
    for terms in memories:
        for term in set(terms):
            counts[term] = counts.get(term, 0) + 1
    return counts
