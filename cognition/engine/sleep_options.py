"""What a person may set of sleep, each with its default (schema, section 6, unless it says otherwise)."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

from cognition.mechanisms import keeping, night_order, pressure
from schemas.base import Config
from schemas.sleeping import CYCLES_MAX

Positive = Annotated[float, msgspec.Meta(gt=0.0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Unit = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]

AtNight = Literal[
    "replay",
    "associate",
    "rare_terms",
    "supersede",
    "abstract",
    "retell",
    "homeostasis",
    "forget",
    "identity",
    "index",
    "co_replay",
]
"""What a cycle does, by name: `schemas.sleep.SleepWork`; and whether what is replayed together is bound."""

EXTRA: tuple[AtNight, ...] = ("supersede", "abstract", "co_replay")
"""What a cycle does where `sleep.also` names it: none of these has changed a ranked answer of any set
(README, Nights; ADR 27)."""


class SleepOptions(Config, frozen=True, kw_only=True):
    """When minds sleep, and what a night may take and do.

    Without a `schedule` a mind falls asleep when nothing came for `idle_s` and the pressure is there, and in
    any case after `awake_max_s` with anything to digest; it sleeps until it is rested (`cycles` = 0), or so
    many cycles. Again within `rest_s`, with nothing new, it does nothing.

    A schedule is a crontab line, ``every 8h``, or a moment in RFC 3339; several are joined by `` or ``.
    `schedules` gives single minds their own (``off``: never by schedule). It is read in `timezone` (empty:
    the machine's) and shifted by up to `jitter_s` at random.

    The works of a cycle take `cycle_s` together and begin no step after `calls_max` calls to the store; a
    step that has begun is done to its end, and the canary is asked again on top. Between two steps all
    others have `turn` times as long as the step took, beside that time. A cycle replays `batch` memories.
    `canary` cues are asked before and after: where more than `tolerance` of them fail that did not before,
    the cycle is rolled back. `undo_kept` cycles of a mind can be undone.

    Without `while_awake` associations by what memories speak of form in sleep alone. What falls below a
    retrievability of `floor` goes to the archive, `archived_a_year` of the mind at most, protected
    memories never, as long as they are no more than the share `protected` of the mind (1: always); with
    `memory_max` a mind keeps so many awake, and what says least makes room. `also` names what is done beyond
    the rest, of `EXTRA`; `without` names what is left out, and prevails.
    """

    enabled: bool = True
    schedule: str = ""
    schedules: dict[str, str] = {}
    timezone: str = ""
    jitter_s: NotNegative = 0.0
    check_s: Positive = 5.0
    idle_s: Positive = pressure.IDLE_S
    awake_max_s: Positive = pressure.AWAKE_MAX_S
    rest_s: NotNegative = 600.0
    cycles: Annotated[int, msgspec.Meta(ge=0, le=CYCLES_MAX)] = 0
    cycle_s: Positive = 300.0
    turn: NotNegative = 1.0
    calls_max: Count = 2_000
    batch: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = night_order.BATCH
    canary: Annotated[int, msgspec.Meta(ge=0, le=256)] = 32
    tolerance: Unit = 0.05
    while_awake: bool = True
    floor: Unit = keeping.FLOOR
    archived_a_year: Unit = keeping.ARCHIVED_A_YEAR_MAX
    protected: Unit = keeping.PROTECTED_SHARE_MAX
    memory_max: Annotated[int, msgspec.Meta(ge=0)] = 0
    undo_kept: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 16
    also: tuple[AtNight, ...] = ()
    without: tuple[AtNight, ...] = ()

    def does(self, name: str) -> bool:
        """Whether a cycle does this."""
        return name not in self.without and (name not in EXTRA or name in self.also)

    def off(self) -> frozenset[str]:
        """What a cycle does not do."""
        return frozenset(name for name in get_args(AtNight) if not self.does(name))
