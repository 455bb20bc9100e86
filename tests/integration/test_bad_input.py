"""What cannot be taken is told why and what to do, lies among the dead letters, and the line moves on."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from schemas.events import Outcome
from tests.integration.support import Client, Daemon, bad_vector, until, vector_of

GOOD = {"content": "It rains.", "vector": vector_of("It rains.")}


def packed(mind: str, **fields: Any) -> dict[str, Any]:
    """An entry in MessagePack form; None takes a field away."""
    body = {"mind": mind, **GOOD, **fields}
    whole = {name: value for name, value in body.items() if value is not None}
    return {"t": "percept/1", "m": msgspec.msgpack.encode(whole)}


BAD: dict[str, tuple[Any, list[str]]] = {
    "not MessagePack": (
        lambda mind: {"t": "percept/1", "m": b"\xc1 nonsense"},
        ["Percept.m", "nonsense", "not MessagePack", "Write a MessagePack map in field m"],
    ),
    "not JSON": (
        lambda mind: {"t": "percept/1", "j": b'{"mind": "ana", oops'},
        ["Percept.j", "oops", "not JSON", "Write a JSON object in field j"],
    ),
    "JSON but no object": (
        lambda mind: {"t": "percept/1", "j": b"[1, 2]"},
        ["Percept", "[1, 2]", "Expected `object`", "publish it again"],
    ),
    "unknown type": (
        lambda mind: packed(mind) | {"t": "dream-of/1"},
        ["awake.t", "'dream-of/1'", "no such type on this stream", "Use one of: percept/1, mark/1, forget/1"],
    ),
    "newer version": (
        lambda mind: packed(mind) | {"t": "percept/9"},
        ["'percept/9'", "reads percept up to version 1", "Upgrade the daemon, then retry the dead letter"],
    ),
    "both forms": (
        lambda mind: packed(mind) | {"j": b"{}"},
        ["an entry has either m or j, not both", "Leave one of them out"],
    ),
    "missing content": (
        lambda mind: packed(mind, content=None),
        ["content is missing or blank", "Give content, or data with text in it"],
    ),
    "blank content": (
        lambda mind: packed(mind, content=" \n\t"),
        ["content is missing or blank", "Give content"],
    ),
    "content over the limit": (
        lambda mind: packed(mind, content="x" * 32_769),
        ["Percept.content", "xxx", "<= 32768", "at most 32,768 characters; split longer texts"],
    ),
    "vector too short": (
        lambda mind: packed(mind, vector=bad_vector("short")),
        ["3068 bytes (767 float32 values), expected 3072", "Give 768 float32 values, little-endian"],
    ),
    "vector with NaN": (
        lambda mind: packed(mind, vector=bad_vector("nan")),
        ["vector holds nan at position 7", "Give 768 float32 values"],
    ),
    "vector with Inf": (
        lambda mind: packed(mind, vector=bad_vector("inf")),
        ["vector holds inf at position 7", "Give 768 float32 values"],
    ),
    "zero vector": (
        lambda mind: packed(mind, vector=bad_vector("zero")),
        ["vector has zero norm", "Give 768 float32 values"],
    ),
    "empty mind": (
        lambda mind: packed(""),
        ["Percept.mind", "''", "length >= 1", "Give the name of one mind, 1 to 128"],
    ),
    "mind of 129 characters": (
        lambda mind: packed("a" * 129),
        ["Percept.mind", "aaa", "length <= 128", "Give the name of one mind, 1 to 128"],
    ),
    "no mind": (
        lambda mind: packed(mind) | {"m": msgspec.msgpack.encode(GOOD)},
        ["Percept.mind", "missing required field `mind`", "Give the name of one mind"],
    ),
    "time in the far future": (
        lambda mind: packed(mind, occurred_at=time.time() + 90 * 86_400),
        ["occurred_at = ", "ahead of this daemon's clock", "at most 86400 s in the future"],
    ),
    "time in milliseconds": (
        lambda mind: packed(mind, occurred_at=time.time() * 1_000),
        ["occurred_at", "RFC 3339"],
    ),
    "time without a zone": (
        lambda mind: packed(mind, occurred_at="2026-03-02T08:10:00"),
        ["Percept.occurred_at", "2026-03-02T08:10:00", "timezone", "with a zone"],
    ),
    "valence out of range": (
        lambda mind: packed(mind, valence=1.5),
        ["Percept.valence", "1.5", "<= 1", "publish it again"],
    ),
    "flat entry that says nothing": (
        lambda mind: {"hello": "world"},
        ["neither m nor j nor fields by name", "mind alice content 'hello'"],
    ),
    "flat field that is not UTF-8": (
        lambda mind: {"mind": mind, "content": b"\xff\xfe"},
        ["Percept.content", "not UTF-8", "Write UTF-8 text"],
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_entry_is_told_why_and_its_neighbours_are_remembered(client: Client, kind: str) -> None:
    make, words = BAD[kind]
    mind = f"bad {kind}"
    before = client.perceive(mind, f"Before what is bad: {kind}.")
    fields: Mapping[str, Any] = make(mind)
    bad = client.xadd(mind, fields)
    after = client.perceive(mind, f"After what was bad: {kind}.")
    receipt = client.receipt(mind, bad)
    assert receipt.outcome is Outcome.REJECTED
    assert [word for word in words if word not in receipt.reason] == []
    assert client.receipt(mind, before).outcome is Outcome.ENCODED
    assert client.receipt(mind, after).outcome is Outcome.ENCODED

    def buried() -> list[dict[bytes, bytes]]:
        """It is laid aside after its receipt was given, before it is acknowledged."""
        return [letter for letter in client.dead(mind) if letter[b"entry"] == bad.encode()]

    (letter,) = until(buried, "dead letter of the entry")
    assert letter[b"reason"].decode() == receipt.reason
    kept = {n.removeprefix(b"f:"): v for n, v in letter.items() if n.startswith(b"f:")}
    assert kept == {n.encode(): v if isinstance(v, bytes) else v.encode() for n, v in fields.items()}


@pytest.mark.parametrize(
    "request_", [b"nonsense", json.dumps({"id": "x", "mind": "", "content": "?"}).encode()]
)
def test_a_request_that_cannot_be_read_is_kept_and_others_are_answered(
    daemon: Daemon, client: Client, request_: bytes
) -> None:
    cues = client.keys.stream(3, "cues")
    entry = bytes(client.server.xadd(cues, {"t": "cue/1", "j": request_}))

    def buried() -> bool:
        dead = client.server.xrange(client.keys.stream(3, "dead"))
        return any(f[b"entry"] == entry and f[b"stream"] == b"cues" for _, f in dead)

    until(buried, "dead letter of the request")
    assert daemon.running().poll() is None
