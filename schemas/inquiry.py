"""Inquiries: what a client asks of the daemon besides a cue, and the answers.

All travel on the `cues` stream and come back on `recollections`, matched by id.
Every `Inquiry` names its mind; an answer never holds anything of another one. The `DaemonInquiry`
names none, and its answer holds nothing of any. Answers are written whole, defaults too: what a
program reads in them is always there.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from schemas.abstraction import Abstraction
from schemas.base import Message
from schemas.cue import CueFilter
from schemas.episode import Episode, EpisodeScale
from schemas.identity import Identity, Lifetime
from schemas.mechanism import MechanismLife
from schemas.memory import Memory, Tombstone
from schemas.percept import FORGET_MAX, MindName

PAGE_MAX = 1_000


class Inquiry(Message, frozen=True, kw_only=True):
    """Common part of every inquiry."""

    id: str
    mind: MindName
    deadline_s: Annotated[float, msgspec.Meta(gt=0.0, le=300.0)] = 10.0


class EpisodesInquiry(Inquiry, frozen=True, kw_only=True):
    """The latest episodes of a mind of this scale, newest first; or those of these ids."""

    scale: EpisodeScale = EpisodeScale.FINE
    ids: Annotated[list[str], msgspec.Meta(max_length=PAGE_MAX)] = []
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = 20


class MemoryInquiry(Inquiry, frozen=True, kw_only=True):
    """One memory by id or by percept key."""

    memory_id: str = ""
    key: str = ""


class IdentityInquiry(Inquiry, frozen=True, kw_only=True):
    """The identity of a mind, optionally with its laws and history verified."""

    verify: bool = False


class DaemonInquiry(Message, frozen=True, kw_only=True):
    """How the daemon is that serves the partition of the name that it is routed by; the empty one no mind
    can have."""

    id: str
    routed_by: str = ""
    deadline_s: Annotated[float, msgspec.Meta(gt=0.0, le=300.0)] = 10.0

    @property
    def mind(self) -> str:
        """None: what it is routed by."""
        return self.routed_by


class StatusInquiry(Inquiry, frozen=True, kw_only=True):
    """How this mind and the daemon that serves it are."""


class ForgettingInquiry(Inquiry, frozen=True, kw_only=True):
    """Which memories a forgetting would erase, at most `limit` of them. Nothing is erased by asking."""

    memory_ids: list[str] = []
    filter: CueFilter | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=FORGET_MAX)] = FORGET_MAX


class EpisodesAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """`coarse` are those that hold the fine ones among the `episodes`."""

    inquiry_id: str
    mind: str
    episodes: list[Episode] = []
    coarse: list[Episode] = []


class MemoryAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """`memory` is None when there is no such memory; a tombstone says that it was erased, `abstraction` that
    what has this id was made in sleep. `base_level` and `retrievability` say how ready it is now by its own
    history."""

    inquiry_id: str
    mind: str
    memory: Memory | None = None
    archived: bool = False
    tombstone: Tombstone | None = None
    base_level: float = 0.0
    retrievability: float = 0.0
    abstraction: Abstraction | None = None


class IdentityAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """`problems` lists what verification found; empty means sound (or not asked)."""

    inquiry_id: str
    mind: str
    identity: Identity | None = None
    verified: bool = False
    problems: list[str] = []


class StatusAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """Figures of one mind, then of its daemon. Names of other minds never appear. `language` is the one
    that its memories were encoded in; `notes` say what should be done.

    `unlinked`: memories whose associations by what they speak of are still to be formed. `segmenter` says
    how its episodes are cut and what the stream has taught so far, `boundaries` what ended the last ones.
    `abstractions`: what recurs, as far as nights have looked for it.
    """

    inquiry_id: str
    mind: str
    memories: int = 0
    episodes: int = 0
    open_episode: Episode | None = None
    lifetime: Lifetime = Lifetime()
    lexicon_terms: int = 0
    segmenter: dict[str, float | int | str | bool] = {}
    boundaries: dict[str, int] = {}
    stopped: str = ""
    language: str = ""
    notes: list[str] = []
    through: str = ""
    unlinked: int = 0
    abstractions: int = 0
    daemon: dict[str, float | int | str | bool] = {}


class DaemonAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """Figures of the daemon and of each mechanism: sums over all minds, no names."""

    inquiry_id: str
    daemon: dict[str, float | int | str | bool] = {}
    mechanisms: list[MechanismLife] = []


class ForgettingAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The first `memory_ids` of the `total` that would be erased, and how the first of them begin."""

    inquiry_id: str
    mind: str
    memory_ids: list[str] = []
    total: int = 0
    previews: list[str] = []


class Failure(Message, frozen=True, kw_only=True):
    """The answer could not be given. `kind` is the error's class, `remedy` what to do."""

    inquiry_id: str
    mind: str
    kind: str
    message: str
    remedy: str = ""
