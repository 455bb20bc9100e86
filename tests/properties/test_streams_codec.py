"""What is written is read back; what cannot be read is always a `SchemaError`."""

import datetime as dt
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import wire
from schemas.association import AssociationType, Relation
from schemas.base import Message, SchemaError
from schemas.percept import ContentType, Mark, MemoryKind, Percept
from streams.codec import decode_fields, encode_fields
from streams.delivery import Limits, backoff_s
from streams.keys import StreamKeys

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=128)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
units = st.floats(0.0, 1.0)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
percepts = st.builds(
    Percept,
    mind=names,
    content=texts,
    data=st.none() | st.dictionaries(texts, plain, max_size=3),
    key=texts,
    kind=st.sampled_from(MemoryKind),
    content_type=st.sampled_from(ContentType),
    occurred_at=st.none() | st.floats(0, 4e9) | st.datetimes(timezones=st.just(dt.UTC)),
    valence=st.floats(-1.0, 1.0),
    importance=units,
    context=st.dictionaries(texts, texts, max_size=3),
    relations=st.lists(
        st.builds(Relation, type=st.sampled_from(AssociationType), target=names, weight=units), max_size=2
    ),
    vector=st.none() | st.binary(max_size=64),
    metadata=st.dictionaries(texts, plain, max_size=2),
)
streams = st.sampled_from(sorted(wire.STREAMS))
tags = st.sampled_from([tag.encode() for kinds in wire.STREAMS.values() for tag in kinds])
pieces = st.sampled_from([b"t", b"m", b"j", b"mind", b"content", b"data", b"id", b"context", b"vector"])


def raw(fields: Mapping[str, bytes]) -> dict[bytes, bytes]:
    return {name.encode(): value for name, value in fields.items()}


def read(stream: str, fields: dict[bytes, bytes]) -> Message | SchemaError:
    """The message, or the one kind of error that reading may end with."""
    try:
        return decode_fields(stream, fields)
    except SchemaError as error:
        return error


@given(percepts | st.builds(Mark, mind=names), st.sampled_from(["m", "j"]))
def test_what_is_written_is_read_back(message: Message, form) -> None:
    assert decode_fields("awake", raw(encode_fields(message, form))) == message


@given(streams, st.dictionaries(pieces, tags | st.binary(max_size=40) | texts.map(str.encode), max_size=4))
def test_anything_else_is_a_schema_error(stream: str, fields: dict[bytes, bytes]) -> None:
    assert isinstance(read(stream, fields), (SchemaError, *wire.STREAMS[stream].values()))


@given(percepts, st.data())
def test_a_body_that_was_damaged_is_read_or_refused(percept: Percept, data: st.DataObject) -> None:
    body = bytearray(encode_fields(percept)["m"])
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] = data.draw(st.integers(0, 255))
    damaged = bytes(body[: data.draw(st.integers(0, len(body)))])
    assert isinstance(read("awake", {b"m": damaged}), (SchemaError, Percept))


@given(names, texts.filter(bool), units)
def test_the_flat_form_means_the_same_as_the_packed_one(mind: str, content: str, importance: float) -> None:
    flat = {b"mind": mind.encode(), b"content": content.encode(), b"importance": repr(importance).encode()}
    assert decode_fields("awake", flat) == Percept(mind=mind, content=content, importance=importance)


@given(st.text(max_size=20), st.integers(1, 1_024))
def test_every_mind_has_one_partition_in_range(mind: str, partitions: int) -> None:
    keys = StreamKeys(partitions=partitions)
    assert 0 <= keys.partition_of(mind) < partitions
    assert keys.partition_of(mind) == StreamKeys("other", partitions).partition_of(mind)


@given(st.integers(1, 5_000), units, st.floats(0.001, 10), st.floats(10, 1_000))
def test_backoff_never_shrinks_and_never_passes_its_bound(
    tried: int, jitter: float, base_s: float, max_s: float
) -> None:
    limits = Limits(backoff_base_s=base_s, backoff_max_s=max_s)
    assert 0 < backoff_s(tried, jitter, limits) <= backoff_s(tried + 1, jitter, limits) <= max_s


def test_many_minds_spread_over_all_partitions() -> None:
    keys = StreamKeys(partitions=16)
    counts = [0] * 16
    for number in range(4_000):
        counts[keys.partition_of(f"mind {number}")] += 1
    assert min(counts) == pytest.approx(250, rel=0.3)
    assert max(counts) == pytest.approx(250, rel=0.3)
