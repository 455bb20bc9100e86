"""What recall and its users teach: the entries of the `dream` stream."""

from __future__ import annotations

from schemas.association import Unit
from schemas.base import Message
from schemas.percept import MindName


class CoActivation(Message, frozen=True, kw_only=True):
    """These memories were active together; `evidence` 0..1 says how sure that is."""

    mind: MindName
    memory_ids: list[str]
    reason: str
    evidence: Unit = 1.0


class Replayed(Message, frozen=True, kw_only=True):
    """These memories were replayed in this sleep cycle, in this order."""

    mind: MindName
    memory_ids: list[str]
    cycle_id: str


class Feedback(Message, frozen=True, kw_only=True):
    """Which of the recalled memories served, and which misled."""

    mind: MindName
    cue_id: str
    useful: list[str] = []
    misleading: list[str] = []
