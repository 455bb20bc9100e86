"""Laws of the schema: what is written is read back, and no bytes at all break a reader."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import wire
from schemas.association import AssociationType, Relation
from schemas.base import Message, SchemaError
from schemas.cue import Cue, CueFilter, EpisodeFilter, FilterMode, Mood
from schemas.percept import MOMENT_MAX, MOMENT_MIN, BoundaryMark, ContentType, MemoryKind, Percept
from schemas.plain import INTEGER_MAX, INTEGER_MIN

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
mind = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=128)
unit = st.floats(0.0, 1.0)
whole = st.integers(INTEGER_MIN, INTEGER_MAX)
moment = st.floats(MOMENT_MIN, MOMENT_MAX) | st.datetimes(
    dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC)
)
plain = st.recursive(
    st.none() | st.booleans() | whole | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
maps = st.dictionaries(text, plain, max_size=3)

percepts = st.builds(
    Percept,
    mind=mind,
    content=text,
    data=st.none() | maps,
    key=text,
    source=text,
    actor=text,
    subject=text,
    kind=st.sampled_from(MemoryKind),
    content_type=st.sampled_from(ContentType),
    occurred_at=st.none() | moment,
    valence=st.floats(-1.0, 1.0),
    arousal=unit,
    importance=unit,
    relevance=unit,
    connection_relevance=unit,
    context=st.dictionaries(text, text, max_size=3),
    boundary=st.none() | st.sampled_from(BoundaryMark),
    boundary_label=text,
    relations=st.lists(
        st.builds(Relation, type=st.sampled_from(AssociationType), target=text.filter(bool), weight=unit),
        max_size=2,
    ),
    vector=st.none() | st.binary(max_size=16),
    trust=unit,
    metadata=maps,
    session=st.none() | text,
    user=st.none() | text,
)
filters = st.builds(
    CueFilter,
    occurred_from=st.none() | moment,
    occurred_to=st.none() | moment,
    kinds=st.lists(st.sampled_from(MemoryKind), max_size=2),
    actors=st.lists(text, max_size=2),
    context=st.dictionaries(text, text, max_size=2),
    metadata=st.dictionaries(text, st.booleans() | whole | text, max_size=2),
    mood=st.none() | st.builds(Mood, valence=st.floats(-1.0, 1.0), arousal=unit),
)
cues = st.builds(
    Cue,
    id=text,
    mind=mind,
    content=text,
    at=st.none() | moment,
    limit=st.integers(1, 1_000),
    filter=filters,
    episode=st.none()
    | st.builds(EpisodeFilter, ids=st.lists(text, max_size=2), mode=st.sampled_from(FilterMode)),
)


@given(percepts | cues)
def test_what_is_written_is_read_back_in_either_form(message: Message) -> None:
    kind = type(message)
    assert wire.decode_msgpack(kind, wire.encode(message)) == message
    assert wire.decode_json(kind, wire.encode_json(message)) == message


@given(
    st.sampled_from([kind for tags in wire.STREAMS.values() for kind in tags.values()]),
    st.binary(max_size=200),
)
def test_no_bytes_break_a_reader(kind: type[Message], body: bytes) -> None:
    for decode in (wire.decode_msgpack, wire.decode_json):
        with contextlib.suppress(SchemaError):
            assert isinstance(decode(kind, body), kind)


@given(
    st.dictionaries(
        st.sampled_from(Percept.__struct_fields__),
        plain | st.floats() | st.binary(max_size=4) | st.dictionaries(st.integers(0, 9), plain, max_size=2),
        max_size=6,
    )
)
def test_no_values_break_the_reader_of_percepts(fields: dict[str, Any]) -> None:
    with contextlib.suppress(SchemaError):
        percept = wire.decode_msgpack(Percept, msgspec.msgpack.encode({"mind": "a"} | fields))
        assert wire.decode_json(Percept, wire.encode_json(percept)) == percept


@given(st.dictionaries(st.sampled_from(Percept.__struct_fields__), text, max_size=6))
def test_no_text_breaks_the_reader_of_the_flat_form(fields: dict[str, str]) -> None:
    with contextlib.suppress(SchemaError):
        percept = wire.convert_flat(Percept, {"mind": "a"} | fields)
        assert percept.content == fields.get("content", "")


@given(percepts, st.sampled_from([math.nan, math.inf, -math.inf, 2**63, b"", dt.timedelta(1)]))
def test_metadata_that_json_cannot_carry_is_refused_wherever_it_stands(
    percept: Percept, intruder: object
) -> None:
    for metadata in ({"x": intruder}, {"x": [intruder]}, {"x": {"y": [{}, intruder]}}):
        with pytest.raises(SchemaError, match=r"Percept\.metadata\.x"):
            msgspec.structs.replace(percept, metadata=metadata)
