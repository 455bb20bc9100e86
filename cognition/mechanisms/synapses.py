"""Synapses between memories: how an association grows with use, fades with time, and gives way.

Pure functions over `Association`. Co-activation with evidence potentiates (memories *used* together
for one cue); being shown together does not. Knows no store and no event.

References: Hebb 1949; Oja 1982 (a bound that softens as it is reached); Anderson & Reder 1999 (fan).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from schemas.association import CALLERS, Association, AssociationType
from schemas.memory import ASSOCIATIONS_MAX

LEARNED = AssociationType.GOAL
"""The type of what is learned from use: memories that served one cue served the same goal. Mention
(semantic) and the caller's relations to the same target are synapses of their own."""

LEARNING_RATE = 0.1
"""Share of what is missing that one co-activation adds (schema, section 6: Hebb awake)."""

DEPRESSION_RATE = 0.1
"""Share that is lost when one of two served and the other was shown in vain: as fast as it is gained."""

HALF_LIFE_S = 30 * 86_400.0
"""Of what was learned (schema, section 6)."""

WEIGHT_MIN = 0.05
"""What has faded below it is pruned (schema, section 6), once it lay idle for `IDLE_S`."""

IDLE_S = 7 * 86_400.0
"""So that a connection that begins weak may grow before it is judged (a choice)."""


def decayed(weight: float, elapsed_s: float) -> float:
    """What is left of a learned weight: w 2^(-elapsed / half-life). A pure function of time: upkeep at
    any cadence changes nothing."""
    return weight * 2.0 ** (-elapsed_s / HALF_LIFE_S) if elapsed_s > 0.0 else weight


def potentiate(weight: float, evidence: float, rate: float = LEARNING_RATE) -> float:
    """One co-activation, with a soft bound: w <- w + rate (1 - w) e. In 0..1 for w, e, rate in 0..1."""
    return weight + rate * (1.0 - weight) * evidence


def depress(weight: float, evidence: float = 1.0, rate: float = DEPRESSION_RATE) -> float:
    """One served and the other did not: w <- w (1 - rate e). In 0..1, never more than w."""
    return weight * (1.0 - rate * evidence)


Key = tuple[str, AssociationType, bool]
"""Which synapse of a memory one is: what the caller gave lies beside what was learned of the same target."""


def key(association: Association) -> Key:
    """Which synapse of its memory this is."""
    return association.target_id, association.type, association.given


def learned_key(target_id: str) -> Key:
    """Which synapse use forms to this target."""
    return target_id, LEARNED, False


def given(association: Association) -> bool:
    """Whether the caller said so: such a connection neither fades nor gives way."""
    return association.given or association.type in CALLERS


def strength(association: Association, now: float) -> float:
    """The weight as of now. What was learned from use fades; what was given, or read off the contents
    and the order of memories, stays."""
    if association.type is not LEARNED or association.given:
        return association.weight
    return decayed(association.weight, now - association.last_coactivated)


def potentiated(association: Association, evidence: float, at: float) -> Association:
    """After a co-activation at that time. One that comes late counts for what is left of it by now."""
    late_s = association.last_coactivated - at
    fresh = decayed(evidence, late_s)
    return msgspec.structs.replace(
        association,
        weight=min(1.0, potentiate(strength(association, at), fresh)),
        last_coactivated=max(at, association.last_coactivated),
        coactivation_count=association.coactivation_count + 1,
    )


def depressed(association: Association, at: float) -> Association:
    """After a cue that one of the two served and the other did not."""
    late_s = association.last_coactivated - at
    return msgspec.structs.replace(
        association,
        weight=depress(strength(association, at), decayed(1.0, late_s)),
        last_coactivated=max(at, association.last_coactivated),
    )


def formed(target_id: str, evidence: float, at: float) -> Association:
    """A synapse that was not there before, after its first co-activation."""
    fresh = Association(target_id=target_id, weight=0.0, type=LEARNED, last_coactivated=at)
    return potentiated(fresh, evidence, at)


def kept(associations: Sequence[Association], now: float, limit: int = ASSOCIATIONS_MAX) -> list[Association]:
    """What stays of an array: faded idle ones are pruned; beyond `limit` the weakest gives way, but
    nothing that the caller gave while there is anything else. Order is kept.

    Parameters
    ----------
    associations : of one memory. now : seconds. limit : `associations_max`.
    """
    alive = [a for a in associations if not _lapsed(a, now)]
    excess = len(alive) - limit
    if excess <= 0:
        return alive
    order = sorted(
        range(len(alive)),
        key=lambda i: (given(alive[i]), strength(alive[i], now), alive[i].target_id, alive[i].type),
    )
    weakest = set(order[:excess])
    return [a for i, a in enumerate(alive) if i not in weakest]


def _lapsed(association: Association, now: float) -> bool:
    if association.type is not LEARNED or association.given:
        return False
    idle = now - association.last_coactivated > IDLE_S
    return idle and strength(association, now) < WEIGHT_MIN


def strongest(associations: Iterable[Association], now: float, limit: int) -> list[Association]:
    """The strongest as of now, strongest first; equals in the order of their targets."""
    order = sorted(associations, key=lambda a: (-strength(a, now), a.target_id, a.type))
    return [a for a in order if strength(a, now) > 0.0][:limit]
