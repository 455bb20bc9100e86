"""What attention passes by: told in a receipt, and where it is archived, what is kept of it. Pure.

This module must not know stores, nor how a percept is judged.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cognition.engine.arrivals import Arrival
from cognition.engine.mind import Mind
from cognition.engine.tongues import Tongues
from cognition.engine.traces import compose, spoken, subject_terms, total, weighed
from cognition.mechanisms.attention import Verdict
from cognition.mechanisms.thread import Thread
from cognition.ports.stores import Trace
from schemas.events import Outcome, SalienceParts
from schemas.memory import Memory
from schemas.percept import Percept

LOST_BEFORE = "it lost the competition for attention before"

Told = dict[str, Any]
"""Fields of a receipt."""


def passed_by(arrival: Arrival, novelty: float, verdict: Verdict) -> Told:
    """What is told of a percept that lives in the stream alone."""
    percept = arrival.entry.message
    assert isinstance(percept, Percept)
    parts = weighed(percept, novelty)
    return {
        "outcome": Outcome.FORGOTTEN,
        "salience": total(parts),
        "parts": parts,
        "threshold": verdict.threshold,
        "reason": verdict.reason,
    }


def archived(arrival: Arrival, memory: Memory, threshold: float) -> Told:
    """What is told of a percept that is in the archive, now or since before."""
    why = f"its salience {memory.composite_salience:.3f} is below {threshold:g}"
    again = f"the same key as {memory.entry}, which was archived: "
    return {
        "outcome": Outcome.ARCHIVED,
        "memory_id": memory.id,
        "salience": memory.composite_salience,
        "parts": parts_of(memory),
        "threshold": threshold,
        "reason": why if memory.entry == arrival.entry.id else again + why,
    }


def parts_of(memory: Memory) -> SalienceParts:
    """What called for attention in the percept that it was."""
    return SalienceParts(
        importance=memory.importance,
        novelty=memory.novelty,
        relevance=memory.semantic_salience,
        emotional_intensity=memory.emotional_intensity,
        connection_relevance=memory.connection_relevance,
    )


def unattended(
    mind: Mind,
    arrival: Arrival,
    novelty: float,
    *,
    tongues: Tongues,
    without: Collection[str],
    now: float,
    model: str,
    epoch: int,
) -> Trace:
    """What is archived of a percept: it is part of no episode and no thread, so it has the vectors that it
    has by itself, and the episode in which it was passed by is where it was heard, not what it belongs to."""
    percept = arrival.entry.message
    assert isinstance(percept, Percept)
    assert arrival.vector is not None
    mean_length = mind.lexicon.mean_length
    placed = Thread(without).take(spoken(arrival, arrival.vector, mean_length))
    memory = compose(mind, arrival, novelty, mean_length=mean_length, now=now, model=model, epoch=epoch)
    subject = subject_terms(percept.subject, tongues.of(mind.name))
    return Trace(memory, placed.context, placed.lexical, subject, placed.evidence)
