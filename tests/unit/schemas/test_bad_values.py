"""Every bad value is refused with the field, the value and what to do about it."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from schemas import wire
from schemas.base import Message, SchemaError
from schemas.cue import Cue
from schemas.dream import CoActivation
from schemas.inquiry import EpisodesInquiry
from schemas.learning import NeighboursInquiry
from schemas.percept import CONTENT_LENGTH_MAX, Forget, Percept

CASES: list[tuple[type[Message], dict[str, Any], str, str, str]] = [
    (Percept, {"content": "x"}, "mind", "None", "1 to 128"),
    (Percept, {"mind": ""}, "mind", "''", "1 to 128"),
    (Percept, {"mind": "m" * 129}, "mind", "mmm", "1 to 128"),
    (Percept, {"mind": "a\0b"}, "mind", r"a\x00b", "printable"),
    (Percept, {"mind": "a\n"}, "mind", r"a\n", "printable"),
    (Percept, {"mind": 7}, "mind", "7", "1 to 128"),
    (Percept, {"mind": "a", "content": "x" * (CONTENT_LENGTH_MAX + 1)}, "content", "xxx", "32,768"),
    (Percept, {"mind": "a", "content": 3}, "content", "3", "split"),
    (Percept, {"mind": "a", "key": "k" * 513}, "key", "kkk", "key"),
    (Percept, {"mind": "a", "actor": "b" * 257}, "actor", "bbb", "actor"),
    (Percept, {"mind": "a", "kind": "epic"}, "kind", "epic", "episodic, semantic, procedural"),
    (Percept, {"mind": "a", "content_type": "joke"}, "content_type", "joke", "milestone"),
    (Percept, {"mind": "a", "boundary": "pause"}, "boundary", "pause", "begin or end"),
    (Percept, {"mind": "a", "valence": -1.1}, "valence", "-1.1", "valence"),
    (Percept, {"mind": "a", "arousal": 1.5}, "arousal", "1.5", "arousal"),
    (Percept, {"mind": "a", "trust": "high"}, "trust", "high", "trust"),
    (Percept, {"mind": "a", "occurred_at": "yesterday"}, "occurred_at", "yesterday", "RFC 3339"),
    (Percept, {"mind": "a", "occurred_at": "2026-03-02T10:00:00"}, "occurred_at", "2026-03-02", "zone"),
    (Percept, {"mind": "a", "occurred_at": 1e18}, "occurred_at", "1e+18", "epoch seconds"),
    (Percept, {"mind": "a", "context": {"place": 3}}, "context[...]", "3", "context"),
    (
        Percept,
        {"mind": "a", "relations": [{"type": "likes", "target": "k"}]},
        "relations[0].type",
        "likes",
        "causes, fixes, supports",
    ),
    (Percept, {"mind": "a", "relations": [{"type": "causes"}]}, "relations[0].target", "None", "relations"),
    (Percept, {"mind": "a", "metadata": [1]}, "metadata", "[1]", "metadata"),
    (Percept, {"mind": "a", "data": "text"}, "data", "text", "data"),
    (Forget, {"mind": "a", "memory_ids": []}, "memory_ids", "[]", "memory_ids"),
    (Cue, {"id": "c", "mind": "a", "limit": 0}, "limit", "0", "limit"),
    (Cue, {"id": "c", "mind": "a", "limit": 1_001}, "limit", "1001", "limit"),
    (Cue, {"id": "c", "mind": "a", "deadline_s": 0}, "deadline_s", "0", "deadline_s"),
    (Cue, {"id": "c", "mind": "a", "token_budget": 0}, "token_budget", "0", "token_budget"),
    (Cue, {"id": "c", "mind": "a", "episode": {"mode": "hard"}}, "episode.mode", "hard", "strict, soft"),
    (Cue, {"id": "c", "mind": "a", "dates": "hard"}, "dates", "hard", "soft, filter, off"),
    (Cue, {"id": "c", "mind": "a", "filter": {"kinds": ["odd"]}}, "filter.kinds[0]", "odd", "episodic, sem"),
    (NeighboursInquiry, {"id": "i", "mind": "a", "types": ["x"]}, "types[0]", "x", "semantic, temporal"),
    (Cue, {"id": "c", "mind": "a", "filter": {"mood": {"radius": 0}}}, "filter.mood.radius", "0", "filter"),
    (
        Cue,
        {"id": "c", "mind": "a", "filter": {"metadata": {"n": 2**63}}},
        "filter.metadata[...]",
        "",
        "filter",
    ),
    (EpisodesInquiry, {"id": "i", "mind": "a", "limit": 5_000}, "limit", "5000", "limit"),
    (CoActivation, {"mind": "a", "memory_ids": [], "reason": "", "evidence": 2}, "evidence", "2", "evidence"),
]


@pytest.mark.parametrize(
    ("kind", "fields", "field", "value", "remedy"),
    CASES,
    ids=[f"{kind.__name__}.{field}-{i}" for i, (kind, _, field, _, _) in enumerate(CASES)],
)
def test_a_bad_value_is_named_with_its_remedy(
    kind: type[Message], fields: dict[str, Any], field: str, value: str, remedy: str
) -> None:
    for decode, body in (
        (wire.decode_json, msgspec.json.encode(fields)),
        (wire.decode_msgpack, msgspec.msgpack.encode(fields)),
    ):
        with pytest.raises(SchemaError) as caught:
            decode(kind, body)
        error = caught.value
        assert (error.kind, error.field) == (kind.__name__, field)
        assert value in error.value
        assert remedy in error.remedy
        assert all(part in str(error) for part in (error.kind, error.field, error.value, error.remedy))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf], ids=["nan", "inf", "minus-inf"])
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        *(
            (Percept, name)
            for name in ("occurred_at", "valence", "arousal", "importance", "relevance", "trust")
        ),
        (Percept, "connection_relevance"),
        (Percept, "metadata.score"),
        (Percept, "data.readings.soil"),
        (Cue, "at"),
        (Cue, "deadline_s"),
        (Cue, "abstain_below"),
        (Cue, "filter.occurred_from"),
        (Cue, "filter.mood.radius"),
        (Cue, "filter.mood.valence"),
        (Cue, "episode.factor"),
        (CoActivation, "evidence"),
    ],
)
def test_what_is_not_a_finite_number_is_refused(kind: type[Message], path: str, number: float) -> None:
    fields: dict[str, Any] = {"mind": "a", "id": "c", "memory_ids": [], "reason": ""}
    value: Any = number
    for name in reversed(path.split(".")):
        value = {name: value}
    with pytest.raises(SchemaError) as caught:
        wire.decode_msgpack(kind, msgspec.msgpack.encode(fields | value))
    assert caught.value.field == path
    assert caught.value.value == repr(number)


def test_a_number_too_large_for_json_is_refused_with_its_field() -> None:
    with pytest.raises(SchemaError, match=r"Percept\.valence .*out of range"):
        wire.decode_json(Percept, b'{"mind": "a", "valence": 1e999}')


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"\x81\xa8metadata\x81\xa1x\xd6\xff\x00\x00\x00\x00", "datetime"),
        (b"\x81\xa8metadata\x81\xa1x\xc4\x01\x00", "bytes"),
        (b"\x81\xa8metadata\x81\xa1x\xc7\x01\x05\x00", "Ext"),
        (b"\x81\xa8metadata\x81\xa1x\xcf" + b"\xff" * 8, "64 bits"),
        (b"\x81\xa8metadata\x81\xa1x" + b"\x91" * 40 + b"\x90", "too deep"),
        (b"\x81\xa8metadata\x81\xa1x\x81\x01\x02", "keys are not text"),
    ],
    ids=["timestamp", "bytes", "extension", "u64", "depth", "number-key"],
)
def test_metadata_holds_only_what_json_can_carry(body: bytes, problem: str) -> None:
    with pytest.raises(SchemaError, match=problem) as caught:
        wire.decode_msgpack(Percept, b"\x82\xa4mind\xa1a" + body[1:])
    assert caught.value.field.startswith("metadata.x")
    assert "JSON" in caught.value.remedy


def test_a_whole_number_beyond_64_bits_is_refused_in_json_too() -> None:
    with pytest.raises(SchemaError, match="64 bits"):
        wire.decode_json(Percept, b'{"mind": "a", "data": {"n": 123456789012345678901234567890}}')


@pytest.mark.parametrize(
    "body",
    [b"", b"\xc1", b"hello", b"\x81\xa4mind", b"\x81\xa4mind\xa2\xff\xfe", b"\x91" * 20_000 + b"\x90"],
    ids=["empty", "reserved", "text", "truncated", "not-utf8", "deep"],
)
def test_what_is_not_messagepack_is_said_so(body: bytes) -> None:
    with pytest.raises(SchemaError) as caught:
        wire.decode_msgpack(Percept, body)
    assert caught.value.kind == "Percept"
    assert caught.value.remedy


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"mind": NaN}', b'{"mind": "\xff"}', b'{"mind": "\\ud800"}', b"[" * 20_000 + b"]" * 20_000],
    ids=["empty", "open", "nan", "not-utf8", "surrogate", "deep"],
)
def test_what_is_not_json_is_said_so(body: bytes) -> None:
    with pytest.raises(SchemaError) as caught:
        wire.decode_json(Percept, body)
    assert caught.value.kind == "Percept"
    assert caught.value.remedy


def test_the_value_in_an_error_is_shortened() -> None:
    with pytest.raises(SchemaError) as caught:
        wire.decode_json(Percept, msgspec.json.encode({"mind": "a", "content": "x" * 40_000}))
    assert len(str(caught.value)) < 400
