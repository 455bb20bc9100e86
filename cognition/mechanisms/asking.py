"""What a cue says beside its words: whom it names, who speaks, which time it means.

Knows the text of a cue and plain facts about a memory; knows no scores of others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import NamedTuple

from cognition.mechanisms.text import words

DAY_S = 86_400.0

TIME_SCALE_DAYS = 7.0
"""Days over which the match with a named date falls to 1/e (measured on LoCoMo and BEAM)."""

BEFORE_FACTOR = 2.0
"""Days before the named date count double: an event is spoken of after it (same measurement)."""

SPANS_MAX = 8
"""Dates that are taken from one cue."""

_FIRST_PERSON = {"i", "me", "my", "mine", "myself", "i'm", "i've", "i'd", "i'll", "im", "ive"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<{0}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<{0}>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?P<{0}>(?:19|20)\d\d)"
_DATE = re.compile(
    r"\b(?:"
    + _YEAR.format("y1") + r"-(?P<m1>0[1-9]|1[0-2])(?:-(?P<d1>[0-2]\d|3[01]))?"
    + "|" + _DAY.format("d2") + r"\s+(?:of\s+)?" + _MONTH.format("m2")
    + r"(?:,?\s+" + _YEAR.format("y2") + ")?"
    + "|" + _MONTH.format("m3") + r"\s+" + _DAY.format("d3") + r"(?!\d)(?:,?\s+" + _YEAR.format("y3") + ")?"
    + "|" + _MONTH.format("m4") + r",?\s+(?:of\s+)?" + _YEAR.format("y4")
    + "|" + r"(?:in|during|since|last|this|of|early|late|mid)[\s-]+" + _MONTH.format("m5")
    + r"(?!,?\s+(?:of\s+)?\d)"
    + "|" + _YEAR.format("y6")
    + r")(?![\w-])",
    re.IGNORECASE,
)  # fmt: skip


class Span(NamedTuple):
    """A day, month or year in UTC, as epoch seconds: from `start` up to `end`."""

    start: float
    end: float


def speaks_first_person(content: str) -> bool:
    """Whether a cue speaks of its own speaker ("what did I say")."""
    return not _FIRST_PERSON.isdisjoint(words(content))


def named_actors(content: str, actors: Collection[str]) -> frozenset[str]:
    """The mind's actors whom a cue names: those of whom a word of the name occurs in it.

    Empty if it names none or all of them: a name that everyone answers to tells nothing apart.
    """
    said = {word.removesuffix("'s") for word in words(content)}
    named = frozenset(actor for actor in actors if not said.isdisjoint(words(actor)))
    return named if len(named) < len(actors) else frozenset()


def actor_match(actor: str, named: Collection[str], asker: str, first_person: bool) -> float:
    """1.0 if the cue names the memory's actor, or its asker is that actor and speaks of himself; else 0.0."""
    if not actor:
        return 0.0
    return 1.0 if actor in named or (first_person and actor == asker) else 0.0


def dated(content: str, at: float | None = None) -> tuple[Span, ...]:
    """The dates, months and years that a cue names, in order, at most `SPANS_MAX`.

    Understands ``2023-05-07``, ``2023-05``, ``7 May 2023``, ``May 7th, 2023``, ``May 2023``, ``2023``,
    and without a year ``7 May`` and ``in May``: then the latest such that began by `at` (when the
    cue was asked, epoch seconds); left out if `at` is None. What is no date (31 February) is no date.
    """
    spans: list[Span] = []
    for match in _DATE.finditer(content):
        group = match.groupdict()
        year, month, day = (
            next((group[k] for k in group if k[0] == kind and group[k]), None) for kind in "ymd"
        )
        span = _span(year, month, day, at)
        if span is not None and len(spans) < SPANS_MAX:
            spans.append(span)
    return tuple(spans)


def time_match(occurred_at: float, spans: Collection[Span]) -> float:
    """How near a memory lies to the nearest date that the cue names, 0..1; 0 if it names none.

    .. math:: T = e^{-\\Delta / 7}, \\qquad \\Delta = \\text{days after the span, or twice the days before it}
    """
    best = 0.0
    for span in spans:
        if occurred_at < span.start:
            days = BEFORE_FACTOR * (span.start - occurred_at) / DAY_S
        else:
            days = max(0.0, occurred_at - span.end) / DAY_S
        best = max(best, math.exp(-min(days / TIME_SCALE_DAYS, 700.0)))
    return best


def _span(year: str | None, month: str | None, day: str | None, at: float | None) -> Span | None:
    number = _month_number(month) if month else None
    place = int(day) if day else None
    if year:
        return _calendar(int(year), number, place)
    if at is None or not math.isfinite(at):
        return None
    this_year = 1970 + int(at // (365.2425 * DAY_S))
    for candidate in range(this_year + 1, this_year - 9, -1):
        span = _calendar(candidate, number, place)
        if span is not None and span.start <= at:
            return span
    return None


def _calendar(year: int, month: int | None, day: int | None) -> Span | None:
    """The span of a year, of a month in it, or of a day in that."""
    if month is None:
        return Span(_epoch(year, 1, 1), _epoch(year + 1, 1, 1))
    begin = _epoch(year, month, 1)
    end = _epoch(year + month // 12, month % 12 + 1, 1)
    if day is None:
        return Span(begin, end)
    start = begin + (day - 1) * DAY_S
    return Span(start, start + DAY_S) if day >= 1 and start < end else None


def _month_number(month: str) -> int:
    return int(month) if month.isdigit() else 1 + _MONTHS.index(month[:3].lower())


def _epoch(year: int, month: int, day: int) -> float:
    """Seconds from 1970 to midnight UTC of a day of the Gregorian calendar (Hinnant's days from civil)."""
    y = year - (month <= 2)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return days * DAY_S
