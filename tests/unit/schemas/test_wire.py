"""Tags, versions, the three ways to write a percept, and what a reader skips."""

from __future__ import annotations

import base64
import datetime as dt

import msgspec
import pytest

from schemas import wire
from schemas.base import Config, SchemaError, shorten
from schemas.percept import BoundaryMark, ContentType, Mark, Percept, seconds

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


def test_every_tag_names_one_type_and_every_type_one_tag() -> None:
    pairs = [(stream, tag, kind) for stream, tags in wire.STREAMS.items() for tag, kind in tags.items()]
    assert len({kind for _, _, kind in pairs}) == len(pairs)
    assert len({tag for _, tag, _ in pairs}) == len(pairs)
    for stream, tag, kind in pairs:
        assert wire.type_of(stream, tag) is kind


def test_a_message_knows_its_tag() -> None:
    assert wire.tag_of(Percept(mind="a", content="x")) == "percept/1"
    assert wire.tag_of(Mark(mind="a")) == "mark/1"


@pytest.mark.parametrize("tag", ["percepts/1", "percept", "", "percept/x", "percept/0", "cue/1"])
def test_an_unknown_tag_is_refused_with_those_that_are_known(tag: str) -> None:
    with pytest.raises(wire.UnknownTagError) as caught:
        wire.type_of(wire.AWAKE, tag)
    assert repr(tag) in str(caught.value)
    assert "percept/1" in caught.value.remedy


def test_a_newer_version_is_told_from_an_unknown_type() -> None:
    with pytest.raises(wire.NewerVersionError, match="up to version 1") as caught:
        wire.type_of(wire.AWAKE, "percept/2")
    assert "Upgrade" in caught.value.remedy


def test_unknown_fields_of_a_message_are_skipped() -> None:
    body = msgspec.json.encode({"mind": "a", "content": "x", "colour": "blue", "next": {"deep": [1]}})
    assert wire.decode_json(Percept, body) == Percept(mind="a", content="x")


def test_unknown_fields_of_a_config_are_refused_by_name() -> None:
    class Settings(Config, frozen=True, kw_only=True):
        window: int = 7

    assert msgspec.convert({"window": 5}, Settings).window == 5
    with pytest.raises(msgspec.ValidationError, match="windov"):
        msgspec.convert({"windov": 5}, Settings)


def test_defaults_are_not_written() -> None:
    assert msgspec.json.decode(wire.encode_json(Percept(mind="a", content="x"))) == {
        "mind": "a",
        "content": "x",
    }


def test_the_flat_form_reads_text_as_numbers_times_and_maps() -> None:
    percept = wire.convert_flat(
        Percept,
        {
            "mind": "a",
            "content": "the kettle is on",
            "valence": "0.5",
            "occurred_at": "2026-03-02T12:00:00Z",
            "content_type": "fact",
            "context": '{"place": "kitchen"}',
            "boundary": "begin",
        },
    )
    assert percept == Percept(
        mind="a",
        content="the kettle is on",
        valence=0.5,
        occurred_at=NOON,
        content_type=ContentType.FACT,
        context={"place": "kitchen"},
        boundary=BoundaryMark.BEGIN,
    )


@pytest.mark.parametrize("text", ['{"a": 1}', "[1, 2]", "[x", "{x", "12", "null", "true"])
def test_flat_content_stays_text_whatever_it_looks_like(text: str) -> None:
    assert wire.convert_flat(Percept, {"mind": "a", "content": text}).content == text


def test_flat_names_that_look_like_json_stay_text() -> None:
    percept = wire.convert_flat(Percept, {"mind": "[a]", "content": "x", "actor": "{b}", "key": "[1]"})
    assert (percept.mind, percept.actor, percept.key) == ("[a]", "{b}", "[1]")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"content": "x"}, "mind"),
        ({"mind": "a", "valence": "nan"}, "valence"),
        ({"mind": "a", "valence": "warm"}, "valence"),
        ({"mind": "a", "occurred_at": "inf"}, "occurred_at"),
        ({"mind": "a", "context": "{place: kitchen}"}, "context"),
        ({"mind": "a", "metadata": "{" * 20_000}, "metadata"),
    ],
)
def test_a_bad_flat_value_names_its_field(fields: dict[str, str], field: str) -> None:
    with pytest.raises(SchemaError) as caught:
        wire.convert_flat(Percept, fields)
    assert caught.value.field == field


def test_a_vector_is_base64_in_json_and_bytes_in_messagepack() -> None:
    raw = bytes(range(16))
    percept = Percept(mind="a", content="x", vector=raw)
    assert base64.b64encode(raw) in wire.encode_json(percept)
    assert raw in wire.encode(percept)
    assert wire.decode_json(Percept, wire.encode_json(percept)).vector == raw


def test_a_moment_is_the_same_in_either_form() -> None:
    assert seconds(NOON) == seconds(NOON.timestamp()) == 1_772_452_800.0
    assert seconds(NOON.astimezone(dt.timezone(dt.timedelta(hours=5)))) == 1_772_452_800.0


def test_a_shortened_value_keeps_to_its_limit() -> None:
    assert shorten("abc") == "'abc'"
    assert len(shorten("x" * 500)) == 80
