"""Sleep: what a cycle planned, how far it came, and what it did (one point a cycle)."""

import enum

from schemas.base import Message


class SleepStatus(enum.StrEnum):
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    ROLLED_BACK = "rolled_back"


class SleepCursor(Message, frozen=True, kw_only=True, omit_defaults=False):
    """How far an interrupted cycle came."""

    stage: str = ""
    step: int = 0


class SleepReport(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One cycle of sleep of one mind."""

    id: str
    mind: str
    started_at: float
    ended_at: float | None = None
    trigger: str = ""
    stage_s: dict[str, float] = {}
    replayed: int = 0
    consolidated: int = 0
    strengthened: int = 0
    pruned: int = 0
    formed: int = 0
    archived: int = 0
    canary_before: float | None = None
    canary_after: float | None = None
    status: SleepStatus = SleepStatus.IN_PROGRESS
    cursor: SleepCursor = SleepCursor()
    undo_log: str = ""
