"""What a new memory is made of. Pure: from an arrival and the mind it comes to.

This module must not know stores, clocks or the order in which things are written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.engine.arrivals import Arrival
from cognition.engine.mind import Mind
from cognition.mechanisms import salience
from cognition.mechanisms.contiguity import emotional, temporal
from cognition.mechanisms.replay import priority_key
from cognition.mechanisms.text import Analyzer
from cognition.mechanisms.thread import Spoken
from cognition.mechanisms.vectors import as_kept
from cognition.ports.stores import Trace
from schemas.association import Association, AssociationType, Relation
from schemas.events import SalienceParts
from schemas.identifiers import is_identifier, memory_id
from schemas.memory import ASSOCIATIONS_MAX, Memory
from schemas.percept import Percept

Dense = NDArray[np.float32]

GIVEN = "given"
"""The embedding model of a memory whose vector came with its percept."""

ATTENTION_WINDOW_S = 5.0
"""Length of an attention window (schema: 5 s)."""


def spoken(arrival: Arrival, vector: Dense, mean_length: float) -> Spoken:
    """The arrival as the thread of its mind sees it."""
    percept = arrival.entry.message
    assert isinstance(percept, Percept)
    return Spoken(arrival.memory_id, percept.actor, arrival.stated, arrival.asked, vector, mean_length)


def spoken_again(trace: Trace, analyzer: Analyzer, mean_length: float) -> Spoken:
    """The same of a memory that is stored."""
    memory = trace.memory
    stated, asked = analyzer.turn_terms(memory.content, memory.actor)
    vector = as_kept(trace.context if trace.evidence is None else trace.evidence)
    return Spoken(memory.id, memory.actor, stated, asked, vector, mean_length)


def compose(
    mind: Mind,
    arrival: Arrival,
    novelty: float,
    *,
    mean_length: float,
    now: float,
    model: str,
    epoch: int,
    tagged: bool = False,
    bonds: Sequence[Association] = (),
) -> Memory:
    """The memory that this mind forms of this percept, in the episode that it is in, if it is in one."""
    percept, episode = arrival.entry.message, mind.episode
    assert isinstance(percept, Percept)
    parts = weighed(percept, novelty)
    intensity, composite = parts.emotional_intensity, total(parts)
    return Memory(
        id=arrival.memory_id,
        mind=percept.mind,
        key=arrival.key,
        entry=arrival.entry.id,
        content=arrival.content,
        data=percept.data,
        kind=percept.kind,
        content_type=percept.content_type,
        subject=percept.subject,
        source=percept.source,
        actor=percept.actor,
        context=percept.context,
        metadata=percept.metadata,
        session=percept.session,
        agent=percept.agent,
        run=percept.run,
        user=percept.user,
        valence=percept.valence,
        arousal=percept.arousal,
        emotional_intensity=intensity,
        importance=percept.importance,
        novelty=novelty,
        semantic_salience=percept.relevance,
        connection_relevance=percept.connection_relevance,
        composite_salience=composite,
        episode_id=episode.id if episode is not None else "",
        window_id=str(int(arrival.at // ATTENTION_WINDOW_S)),
        position=episode.count if episode is not None else 0,
        occurred_at=arrival.at,
        encoded_at=now,
        last_accessed=arrival.at,
        content_hash=arrival.hash,
        length=arrival.length,
        mean_length=mean_length,
        consolidation_strength=salience.initial_strength(composite),
        consolidation_tag=tagged,
        stability_s=salience.initial_stability_s(composite, percept.arousal),
        replay_priority_key=priority_key(intensity, percept.connection_relevance, tagged, arrival.at),
        associations=[*related(percept.mind, percept.relations, arrival.at), *bonds][:ASSOCIATIONS_MAX],
        trust=percept.trust,
        embedding_model=model,
        epoch=epoch,
    )


def weighed(percept: Percept, novelty: float) -> SalienceParts:
    """What calls for attention in a percept that is so new."""
    return SalienceParts(
        importance=percept.importance,
        novelty=novelty,
        relevance=percept.relevance,
        emotional_intensity=salience.emotional_intensity(percept.valence, percept.arousal),
        connection_relevance=percept.connection_relevance,
    )


def total(parts: SalienceParts) -> float:
    """Composite salience."""
    return salience.composite(
        parts.importance,
        parts.novelty,
        parts.relevance,
        parts.emotional_intensity,
        parts.connection_relevance,
    )


def bonds(mind: Mind, arrival: Arrival, without: Collection[str]) -> list[Association]:
    """What the next memory of the open episode is bound to as it forms: what is active. `without` names
    kinds that are left out: temporal, emotional."""
    percept, episode, active = arrival.entry.message, mind.episode, mind.working.items
    assert isinstance(percept, Percept)
    assert episode is not None
    order = [] if "temporal" in without else temporal(active, episode.id, episode.count, arrival.at)
    if "emotional" in without:
        return order
    return [*order, *emotional(active, percept.valence, percept.arousal, arrival.at)]


def related(mind: str, relations: list[Relation], at: float) -> list[Association]:
    """The caller's relations as associations, the strongest kept and each said once; a key names its
    memory."""
    told: dict[tuple[str, AssociationType], Association] = {}
    for relation in sorted(relations, key=lambda r: -r.weight):
        written = relation.target.lower()
        target = written if is_identifier(written) else memory_id(mind, relation.target)
        told.setdefault(
            (target, relation.type),
            Association(
                target_id=target, weight=relation.weight, type=relation.type, last_coactivated=at, given=True
            ),
        )
    return list(told.values())[:ASSOCIATIONS_MAX]


def subject_terms(subject: str, analyzer: Analyzer) -> dict[int, float]:
    """The terms of what a memory is about, each once."""
    return dict.fromkeys(analyzer.evidence_terms(subject, ""), 1.0) if subject else {}


def patched(memory: Memory, fields: dict[str, Any]) -> Memory:
    """The memory with these fields."""
    return msgspec.structs.replace(memory, **fields)


def with_memory(trace: Trace, memory: Memory) -> Trace:
    """The trace with its memory replaced."""
    return replace(trace, memory=memory)
