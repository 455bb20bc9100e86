"""Memory: one stored trace, its life figures, and its archived form."""

from typing import Annotated, Any

import msgspec

from schemas.association import Association, Route
from schemas.base import Message
from schemas.percept import ContentType, MemoryKind

SCHEMA_VERSION = 1
ASSOCIATIONS_MAX = 32
ROUTES_MAX = 32


class Memory(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One stored trace of one mind, without its vectors.

    Times are epoch seconds (UTC). `epoch` and `rev` fence and order the writes:
    a writer with an older epoch changes nothing. `entry` is the stream entry that
    caused this memory, `repeated_through` the last entry that strengthened it. `routes` and
    `unused_count` (how often it was shown in vain) are counted as of `learned_at`; they fade from
    there on. `plasticity_through` is the last entry of `dream` that is in them. `length` is counted in
    terms; `mean_length` was the mind's mean when this was encoded, 0 where it is not known.
    `slept_through` is the last step of a night that changed it by replay. `superseded_by` is the memory that
    says otherwise since `superseded_at`: from then on this one says how it was.
    """

    id: str
    mind: str
    key: str
    entry: str
    content: str
    data: dict[str, Any] | None = None
    kind: MemoryKind = MemoryKind.EPISODIC
    content_type: ContentType = ContentType.EXPERIENCE
    subject: str = ""
    source: str = ""
    actor: str = ""
    context: dict[str, str] = {}
    metadata: dict[str, Any] = {}
    session: str | None = None
    agent: str | None = None
    run: str | None = None
    user: str | None = None

    valence: float = 0.0
    arousal: float = 0.5
    emotional_intensity: float = 0.0
    importance: float = 0.5
    novelty: float = 0.5
    semantic_salience: float = 0.5
    connection_relevance: float = 0.5
    composite_salience: float = 0.5

    episode_id: str = ""
    window_id: str = ""
    position: int = 0

    occurred_at: float = 0.0
    encoded_at: float = 0.0
    last_accessed: float = 0.0
    access_count: int = 0
    useful_count: int = 0
    repeated_through: str = ""
    content_hash: str = ""
    length: int = 0
    mean_length: float = 0.0

    consolidation_strength: float = 0.0
    consolidation_tag: bool = False
    replay_count: int = 0
    last_replayed: float | None = None
    stability_s: float = 86_400.0
    replay_priority_key: float = 0.0

    associations: list[Association] = []
    routes: list[Route] = []
    unused_count: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    learned_at: float = 0.0
    derived_from: list[str] = []
    superseded_by: str | None = None
    superseded_at: float | None = None

    trust: float = 1.0
    embedding_model: str = ""
    schema_version: int = SCHEMA_VERSION
    epoch: int = 0
    rev: int = 0
    plasticity_through: str = ""
    slept_through: str = ""
    intervention_applied: bool = False
    intervention_type: str | None = None


class Archived(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A memory that was moved to the archive, whole."""

    memory: Memory
    archived_at: float
    archive_reason: str
    original_salience: float
    surface_count: int = 0
    last_surfaced: float | None = None


class Tombstone(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What remains of an erased memory: that it was, and that it may not return."""

    id: str
    mind: str
    forgotten_at: float
    entry: str = ""
    reason: str = ""
