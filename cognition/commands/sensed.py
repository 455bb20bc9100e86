"""What a percept or a cue brings along on the command line: vectors, and relations to other memories."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from cognition.commands.running import UsageError
from schemas.association import AssociationType

DIMENSION = 768
"""Numbers of a vector, as in `schemas.percept`."""
BASE64_LENGTH = 4 * -(-4 * DIMENSION // 3)
"""Characters of a vector in base64: no path is as long as that (255 a name, and few names)."""
RELATIONS = tuple(kind.value for kind in AssociationType)
"""Types of relations that a caller may give."""
VECTOR = (
    f"Give a file of {DIMENSION} numbers (a JSON list, or float32, little-endian), or such bytes in base64."
)
RELATION = "Write --relation fixes:note-17 or --relation fixes:note-17:0.5."


def relations_of(items: Sequence[str]) -> list[dict[str, Any]]:
    """TYPE:TARGET[:WEIGHT] words as relations. What stands after the last colon is the weight if it is a
    number with a point: keys end in numbers (note:1). A key that ends like a weight needs one behind it."""
    found = []
    for item in items:
        kind, _, rest = item.partition(":")
        target, separator, last = rest.rpartition(":")
        weight = _number(last) if separator else None
        relation = {"type": kind, "target": rest if weight is None else target}
        if not kind or not relation["target"]:
            raise UsageError(f"--relation {item!r} is not TYPE:TARGET[:WEIGHT]", remedy=RELATION)
        if kind not in RELATIONS:
            raise UsageError(
                f"--relation {item!r}: there is no type {kind!r}", remedy=f"Types: {', '.join(RELATIONS)}."
            )
        if weight is not None and not 0.0 <= weight <= 1.0:
            raise UsageError(
                f"--relation {item!r}: weight {last} is not within 0..1",
                remedy="If that is the end of the target, write the weight behind it, for example :1.0.",
            )
        found.append(relation if weight is None else {**relation, "weight": weight})
    return found


def _number(text: str) -> float | None:
    try:
        return float(text) if "." in text else None
    except ValueError:
        return None


def numbers_of(given: str | None) -> list[float] | bytes | None:
    """The vector in a file (a JSON list of numbers, or float32 values, little-endian), or in the words
    themselves: such values in base64."""
    if given is None:
        return None
    given = given.strip()
    if len(given) >= BASE64_LENGTH:
        return _from_base64(given)
    return _from_file(given)


def _from_base64(text: str) -> bytes:
    try:
        body = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise UsageError(
            f"--vector {text[:20]}... is no file and no base64: {error}", remedy=VECTOR
        ) from error
    if len(body) != 4 * DIMENSION:
        raise UsageError(
            f"--vector {text[:20]}... holds {len(body)} bytes, not {4 * DIMENSION}", remedy=VECTOR
        )
    return body


def _from_file(file: str) -> list[float] | bytes:
    try:
        body = Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"--vector {file} cannot be read: {error.strerror}", remedy=VECTOR) from error
    try:
        return msgspec.convert(json.loads(body), list[float])  # the library that reads NaN: it is named then
    except (ValueError, msgspec.ValidationError) as error:
        if len(body) == 4 * DIMENSION:
            return body
        raise UsageError(
            f"--vector {file} is no JSON list of numbers, nor {4 * DIMENSION} bytes (it has {len(body)})",
            remedy=VECTOR,
        ) from error
