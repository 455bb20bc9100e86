"""Bytes that a released version wrote are read by this one, as the values that they were."""

from __future__ import annotations

import msgspec
import pytest

from schemas import wire
from tests.evolution.values import EXPECTED, TAGS, WIRE
from tests.evolution.write_golden import GOLDEN, path_of, unset_fields


def test_every_type_that_is_written_down_has_its_bytes() -> None:
    assert set(EXPECTED) >= TAGS, "give the new type a value in tests/evolution/values.py"
    assert set(GOLDEN.rglob("*.msgpack")) == {path_of(tag) for tag in EXPECTED}, (
        "run python -m tests.evolution.write_golden"
    )


@pytest.mark.parametrize("tag", EXPECTED)
def test_released_bytes_are_still_read_as_what_they_were(tag: str) -> None:
    expected = EXPECTED[tag]
    assert wire.decode_msgpack(type(expected), path_of(tag).read_bytes()) == expected


@pytest.mark.parametrize("tag", WIRE)
def test_a_stream_gives_the_tag_to_the_type_that_wrote_it(tag: str) -> None:
    (kind,) = [tags[tag] for tags in wire.STREAMS.values() if tag in tags]
    assert kind is type(WIRE[tag])


@pytest.mark.parametrize("tag", EXPECTED)
def test_a_field_of_a_later_version_does_not_disturb_this_reader(tag: str) -> None:
    fields = msgspec.msgpack.decode(path_of(tag).read_bytes()) | {"from_the_future": [1, {"x": None}]}
    assert wire.decode_msgpack(type(EXPECTED[tag]), msgspec.msgpack.encode(fields)) == EXPECTED[tag]


def test_a_value_at_its_default_would_not_show_in_the_bytes() -> None:
    assert unset_fields(WIRE["mark/1"]) == []
    assert "label" in unset_fields(msgspec.structs.replace(WIRE["mark/1"], label=""))
