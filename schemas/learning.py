"""Inquiries about what a mind learned from use, and the answers. They travel as those of `inquiry` do."""

from __future__ import annotations

from typing import Annotated

import msgspec

from schemas.association import AssociationType
from schemas.base import Message
from schemas.dream import Named
from schemas.inquiry import Inquiry
from schemas.percept import Content

NEIGHBOURS_MAX = 256
DEPTH_MAX = 6


class ReportInquiry(Inquiry, frozen=True, kw_only=True):
    """What a report about the recollection `cue_id` would teach. Nothing is learned by asking.

    `cue` and `shown` as in `Feedback`: what the daemon remembers of it, where they are left out.
    """

    cue_id: str
    useful: Named = []
    misleading: Named = []
    cue: Content = ""
    shown: Named = []


class FoldedInquiry(Inquiry, frozen=True, kw_only=True):
    """Whether this entry of `dream` is folded in; the answer waits for it, within `deadline_s`."""

    entry: str


class NeighboursInquiry(Inquiry, frozen=True, kw_only=True):
    """What a memory is associated with, the strongest first, `depth` steps far.

    `memory` is its id or its key; `types` keeps to those; `limit` counts the associations of each memory.
    """

    memory: str
    types: list[AssociationType] = []
    limit: Annotated[int, msgspec.Meta(ge=1, le=NEIGHBOURS_MAX)] = 32
    depth: Annotated[int, msgspec.Meta(ge=1, le=DEPTH_MAX)] = 1


class PathInquiry(Inquiry, frozen=True, kw_only=True):
    """The strongest path between two memories (ids, or keys), at most `depth` steps long."""

    start: str
    goal: str
    types: list[AssociationType] = []
    depth: Annotated[int, msgspec.Meta(ge=1, le=DEPTH_MAX)] = 4


class ReportAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What would be learned: the cue's words, who served, who was shown in vain, and which of the named
    ids are refused, with the reason."""

    inquiry_id: str
    mind: str
    cue: str = ""
    shown: list[str] = []
    useful: list[str] = []
    misleading: list[str] = []
    refused: dict[str, str] = {}


class FoldedAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """`refused` says why the entry was not folded in, ``""`` when it was. `useful` and `vain` say how many
    memories it taught that they served, and that they were shown in vain: none where an earlier report on
    the same recollection had taught it all; null where that is not known any more."""

    inquiry_id: str
    mind: str
    entry: str
    refused: str = ""
    useful: int | None = None
    vain: int | None = None


class Neighbour(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One step from `source` to `target`: how strong it is now, of which type, how old, how often.

    `depth` counts the steps from where the question began; `preview` is how the target begins.
    """

    source: str
    target: str
    type: AssociationType
    weight: float
    depth: int = 1
    age_s: float = 0.0
    count: int = 0
    given: bool = False
    preview: str = ""


class NeighboursAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """`preview` is None where there is no such memory. `notes`: what is not followed or not sound."""

    inquiry_id: str
    mind: str
    memory_id: str
    preview: str | None = None
    neighbours: list[Neighbour] = []
    notes: list[str] = []


class PathAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The steps from start to goal, none where there is no path; `strength` is the product of weights."""

    inquiry_id: str
    mind: str
    steps: list[Neighbour] = []
    strength: float = 0.0
    notes: list[str] = []
