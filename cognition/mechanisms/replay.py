"""Which memories sleep replays first.

Knows the life figures of one memory; the choice among many is made by an index on the key.
"""

from __future__ import annotations

import math

EMOTION_WEIGHT = 0.4
CONNECTION_WEIGHT = 0.3
RECENCY_WEIGHT = 0.2
TAG_WEIGHT = 0.1
"""Weights of replay priority (ADR-023)."""

RECENCY_DECAY_PER_HOUR = 0.1
"""Rate at which the recency of a memory fades (ADR-023)."""

RECENT_S = 48 * 3600.0
"""After this the recency term is below 0.2 * exp(-4.8) < 0.002 and stops mattering."""

_TIE_PER_S = 1e-13


def priority_key(
    emotional_intensity: float, connection_relevance: float, tag: bool, encoded_at: float
) -> float:
    """A static key by which an index orders memories for replay.

    Priority at time t is

    .. math:: p_i(t) = 0.4 e_i + 0.3 c_i + 0.1\\,tag_i + 0.2 e^{-0.1 h_i}, \\qquad h_i = (t - t_i)/3600

    No static key can keep this order: of two memories the sum may rank the younger first now
    and the older later, as its recency fades. (For a *product* a log-transform would do:
    ln a_i + 0.1 t_i / 3600.) But only recency moves, it is at most 0.002 after `RECENT_S`, and
    it fades at the same rate for all. So the key is the part that stays,

    .. math:: k_i = 0.4 e_i + 0.3 c_i + 0.1\\,tag_i + 10^{-13} t_i

    where the last summand only breaks ties, in the order that recency would (30 years weigh
    1e-4). It keeps the order of p exactly between memories of equal age, of equal static part,
    and where the younger has the larger static part; and within 0.002 between all that are
    older than `RECENT_S`. How the exact order by p is found from this key and `encoded_at`, through
    indexes alone, is `replay_priority.slices`.
    """
    return _static(emotional_intensity, connection_relevance, tag) + _TIE_PER_S * encoded_at


def priority(
    emotional_intensity: float, connection_relevance: float, tag: bool, encoded_at: float, now: float
) -> float:
    """Replay priority at `now` (epoch seconds), 0..1; see `priority_key`."""
    hours = max(0.0, now - encoded_at) / 3600.0
    recency = RECENCY_WEIGHT * math.exp(-RECENCY_DECAY_PER_HOUR * hours)
    return _static(emotional_intensity, connection_relevance, tag) + recency


def _static(emotional_intensity: float, connection_relevance: float, tag: bool) -> float:
    return (
        EMOTION_WEIGHT * emotional_intensity
        + CONNECTION_WEIGHT * connection_relevance
        + TAG_WEIGHT * bool(tag)
    )
