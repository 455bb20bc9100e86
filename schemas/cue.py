"""Cue: what recall is asked, with any subset of its filters."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec

from schemas.association import Unit
from schemas.base import Message
from schemas.episode import EpisodeScale
from schemas.percept import Content, ContentType, Label, MemoryKind, MindName, Moment, Valence
from schemas.plain import INTEGER_MAX, INTEGER_MIN

LIMIT_MAX = 1_000
ABSTRACTIONS_MAX = 100

Whole = Annotated[int, msgspec.Meta(ge=INTEGER_MIN, le=INTEGER_MAX)]


class FilterMode(enum.StrEnum):
    """How an episode filter acts."""

    STRICT = "strict"
    SOFT = "soft"


class DateMode(enum.StrEnum):
    """What the times that a cue names do: weigh, keep everything else out, or nothing."""

    SOFT = "soft"
    FILTER = "filter"
    OFF = "off"


class EpisodeFilter(Message, frozen=True, kw_only=True):
    """Keep to these episodes (strict), or prefer them (soft, the doorway effect).

    An empty `ids` means the mind's open episode, of this `scale`. A coarse one, by id or open, stands for all
    that it holds. `factor` multiplies the score of what lies in other episodes when soft.
    """

    ids: list[str] = []
    scale: EpisodeScale = EpisodeScale.FINE
    mode: FilterMode = FilterMode.SOFT
    factor: Unit = 0.7


class Mood(Message, frozen=True, kw_only=True):
    """A disc in the valence-arousal plane (Russell's circumplex)."""

    valence: Valence = 0.0
    arousal: Unit = 0.5
    radius: Annotated[float, msgspec.Meta(gt=0.0, le=3.0)] = 0.3

    def holds(self, valence: float, arousal: float) -> bool:
        """Whether this feeling lies in the disc."""
        off_v, off_a = valence - self.valence, arousal - self.arousal
        return off_v * off_v + off_a * off_a <= self.radius * self.radius


class CueFilter(Message, frozen=True, kw_only=True):
    """Which memories may answer at all. An empty list or map leaves that side open."""

    occurred_from: Moment | None = None
    occurred_to: Moment | None = None
    kinds: list[MemoryKind] = []
    content_types: list[ContentType] = []
    sources: list[Label] = []
    actors: list[Label] = []
    subjects: list[Label] = []
    session: Label | None = None
    agent: Label | None = None
    run: Label | None = None
    user: Label | None = None
    context: dict[str, str] = {}
    metadata: dict[str, str | Whole | bool] = {}
    mood: Mood | None = None


class Cue(Message, frozen=True, kw_only=True):
    """A question to one mind's memory.

    `actor` is who asks: a cue in the first person prefers what that actor said. `at` is when
    (default: now): "last week" is the one before it, a date without a year the latest before it.
    `dates` says what a time that the content names does: memories near it weigh more (soft), or only
    those within it answer (filter). `after` is a receipt's stream
    entry: the answer waits until that percept is recallable, within `deadline_s`. Below
    `abstain_below` (0..1, off at 0) the answer is "nothing"; an `exact` one is what stands out, or
    "nothing". With a `token_budget`, what does not fit is passed over for what ranks lower, down to four
    times `limit`. `without` names mechanisms to leave out: dense, lexical, actor, time, episode_prior,
    episode, working_memory, routes, mention, spreading, mood, context_match, superseded. `as_of` asks how
    things were at that moment: what happened later does not answer, and what was superseded later still
    holds. So many `abstractions` (what recurs in several episodes) are answered beside the memories. `mood`
    and `context` are what the asker feels and is surrounded by: memories that felt alike, or were
    surrounded by the same, come more easily.
    """

    id: str
    mind: MindName
    content: Content = ""
    vector: bytes | None = None
    actor: Label = ""
    at: Moment | None = None
    as_of: Moment | None = None
    abstractions: Annotated[int, msgspec.Meta(ge=0, le=ABSTRACTIONS_MAX)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] = 10
    token_budget: Annotated[int, msgspec.Meta(ge=1)] | None = None
    deadline_s: Annotated[float, msgspec.Meta(gt=0.0, le=300.0)] = 10.0
    filter: CueFilter = CueFilter()
    mood: Mood | None = None
    context: dict[str, str] = {}
    episode: EpisodeFilter | None = None
    dates: DateMode = DateMode.SOFT
    abstain_below: Unit = 0.0
    exact: bool = False
    after: str | None = None
    explain: bool = False
    without: list[str] = []
