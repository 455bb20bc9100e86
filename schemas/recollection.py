"""Recollection: what a mind answers to a cue, with the parts of every score."""

from __future__ import annotations

from schemas.abstraction import Abstraction
from schemas.base import Message
from schemas.memory import Memory


class ScorePart(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One ingredient of a score.

    `value` is what was found, in its own unit (a cosine, a sum of term weights, 0 or 1); `z` the
    same on the scale on which parts are added, `weight` its weight there, and `contribution` their
    product. `factor` multiplies the score instead: 1 for evidence. `paths` are the ways by which
    activation came: ids from a memory that was found directly to the last before this one.
    """

    name: str
    value: float
    z: float
    weight: float
    contribution: float
    factor: float = 1.0
    paths: list[list[str]] = []


class Recalled(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One memory that came back, with how strongly and why.

    `score` is in 0..1 and orders the answer. `parts` are present when the cue asked to explain.
    The evidence is the sum of their contributions, and the score follows from it:
    logistic((evidence - midpoint) / scale) x the product of their factors, with the midpoint and
    the scale of `cognition.mechanisms.ranking` (ADR 13: near the chance that the mind remembers).
    """

    memory: Memory
    score: float
    why: str = ""
    parts: list[ScorePart] = []


class RecalledAbstraction(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What recurs in several episodes and fits the cue; `score` in 0..1 as that of a memory."""

    abstraction: Abstraction
    score: float


class Recollection(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The answer to a cue.

    `abstained` says why nothing was answered, else ``""``; `notes` what a person may not expect of
    the answer that there is: better memories that did not fit, a preference that had no object, how a time
    that filtered was read.
    `abstractions` are there where the cue asked for them.
    """

    cue_id: str
    mind: str
    recalled: list[Recalled] = []
    abstained: str = ""
    candidates: int = 0
    took_ms: float = 0.0
    notes: list[str] = []
    abstractions: list[RecalledAbstraction] = []
