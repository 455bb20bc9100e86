"""The times that a cue names: found in its text, told as spans, matched with when a memory happened.

Finds phrases by the forms of a language; what a phrase means is told by a reader that is handed in. Knows
no scores of others.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cognition.mechanisms.languages import Bound, Calendar, Extent, Form, Language

DAY_S = 86_400.0

TIME_SCALE_DAYS = 7.0
"""Days over which the match with a named date falls to 1/e (measured on LoCoMo and BEAM)."""

BEFORE_FACTOR = 2.0
"""Days before the named date count double: an event is spoken of after it (same measurement)."""

SPANS_MAX = 8
"""Dates that are taken from one cue."""

LEAD_LENGTH = 32
"""Characters before a date in which what bounds it is looked for."""

LEAD_WORDS_MAX = 3
"""Words between "two weeks" and the date that they are counted from ("prior to the")."""

_PROPER = frozenset({"day", "weekday", "month", "year"})
"""Groups of a form with which the date proper begins; what a form has before them only leads to it."""

_DIGIT = re.compile(r"\d")


class Span(NamedTuple):
    """A named time in UTC, as epoch seconds: from `start` up to `end`; and which side of it is meant."""

    start: float
    end: float
    bound: Bound | None = None


class Read(Protocol):
    """A date as the reader tells it: a day, and the period of the calendar around it that is meant."""

    @property
    def year(self) -> int: ...
    @property
    def month(self) -> int: ...
    @property
    def day(self) -> int: ...
    @property
    def period(self) -> str: ...


Reader = Callable[[str, str, float], Read | None]
"""(phrase, tongue, at) -> the date."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A date as it stands in a text: `start`..`end` there, and the same in the reader's words.

    `absolute` if it names its year, `calendar` if it names a month ("in May", not "last week").
    """

    start: int
    end: int
    said: str
    tongue: str
    extent: Extent
    day: int
    last: int
    absolute: bool
    calendar: bool


def hinted(content: str, said: Collection[str], calendar: Calendar) -> bool:
    """Whether a date may be named at all: cheap, so that a cue without one pays nothing.

    `said` are the casefolded words of the content.
    """
    if not calendar.hints.isdisjoint(said):
        return True
    return _DIGIT.search(content) is not None or not calendar.marks.isdisjoint(content)


def named(content: str, language: Language, at: float, read: Reader) -> tuple[Span, ...]:
    """The times that a cue names, in order, at most `SPANS_MAX`.

    Days, weeks, months and years, absolute or relative to `at` (when the cue was asked, epoch seconds),
    and ranges of two of them, as the language says them. Without a year the latest such that began by `at`.
    """
    if not math.isfinite(at):
        return ()
    calendar = language.calendar
    text = unicodedata.normalize("NFKC", content).casefold().replace("\u2019", "'")
    found = sorted(_phrases(text, calendar), key=lambda phrase: phrase.start)
    told = _Times(at, read, next((phrase for phrase in found if phrase.absolute), None))
    spans: list[Span] = []
    place = 0
    while place < len(found) and len(spans) < SPANS_MAX:
        first = found[place]
        second = found[place + 1] if place + 1 < len(found) else None
        place += 1
        if first.extent == "apart":
            if second is not None and (side := _side(text, first, second, calendar)):
                place += 1
                if span := told.apart(first, second, side):
                    spans.append(span)
        elif second is not None and _is_range(text, first, second, calendar):
            place += 1
            if span := told.between(first, second):
                spans.append(span)
        elif first.extent != "joined" and (span := told.of(first)):
            spans.append(span._replace(bound=_bound(text[: first.start], calendar)))
    return tuple(spans)


def time_match(occurred_at: float, spans: Collection[Span]) -> float:
    """How near a memory lies to the nearest time that the cue names, 0..1; 0 if it names none.

    .. math:: T = e^{-\\Delta / 7}, \\qquad \\Delta = \\text{days after the span, or twice the days before it}

    A bound ("since May") does not count here: near the named time is where it is spoken of.
    """
    best = 0.0
    for span in spans:
        if occurred_at < span.start:
            days = BEFORE_FACTOR * (span.start - occurred_at) / DAY_S
        else:
            days = max(0.0, occurred_at - span.end) / DAY_S
        best = max(best, math.exp(-min(days / TIME_SCALE_DAYS, 700.0)))
    return best


def window(spans: Collection[Span]) -> tuple[float | None, float | None]:
    """The one time, from and up to, in which all that the spans allow lies; None where a side is open.

    "Before May" allows what lies before it, "since May" May and all after it; several dates give the time
    from the earliest to the latest.
    """
    lows = [_low(span) for span in spans]
    highs = [_high(span) for span in spans]
    low, high = min(lows, default=-math.inf), max(highs, default=math.inf)
    return (low if math.isfinite(low) else None, high if math.isfinite(high) else None)


def _low(span: Span) -> float:
    if span.bound in ("before", "until"):
        return -math.inf
    return span.end if span.bound == "after" else span.start


def _high(span: Span) -> float:
    if span.bound in ("after", "since"):
        return math.inf
    return span.start if span.bound == "before" else span.end


def _phrases(text: str, calendar: Calendar) -> Iterator[Phrase]:
    """What the forms find, each letter of the text taken once, by the first form that wants it."""
    left = text
    figures = _DIGIT.search(text) is not None
    for form in calendar.forms:
        if form.figures and not figures:
            continue
        for match in form.pattern.finditer(left):
            if form.extent != "number":
                yield _phrase(match, form, calendar)
            left = left[: match.start()] + "\0" * (match.end() - match.start()) + left[match.end() :]


def _phrase(match: re.Match[str], form: Form, calendar: Calendar) -> Phrase:
    groups = {name: value for name, value in match.groupdict().items() if value is not None}
    starts = [match.start(name) for name in groups if name in _PROPER]
    said = match.expand(form.said)
    if number := groups.get("number"):
        said = said.replace(number, calendar.numbers.get(number, number), 1)
    day = int(groups["day"]) if form.extent in ("day", "days") else 0
    return Phrase(
        start=min(starts, default=match.start()),
        end=match.end(),
        said=said.strip(),
        tongue=form.tongue,
        extent=form.extent,
        day=day,
        last=int(groups["last"]) if form.extent == "days" else day,
        absolute="year" in groups,
        calendar="month" in groups,
    )


def _is_range(text: str, first: Phrase, second: Phrase, calendar: Calendar) -> bool:
    """Whether two phrases are the ends of one range: opened before the first, joined between."""
    if calendar.between is None or calendar.joins is None:
        return False
    opened = calendar.between.search(_lead(text[: first.start]))
    return opened is not None and calendar.joins.fullmatch(text[first.end : second.start].strip()) is not None


def _side(text: str, first: Phrase, second: Phrase, calendar: Calendar) -> Bound | None:
    """On which side of the date that follows a distance is counted from it ("two weeks" before "3 May");
    None where it is not."""
    if len(text[first.end : second.start].split()) > LEAD_WORDS_MAX:
        return None
    side = _bound(text[: second.start], calendar)
    return side if side in ("before", "after") else None


def _bound(before: str, calendar: Calendar) -> Bound | None:
    lead = _lead(before)
    return next((name for name, pattern in calendar.bounds if pattern.search(lead)), None)


def _lead(before: str) -> str:
    return before[-LEAD_LENGTH:]


class _Times:
    """What phrases mean when they are said at `at`, beside a date that names its year (`anchor`)."""

    def __init__(self, at: float, read: Reader, anchor: Phrase | None) -> None:
        self._read = read
        self._relative = self._yearless = self._now = at
        if anchor is not None and (date := read(anchor.said, anchor.tongue, at)) is not None:
            self._relative = _epoch(date.year, date.month, date.day)
            self._yearless = _epoch(date.year + 1, 1, 1) - DAY_S / 2

    def of(self, phrase: Phrase) -> Span | None:
        """A date alone. Beside one that names its year, what names none is of that year, and relative
        words are relative to it ("the weekend before 10 April 2023")."""
        if phrase.absolute:
            return self._span(phrase, self._now)
        return self._span(phrase, self._yearless if phrase.calendar else self._relative)

    def between(self, first: Phrase, second: Phrase) -> Span | None:
        """From the beginning of one date to the end of another. A beginning that would lie after the
        end, as where the year is named once, is said relative to the end."""
        last = self._span(second, self._now)
        begin = self._span(first, self._now)
        if last is not None and begin is not None and begin.start > last.start:
            begin = self._span(first, last.end - DAY_S / 2)
        if last is None or begin is None or begin.start > last.start:
            return None
        return Span(begin.start, last.end)

    def apart(self, first: Phrase, second: Phrase, side: Bound) -> Span | None:
        """From so far before a date to its end, or from its beginning until so far after it: what happened
        "two weeks before" a day is told until then, and that day is named because it was."""
        date = self.of(second)
        if date is None:
            return None
        edge = date.end if side == "after" else date.start + DAY_S
        far = self._span(first, edge - DAY_S / 2)
        if far is None:
            return None
        return Span(date.start, far.end) if side == "after" else Span(far.start, date.end)

    def _span(self, phrase: Phrase, at: float) -> Span | None:
        date = self._read(phrase.said, phrase.tongue, at)
        if date is None:
            return None
        start = _epoch(date.year, date.month, date.day)
        if phrase.extent in ("day", "days"):
            month = _epoch(date.year, date.month, 1)
            in_order = 1 <= phrase.day <= phrase.last
            in_month = month + phrase.last * DAY_S <= _epoch(date.year, date.month + 1, 1)
            start, end = month + (phrase.day - 1) * DAY_S, month + phrase.last * DAY_S
            return Span(start, end) if in_order and in_month else None
        if phrase.extent == "weekend":
            return Span(start, start + 2 * DAY_S)
        if phrase.extent == "running":
            return Span(start, max(at, start + DAY_S))
        return _whole(date)


def _whole(date: Read) -> Span:
    """All of the period that is meant; weeks begin on Monday (ISO 8601)."""
    if date.period == "year":
        return Span(_epoch(date.year, 1, 1), _epoch(date.year + 1, 1, 1))
    if date.period == "month":
        return Span(_epoch(date.year, date.month, 1), _epoch(date.year, date.month + 1, 1))
    start = _epoch(date.year, date.month, date.day)
    if date.period == "week":
        monday = start - (start // DAY_S + 3) % 7 * DAY_S
        return Span(monday, monday + 7 * DAY_S)
    return Span(start, start + DAY_S)


def _epoch(year: int, month: int, day: int) -> float:
    """Seconds from 1970 to midnight UTC of a day of the Gregorian calendar (Hinnant's days from civil);
    month 13 is the first of the next year."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    y = year - (month <= 2)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return days * DAY_S
