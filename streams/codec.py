"""Between the fields of a stream entry and a message.

An entry holds a type tag `t` and either `m` (MessagePack) or `j` (JSON). Without either
it is the flat form: the message's fields by name, for a person with `redis-cli`. Other
fields beside `m` or `j` are skipped. Everything that does not fit is a `SchemaError`
that names field, value and remedy. This module must not know Redis.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from schemas import wire
from schemas.base import Message, SchemaError

Form = Literal["m", "j"]

TAG: Final = b"t"
MSGPACK: Final = b"m"
JSON: Final = b"j"

_CARRIERS: Final = ("content", "data", "vector")
_STREAM_OF: Final[dict[type[Message], str]] = {
    kind: stream for stream, tags in wire.STREAMS.items() for kind in tags.values()
}
_UNREADABLE: Final = (ValueError, TypeError, RecursionError, OverflowError, msgspec.MsgspecError)


def stream_of(message: Message) -> str:
    """The name of the stream that carries messages of this type."""
    return _STREAM_OF[type(message)]


def encode_fields(message: Message, form: Form = "m") -> dict[str, bytes]:
    """The fields of an entry: tag and body."""
    body = wire.encode(message) if form == "m" else wire.encode_json(message)
    return {"t": wire.tag_of(message).encode(), form: body}


def decode_fields(stream: str, fields: Mapping[bytes, bytes]) -> Message:
    """The message of an entry of this stream; raises `SchemaError` for everything bad."""
    kind = wire.type_of(stream, _tag(stream, fields))
    packed, json = fields.get(MSGPACK), fields.get(JSON)
    if packed is not None and json is not None:
        raise SchemaError(
            kind.__name__, "m", packed, "an entry has either m or j, not both", "Leave one of them out."
        )
    try:
        if packed is not None:
            return wire.decode_msgpack(kind, packed)
        if json is not None:
            return wire.decode_json(kind, json)
        return _decode_flat(kind, fields)
    except SchemaError:
        raise
    except _UNREADABLE as error:
        body: Any = packed if packed is not None else json if json is not None else dict(fields)
        raise SchemaError(
            kind.__name__, "", body, f"cannot be read ({error})", "Correct the entry and publish it again."
        ) from error


def _tag(stream: str, fields: Mapping[bytes, bytes]) -> str:
    raw = fields.get(TAG)
    if raw is not None:
        return _text(stream, TAG, raw)
    if stream in wire.DEFAULT_TAG:
        return wire.DEFAULT_TAG[stream]
    known = ", ".join(wire.STREAMS[stream])
    raise SchemaError(stream, "t", None, "the type tag is missing", f"Set field t to one of: {known}.")


def _decode_flat(kind: type[Message], fields: Mapping[bytes, bytes]) -> Message:
    name = kind.__name__
    texts = {_text(name, b"field name", field): raw for field, raw in fields.items() if field != TAG}
    expected = {field.encode_name for field in msgspec.structs.fields(kind)}
    carriers = [field for field in _CARRIERS if field in expected]
    if not texts or ("content" in expected and not any(field in texts for field in carriers)):
        raise SchemaError(
            name,
            carriers[0] if carriers else "",
            None,
            "the entry has neither m nor j nor fields by name that say something",
            "Write MessagePack in m, JSON in j, or the fields by name: mind alice content 'hello'.",
        )
    return wire.convert_flat(kind, {field: _text(name, field.encode(), raw) for field, raw in texts.items()})


def _text(kind: str, field: bytes, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SchemaError(
            kind, field.decode("utf-8", "replace"), raw, f"not UTF-8 ({error.reason})", "Write UTF-8 text."
        ) from error
