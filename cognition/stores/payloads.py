"""Values of the schema as payloads, and back, with nothing lost but what is below a microsecond.

The point's id is not repeated in the payload, None is not stored, and moments that are
filtered or ordered by are RFC 3339 text. This module must not know any engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from cognition.errors import BadPerceptError, StoreRefusedError
from cognition.stores import times
from cognition.stores.backend import Payload
from cognition.stores.mending import mended, sound
from schemas.abstraction import Abstraction
from schemas.base import Message, SchemaError, shorten
from schemas.episode import Episode
from schemas.identity import Identity
from schemas.memory import Memory, Tombstone
from schemas.plain import require_plain
from schemas.sleep import SleepReport

T = TypeVar("T", bound=Message)

MOMENTS: Final[Mapping[type, tuple[str, ...]]] = {
    Memory: ("occurred_at", "encoded_at", "last_accessed", "last_replayed", "superseded_at"),
    Abstraction: ("began_at", "last_at", "formed_at", "derived_at", "superseded_at"),
    Episode: ("started_at", "ended_at", "consolidated_at"),
    Identity: (
        "born_at",
        "laws_verified_at",
        "first_percept_at",
        "last_percept_at",
        "session_started_at",
        "last_sleep_at",
    ),
    Tombstone: ("forgotten_at",),
    SleepReport: ("started_at", "ended_at"),
}
"""Which fields of a type are moments and stored as RFC 3339 (schema, section 3)."""

FREE_FORM: Final[Mapping[type, tuple[str, ...]]] = {
    Memory: ("data", "metadata"),
    Episode: ("attributes",),
}
"""Which fields hold whatever a caller put there, and so must be shown to be plain JSON."""

_OPTIONAL: Final[Mapping[type, tuple[str, ...]]] = {
    kind: tuple(field.name for field in msgspec.structs.fields(kind) if field.default is None)
    for kind in MOMENTS
}
_CHECK: Final = msgspec.msgpack.Encoder()


def encode(value: Message) -> Payload:
    """The payload of a memory, episode, identity or tombstone.

    Raises
    ------
    BadPerceptError : when a value could not be read back as it is: a moment outside the years
        1 to 9999, text that is not Unicode, free-form data that is not JSON.
    """
    kind = type(value)
    payload: Payload = msgspec.to_builtins(value)
    del payload["id"]
    for name in _OPTIONAL[kind]:
        if payload[name] is None:
            del payload[name]
    for name in MOMENTS[kind]:
        if name in payload:
            payload[name] = _moment(kind, name, payload[name])
    for name in FREE_FORM.get(kind, ()):
        if payload.get(name):
            _plain(kind, name, getattr(value, name))
    _unicode(kind, payload)
    return payload


def decode(kind: type[T], point_id: str, payload: Payload) -> T:
    """The value whose payload this is; fields that this version does not know are skipped."""
    fields = {**payload, "id": point_id}
    for name in MOMENTS[kind]:
        if fields.get(name) is not None:
            fields[name] = times.from_text(fields[name])
    try:
        value = msgspec.convert(fields, kind)
    except msgspec.ValidationError:
        if kind is not Memory:
            raise
        return msgspec.convert(mended(fields), kind)
    if isinstance(value, Memory) and not sound(value):
        return msgspec.convert(mended(fields), kind)
    return value


def encode_patch(kind: type[Message], patch: Mapping[str, Any]) -> Payload:
    """Some fields of a value, as they are set on its payload; None removes a field."""
    payload: Payload = {}
    for name, value in patch.items():
        if name not in kind.__struct_fields__ or name in ("id", "mind", "epoch"):
            raise StoreRefusedError(
                f"Cannot set {kind.__name__}.{name}", remedy="Patch fields of the type, never its keys."
            )
        plain = msgspec.to_builtins(value)
        if name in MOMENTS[kind] and plain is not None:
            plain = _moment(kind, name, plain)
        elif name in FREE_FORM.get(kind, ()):
            _plain(kind, name, value)
        payload[name] = plain
    _unicode(kind, payload)
    return payload


def _moment(kind: type, name: str, value: float) -> str:
    try:
        return times.to_text(value)
    except ValueError as error:
        raise BadPerceptError(
            f"{kind.__name__}.{name}: {error}", remedy="Give epoch seconds, or RFC 3339."
        ) from error


def _plain(kind: type, name: str, value: object) -> None:
    try:
        require_plain(kind.__name__, name, value)
    except SchemaError as error:
        raise BadPerceptError(str(error)) from error


def _unicode(kind: type, payload: Payload) -> None:
    try:
        _CHECK.encode(payload)
    except UnicodeEncodeError as error:
        raise BadPerceptError(
            f"{kind.__name__} holds text that is not Unicode: {shorten(error.object)}",
            remedy="Replace unpaired surrogates before publishing.",
        ) from error
