"""Identifiers: the same cause has the same name, another cause another name, in every release."""

from __future__ import annotations

import uuid

import pytest

from schemas import identifiers


def test_the_same_cause_has_the_same_name_forever() -> None:
    assert identifiers.memory_id("ana", "ana-0001") == "722b9a34-3d39-5793-b8f8-e9f9b00389d4"
    assert identifiers.episode_id("ana", "1-0") == "32298379-c45f-56f7-ac2f-8e58246bd192"
    assert identifiers.identity_id("ana") == "85331520-6fa7-502f-8284-123b2fad9a5c"
    assert identifiers.checkpoint_id("ana", "state") == "edb23486-3ad9-571a-910a-c0333be100a9"
    assert identifiers.cue_id("ana", "n1") == "f6c5269d-0b1f-570e-b2d4-99c1521207c5"


def test_every_name_is_a_uuid_of_version_five() -> None:
    assert uuid.UUID(identifiers.memory_id("ana", "k")).version == 5


@pytest.mark.parametrize(
    ("text", "so"),
    [
        (identifiers.memory_id("ana", "k"), True),
        (identifiers.memory_id("ana", "k").upper(), False),
        (identifiers.memory_id("ana", "k") + "\n", False),
        (identifiers.memory_id("ana", "k").replace("-", ""), False),
        ("9f1b7a52-7a0e-4b1e-9c53-1f4c8f6f2a10", False),
        ("01890a5d-ac96-774b-bcce-b302099a8057", False),
        ("9f1b7a52-7a0e-5b1e-1c53-1f4c8f6f2a10", False),
        ("abc", False),
        ("", False),
    ],
)
def test_what_has_the_form_of_a_name_is_told(text: str, so: bool) -> None:
    assert identifiers.is_identifier(text) is so


def test_causes_that_read_alike_have_different_names() -> None:
    names = {
        identifiers.memory_id("ana", "k"),
        identifiers.memory_id("an", "ak"),
        identifiers.episode_id("ana", "k"),
        identifiers.cue_id("ana", "k"),
        identifiers.identity_id("ana"),
        identifiers.checkpoint_id("ana", "state"),
    }
    assert len(names) == 6


def test_a_key_may_hold_anything_without_meeting_another_mind() -> None:
    assert (
        identifiers.memory_id("a", "b\0c")
        != identifiers.memory_id("a", "b")
        != identifiers.memory_id("b", "a")
    )
