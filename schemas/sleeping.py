"""Inquiries about sleep, and the answers. They travel as those of `inquiry` do.

A night is asked for, not waited for: the answer names its cycle, which can be looked at until it ends.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from schemas.base import Message
from schemas.inquiry import Inquiry
from schemas.sleep import SleepPlan, SleepReport

CYCLES_MAX = 16
"""Cycles of one night at most: a person has four to six."""

LOG_MAX = 1_000


class SleepInquiry(Inquiry, frozen=True, kw_only=True):
    """Sleep now, so many cycles; 0: until it is rested. A mind that sleeps already goes on sleeping: the
    answer is the cycle that it is in."""

    cycles: Annotated[int, msgspec.Meta(ge=0, le=CYCLES_MAX)] = 1


class SleepPlanInquiry(Inquiry, frozen=True, kw_only=True):
    """What a cycle would do now, and why. Nothing is done by asking."""


class SleepLogInquiry(Inquiry, frozen=True, kw_only=True):
    """The latest cycles, the newest first."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=LOG_MAX)] = 20


class SleepCycleInquiry(Inquiry, frozen=True, kw_only=True):
    """One cycle by its id, the beginning of it, or its number. With `through` the answer waits until more
    steps than so many are done, or the cycle has ended."""

    cycle: str
    through: int | None = None


class SleepUndoInquiry(Inquiry, frozen=True, kw_only=True):
    """Take back what a cycle did. It is asked for, not waited for, like a night."""

    cycle: str


class SleepPauseInquiry(Inquiry, frozen=True, kw_only=True):
    """Do not sleep any more until told to, whatever the pressure or the schedule; or sleep again. It holds
    for the mind that is named, or for `everyone`, minds that are still to come too; what single minds
    were told stays.
    """

    paused: bool = True
    everyone: bool = False


class MindCopyInquiry(Inquiry, frozen=True, kw_only=True):
    """A copy of all that is stored of this mind, on which nights can be tried. One is begun; or the one that
    is `called` so is looked at, once more than `through` points are copied or it has ended; or, with `drop`,
    it is removed. A daemon makes one at a time. It is asked for, not waited for."""

    called: str = ""
    through: int | None = None
    drop: bool = False


class SleepAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The cycle that was asked for. `note` says what is not as one might expect."""

    inquiry_id: str
    mind: str
    report: SleepReport
    note: str = ""


class SleepPlanAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The plan, and how the memories begin that it names."""

    inquiry_id: str
    mind: str
    plan: SleepPlan
    previews: dict[str, str] = {}


class SleepLogAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """Cycles, how strong the pressure to sleep is now, 0..1, and what drives it."""

    inquiry_id: str
    mind: str
    cycles: list[SleepReport] = []
    pressure: float = 0.0
    drivers: dict[str, float] = {}
    paused: bool = False
    everyone_paused: bool = False
    schedule: str = ""
    next_at: float | None = None


class MindCopyAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """How far a copy is: so many of so many points, and whether it is whole. It lies in `folder` of the
    machine `host`, as a data directory that nobody holds. `failed` says why there is none."""

    inquiry_id: str
    mind: str
    called: str
    folder: str = ""
    host: str = ""
    points: int = 0
    copied: int = 0
    whole: bool = False
    failed: str = ""
