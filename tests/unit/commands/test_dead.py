"""Whose a dead letter is, as far as it can be read."""

from __future__ import annotations

import msgspec
import pytest

from cognition.commands.dead import mind_of_letter
from streams.dead_letters import DeadLetter

PACKED = msgspec.msgpack.encode({"mind": "ana", "content": "It rains."})


@pytest.mark.parametrize(
    ("stream", "fields", "mind"),
    [
        ("awake", {b"t": b"percept/1", b"m": PACKED}, "ana"),
        ("awake", {b"mind": b"ana", b"content": b"It rains."}, "ana"),
        ("awake", {b"mind": b"ana", b"content": b"It rains.", b"valence": b"7"}, "ana"),
        ("awake", {b"t": b"percept/1", b"j": b'{"mind": "ana", "valence": 7}'}, "ana"),
        ("awake", {b"t": b"percept/9", b"m": PACKED}, "ana"),
        ("cues", {b"t": b"status/1", b"j": b'{"mind": "ana"}'}, "ana"),
        ("cues", {b"t": b"daemon/1", b"j": b'{"id": "q"}'}, None),
        ("awake", {b"t": b"percept/1", b"j": b"{oops"}, None),
        ("awake", {b"t": b"percept/1", b"m": b"\xc1"}, None),
        ("awake", {b"t": b"percept/1", b"j": b"[1]"}, None),
        ("awake", {b"t": b"percept/1", b"j": b'{"mind": 7}'}, None),
        ("awake", {b"mind": b"\xff"}, None),
        ("awake", {}, None),
    ],
)
def test_the_mind_of_a_letter_is_read_where_it_can_be(
    stream: str, fields: dict[bytes, bytes], mind: str | None
) -> None:
    letter = DeadLetter("3/1-0", 3, stream, "attention", "1-0", "why", 1, 0.0, fields)
    assert mind_of_letter(letter) == mind
