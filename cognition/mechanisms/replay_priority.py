"""Which memories a cycle replays, found through indexes alone.

Exact selection by a priority that changes with time, from two stored keys that do not. Knows keys, moments
and priorities of few candidates; who reads the index it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from cognition.mechanisms.replay import RECENCY_DECAY_PER_HOUR, RECENCY_WEIGHT

SLICES = 8
"""Slices of equal fall in recency that the recent past is cut into; one more holds all that is older.
A first pass is then exact to 0.2 / 8 = 0.025 even where every slice overflows."""

RECENCY_MIN = 0.01
"""Of recency's first value, below which it is old: after 46 h, when it weighs less than .002."""

SPLITS_MAX = 16
"""Slices that are cut in two at most before a selection is taken as it is."""

NOVEL_MAX = 0.5
FAMILIAR_MAX = 0.9
"""Strength below which a memory is novel, and from which it is permanent (schema, section 6)."""


class Slice(NamedTuple):
    """A stretch of encoding time: ``after < encoded_at <= until``, epoch seconds; None is open.

    `recency` : the largest recency term in it, R = 0.2 e^(-0.1 h) at `until`.
    """

    after: float | None
    until: float | None
    recency: float


class Candidate(NamedTuple):
    """One memory as the index gave it: its stored `replay_priority_key` and when it was encoded."""

    memory_id: str
    key: float
    encoded_at: float


class Read(NamedTuple):
    """What the index gave of a slice, in falling order of the keys."""

    slice: Slice
    found: Sequence[Candidate]


class Selection(NamedTuple):
    """The chosen, best first, and by how much a memory that was not read could beat the last of them;
    0 where the choice is exact. `doubtful` : the reads that leave it open, the worst first."""

    chosen: list[Candidate]
    doubt: float
    doubtful: list[Read]


def recency(encoded_at: float, now: float) -> float:
    """The part of priority that moves, 0..0.2: R = 0.2 e^(-0.1 h)."""
    hours = max(0.0, now - encoded_at) / 3600.0
    return RECENCY_WEIGHT * math.exp(-RECENCY_DECAY_PER_HOUR * hours)


def slices(now: float, count: int = SLICES) -> list[Slice]:
    """The slices that are read, the youngest first: one ordered read of the index each.

    Priority is a sum of a key that stays and a term that moves,

    .. math:: p_i(t) = k_i + R_i(t), \\qquad R_i(t) = 0.2\\, e^{-0.1 (t - t_i)/3600}.

    No one stored number orders p at every t: of two memories the sum may rank the younger first now and
    the older later. But the log-transform of the term that moves,

    .. math:: \\ln R_i(t) = \\ln 0.2 - \\frac{0.1}{3600}\\, t + \\frac{0.1}{3600}\\, t_i ,

    differs between memories by t_i alone: *at every t, the order of R is the order of the stored moment t_i*.
    So a range of R is a range of t_i, both summands have an index that never has to be rewritten,
    and p rises in both. Within the slice R_b >= R > R_(b+1) whatever was not among the n best by key
    has p <= k_(n) + R_b (Fagin, Lotem & Naor 2003, threshold algorithm).

    The slices lie between 0.2 and 0.2 x `RECENCY_MIN`, equally far apart in R.
    """
    if count < 1:
        raise ValueError(f"count = {count}: there is one slice at least.")
    shares = [1.0 - (1.0 - RECENCY_MIN) * b / count for b in range(count + 1)]
    edges = [now + math.log(share) / RECENCY_DECAY_PER_HOUR * 3600.0 for share in shares]
    young = [Slice(edges[b + 1], edges[b] if b else None, RECENCY_WEIGHT * shares[b]) for b in range(count)]
    return [*young, Slice(None, edges[count], RECENCY_WEIGHT * RECENCY_MIN)]


def split(read: Read, now: float) -> tuple[Slice, Slice]:
    """A slice that gave more than was asked of it, cut in two, the younger half first.

    The cut is the median moment of what it gave: where many have the same key that is a sample of them, so
    that each half has about half of them, however short the time in which they came (100 memories of one
    key within 50 ms: two cuts; at the middle of the recency of a slice of an hour: sixteen, and in doubt).
    What was given at one moment is cut off there: then its half is exact.
    """
    each, found = read
    moments = sorted({c.encoded_at for c in found})
    at = moments[(len(moments) - 1) // 2]
    return Slice(at, each.until, each.recency), Slice(each.after, at, recency(at, now))


def select(read: Sequence[Read], count: int, limit: int, now: float) -> Selection:
    """The `count` candidates of highest priority at `now`, and how sure that is.

    Parameters
    ----------
    read : what each slice gave, `limit` candidates or more where it has more.
    count : how many are wanted.
    limit : how many were asked of each slice, >= `count`. A slice that gave fewer has no more.
    now : epoch seconds.

    Invariants: where `doubt` is 0 the chosen have the priorities that a sort of all memories would give.
    Splitting the doubtful slices and reading those halves lowers the doubt; equals in the order of ids.
    """
    if limit < count:
        raise ValueError(f"limit = {limit} of a slice is below the {count} that are wanted.")
    whole = {c.memory_id: c for _, found in read for c in found}
    ranked = sorted(whole.values(), key=lambda c: (-c.key - recency(c.encoded_at, now), c.memory_id))
    chosen = ranked[:count]
    worst = chosen[-1].key + recency(chosen[-1].encoded_at, now) if chosen else 0.0
    open_: list[tuple[float, Read]] = []
    for each in read:
        if len(each.found) >= limit and each.found:
            above = each.found[-1].key + each.slice.recency - worst
            if above > 0.0:
                open_.append((above, each))
    open_.sort(key=lambda pair: -pair[0])
    return Selection(chosen, open_[0][0] if open_ else 0.0, [each for _, each in open_])


def familiar_from(seed: str, cycle: int) -> str:
    """Where in the order of ids a seeded sample of familiar memories begins: an id that need not exist.

    Memory ids are hashes of what caused them (UUIDv5), so those that follow a random id are a random sample
    of all, whatever they say and whenever they came: one ordered read from here on, continued from the first
    id where the end comes too early.
    """
    digits = blake2b(f"{seed}\0{cycle}".encode(), digest_size=16).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
