"""Keeping: what may leave awake memory, and what to keep when not all can be kept.

Knows figures of memories, one row each; where they go and how they come back it does not. Nothing is
erased by it: what leaves goes to the archive, whole.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cognition.mechanisms.evidence import GATE_LENGTH

Values = NDArray[np.float64]

FLOOR = 0.2
"""Retrievability below which a memory has lapsed: an ordinary one after six weeks without use, one that was
recalled once after a day after a quarter of a year."""

GATE_POWER = 1.5
"""How steeply a long text is worth less. R@10 with 3/4, 1/2, 1/4 kept, LoCoMo / BEAM-100k: power 1 .831 .753
.541 / .581 .497 .275, 1.5 .831 .751 .532 / .611 .605 .345, 2 .831 .744 .516 / .614 .628 .339."""

PROTECTED_SHARE_MAX = 0.5
"""Of a mind, that may be beyond forgetting (a choice): where all is protected, nothing is forgotten."""

ARCHIVED_A_YEAR_MAX = 0.2
"""Of a mind, that decay may archive in a year (a choice)."""


SURE_Z = 3.3
"""Standard errors at which a count of a sample is believed: a protection that somebody asked for does not
lapse by chance."""


class Protection(enum.StrEnum):
    """Why a memory is not archived, the weightiest first."""

    MILESTONE = "milestone"
    """What the history of the self names: the evidence of an identity."""
    CALLER = "caller"
    PERMANENT = "permanent"


_ALWAYS = (Protection.MILESTONE,)


class Lapse(NamedTuple):
    """A memory that an index gave as lapsed: how retrievable it is, what it is worth (`keep_scores`, or any
    order), and why it is protected, if it is."""

    memory_id: str
    retrievability: float
    keep: float
    protection: Protection | None = None


def worth(mass: Values, asked: Values, given: Values, length: Values, likeness: Values) -> Values:
    """What a memory is worth that nobody has used yet, (n,), >= 0: how much it says that nothing else says.

    .. math:: K = M\\,(1 - a\\,d)\\,\\min(1, 25/|i|)^{3/2}\\,(1 - \\max(0, c))

    Parameters
    ----------
    mass : M, summed idf of the memory's own distinct terms, (n,), nats.
    asked : a, share of its tokens that stand in questions, 0..1.
    given : d, how far its replies took the question over (`turns.Turn.given`), 0..1.
    length : |i|, terms of the memory.
    likeness : c, largest cosine of its bare vector with that of any earlier memory of the mind; -1 for none.

    Without the length gate BEAM-100k falls to .159 at a half, without the likeness to .315.
    """
    said = mass * (1.0 - asked * given)
    brief = np.minimum(1.0, GATE_LENGTH / np.maximum(1.0, length)) ** GATE_POWER
    found: Values = said * brief * (1.0 - np.clip(likeness, 0.0, 1.0))
    return found


def degree(inward: Values, outward: Values) -> Values:
    """What a passage about a subject is worth, (n,): how strongly it names others, and they it."""
    found: Values = inward + outward
    return found


def keep_scores(worths: Values, used: Sequence[bool], kinds: Sequence[int] | None = None) -> Values:
    """The order in which memories are kept, (n,) in 0..2: the rank of their worth, + 1 if ever used.

    .. math:: s_i = \\frac{|\\{j : K_j < K_i\\}|}{n} + [\\text{used}]

    Parameters
    ----------
    worths : K of each. used : whether a report ever said that it served.
    kinds : where worths are not comparable (memories by `worth`, passages by `degree`), which are: each
        kind is ranked by itself.
    """
    scores = np.zeros(len(worths))
    groups = np.zeros(len(worths), int) if kinds is None else np.asarray(kinds, int)
    for kind in np.unique(groups):
        places = np.flatnonzero(groups == kind)
        ordered = np.sort(worths[places])
        scores[places] = np.searchsorted(ordered, worths[places], side="left") / len(places)
    found: Values = scores + np.asarray(used, float)
    return found


def displaced(ids: Sequence[str], scores: Values, limit: int, protected: Collection[str] = ()) -> list[str]:
    """Which memories make room so that at most `limit` are left: the least worth keeping first.

    What is protected gives way only when nothing else is left. Equals in the order of their ids.
    """
    if limit < 0:
        raise ValueError(f"limit = {limit}: a store holds 0 memories or more. Leave the limit away for none.")
    excess = max(0, len(ids) - limit)
    safe = frozenset(protected)
    order = sorted(zip(scores.tolist(), ids, strict=True), key=lambda row: (row[1] in safe, row[0], row[1]))
    return [memory_id for _, memory_id in order[:excess]]


def standing_protections(
    counts: Mapping[Protection, int], memories: int, share_max: float = PROTECTED_SHARE_MAX
) -> frozenset[Protection]:
    """Which protections hold in a mind, by how many memories each covers.

    That of milestones always. The others as long as all of them together, the weightiest
    first, cover at most `share_max` of the mind.
    """
    room = share_max * memories
    holding: set[Protection] = set()
    for protection in Protection:
        room -= counts.get(protection, 0)
        if room < 0.0 and protection not in _ALWAYS:
            break
        holding.add(protection)
    return frozenset(holding)


def at_least(seen: int, looked_at: int, whole: int, *, share: float) -> int:
    """Of how many of a `whole` mind something holds at least, where it does of `seen` of `looked_at` memories
    that chance chose: exact where all were looked at.

    .. math:: n \\left(\\frac{k}{m} - z \\sqrt{\\frac{p (1 - p)}{m}}\\right)

    p is the `share` in question: of a mind in which it holds of no more than that, one page in
    two thousand says that it does (z = 3.3, normal approximation to the binomial).
    """
    if looked_at >= whole:
        return seen
    doubt = SURE_Z * math.sqrt(share * (1.0 - share) / max(1, looked_at))
    return max(0, int(whole * (seen / max(1, looked_at) - doubt)))


def allowance(
    memories: int, archived_in_year: int, *, elapsed_s: float, share: float = ARCHIVED_A_YEAR_MAX
) -> int:
    """How many memories decay may archive now, >= 0.

    A year's allowance is `share` of what there is (awake and archived in the last 365 days), and it comes
    evenly: after `elapsed_s` since decay last archived anything (a year where it never has) that part.
    """
    whole = share * (memories + archived_in_year)
    part = whole * min(1.0, max(0.0, elapsed_s) / _YEAR_S)
    return max(0, min(int(whole - archived_in_year), int(part)))


_YEAR_S = 365 * 86_400.0


def archived(
    lapses: Sequence[Lapse],
    *,
    holding: Collection[Protection],
    most: int,
    floor: float = FLOOR,
) -> list[str]:
    """Which of the lapsed memories go to the archive, at most `most`, the least worth keeping first.

    Invariants: none that is above `floor`, none whose protection holds; with a larger `most` the same ones
    and more.
    """
    free = [
        lapse
        for lapse in lapses
        if lapse.retrievability < floor and (lapse.protection is None or lapse.protection not in holding)
    ]
    free.sort(key=lambda lapse: (lapse.keep, lapse.retrievability, lapse.memory_id))
    return [lapse.memory_id for lapse in free[: max(0, most)]]
