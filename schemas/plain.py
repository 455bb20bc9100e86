"""What a caller's free-form JSON may hold, so that every store and every wire can carry it back.

MessagePack knows more than JSON does (NaN, timestamps, extensions, whole numbers beyond 64 bits);
what one reader accepts here another could not write. This module must not know any concrete type.
"""

from __future__ import annotations

import math
from typing import Final

from schemas.base import SchemaError

DEPTH_MAX: Final = 32
"""Levels of maps and lists inside one field; far above any percept, far below the interpreter's limit."""

INTEGER_MAX: Final = 2**63 - 1
"""Largest whole number that every store keeps exactly (signed 64 bits)."""

INTEGER_MIN: Final = -(2**63)


def require_plain(kind: str, field: str, value: object) -> None:
    """Refuse what JSON cannot carry; raises `SchemaError` that names the path, the value, the remedy."""
    pending = [(field, value, 0)]
    while pending:
        path, part, depth = pending.pop()
        problem = _problem(part, depth)
        if problem:
            raise SchemaError(
                kind, path, part, problem, f"Put only JSON values in {field}, up to {DEPTH_MAX} levels deep."
            )
        if isinstance(part, dict):
            pending += [(f"{path}.{name}", inner, depth + 1) for name, inner in part.items()]
        elif isinstance(part, list):
            pending += [(f"{path}[{i}]", inner, depth + 1) for i, inner in enumerate(part)]


def _problem(part: object, depth: int) -> str:
    if depth > DEPTH_MAX:
        return "nested too deep"
    match part:
        case None | bool() | str() | list():
            return ""
        case int():
            return "" if INTEGER_MIN <= part <= INTEGER_MAX else "a whole number beyond 64 bits"
        case float():
            return "" if math.isfinite(part) else "not a finite number"
        case dict():
            return "" if all(isinstance(name, str) for name in part) else "a map whose keys are not text"
    return f"a {type(part).__name__} is not a JSON value"
