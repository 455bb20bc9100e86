"""Which collections there are, with their vectors and payload indexes (schema, section 3).

A collection's name here is the name of its shard and of its server collection.
Indexes are made before any data. Indexed is what is filtered or ordered by; entries of
the maps `context` and `metadata` are filtered without an index, inside one mind, but for those of
`context` that a server is told to index (`store.context_indexes`). Every other field of a memory is
opaque: no condition looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cognition.ports.embedder import DIMENSION
from cognition.stores.backend import CollectionSpec, FieldType
from schemas.memory import Memory

CONTEXT: Final = "context"
EVIDENCE: Final = "evidence"
LEXICAL: Final = "lexical"
SUBJECT: Final = "subject"
CENTROID: Final = "centroid"
CONCEPT: Final = "concept"

_TENANT: Final = {"mind": FieldType.TENANT}
"""What writes are conditioned on, `epoch` and `rev`, has no index: a server that was killed in the middle of
a flush looks at the conditions in its log again, and an index may be ahead of the payload (qdrant#9575)."""
_MEMORY: Final[Mapping[str, FieldType]] = {
    **_TENANT,
    **dict.fromkeys(
        (
            "episode_id",
            "kind",
            "content_type",
            "subject",
            "source",
            "actor",
            "session",
            "agent",
            "run",
            "user",
            "superseded_by",
        ),
        FieldType.KEYWORD,
    ),
    **dict.fromkeys(("occurred_at", "encoded_at"), FieldType.DATETIME),
    **dict.fromkeys(
        (
            "consolidation_strength",
            "replay_priority_key",
            "composite_salience",
            "emotional_intensity",
            "valence",
            "arousal",
        ),
        FieldType.FLOAT,
    ),
    "consolidation_tag": FieldType.BOOL,
}

_FILTERED: Final = {*_MEMORY, "id", "context", "metadata", "epoch", "rev"}
_OPAQUE: Final = frozenset(Memory.__struct_fields__) - _FILTERED
_APART: Final = frozenset({"associations", "routes", "unused_count", "learned_at", "superseded_at"})
"""Of the opaque fields those that ranking reads."""

_VECTORS: Final = {CONTEXT: DIMENSION, EVIDENCE: DIMENSION}
_KEPT: Final = frozenset({EVIDENCE})
"""The bare vector of the content, from which that in context is derived anew when a neighbour goes."""

MEMORIES: Final = CollectionSpec(
    "memories",
    _VECTORS,
    (LEXICAL, SUBJECT),
    _MEMORY,
    _OPAQUE,
    _APART,
    kept=_KEPT,
    by_mind=True,
    maps=("context",),
)
UNCONSCIOUS: Final = CollectionSpec(
    "unconscious",
    _VECTORS,
    (LEXICAL, SUBJECT),
    {**_TENANT, "archived_at": FieldType.DATETIME, "episode_id": FieldType.KEYWORD},
    _OPAQUE,
    kept=_KEPT,
    by_mind=True,
)
"""Of 8,000 archived memories those of an episode are found in 1 ms by the index of that, in 500 without."""
ABSTRACTIONS: Final = CollectionSpec(
    "abstractions",
    {CONTEXT: DIMENSION},
    (LEXICAL,),
    {**_TENANT, **dict.fromkeys(("derived_from", "conflicts"), FieldType.KEYWORD)},
)
"""What recurs, apart from what was lived: no search among memories, count or walk ever meets it."""
EPISODES: Final = CollectionSpec(
    "episodes", {CENTROID: DIMENSION}, (), {**_TENANT, "started_at": FieldType.DATETIME}
)
IDENTITY: Final = CollectionSpec("identity", {CONCEPT: DIMENSION}, (), _TENANT)
SLEEP_CYCLES: Final = CollectionSpec(
    "sleep_cycles",
    indexes={
        **_TENANT,
        "started_at": FieldType.DATETIME,
        "number": FieldType.INTEGER,
        "status": FieldType.KEYWORD,
    },
)
"""One point a cycle, and one for each of its steps with what was there before."""
TOMBSTONES: Final = CollectionSpec("tombstones", indexes=_TENANT)
CHECKPOINTS: Final = CollectionSpec("checkpoints", indexes=_TENANT)

LARGE: Final = (MEMORIES.name, UNCONSCIOUS.name)
"""The collections that grow with what is lived."""

ALL: Final = (MEMORIES, UNCONSCIOUS, ABSTRACTIONS, EPISODES, IDENTITY, SLEEP_CYCLES, TOMBSTONES, CHECKPOINTS)
