"""Which collections there are, with their vectors and payload indexes (schema, section 3).

A collection's name here is the name of its shard and of its server collection.
Indexes are made before any data. Indexed is what is filtered or ordered by; entries of
the maps `context` and `metadata` are filtered without an index, inside one mind. Every other
field of a memory is opaque: no condition looks at it.
"""

from __future__ import annotations

import dataclasses
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
_FENCED: Final = {**_TENANT, "epoch": FieldType.INTEGER}
_MEMORY: Final[Mapping[str, FieldType]] = {
    **_FENCED,
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

_FILTERED: Final = {*_MEMORY, "id", "context", "metadata", "rev"}
_OPAQUE: Final = frozenset(Memory.__struct_fields__) - _FILTERED
_APART: Final = frozenset({"associations"})
"""Of the opaque fields those that ranking reads."""

MEMORIES: Final = CollectionSpec(
    "memories", {CONTEXT: DIMENSION}, (LEXICAL, SUBJECT), _MEMORY, _OPAQUE, _APART
)
UNCONSCIOUS: Final = CollectionSpec(
    "unconscious",
    {CONTEXT: DIMENSION},
    (LEXICAL, SUBJECT),
    {**_TENANT, "archived_at": FieldType.DATETIME},
    _OPAQUE,
)
EPISODES: Final = CollectionSpec(
    "episodes", {CENTROID: DIMENSION}, (), {**_FENCED, "started_at": FieldType.DATETIME}
)
IDENTITY: Final = CollectionSpec("identity", {CONCEPT: DIMENSION}, (), {**_FENCED, "rev": FieldType.INTEGER})
SLEEP_CYCLES: Final = CollectionSpec("sleep_cycles", indexes={**_TENANT, "started_at": FieldType.DATETIME})
TOMBSTONES: Final = CollectionSpec("tombstones", indexes=_TENANT)
CHECKPOINTS: Final = CollectionSpec("checkpoints", indexes=_FENCED)

ALL: Final = (MEMORIES, UNCONSCIOUS, EPISODES, IDENTITY, SLEEP_CYCLES, TOMBSTONES, CHECKPOINTS)


def with_evidence(spec: CollectionSpec) -> CollectionSpec:
    """The same collection with the bare vector of each memory beside its context vector.

    Not the default: an engine keeps room for a declared vector in every point, also where it
    is absent (measured with Edge 0.9: 3 KB a point), so it is declared only where it is used.
    """
    return dataclasses.replace(spec, dense={**spec.dense, EVIDENCE: DIMENSION})
