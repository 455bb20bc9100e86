"""Sleep: what a cycle plans, how far it came, what it did, and how it can be undone (one point a cycle)."""

from __future__ import annotations

import enum
from typing import Any

from schemas.base import Message


class SleepStatus(enum.StrEnum):
    """Where a cycle stands. What is in progress or undoing is taken up again after a crash.

    `interrupted`: given up for a reason that trying again does not heal; what it did stands.
    """

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    ROLLED_BACK = "rolled_back"
    UNDOING = "undoing"
    UNDONE = "undone"


UNFINISHED = (SleepStatus.IN_PROGRESS, SleepStatus.UNDOING)


class SleepStage(enum.StrEnum):
    """A stage of a cycle; `waking` is what is done once, after the dreams."""

    LIGHT = "light"
    DEEP = "deep"
    DREAMING = "dreaming"
    WAKING = "waking"


class SleepWork(enum.StrEnum):
    """What a cycle does, in the order in which it does it."""

    REPLAY = "replay"
    RARE_TERMS = "rare_terms"
    SUPERSEDE = "supersede"
    ABSTRACT = "abstract"
    ASSOCIATE = "associate"
    RETELL = "retell"
    HOMEOSTASIS = "homeostasis"
    FORGET = "forget"
    IDENTITY = "identity"
    INDEX = "index"


class PlannedWork(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One piece of a cycle: what is done to which memories or episodes, in this order; none are named where
    it goes through what is left to do. `budget_s` is the share of the cycle's time that it may take, `onward`
    where the next cycle goes on looking."""

    work: SleepWork
    stage: SleepStage
    memory_ids: list[str] = []
    episode_ids: list[str] = []
    budget_s: float = 0.0
    why: str = ""
    onward: str = ""


class SleepPlan(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What a cycle would do, and why. `nothing` says why it would do nothing at all."""

    mind: str
    works: list[PlannedWork] = []
    reasons: list[str] = []
    nothing: str = ""
    pressure: float = 0.0
    budget_s: float = 0.0


class SleepCursor(Message, frozen=True, kw_only=True, omit_defaults=False):
    """How far a cycle came: in which piece of the plan, and after how many steps of the cycle. `offset` is
    how far the current piece has gone through what it names, or where the store goes on. `failures` : how
    often in a row the next step has failed for a reason that waiting does not mend; `lives` : how many
    processes in a row have taken the cycle up since its last step."""

    stage: str = ""
    step: int = 0
    work: int = 0
    offset: str = ""
    failures: int = 0
    lives: int = 0


class CanaryProbe(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One cue that is asked before and after. No words are kept: ``opening`` is how the memory called
    `name` begins, ``recall`` is the cue called `name`, as far as it is still remembered. `expected` is the
    memory that belongs among the first."""

    kind: str
    name: str
    expected: str
    before: bool = False
    after: bool | None = None


class SleepReport(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One cycle of sleep of one mind.

    `night` names what several cycles belong to, this one is the `number`-th of the mind's life and the
    `nth` of `cycles` in its night, which goes on although the mind is `paused` where it was when the cycle
    was asked for. `did` counts by the name of a mechanism how often it did something,
    `calls` those to the store. `notes` say what a person should know: what is left, what was
    rolled back and why.
    """

    id: str
    mind: str
    started_at: float
    ended_at: float | None = None
    trigger: str = ""
    night: str = ""
    number: int = 0
    nth: int = 1
    cycles: int = 1
    paused: bool = False
    pressure_before: float = 0.0
    pressure_after: float | None = None
    stage_s: dict[str, float] = {}
    replayed: int = 0
    consolidated: int = 0
    strengthened: int = 0
    downscaled: float = 1.0
    pruned: int = 0
    formed: int = 0
    abstracted: int = 0
    superseded: int = 0
    archived: int = 0
    retold: int = 0
    did: dict[str, int] = {}
    calls: int = 0
    canary_before: float | None = None
    canary_after: float | None = None
    status: SleepStatus = SleepStatus.IN_PROGRESS
    ends_as: SleepStatus = SleepStatus.COMPLETED
    cursor: SleepCursor = SleepCursor()
    plan: SleepPlan | None = None
    canary: list[CanaryProbe] = []
    restored: int = 0
    left: list[str] = []
    notes: list[str] = []
    undo_log: str = ""

    @property
    def finished(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.status not in UNFINISHED

    @property
    def left_s(self) -> float | None:
        """The most that its works may still take by its plan, in seconds; None before there is one, and
        where none of them is left."""
        if self.plan is None or self.status is not SleepStatus.IN_PROGRESS:
            return None
        ahead = self.plan.works[self.cursor.work :]
        budgets = {work.stage: work.budget_s for work in ahead}
        left = [budget - self.stage_s.get(stage, 0.0) for stage, budget in budgets.items()]
        return sum(max(0.0, each) for each in left) if ahead else None


class UndoEntry(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A memory before a step changed it: the revision that was read, and those fields as they were; `after`
    tells by a digest each what the step made of them. `did` counts what it did. Holds nothing of a
    memory's content.
    """

    memory_id: str
    rev: int
    before: dict[str, Any] = {}
    after: dict[str, str] = {}
    did: dict[str, int] = {}


class Telling(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What tells of an episode, without a word of it: the memory whose opening is its label, and those whose
    openings are its gist, in order. None where no member says so: then a caller gave it, or what said it has
    left awake memory."""

    label: str | None = None
    gist: list[str] | None = None


class Retold(Message, frozen=True, kw_only=True, omit_defaults=False):
    """An episode that is told anew: what told of it before, and what does now."""

    episode_id: str
    before: Telling
    after: Telling


class UndoPage(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What one step of a cycle is about to change, written before it changes it. `concept` is the vector of
    the self as it was (float32), where the step moves that, and `turned` what it moves it to; `derived` are
    abstractions as they were, without their words: what they say and mean follows from their sources;
    `retold` are episodes, for which the same holds."""

    mind: str
    cycle_id: str
    step: int
    entries: list[UndoEntry] = []
    archived: list[str] = []
    derived: list[UndoEntry] = []
    retold: list[Retold] = []
    concept: bytes = b""
    turned: bytes = b""
