"""Routes: what the words of a cue learn of the memories that served it, and of those that did not.

Hebbian synapses from cue to memory. Every count is a sum of increments that fade with time alone, so
that events may come in any order, in any batches, and at any cadence of upkeep. Knows no store and no
recollection; changes nothing at a cue: what was learned is applied to the evidence when it is weighed.

References: Hebb 1949; Bienenstock, Cooper & Munro 1982 (depression keeps potentiation in bounds);
Roediger & Karpicke 2006 (the harder it was found, the more is learned); Anderson, Bjork & Bjork 1994
(retrieval-induced forgetting). Constants are those of the measured rule unless another source is named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from schemas.association import Route
from schemas.memory import ROUTES_MAX, Memory

POTENTIATION = 0.8
"""What is missing of a term's weight shrinks to this share with each full use."""

DEPRESSION = 0.81
"""A term's weight shrinks to this share with each showing in vain. Twice the step of the rule (0.9): on
LoCoMo R@5 of cues that were never reported on gains .024 instead of .021, on BEAM .016 both."""

USED_MAX = 1.0
UNUSED_MAX = 4.0
"""How far A and B count: a term gains at most 20 % of what is missing and keeps at least 43 %. One pass
of reports does not come near. Without the bounds, ten passes over the same cues with one report in five
wrong cost cues that share nothing with them .051 of R@1, with them .024; R@5 gains .032 either way."""

UNUSED_WEIGHT = 0.2
"""Weight of the logarithm of the showings in vain, in units of z."""

EFFORT_MIN = 0.3
"""What is learned of a memory that was found without effort: nothing useless stood above it."""

KEPT_A_DAY = 0.9
"""Share of every count that outlasts a day (a half-life of 6.6 days)."""

DAY_S = 86_400.0

CUE_TERMS_MAX = 4_096
"""Distinct words of cues that a mind counts, some 100 bytes each; beyond it the rare half is counted
afresh, and a word that is not counted passes for new."""


def routed_weight(weight: float, used: float, unused: float) -> float:
    """A memory's weight of a term after what the term taught.

    .. math:: W' = \\left[1 - (1 - W)\\,0.8^{\\min(A, 1)}\\right] 0.81^{\\min(B, 4)}

    Parameters
    ----------
    weight : W, the stored weight of the term, 0..1 (0: the memory does not have the term).
    used, unused : A and B of the route as of now (see `faded`), >= 0.

    Returns
    -------
    In 0..1; never falls with A, never rises with B; W itself where both are 0.
    """
    gained = math.pow(POTENTIATION, min(used, USED_MAX))
    return (1.0 - (1.0 - weight) * gained) * math.pow(DEPRESSION, min(unused, UNUSED_MAX))


def unused_penalty(unused: float) -> float:
    """What a memory loses that is shown again and again in vain, in units of z: 0.2 ln(1 + unused).

    Subtracted from the score before the episode term. `unused` : showings in vain as of now, >= 0.
    """
    return UNUSED_WEIGHT * math.log1p(unused)


def faded(elapsed_s: float) -> float:
    """What is left of a count after so many seconds: 0.9^(elapsed / day), 1 for none or negative."""
    return math.exp(_RATE * elapsed_s) if elapsed_s > 0.0 else 1.0


_RATE = math.log(KEPT_A_DAY) / DAY_S


def route_gain(routes: Iterable[Route], asked: Mapping[int, float], kept: float = 1.0) -> float:
    """How much a memory's routes change its lexical evidence for a cue.

    .. math:: \\Delta = \\sum_{t} q_t\\,(W'_t - W_t)

    Parameters
    ----------
    routes : of the memory (`Memory.routes`).
    asked : term -> weight q_t of the term in the cue (its idf), as the store is asked with.
    kept : `faded(now - Memory.learned_at)`: A and B are multiplied by it.
    """
    gain = 0.0
    for route in routes:
        weight = asked.get(route.term)
        if weight is not None:
            after = routed_weight(route.weight, kept * route.used, kept * route.unused)
            gain += weight * (after - route.weight)
    return gain


def effort(unused_above: int) -> float:
    """How much is learned of a used memory: d = 0.3 + 0.7 e / (1 + e), e unused ones shown above it."""
    return EFFORT_MIN + (1.0 - EFFORT_MIN) * unused_above / (1.0 + unused_above)


