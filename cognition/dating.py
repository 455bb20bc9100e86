"""The date parser behind `ports.dates`: the only door to dateparser, which is imported on first need.

Knows no cue and no memory.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import anyio
import anyio.to_thread

from cognition.ports.dates import NamedDate, Period

ANY_PHRASE = "2000-01-01"
"""What is read first, so that everything is loaded."""

READ_MAX = 4_096
"""Phrases whose meaning on a day is kept (a millisecond each, otherwise)."""

PARSERS_MAX = 16
"""Parsers that are kept, for each language and day of asking: making one takes half as long as reading."""

_YEAR = re.compile("(?:19|20)[0-9]{2}")
"""What most cues name that name a time; the parser takes a millisecond for it."""

_PERIODS: dict[str, Period] = {"day": "day", "week": "week", "month": "month", "year": "year", "time": "day"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DateParser:
    """Reads phrases with dateparser (BSD-3-Clause), one language at a time, as said at noon of a day."""

    def __init__(self) -> None:
        self._ready: set[str] = set()
        self._loading = anyio.Lock()

    async def ready(self, tongue: str) -> None:
        """See `DateReader.ready`. Importing the parser and loading a language takes half a second."""
        if tongue in self._ready:
            return
        async with self._loading:
            if tongue not in self._ready:
                await anyio.to_thread.run_sync(self.read, ANY_PHRASE, tongue, 0.0)
                self._ready.add(tongue)

    def read(self, phrase: str, tongue: str, at: float) -> NamedDate | None:
        """See `DateReader.read`."""
        try:
            day = (_EPOCH + timedelta(seconds=at)).date().toordinal()
        except (OverflowError, ValueError):
            return None
        return _read(phrase, tongue, day)


@lru_cache(READ_MAX)
def _read(phrase: str, tongue: str, ordinal: int) -> NamedDate | None:
    if _YEAR.fullmatch(phrase):
        return NamedDate(int(phrase), 1, 1, "year")
    noon = datetime.fromordinal(ordinal).replace(hour=12)
    try:
        data = _parser(tongue, noon).get_date_data(phrase)
    except (OverflowError, ValueError):
        return None
    if data.date_obj is None:
        return None
    date = data.date_obj
    return NamedDate(date.year, date.month, date.day, _PERIODS.get(data.period, "day"))


@lru_cache(PARSERS_MAX)
def _parser(tongue: str, noon: datetime) -> Any:
    from dateparser.date import DateDataParser

    return DateDataParser(
        languages=[tongue],
        settings={
            "RELATIVE_BASE": noon,
            "PREFER_DATES_FROM": "past",
            "TIMEZONE": "UTC",
            "RETURN_AS_TIMEZONE_AWARE": False,
            "DATE_ORDER": "YMD" if tongue == "ja" else "DMY",
            "PREFER_LOCALE_DATE_ORDER": False,
        },
    )
