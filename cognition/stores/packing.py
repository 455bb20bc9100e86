"""Fields that nobody filters by, packed into one text.

Every value of a payload costs an engine by itself. Edge's Python binding tries one type after the other
(measured with 0.9: 330 us for a memory of 46 fields, 680 us with eight associations; packed 140 us in both
cases); a server parses each, and each is a message of its own on the way to it and back. What a collection
declares opaque therefore travels as JSON text: together under ``_`` when a point is written, each under
``__name`` when it is set later or when it is kept apart to be read alone. A point that was written as it is
reads the same. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec

from cognition.stores.backend import CollectionSpec, Payload

PACKED: Final = "_"
LATER: Final = "__"

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder()


def packed(spec: CollectionSpec, payload: Payload) -> Payload:
    """A whole payload as this collection stores it."""
    return pack(payload, spec.opaque, spec.apart) if spec.opaque else payload


def packed_patch(spec: CollectionSpec, patch: Payload) -> Payload:
    """Some fields as they are set on a point of this collection."""
    return pack_patch(patch, spec.opaque) if spec.opaque else patch


def unpacked(spec: CollectionSpec, stored: Payload, names: Collection[str] | None = None) -> Payload:
    """The payload of a point of this collection, of which these fields were asked for (None: all)."""
    if not spec.opaque:
        return stored
    whole = unpack(stored)
    return whole if names is None else {name: whole[name] for name in names if name in whole}


def stored_as(spec: CollectionSpec, names: Collection[str]) -> list[str]:
    """Under which names this collection stores these fields."""
    return selected(names, spec.opaque, spec.apart) if spec.opaque else list(names)


def pack(payload: Payload, opaque: Collection[str], apart: Collection[str] = ()) -> Payload:
    """A whole payload as it is stored; what is kept apart and empty is left out."""
    hidden: Payload = {}
    shown: Payload = {}
    for name, value in payload.items():
        if name not in opaque:
            shown[name] = value
        elif name not in apart:
            hidden[name] = value
        elif value:
            shown[LATER + name] = _ENCODER.encode(value).decode()
    if hidden:
        shown[PACKED] = _ENCODER.encode(hidden).decode()
    return shown


def pack_patch(patch: Payload, opaque: Collection[str]) -> Payload:
    """Some fields as they are set on a stored payload."""
    return {
        (LATER + name if name in opaque else name): (
            _ENCODER.encode(value).decode() if name in opaque else value
        )
        for name, value in patch.items()
    }


def unpack(stored: Payload) -> Payload:
    """The payload that was packed, with what was set later; what was set to None is absent, and so is what a
    hand has spoiled: it must not hide the other fields, nor other points of a page."""
    found = _read(stored[PACKED]) if PACKED in stored else None
    whole: Payload = found if isinstance(found, dict) else {}
    whole.update(stored)
    whole.pop(PACKED, None)
    for name in [name for name in stored if name.startswith(LATER)]:
        value = _read(whole.pop(name))
        if value is not None:
            whole[name[len(LATER) :]] = value
        else:
            whole.pop(name[len(LATER) :], None)
    return whole


def _read(text: Any) -> Any:
    """What the text says; None where it is no JSON."""
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, TypeError):
        return None


def selected(fields: Collection[str], opaque: Collection[str], apart: Collection[str] = ()) -> list[str]:
    """The stored fields that hold these, however they were written."""
    hidden = [name for name in fields if name in opaque]
    shown = [name for name in fields if name not in opaque]
    packed = [PACKED] if any(name not in apart for name in hidden) else []
    return shown + hidden + [LATER + name for name in hidden] + packed
