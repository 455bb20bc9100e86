"""Identifiers, each a UUIDv5 of what caused it, so that doing it twice names it once.

The parts of a name are joined by NUL, which no part may contain; a mind whose
name would make two causes collide is refused where it enters.
"""

import hashlib
import re
import uuid
from typing import NewType

MindId = NewType("MindId", str)
PerceptId = NewType("PerceptId", str)
MemoryId = NewType("MemoryId", str)
EpisodeId = NewType("EpisodeId", str)
CueId = NewType("CueId", str)

MIND_LENGTH_MAX = 128

_NAMESPACE = uuid.UUID("6f1c1a52-7a0e-5b1e-9c53-1f4c8f6f2a10")

_SPACE = hashlib.sha1(_NAMESPACE.bytes, usedforsecurity=False)
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The first digit of the fourth group: its upper bits are 10 (RFC 4122)."""

_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


def is_identifier(text: str) -> bool:
    """Whether it has the form of those here: a UUID of version five, 36 characters, lower case. One of
    another version is somebody's key: many number what they publish so."""
    return _FORM.match(text) is not None


def _derive(*parts: str) -> str:
    """``str(uuid.uuid5(_NAMESPACE, ...))``, without the object in between: every percept needs one."""
    digest = _SPACE.copy()
    digest.update("\0".join(parts).encode())
    text = digest.hexdigest()
    variant = _VARIANTS[text[16]]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def memory_id(mind: str, key: str) -> MemoryId:
    """The memory that this mind forms of the percept with this key."""
    return MemoryId(_derive("memory", mind, key))


def episode_id(mind: str, first_entry: str) -> EpisodeId:
    """The episode of this mind that opened with this entry of its stream."""
    return EpisodeId(_derive("episode", mind, first_entry))


def coarse_episode_id(mind: str, first_entry: str) -> EpisodeId:
    """The coarse episode of this mind that opened with this entry of its stream."""
    return EpisodeId(_derive("coarse episode", mind, first_entry))


def identity_id(mind: str) -> str:
    """The one identity of this mind."""
    return _derive("identity", mind)


def checkpoint_id(mind: str, slot: str) -> str:
    """The one checkpoint of this mind in this slot (``state``, or one of its two lexicon slots)."""
    return _derive("checkpoint", mind, slot)


def cue_id(mind: str, nonce: str) -> CueId:
    """A cue asked of this mind; `nonce` comes from whoever asks."""
    return CueId(_derive("cue", mind, nonce))


def sleep_cycle_id(mind: str, night: str, nth: int) -> str:
    """The n-th cycle of the night of this mind that this caused."""
    return _derive("sleep", mind, night, str(nth))


def abstraction_id(mind: str, anchor: str) -> str:
    """What recurs of which this memory was the first to say it."""
    return _derive("abstraction", mind, anchor)


def undo_id(mind: str, cycle: str, step: int) -> str:
    """What this step of a cycle is about to change."""
    return _derive("undo", mind, cycle, str(step))
