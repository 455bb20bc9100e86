"""Vectors and relations in words become values of the schema."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from cognition.client import build
from cognition.commands.running import UsageError
from cognition.commands.sensed import numbers_of, relations_of
from schemas.association import AssociationType, Relation
from schemas.percept import Percept

RAW = b"\x00\x00\x80?" * 768


def test_a_vector_is_json_or_float32_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "json").write_text("[0.5, 1, -2]\n")
    (tmp_path / "raw").write_bytes(RAW)
    (tmp_path / "bad").write_bytes(b"[1, 2")
    assert numbers_of(None) is None
    assert numbers_of(str(tmp_path / "json")) == [0.5, 1.0, -2.0]
    assert numbers_of(str(tmp_path / "raw")) == RAW
    for name, fault in (("bad", r"nor 3072 bytes \(it has 5\)"), ("none", "cannot be read.*base64")):
        with pytest.raises(UsageError, match=fault):
            numbers_of(str(tmp_path / name))


def test_or_float32_in_base64() -> None:
    text = base64.b64encode(RAW).decode()
    assert numbers_of(text) == RAW
    assert numbers_of(text + "\n") == RAW
    with pytest.raises(UsageError, match="holds 3075 bytes, not 3072"):
        numbers_of(text + "AAAA")
    with pytest.raises(UsageError, match="no base64"):
        numbers_of("!" + text)


@pytest.mark.parametrize(
    ("word", "kind", "target", "weight"),
    [
        ("fixes:note-17", "fixes", "note-17", 1.0),
        ("fixes:note-17:0.5", "fixes", "note-17", 0.5),
        ("follows:chat:monday", "follows", "chat:monday", 1.0),
        ("follows:note:1", "follows", "note:1", 1.0),
        ("follows:chat:17:1.0", "follows", "chat:17", 1.0),
        ("follows:v:2.0:.5", "follows", "v:2.0", 0.5),
        ("part_of:17", "part_of", "17", 1.0),
        ("related:a:0.0", "related", "a", 0.0),
    ],
)
def test_a_relation_names_a_type_a_target_and_perhaps_a_weight(
    word: str, kind: str, target: str, weight: float
) -> None:
    percept = build(Percept, mind="ana", content="x", relations=relations_of([word]))
    assert percept.relations == [Relation(type=AssociationType(kind), target=target, weight=weight)]


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("fixes", "is not TYPE:TARGET"),
        (":note", "is not TYPE:TARGET"),
        ("fixes:", "is not TYPE:TARGET"),
        ("mends:note", "no type 'mends'. Types: .*fixes"),
        ("fixes:chat:1.7", "weight 1.7 is not within 0..1. If that is the end of the target"),
        ("fixes:chat:-0.1", "weight -0.1 is not"),
    ],
)
def test_another_relation_is_refused(word: str, fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        relations_of(["fixes:sound", word])


def test_no_relation_is_none() -> None:
    nothing: list[dict[str, Any]] = relations_of([])
    assert nothing == []