class CueWords:
    """How often each word was asked: what is asked all the time says little of what is meant.

    Of N cues so far, n_t had term t. A report is counted before it is learned from, so n_t >= 1.

    Invariant: at most `terms_max` terms; the counts depend on the order of cues only beyond it.
    """

    __slots__ = ("_having", "_terms_max", "cues")

    def __init__(self, terms_max: int = CUE_TERMS_MAX) -> None:
        self.cues = 0
        self._having: dict[int, int] = {}
        self._terms_max = terms_max

    def __len__(self) -> int:
        return len(self._having)

    def add(self, terms: Iterable[int]) -> None:
        """Count one cue with these distinct terms."""
        self.cues += 1
        for term in terms:
            self._having[term] = self._having.get(term, 0) + 1
        if len(self._having) > self._terms_max:
            often = sorted(self._having.items(), key=lambda item: (-item[1], item[0]))
            self._having = dict(often[: self._terms_max // 2])

    def distinctness(self, term: int) -> float:
        """How much a word says of what is meant, 0..1; 1 for a word asked once.

        .. math:: c_t = clip\\!\\left(\\frac{\\ln(1 + N/(1 + n_t))}{\\ln(1 + N/2)}, 0, 1\\right)
        """
        if not self.cues:
            return 1.0
        having = self._having.get(term, 0)
        return min(1.0, math.log1p(self.cues / (1.0 + having)) / math.log1p(self.cues / 2.0))

    def copy(self) -> CueWords:
        """The same, to count on and throw away."""
        other = CueWords(self._terms_max)
        other.cues, other._having = self.cues, dict(self._having)
        return other

    def snapshot(self) -> bytes:
        """All of it."""
        return msgspec.msgpack.encode((self.cues, self._having))

    @classmethod
    def restore(cls, body: bytes, terms_max: int = CUE_TERMS_MAX) -> CueWords:
        """From a snapshot. Raises `msgspec.DecodeError` if it is damaged."""
        words = cls(terms_max)
        words.cues, words._having = msgspec.msgpack.decode(body, type=tuple[int, dict[int, int]])
        return words


@dataclass(slots=True)
class Learned:
    """The routes of one memory while they change. All counts are as of `at`."""

    used: dict[int, float] = field(default_factory=dict)
    unused: dict[int, float] = field(default_factory=dict)
    in_vain: float = 0.0
    at: float = 0.0

    @classmethod
    def of(cls, memory: Memory) -> Learned:
        """As the memory holds them."""
        return cls(
            used={r.term: r.used for r in memory.routes},
            unused={r.term: r.unused for r in memory.routes},
            in_vain=memory.unused_count,
            at=memory.learned_at,
        )

    def use(self, terms: Mapping[int, float], learned: float, at: float) -> None:
        """It served: A_t += d c_t. `terms` : term -> c_t; `learned` : d, see `effort`."""
        share = learned * self._come_to(at)
        for term, distinct in terms.items():
            self.used[term] = self.used.get(term, 0.0) + share * distinct

    def pass_over(self, terms: Mapping[int, float], at: float) -> None:
        """It was shown in vain: B_t += c_t, and one more showing in vain."""
        share = self._come_to(at)
        self.in_vain += share
        for term, distinct in terms.items():
            self.unused[term] = self.unused.get(term, 0.0) + share * distinct

    def _come_to(self, at: float) -> float:
        """Let the counts fade until `at`; what an event of then still counts by `self.at`."""
        if at <= self.at:
            return faded(self.at - at)
        kept = faded(at - self.at)
        for counts in (self.used, self.unused):
            for term in counts:
                counts[term] *= kept
        self.in_vain *= kept
        self.at = at
        return 1.0

    def routes(self, weights: Mapping[int, float], limit: int = ROUTES_MAX) -> list[Route]:
        """The strongest, strongest first. `weights` : the memory's stored weight of each of its terms."""
        terms = {**self.used, **self.unused}
        strength = {t: self.used.get(t, 0.0) + self.unused.get(t, 0.0) for t in terms}
        kept = sorted(terms, key=lambda t: (-strength[t], t))[:limit]
        return [
            Route(
                term=t,
                used=self.used.get(t, 0.0),
                unused=self.unused.get(t, 0.0),
                weight=weights.get(t, 0.0),
            )
            for t in kept
        ]
