"""Percept: one thing sensed, as an agent runtime publishes it."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated, Any

import msgspec

from schemas.association import Relation, Unit
from schemas.base import Message
from schemas.episode import BoundaryType
from schemas.identifiers import MIND_LENGTH_MAX
from schemas.plain import require_plain

CONTENT_LENGTH_MAX = 32_768
KEY_LENGTH_MAX = 512
LABEL_LENGTH_MAX = 256

FORGET_MAX = 10_000
"""Memories that one entry erases at most: some 400 kB of ids. More are erased in several."""

MOMENT_MIN = -62_135_596_800.0
"""0001-01-01T00:00:00Z, the first moment that RFC 3339 can write."""

MOMENT_MAX = 253_402_300_799.0
"""9999-12-31T23:59:59Z, the last one."""

MindName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MIND_LENGTH_MAX, pattern=r"^[^\x00-\x1f\x7f]*\Z")
]
Content = Annotated[str, msgspec.Meta(max_length=CONTENT_LENGTH_MAX)]
Key = Annotated[str, msgspec.Meta(max_length=KEY_LENGTH_MAX)]
Label = Annotated[str, msgspec.Meta(max_length=LABEL_LENGTH_MAX)]
Valence = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Moment = (
    Annotated[float, msgspec.Meta(ge=MOMENT_MIN, le=MOMENT_MAX)]
    | Annotated[dt.datetime, msgspec.Meta(tz=True)]
)


class MemoryKind(enum.StrEnum):
    """Tulving's systems."""

    EPISODIC = "episodic"
    SEMANTIC = "semantic"
    PROCEDURAL = "procedural"


class ContentType(enum.StrEnum):
    """What sort of content a percept carries."""

    THOUGHT = "thought"
    EXPERIENCE = "experience"
    FACT = "fact"
    SKILL = "skill"
    MILESTONE = "milestone"


class BoundaryMark(enum.StrEnum):
    """An explicit event boundary given by the caller."""

    BEGIN = "begin"
    END = "end"


class Percept(Message, frozen=True, kw_only=True):
    """One thing sensed by one mind.

    `occurred_at` is event time (epoch seconds, or RFC 3339 with a zone); without it
    the entry's own time counts. `vector` is 768 float32, little-endian (base64 in JSON).
    `key` makes publishing idempotent: same mind and key, same memory.
    """

    mind: MindName
    content: Content = ""
    data: dict[str, Any] | None = None
    key: Key = ""
    source: Label = ""
    actor: Label = ""
    subject: Label = ""
    kind: MemoryKind = MemoryKind.EPISODIC
    content_type: ContentType = ContentType.EXPERIENCE
    occurred_at: Moment | None = None
    valence: Valence = 0.0
    arousal: Unit = 0.5
    importance: Unit = 0.5
    relevance: Unit = 0.5
    connection_relevance: Unit = 0.5
    context: dict[str, str] = {}
    boundary: BoundaryMark | None = None
    boundary_label: Label = ""
    relations: list[Relation] = []
    vector: bytes | None = None
    trust: Unit = 1.0
    metadata: dict[str, Any] = {}
    session: Label | None = None
    agent: Label | None = None
    run: Label | None = None
    user: Label | None = None

    def __post_init__(self) -> None:
        require_plain("Percept", "data", self.data)
        require_plain("Percept", "metadata", self.metadata)


class Mark(Message, frozen=True, kw_only=True):
    """An explicit boundary that comes without a percept."""

    mind: MindName
    boundary: BoundaryMark = BoundaryMark.BEGIN
    cause: BoundaryType = BoundaryType.EXPLICIT
    label: Label = ""
    occurred_at: Moment | None = None


class Forget(Message, frozen=True, kw_only=True):
    """Erase these memories of this mind for good and never take them back.

    `memory_ids` names them; a filter is resolved to ids by the asker first, so that
    what was shown for confirmation is exactly what is erased.
    """

    mind: MindName
    memory_ids: Annotated[list[str], msgspec.Meta(min_length=1, max_length=FORGET_MAX)]
    reason: Label = ""


class Rebuild(Message, frozen=True, kw_only=True):
    """Derive anew what this mind derived from its memories: their vectors in context, its lexicon."""

    mind: MindName


def seconds(moment: Moment) -> float:
    """Epoch seconds of a moment in either of its forms."""
    return moment.timestamp() if isinstance(moment, dt.datetime) else float(moment)
