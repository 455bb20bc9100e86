"""Succession: what one memory says of another that it supersedes, and the mark that this leaves.

Pure. Of several that supersede one memory the earliest ends its time: what came between says already how it
became. Must not know when this is asked, nor how marks are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognition.mechanisms.superseding import Fact, stated
from schemas.association import AssociationType
from schemas.memory import Memory

CURRENT: Mapping[str, None] = {"superseded_by": None, "superseded_at": None}
"""The fields of a memory that nothing supersedes."""

FORETOLD_KEPT = 256
"""Memories that are waited for, of a mind: what supersedes them came before."""

CHAIN_MAX = 16
"""Reads for following a chain of superseding memories to see whether it is a circle."""


def told_by(memory: Memory) -> list[str]:
    """The memories that this one supersedes, as its caller said."""
    return [
        a.target_id
        for a in memory.associations
        if a.given and a.type is AssociationType.SUPERSEDES and a.target_id != memory.id
    ]


def marked(older: Memory, newer: Memory) -> dict[str, Any]:
    """The fields by which the older is superseded by the newer; none where it is so already, by this or an
    earlier one, or where it says that it supersedes the newer itself: a circle says nothing."""
    return {} if newer.id in told_by(older) else ended(older, newer.id, newer.occurred_at)


def ended(older: Memory, by: str, at: float) -> dict[str, Any]:
    """The fields that say that another ended its time then; none where one did so before."""
    if older.superseded_at is not None and (older.superseded_at, older.superseded_by or "") <= (at, by):
        return {}
    return {"superseded_by": by, "superseded_at": at}


def foretell(known: Mapping[str, str], target: str, by: str) -> dict[str, str]:
    """What was said to supersede memories that had not come yet, with one more: the latest of them."""
    kept = {t: b for t, b in known.items() if t != target}
    return dict([*kept.items(), (target, by)][-FORETOLD_KEPT:])


def fact_of(memory: Memory) -> Fact | None:
    """The attribute to which this memory gives a value, where it states one plainly."""
    said = stated(memory.subject, memory.content, memory.data)
    if said is None:
        return None
    subject, slot, value = said
    return Fact(memory.id, subject, slot, value, memory.occurred_at, memory.trust, memory.entry)
