"""Sleep pressure: when a mind falls asleep and when it wakes.

Two processes (Borbély 1982). S rises while a mind is awake and works, and falls while it sleeps; C is the
time of day of its schedule. Knows counts and seconds; who is idle, and what sleep does, it does not.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

HIGH = 0.67
LOW = 0.17
SWING = 0.1
"""The thresholds between which S swings, and how far the time of day moves both (Daan, Beersma & Borbély
1984, their values for people). That they lie apart is the hysteresis: no nap follows from a nap."""

AWAKE_S = 3_600.0
ENCODED = 1_000.0
POTENTIATED = 500.0
TAGGED = 100.0
"""What alone raises S from 0 to `HIGH`: an hour awake or a hundred tagged memories (schema, section 6); a
thousand encoded, five hundred synapses changed by use (choices: ten ordinary ones weigh one tagged)."""

FALL_CYCLES = 2.6
"""Cycles in which S falls to 1/e: 4.2 h (Daan et al. 1984) of cycles of 96 min."""

IDLE_S = 300.0
"""Nobody sleeps while spoken to (schema, section 6)."""

AWAKE_MAX_S = 86_400.0
"""After a day awake with anything to consolidate, a mind sleeps although it is not idle."""

CYCLES_MAX = 6
"""Cycles of one night; people have four to six."""

_RISE = -math.log1p(-HIGH)


class Cause(enum.StrEnum):
    """Why a mind falls asleep or wakes by itself."""

    PRESSURE = "pressure"
    AWAKE_TOO_LONG = "awake_too_long"
    RESTED = "rested"
    CYCLES = "cycles"


@dataclass(frozen=True, slots=True)
class Waking:
    """What a mind went through since it last slept.

    `awake_s` seconds awake; `encoded` memories and `potentiated` synapses since then; `tagged` memories
    whose consolidation tag no sleep has touched; `left` the S that the last sleep left, 0..1.
    """

    awake_s: float = 0.0
    encoded: int = 0
    potentiated: int = 0
    tagged: int = 0
    left: float = 0.0

    @property
    def work(self) -> bool:
        """Whether there is anything to consolidate: time alone makes nobody tired here."""
        return self.encoded > 0 or self.potentiated > 0 or self.tagged > 0


def pressure(waking: Waking) -> float:
    """Process S of a mind that is awake, in 0..1; 0 where it has nothing to consolidate.

    .. math:: S = 1 - (1 - S_0)\\, e^{-u}, \\qquad
        u = 1.11 \\left(\\frac{t}{3600} + \\frac{n_e}{1000} + \\frac{n_p}{500} + \\frac{n_t}{100}\\right)

    A function of counts, so that it is the same however often anybody looks. Rises with each of
    them; 1.11 = -ln(1 - `HIGH`).
    """
    if not waking.work:
        return 0.0
    load = max(0.0, waking.awake_s) / AWAKE_S + waking.encoded / ENCODED + waking.potentiated / POTENTIATED
    load += waking.tagged / TAGGED
    return min(1.0, max(0.0, 1.0 - (1.0 - waking.left) * math.exp(-_RISE * load)))


def asleep(before: float, cycles: float) -> float:
    """Process S of a mind that sleeps, in 0..1: it falls.

    .. math:: S = S_0 e^{-c / 2.6}

    Parameters
    ----------
    before : S_0 as it fell asleep, 0..1.
    cycles : c >= 0, cycles slept.
    """
    return before * math.exp(-max(0.0, cycles) / FALL_CYCLES)


def circadian(now: float, night: float, period_s: float = 86_400.0) -> float:
    """Process C, in -1..1: 1 at the hour of the schedule (`night`, any of its nights), -1 opposite.

    Without a schedule take 0: a mind then sleeps by pressure alone.
    """
    return math.cos(2.0 * math.pi * (now - night) / period_s)


def falls_asleep(
    waking: Waking,
    *,
    idle_s: float,
    c: float = 0.0,
    idle_min_s: float = IDLE_S,
    awake_max_s: float = AWAKE_MAX_S,
) -> Cause | None:
    """Whether a mind goes to sleep by itself now, and why.

    It does when S reaches ``HIGH - SWING c`` and nobody has spoken to it for `idle_min_s`; at the latest
    after `awake_max_s`. Never with nothing to consolidate.
    """
    if not waking.work:
        return None
    if waking.awake_s >= awake_max_s:
        return Cause.AWAKE_TOO_LONG
    if idle_s > idle_min_s and pressure(waking) >= HIGH - SWING * c:
        return Cause.PRESSURE
    return None


def wakes(s: float, cycles: int, *, c: float = 0.0, cycles_max: int = CYCLES_MAX) -> Cause | None:
    """Whether a mind wakes after this many whole cycles (it sleeps one at least), and why.

    It does when S, see `asleep`, has fallen to ``LOW - SWING c``, and after `cycles_max` at the latest.
    """
    if cycles >= cycles_max:
        return Cause.CYCLES
    if cycles >= 1 and s <= LOW - SWING * c:
        return Cause.RESTED
    return None
