"""Which type each stream carries, under which tag, and how a value is written and read.

A tag is ``name/version``. Readers accept every version that they know; a newer one
is refused with a message that says so, never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar, get_type_hints

import msgspec

from schemas import (
    association,
    cue,
    dream,
    episode,
    events,
    inquiry,
    learning,
    percept,
    quantization,
    recollection,
    sleeping,
)
from schemas.base import Message, SchemaError

T = TypeVar("T")

AWAKE: Final = "awake"
DREAM: Final = "dream"
SALIENCE: Final = "salience"
CUES: Final = "cues"
RECOLLECTIONS: Final = "recollections"
DEAD: Final = "dead"

STREAMS: Final[dict[str, dict[str, type[Message]]]] = {
    AWAKE: {
        "percept/1": percept.Percept,
        "mark/1": percept.Mark,
        "forget/1": percept.Forget,
        "rebuild/1": percept.Rebuild,
    },
    DREAM: {
        "coactivation/1": dream.CoActivation,
        "replayed/1": dream.Replayed,
        "feedback/1": dream.Feedback,
    },
    SALIENCE: {"receipt/1": events.Receipt},
    CUES: {
        "cue/1": cue.Cue,
        "episodes/1": inquiry.EpisodesInquiry,
        "memory/1": inquiry.MemoryInquiry,
        "identity/1": inquiry.IdentityInquiry,
        "status/1": inquiry.StatusInquiry,
        "daemon/1": inquiry.DaemonInquiry,
        "forgetting/1": inquiry.ForgettingInquiry,
        "report/1": learning.ReportInquiry,
        "folded/1": learning.FoldedInquiry,
        "neighbours/1": learning.NeighboursInquiry,
        "path/1": learning.PathInquiry,
        "sleep/1": sleeping.SleepInquiry,
        "sleep-plan/1": sleeping.SleepPlanInquiry,
        "sleep-log/1": sleeping.SleepLogInquiry,
        "sleep-cycle/1": sleeping.SleepCycleInquiry,
        "sleep-undo/1": sleeping.SleepUndoInquiry,
        "sleep-pause/1": sleeping.SleepPauseInquiry,
        "mind-copy/1": sleeping.MindCopyInquiry,
        "quantization/1": quantization.QuantizationInquiry,
        "sample/1": quantization.SampleInquiry,
    },
    RECOLLECTIONS: {
        "recollection/1": recollection.Recollection,
        "episodes-answer/1": inquiry.EpisodesAnswer,
        "memory-answer/1": inquiry.MemoryAnswer,
        "identity-answer/1": inquiry.IdentityAnswer,
        "status-answer/1": inquiry.StatusAnswer,
        "daemon-answer/1": inquiry.DaemonAnswer,
        "forgetting-answer/1": inquiry.ForgettingAnswer,
        "report-answer/1": learning.ReportAnswer,
        "folded-answer/1": learning.FoldedAnswer,
        "neighbours-answer/1": learning.NeighboursAnswer,
        "path-answer/1": learning.PathAnswer,
        "sleep-answer/1": sleeping.SleepAnswer,
        "sleep-plan-answer/1": sleeping.SleepPlanAnswer,
        "sleep-log-answer/1": sleeping.SleepLogAnswer,
        "mind-copy-answer/1": sleeping.MindCopyAnswer,
        "quantization-answer/1": quantization.QuantizationAnswer,
        "sample-answer/1": quantization.SampleAnswer,
        "failure/1": inquiry.Failure,
    },
}

DEFAULT_TAG: Final = {AWAKE: "percept/1", CUES: "cue/1"}

REMEDIES: Final = {
    "mind": "Give the name of one mind, 1 to 128 printable characters.",
    "content": f"Give at most {percept.CONTENT_LENGTH_MAX:,} characters; split longer texts.",
    "occurred_at": "Give epoch seconds, or RFC 3339 with a zone such as 2026-01-31T12:00:00Z.",
    "vector": "Give 768 float32 values, little-endian (base64 in JSON), or leave it out.",
    "kind": "Use one of: " + ", ".join(percept.MemoryKind) + ".",
    "content_type": "Use one of: " + ", ".join(percept.ContentType) + ".",
    "boundary": "Use begin or end, or leave it out.",
    "t": "Use one of the documented type tags.",
}

CHOICES: Final = {
    name: "Use one of: " + ", ".join(values) + "."
    for name, values in (
        ("kinds", percept.MemoryKind),
        ("content_types", percept.ContentType),
        ("type", association.AssociationType),
        ("types", association.AssociationType),
        ("mode", cue.FilterMode),
        ("dates", cue.DateMode),
        ("scale", episode.EpisodeScale),
    )
}
"""Remedies for what is one of a few words, wherever in a message it stands."""

_TAGS: Final[dict[type[Message], str]] = {
    kind: tag for tags in STREAMS.values() for tag, kind in tags.items()
}
_ENCODER = msgspec.msgpack.Encoder()
_PATH = re.compile(r" - at (?:`key` in )?`(?P<path>\$[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<field>[^`]+)`")


class UnknownTagError(SchemaError):
    """The entry's type tag is not one that this stream carries."""


