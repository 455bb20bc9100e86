"""Fields that nobody filters by, packed into one text.

The engine's Python binding takes about 8 us for every value of a payload on its way in, by trying
one type after the other (measured with Edge 0.9: 330 us for a memory of 46 fields, 680 us with eight
associations; packed 140 us in both cases). What a collection declares opaque therefore travels as JSON
text: together under ``_`` when a point is written, each under ``__name`` when it is set later or when
it is kept apart to be read alone. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from cognition.stores.backend import Payload

PACKED: Final = "_"
LATER: Final = "__"

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder()


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
    """The payload that was packed, with what was set later; what was set to None is absent."""
    whole: Payload = _DECODER.decode(stored[PACKED]) if PACKED in stored else {}
    whole.update(stored)
    whole.pop(PACKED, None)
    for name in [name for name in stored if name.startswith(LATER)]:
        value = _DECODER.decode(whole.pop(name))
        if value is not None:
            whole[name[len(LATER) :]] = value
        else:
            whole.pop(name[len(LATER) :], None)
    return whole


def selected(fields: Collection[str], opaque: Collection[str], apart: Collection[str] = ()) -> list[str]:
    """The stored fields that hold these."""
    hidden = [name for name in fields if name in opaque]
    shown = [name for name in fields if name not in opaque]
    packed = [PACKED] if any(name not in apart for name in hidden) else []
    return shown + [LATER + name for name in hidden] + packed
