"""Abstraction: what recurs across episodes becomes one semantic memory, with its sources named.

Knows contents of a few candidates at a time; finding them, and writing what comes of it, is for others.
What is abstracted is an extract, never a new sentence: nothing is said that no source says.

References: McClelland, McNaughton & O'Reilly 1995; Winocur & Moscovitch 2011 (gist outlives detail);
Posner & Keele 1968 (the prototype is known though it was never seen).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cognition.mechanisms.vectors import Dense

EPISODES_MIN = 3
"""Episodes in which something must come up to be more than an event: once is an episode, twice chance."""

LIKE_MIN = 0.6
"""Cosine of bare vectors from which two contents are alike in meaning."""

MASS_MIN = 10.0
SHARE_MIN = 0.25
"""Idf mass, nats, that alike contents share, and its share of both of theirs: without it LoCoMo's greatest
abstraction is "Keep that positivity going", from 94 episodes; with it a conversation gives about twenty."""

SOURCES_MAX = 32
"""Sources that a semantic memory names, those nearest to its centroid."""

OVERLAP_MIN = 1.0 / 3.0
"""Share of common sources from which an abstraction is one that exists, derived anew."""

PRIOR = 2.0
"""Episodes' worth of doubt: three episodes give .6, ten .83, never 1."""


class Content(NamedTuple):
    """One memory as it is compared: bare vector (d,) of unit length, own terms, text, trust 0..1, moment."""

    memory_id: str
    episode_id: str
    vector: Dense
    terms: frozenset[int]
    text: str
    trust: float
    at: float


class Abstraction(NamedTuple):
    """What several episodes have in common.

    `anchor` : the earliest source, after which the semantic memory is named where it is new; `gist` the text
    of the source nearest to the centroid; `vector` (d,) the centroid, of unit length; `derived_from` ids, the
    nearest first; `episodes` the support; `confidence` 0..1.
    """

    anchor: str
    gist: str
    vector: Dense
    derived_from: tuple[str, ...]
    episodes: int
    confidence: float


def alike(one: Content, other: Content, idf: Mapping[int, float]) -> bool:
    """Whether two contents say the same kind of thing, in meaning and in telling words.

    .. math:: \\cos \\ge .6, \\qquad m = \\sum_{t \\in i \\cap j} \\mathrm{idf}_t \\ge 10, \\qquad
        m / \\sqrt{m_i m_j} \\ge .25

    Symmetric. `idf` : of every term of both, nats; what is missing counts nothing.
    """
    return float(one.vector @ other.vector) >= LIKE_MIN and share_words(one.terms, other.terms, idf)


def share_words(one: Collection[int], other: Collection[int], idf: Mapping[int, float]) -> bool:
    """Whether two contents share telling words enough to be alike: what can be seen without their vectors."""
    shared = _mass(set(one) & set(other), idf)
    return shared >= MASS_MIN and shared >= SHARE_MIN * math.sqrt(_mass(one, idf) * _mass(other, idf))


def tells(terms: Collection[int], idf: Mapping[int, float]) -> bool:
    """Whether a content has words enough for any other to be like it."""
    return _mass(terms, idf) >= MASS_MIN


def recurring(seed: Content, others: Sequence[Content], idf: Mapping[int, float]) -> list[Content]:
    """The contents that say what `seed` says, itself among them, in the order in which they came, at
    most `SOURCES_MAX`, the nearest; nothing where they are from fewer than `EPISODES_MIN` episodes. Does not
    depend on the order of `others`."""
    near = {each.memory_id: each for each in others if alike(seed, each, idf)}
    near.pop(seed.memory_id, None)
    cosines = {i: round(float(seed.vector @ each.vector), 9) for i, each in near.items()}
    found = [seed, *(near[i] for i in sorted(near, key=lambda i: (-cosines[i], i))[: SOURCES_MAX - 1])]
    if episodes_of(found) < EPISODES_MIN:
        return []
    return sorted(found, key=lambda c: (c.at, c.memory_id))


def abstracted(members: Sequence[Content]) -> Abstraction:
    """What these contents (`recurring`) have in common.

    .. math:: v = \\frac{\\sum_i v_i}{|\\sum_i v_i|}, \\qquad
        \\text{confidence} = \\frac{n}{n + 2}\\; \\overline{\\text{trust}}, \\quad n \\text{ episodes}

    Invariants: the gist is the text of a source; a function of the set of members; more episodes never
    lower the confidence of equally trusted sources.
    """
    if not members:
        raise ValueError("no members: there is nothing to abstract from. Give what `recurring` found.")
    ordered = sorted(members, key=lambda c: (c.at, c.memory_id))
    rows: NDArray[np.float64] = np.array([each.vector for each in ordered], np.float64)
    mean = rows.sum(axis=0)
    norm = float(np.linalg.norm(mean))
    centroid = mean / norm if norm > 0.0 else rows[0]
    near = np.round(rows @ centroid, 9)
    order = sorted(range(len(ordered)), key=lambda n: (-near[n], ordered[n].memory_id))
    episodes = episodes_of(ordered)
    trust = math.fsum(each.trust for each in ordered) / len(ordered)
    return Abstraction(
        anchor=ordered[0].memory_id,
        gist=ordered[order[0]].text,
        vector=centroid.astype(np.float32),
        derived_from=tuple(ordered[n].memory_id for n in order[:SOURCES_MAX]),
        episodes=episodes,
        confidence=episodes / (episodes + PRIOR) * trust,
    )


def known_as(sources: Collection[str], known: Mapping[str, Collection[str]]) -> str | None:
    """Which semantic memory these sources already made, if any: the one that shares most of its own.

    .. math:: J = |A \\cap B| / |A \\cup B| \\ge 1/3

    Parameters
    ----------
    sources : `Abstraction.derived_from`. known : semantic memory -> its derived_from.

    Deriving anew from the same sources, or from some more, finds it again; equals in the order of ids.
    """
    mine = set(sources)
    shares = {i: len(mine & set(theirs)) / len(mine | set(theirs)) for i, theirs in known.items() if theirs}
    best = min(shares, key=lambda i: (-shares[i], i), default=None)
    return best if best is not None and shares[best] >= OVERLAP_MIN else None


def episodes_of(contents: Collection[Content]) -> int:
    """How many episodes these are of; one without an episode is one of its own."""
    return len({each.episode_id or each.memory_id for each in contents})


def _mass(terms: Collection[int], idf: Mapping[int, float]) -> float:
    return math.fsum(idf.get(term, 0.0) for term in terms)
