import json

import msgspec
import pytest

from schemas.base import SchemaError
from schemas.cue import Cue
from schemas.percept import Mark, Percept
from schemas.wire import NewerVersionError, UnknownTagError
from streams.codec import decode_fields, encode_fields, stream_of

PACKED = msgspec.msgpack.encode({"mind": "ada", "content": "hello"})


def raw(fields: dict[str, bytes]) -> dict[bytes, bytes]:
    return {name.encode(): value for name, value in fields.items()}


def test_a_message_knows_its_stream() -> None:
    assert stream_of(Percept(mind="ada")) == "awake"
    assert stream_of(Cue(id="c", mind="ada")) == "cues"


@pytest.mark.parametrize("form", ["m", "j"])
def test_both_forms_carry_the_tag_and_read_back(form) -> None:
    fields = encode_fields(Mark(mind="ada", label="lunch"), form)
    assert fields.keys() == {"t", form}
    assert fields["t"] == b"mark/1"
    assert decode_fields("awake", raw(fields)) == Mark(mind="ada", label="lunch")


def test_without_a_tag_the_default_of_the_stream_counts() -> None:
    assert decode_fields("awake", {b"m": PACKED}) == Percept(mind="ada", content="hello")
    assert decode_fields("cues", {b"j": b'{"id":"c","mind":"ada"}'}) == Cue(id="c", mind="ada")


def test_other_fields_beside_the_body_are_skipped() -> None:
    assert decode_fields("awake", {b"m": PACKED, b"trace": b"\xff"}) == Percept(mind="ada", content="hello")


def test_the_flat_form_takes_any_field_by_name() -> None:
    fields = {
        b"mind": b"ada", b"content": "déjà vu".encode(), b"importance": b"0.9", b"valence": b"-1",
        b"occurred_at": b"2026-01-31T12:00:00Z", b"context": b'{"place":"home"}', b"boundary": b"begin",
        b"kind": b"semantic", b"unknown": b"skipped",
    }  # fmt: skip
    percept = decode_fields("awake", fields)
    assert isinstance(percept, Percept)
    assert (percept.content, percept.importance, percept.valence) == ("déjà vu", 0.9, -1.0)
    assert percept.context == {"place": "home"}
    assert decode_fields("awake", {b"t": b"mark/1", b"mind": b"ada"}) == Mark(mind="ada")


BAD = {
    "both bodies": ("awake", {b"m": PACKED, b"j": b"{}"}, "m", "not both"),
    "nothing": ("awake", {}, "content", "neither m nor j"),
    "only a tag": ("awake", {b"t": b"mark/1"}, "", "neither m nor j"),
    "flat without content": ("awake", {b"mind": b"ada"}, "content", "mind alice content 'hello'"),
    "flat without mind": ("awake", {b"content": b"x"}, "mind", "Give the name of one mind"),
    "flat not UTF-8": ("awake", {b"mind": b"ada", b"content": b"\xff"}, "content", "not UTF-8"),
    "flat name not UTF-8": ("awake", {b"mind": b"ada", b"\xff": b"x"}, "field name", "not UTF-8"),
    "flat value": ("awake", {b"mind": b"a", b"content": b"x", b"valence": b"much"}, "valence", "much"),
    "tag not UTF-8": ("awake", {b"t": b"\xff", b"m": PACKED}, "t", "not UTF-8"),
    "unknown tag": ("awake", {b"t": b"dream/1", b"m": PACKED}, "t", "percept/1"),
    "empty tag": ("awake", {b"t": b"", b"m": PACKED}, "t", "no such type"),
    "newer version": ("awake", {b"t": b"percept/7", b"m": PACKED}, "t", "up to version 1"),
    "no tag, no default": ("dream", {b"m": PACKED}, "t", "coactivation/1"),
    "not MessagePack": ("awake", {b"m": b"\xc1"}, "m", "not MessagePack"),
    "empty MessagePack": ("awake", {b"m": b""}, "m", "not MessagePack"),
    "not JSON": ("awake", {b"j": b"{mind: ada}"}, "j", "not JSON"),
    "JSON not UTF-8": ("awake", {b"j": b'{"mind":"\xff"}'}, "j", "not JSON"),
    "JSON of another kind": ("awake", {b"j": b"[1]"}, "", "Percept"),
    "mind missing": ("awake", {b"j": b'{"content":"x"}'}, "mind", "Give the name of one mind"),
    "mind empty": ("awake", {b"j": b'{"mind":""}'}, "mind", "1 to 128"),
    "mind too long": ("awake", {b"j": json.dumps({"mind": "m" * 129}).encode()}, "mind", "1 to 128"),
    "content too long": (
        "awake",
        {b"j": json.dumps({"mind": "a", "content": "x" * 32_769}).encode()},
        "content",
        "split longer text",
    ),
    "nested too deeply": (
        "awake",
        {b"j": b'{"mind":"a","data":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"},
        "j",
        "recursion depth",
    ),
    "time without a zone": (
        "awake",
        {b"j": b'{"mind":"a","occurred_at":"2026-01-31"}'},
        "occurred_at",
        "zone",
    ),
}


@pytest.mark.parametrize(("stream", "fields", "field", "text"), BAD.values(), ids=BAD.keys())
def test_everything_bad_names_the_field_and_the_remedy(stream, fields, field, text) -> None:
    with pytest.raises(SchemaError) as caught:
        decode_fields(stream, fields)
    assert caught.value.field == field
    assert text in str(caught.value)
    assert caught.value.remedy
    assert len(str(caught.value)) < 600


def test_a_newer_version_and_an_unknown_tag_are_told_apart() -> None:
    with pytest.raises(NewerVersionError):
        decode_fields("awake", {b"t": b"percept/2", b"m": PACKED})
    with pytest.raises(UnknownTagError):
        decode_fields("awake", {b"t": b"cue/1", b"m": PACKED})
