"""Recollection: what a mind answers to a cue, with the parts of every score."""

from __future__ import annotations

from schemas.base import Message
from schemas.memory import Memory


class ScorePart(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One ingredient of a score: its raw value, its weight, what it contributed."""

    name: str
    value: float
    weight: float
    contribution: float


class Recalled(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One memory that came back, with how strongly and why.

    `score` is in 0..1 and orders the answer; `parts` sum (before the squashing) to
    the evidence behind it and are present when the cue asked to explain.
    """

    memory: Memory
    score: float
    why: str = ""
    parts: list[ScorePart] = []


class Recollection(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The answer to a cue. `abstained` says why nothing was answered, else ``""``."""

    cue_id: str
    mind: str
    recalled: list[Recalled] = []
    abstained: str = ""
    candidates: int = 0
    took_ms: float = 0.0
    notes: list[str] = []