class NewerVersionError(SchemaError):
    """The entry was written by a newer version of the schema than this one reads."""


def tag_of(message: Message) -> str:
    """The wire tag under which this message travels."""
    return _TAGS[type(message)]


def type_of(stream: str, tag: str) -> type[Message]:
    """The type that a tag names on a stream; raises `UnknownTagError` or `NewerVersionError`."""
    known = STREAMS[stream]
    if tag in known:
        return known[tag]
    name, _, version = tag.partition("/")
    versions = [int(t.partition("/")[2]) for t in known if t.partition("/")[0] == name]
    if versions and version.isdigit() and int(version) > max(versions):
        raise NewerVersionError(
            stream,
            "t",
            tag,
            f"this daemon reads {name} up to version {max(versions)}",
            "Upgrade the daemon, then retry the dead letter.",
        )
    raise UnknownTagError(
        stream, "t", tag, "no such type on this stream", "Use one of: " + ", ".join(known) + "."
    )


def encode(message: Message) -> bytes:
    """MessagePack of a message, without its tag."""
    return _ENCODER.encode(message)


def encode_json(message: Message) -> bytes:
    """JSON of a message, without its tag."""
    return msgspec.json.encode(message)


def decode_msgpack(kind: type[T], body: bytes) -> T:
    """Read MessagePack as `kind`; raises `SchemaError` that names field, value and remedy."""
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _explained(kind, error, _reread(msgspec.msgpack.decode, body)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SchemaError(
            kind.__name__,
            "m",
            body,
            f"not MessagePack ({error})",
            "Write a MessagePack map in field m, or JSON in field j.",
        ) from error


def decode_json(kind: type[T], body: bytes) -> T:
    """Read JSON as `kind`; raises `SchemaError` that names field, value and remedy."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _explained(kind, error, _reread(msgspec.json.decode, body)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SchemaError(
            kind.__name__,
            "j",
            body,
            f"not JSON ({error})",
            "Write a JSON object in field j, or MessagePack in field m.",
        ) from error


def convert_flat(kind: type[T], fields: dict[str, str]) -> T:
    """Read flat text fields as `kind`; a field whose type is a map, list or null is read as JSON."""
    values: dict[str, Any] = dict(fields)
    hints = get_type_hints(kind)
    for name, text in fields.items():
        if name in hints and text[:1] in "{[" and hints[name] is not str:
            try:
                values[name] = msgspec.json.decode(text)
            except (msgspec.DecodeError, RecursionError):
                values[name] = text
    if isinstance(values.get("content"), dict | list):
        values["content"] = fields["content"]
    try:
        return msgspec.convert(values, type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise _explained(kind, error, values) from error


def _reread(decode: Callable[[bytes], object], body: bytes) -> object:
    """The value without its type, to show the part at fault; the body itself where even that fails."""
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError):
        return body


def _explained(kind: type, error: msgspec.ValidationError, raw: object) -> SchemaError:
    if isinstance(error.__cause__, SchemaError):
        return error.__cause__
    text = str(error)
    missing = _MISSING.search(text)
    match = _PATH.search(text)
    path = match["path"].lstrip("$").lstrip(".") if match else ""
    problem = text[: match.start()] if match else text
    if missing:
        field = f"{path}.{missing['field']}" if path else missing["field"]
        value: object = None
    else:
        field, value = path, _lookup(raw, path)
    top = field.partition(".")[0].partition("[")[0]
    leaf = field.rpartition(".")[2].partition("[")[0]
    general = f"Correct {field or kind.__name__} and publish it again."
    remedy = REMEDIES.get(top) or CHOICES.get(leaf, general)
    return SchemaError(kind.__name__, field, value, problem, remedy)


def _lookup(raw: object, path: str) -> object:
    value = raw
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return value
    return value
