"""What a memory is associated with as it forms: what was active just before it, and what felt alike.

Associations point from the new memory to earlier ones, so that encoding writes no other memory. Knows
what is active; knows no store. They are kept, shown and replayed; at a cue neighbours help each other
through what is stored of them (`thread`), so these do not spread.

References: Howard & Kahana 2002 (temporal contiguity: nearer in order, more strongly bound);
Long, Danoff & Kahana 2015 (what felt alike is recalled together).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from cognition.mechanisms.salience import emotional_intensity
from cognition.mechanisms.working_memory import Active
from schemas.association import Association, AssociationType

LAG_SHARE = 0.5
"""How much of a temporal association is left with each further step back."""

WEIGHT_MIN = 0.05
"""Weaker ones are not formed: with half a step four memories back are reached (schema: prune < 0.05)."""

INTENSITY_MIN = 0.2
"""Feeling below which a memory binds to no other by it (a choice: valence 0.4 at middling arousal)."""

MOOD_REACH = 0.5
"""Distance in the plane of valence and arousal beyond which two feelings are not alike (a choice: a
quarter of the range of valence)."""

ALIKE_WITHIN_S = 3_600.0
"""Event time within which like feelings bind: one hour, the scale of a mood."""


def temporal(active: Iterable[Active], episode_id: str, position: int, at: float) -> list[Association]:
    """Associations towards what is still active of the same episode.

    .. math:: w = 0.5^{l}, \\qquad l = \\mathrm{position} - \\mathrm{position}_j \\ge 1

    Parameters
    ----------
    active : working memory before the new one joins it.
    episode_id, position : of the new memory, which is the `position`-th of its episode.
    at : its event time, seconds.

    Returns
    -------
    Nearest first; weights in [0.05, 0.5].
    """
    lags = [(position - item.position, item) for item in active if item.episode_id == episode_id]
    near = sorted((lag, item.memory_id) for lag, item in lags if lag >= 1)
    return [
        Association(target_id=i, weight=LAG_SHARE**lag, type=AssociationType.TEMPORAL, last_coactivated=at)
        for lag, i in near
        if LAG_SHARE**lag >= WEIGHT_MIN
    ]


def emotional(active: Iterable[Active], valence: float, arousal: float, at: float) -> list[Association]:
    """Associations towards what is active, felt alike and lies close in time.

    .. math:: w = \\sqrt{I_i I_j}\\,\\left(1 - d_{ij} / 0.5\\right)

    I: emotional intensity, at least 0.2 of both; d: distance in the plane of valence and arousal.

    Returns
    -------
    The most alike first; weights in [0.05, 1].
    """
    own = emotional_intensity(valence, arousal)
    if own < INTENSITY_MIN:
        return []
    found = []
    for item in active:
        other = emotional_intensity(item.valence, item.arousal)
        distance = math.hypot(valence - item.valence, arousal - item.arousal)
        if other < INTENSITY_MIN or distance >= MOOD_REACH or abs(at - item.at) > ALIKE_WITHIN_S:
            continue
        weight = math.sqrt(own * other) * (1.0 - distance / MOOD_REACH)
        if weight >= WEIGHT_MIN:
            found.append((-weight, item.memory_id))
    return [
        Association(target_id=i, weight=-negative, type=AssociationType.EMOTIONAL, last_coactivated=at)
        for negative, i in sorted(found)
    ]
