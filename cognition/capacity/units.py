"""Numbers as people write them: 100M, 64G, 500/s; and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from cognition.errors import SettingsError

COUNTS: Final[Mapping[str, float]] = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
BYTES: Final[Mapping[str, float]] = {"": 1.0, "k": 2.0**10, "m": 2.0**20, "g": 2.0**30, "t": 2.0**40}
"""Memory and disks by the powers of 2 that machines are sold and limited by."""

_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]?)(i?b|i)?\Z")


class PlanError(SettingsError):
    """What is asked of the planner makes no sense."""


def count_of(text: str, name: str) -> float:
    """A count: 100M is a hundred million, 1B a thousand million."""
    number = _number(text)
    if number is None:
        raise PlanError(f"{name} {text!r} is no count", remedy=f"Write {name} 100M (k, M, B, T).")
    return number


def bytes_of(text: str, name: str) -> float:
    """A size: 64G is 64 x 2^30 bytes."""
    found = _FORM.match(text.strip().lower())
    if found is None or found[2] not in BYTES:
        raise PlanError(f"{name} {text!r} is no size", remedy=f"Write {name} 64G (K, M, G, T).")
    return float(found[1]) * BYTES[found[2]]


def rate_of(text: str, name: str) -> float:
    """Percepts a second: 500/s, 30k/h, 2M/d; without a unit a second."""
    amount, _, span = text.partition("/")
    spans = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
    if span.strip().lower() not in spans:
        raise PlanError(f"{name} {text!r}: {span!r} is no span", remedy=f"Write {name} 500/s (s, m, h, d).")
    number = _number(amount)
    if number is None:
        raise PlanError(f"{name} {text!r} is no rate", remedy=f"Write {name} 500/s (k, M; s, m, h, d).")
    return number / spans[span.strip().lower()]


def _number(text: str) -> float | None:
    found = _FORM.match(text.strip().lower())
    if found is None or found[2] not in COUNTS or found[3]:
        return None
    return float(found[1]) * COUNTS[found[2]]


def size(amount: float) -> str:
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1_024.0 or unit == "TiB":
            break
        amount /= 1_024.0
    return f"{amount:,.0f} {unit}" if amount >= 100 or unit == "B" else f"{amount:,.1f} {unit}"


def count(amount: float) -> str:
    """A count for people."""
    for unit in ("", "k", "M", "B"):
        if amount < 1_000.0 or unit == "B":
            break
        amount /= 1_000.0
    return f"{amount:,.3g}{unit}"
