"""Abstraction: a semantic memory, what recurs in several episodes, with its sources named."""

from __future__ import annotations

from schemas.base import Message


class Abstraction(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What several episodes of one mind have in common; a function of its sources.

    `content` is the words of the source `source_id`, the one nearest to the centre of all; nothing is said
    that no source says. `derived_from` are the sources, the nearest first; `episodes` how many episodes
    they are of, `confidence` (0..1) follows from that and from their trust. `conflicts` are memories that
    speak of the same and say otherwise: recorded, never blended in. `began_at` and `last_at` are when the
    first and the last source happened. Since `superseded_at` the words say how it was.
    """

    id: str
    mind: str
    content: str
    source_id: str
    derived_from: list[str]
    episodes: int
    confidence: float
    conflicts: list[str] = []
    began_at: float = 0.0
    last_at: float = 0.0
    formed_at: float = 0.0
    derived_at: float = 0.0
    superseded_at: float | None = None
    epoch: int = 0
    rev: int = 0
