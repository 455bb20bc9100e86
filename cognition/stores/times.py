"""Moments as a vector engine indexes them: RFC 3339 text in UTC with microseconds.

Text is for the index and for people; nobody compares it. This module must not know
what the moments mean.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
from typing import Final

EARLIEST: Final = -62_135_596_800.0
"""0001-01-01T00:00:00Z, the first moment that RFC 3339 can write."""

LATEST: Final = 253_402_300_799.0
"""9999-12-31T23:59:59Z, the last whole second that RFC 3339 can write."""

TEXTS_MAX: Final = 4_096
"""Moments whose text is kept: those of one batch are mostly the same few (measured: 5 us against 0.1 us)."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_MINUTE: Final = dt.timedelta(minutes=1)


@functools.lru_cache(maxsize=TEXTS_MAX)
def to_text(seconds: float) -> str:
    """RFC 3339 of a moment, rounded to microseconds.

    Raises
    ------
    ValueError : for what is not finite or lies outside the years 1 to 9999.
    """
    if not EARLIEST <= seconds <= LATEST:
        raise ValueError(f"{seconds!r} is not a moment between the years 1 and 9999")
    fraction, whole = math.modf(seconds)
    more, micros = divmod(round(fraction * 1e6), 1_000_000)
    minute, second = divmod(int(whole) + more, 60)
    return f"{_minute(minute)}{second:02d}.{micros:06d}Z"


@functools.lru_cache(maxsize=TEXTS_MAX)
def _minute(minutes: int) -> str:
    """The text of a moment up to its seconds: a stream stays long in one."""
    return (_EPOCH + minutes * _MINUTE).isoformat(timespec="minutes")[:-6] + ":"


def from_text(text: str) -> float:
    """Epoch seconds of RFC 3339 text; text without a zone is taken as UTC.

    Raises
    ------
    ValueError : for text that is no moment.
    """
    return _parsed(text).timestamp()


def microseconds(text: str) -> int:
    """Whole microseconds since 1970 of RFC 3339 text: what an engine's index compares."""
    return (_parsed(text) - _EPOCH) // _MICROSECOND


def clamped(seconds: float) -> float:
    """The bound of a range, moved inside what can be written; NaN is refused."""
    if math.isnan(seconds):
        raise ValueError("a bound of a time range is not a number")
    return min(max(seconds, EARLIEST), LATEST)


def _parsed(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
