"""What recall and its users teach: the entries of the `dream` stream.

Published by anyone, in any language, to the partition of the mind; folded in by its one writer.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from schemas.association import Unit
from schemas.base import Message
from schemas.percept import Content, MindName, Moment

NAMED_MAX = 1_000
"""Memories that one report names at most: as many as one cue brings back."""

COACTIVATED_MAX = 16
"""Memories of one co-activation at most: 120 pairs. More at once are a list, not an experience."""

Named = Annotated[list[str], msgspec.Meta(max_length=NAMED_MAX)]


class CoActivation(Message, frozen=True, kw_only=True):
    """These memories were active together; `evidence` 0..1 says how sure that is.

    `at` is when (default: when the entry came).
    """

    mind: MindName
    memory_ids: Annotated[list[str], msgspec.Meta(max_length=COACTIVATED_MAX)]
    reason: str
    evidence: Unit = 1.0
    at: Moment | None = None


class Replayed(Message, frozen=True, kw_only=True):
    """These memories were replayed in this sleep cycle, in this order."""

    mind: MindName
    memory_ids: list[str]
    cycle_id: str


class Feedback(Message, frozen=True, kw_only=True):
    """Which of the recalled memories served, and which misled.

    `cue` (the words) and `shown` (ids, best first) say what was asked and answered; left out, the
    daemon takes what it remembers of the recollection `cue_id`. What was shown and is not
    `useful` counts as unused. `at` is when (default: when the entry came).

    `cue_id` and `cue` tell this recollection from others: what is reported for it again teaches nothing
    again. An empty `cue_id` is refused.
    """

    mind: MindName
    cue_id: str
    useful: Named = []
    misleading: Named = []
    cue: Content = ""
    shown: Named = []
    at: Moment | None = None
