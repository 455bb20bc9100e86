"""A line of a file becomes a percept, or is refused with words that fit a line."""

from __future__ import annotations

import pytest

from cognition.commands.importing import percept_of
from schemas.base import SchemaError


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"{oops", "not JSON"),
        (b"It rains.", "not JSON"),
        (b'{"content": "\xff"}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not an object"),
        (b"null", "not an object"),
    ],
    ids=["broken", "words", "not UTF-8", "too deep", "a list", "null"],
)
def test_what_is_no_object_is_refused_with_what_to_write(line: bytes, fault: str) -> None:
    with pytest.raises(SchemaError, match=fault) as caught:
        percept_of(line, 7, "ana")
    assert str(caught.value).endswith(
        'Write the percept as one JSON object on this line, such as {"mind": "ana", "content": "It rains."}.'
    )
    assert "field j" not in str(caught.value)


def test_a_line_without_a_key_gets_one_of_its_place_and_content() -> None:
    line = b'{"content": "It rains."}'
    assert percept_of(line, 7, "ana") == percept_of(line, 7, "ana")
    assert percept_of(line, 7, "ana").key != percept_of(line, 8, "ana").key
    assert percept_of(b'{"mind": "bo", "key": "k"}', 7, "ana").mind == "bo"
    assert percept_of(b'{"mind": "bo", "key": "k"}', 7, "ana").key == "k"
