"""What a language is to a mind: a stemmer, words without weight, who *I* is, how dates are said.

Data and their shape; knows no text of anybody. A form of a date is found here and understood by the
date parser behind `ports.dates`, in that parser's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Extent = Literal["named", "day", "days", "weekend", "running", "joined", "apart", "number"]
"""What a form means beside the date in it: just that; the day (group ``day``) of that month; from that day
to another (group ``last``) of it; two days from it on; from it until now; nothing unless it ends a range
that an earlier date opened; from so far before or after the date that follows to that date; no date at all,
although it looks like one."""

Bound = Literal["before", "after", "since", "until"]
"""Which side of a date is meant."""


@dataclass(frozen=True, slots=True)
class Form:
    """A way to say a date: a pattern over casefolded text, and the same in the date parser's words.

    `said` is a template of the match (``\\g<month>``); `tongue` the parser's code of the language; `figures`
    whether it has a day or a year in it, for which a text without a digit need not be searched.
    """

    pattern: re.Pattern[str]
    said: str
    tongue: str
    extent: Extent = "named"
    figures: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a language speaks of time.

    Parameters
    ----------
    hints : words of which one (or a digit) must occur before any form is looked for; `marks` : the same
        for characters, in scripts without blanks.
    forms : the ways to say a date, the more telling ones first.
    numbers : number words -> digits, for "two days ago".
    between : what opens a range of two dates.
    joins : what stands between both.
    bounds : what stands before a date that bounds a time on one side only.
    """

    hints: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    forms: tuple[Form, ...] = ()
    numbers: dict[str, str] = field(default_factory=dict)
    between: re.Pattern[str] | None = None
    joins: re.Pattern[str] | None = None
    bounds: tuple[tuple[Bound, re.Pattern[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """One language, or `plain`.

    Parameters
    ----------
    name : as in the settings (``minds.language``).
    stemmer : the Snowball algorithm, or None for words as they are.
    stop_words : casefolded words that carry no evidence.
    first_person : casefolded words of one who speaks of himself.
    elisions : what an apostrophe may bind to the front of a word (French *l'*, *qu'*).
    genitives : endings that a name may carry when it owns something.
    calendar : how dates are said.
    """

    name: str
    stemmer: str | None
    stop_words: frozenset[str]
    first_person: frozenset[str]
    calendar: Calendar
    elisions: frozenset[str] = frozenset()
    genitives: tuple[str, ...] = ("'s",)


def word_set(listed: str) -> frozenset[str]:
    """The words of a blank-separated list, casefolded."""
    return frozenset(listed.casefold().split())


def one_of(listed: str | Iterable[str]) -> str:
    """A pattern for any of some words, the longest first; words of a string are parted by blanks."""
    words = listed.split() if isinstance(listed, str) else list(listed)
    return "(?:" + "|".join(sorted(map(_literal, words), key=len, reverse=True)) + ")"


def _literal(word: str) -> str:
    """A word as a pattern; its blanks stay blanks, as `forms` wants them."""
    return re.escape(word.casefold()).replace("\\ ", " ")


def forms(tongue: str, listed: Sequence[Listed], *, spaced: bool = True) -> tuple[Form, ...]:
    """Forms as a language module lists them: a blank is any space, and each stands between word
    boundaries, unless the script has none (`spaced`)."""
    made = []
    for pattern, said, *extent in listed:
        bounded = rf"(?<![\w-])(?:{pattern})(?![\w-])".replace(" ", r"\s+") if spaced else pattern
        figures = "?P<day>" in pattern or "?P<year>" in pattern
        made.append(Form(re.compile(bounded), said, tongue, extent[0] if extent else "named", figures))
    return tuple(made)


def numbered(listed: str, others: dict[str, str]) -> dict[str, str]:
    """Number words -> digits: the words for one, two, three ... in order, and others."""
    counted = {word.casefold(): str(place) for place, word in enumerate(listed.split(), 1)}
    return counted | {word.casefold(): digits for word, digits in others.items()}


def leading(lead: str, between: str = "") -> re.Pattern[str]:
    """A pattern for words that stand right before a date, or with one of `between` (articles) between."""
    article = rf"(?: (?:{between}))?" if between else ""
    return re.compile(rf"(?<!\w)(?:{lead}){article}\s*$".replace(" ", r"\s+"))


def distances(counted: str, before: tuple[str, str], after: tuple[str, str]) -> tuple[Listed, ...]:
    """The forms of "two weeks before" a date and of "two weeks after" it. `before`, `after` : the words that
    follow what is counted, and what the reader is told as if that date were now."""
    return tuple((rf"{counted}(?= (?:{words}) )", said, "apart") for words, said in (before, after))


def numerals(named: str, counted: str, dating: str) -> tuple[Listed, ...]:
    """Numbers that look like years and are none: those that name a thing ("room 2021"), and those of money
    or of what is counted ("2000 dollars"), unless a word of `dating` ("in 2021 people moved") says when."""
    unless = "".join(rf"(?<!\b{word}\s)" for word in dating.split())
    return (
        (rf"(?:{named})\s*{YEAR}", "", "number"),
        (rf"{unless}{YEAR} {one_of(counted)}", "", "number"),
    )


Listed = tuple[str, str] | tuple[str, str, Extent]
"""(pattern, said) or (pattern, said, extent)."""

YEAR = r"(?P<year>(?:19|20)\d\d)"
DAY = r"(?P<day>[12]\d|3[01]|0?[1-9])"
LAST = DAY.replace("day", "last")
_MONTH_NUMBER = r"(?P<month>1[0-2]|0?[1-9])"
_IN_ORDER = r"\g<day>/\g<month>/\g<year>"
"""A date in figures as the reader takes it."""


def _numeric(first: str, second: str, third: str) -> str:
    """A date in figures between strokes or between dots, and no part of something longer."""
    return rf"(?<!\d[/.]){first}(?P<sign>[/.]){second}(?P=sign){third}(?![/.]\d)"


ISO: tuple[Listed, ...] = (
    (
        r"(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])-(?P<day>[0-2]\d|3[01])",
        r"\g<year>-\g<month>-\g<day>",
    ),
    (r"(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])", r"\g<year>-\g<month>"),
    (_numeric(YEAR, _MONTH_NUMBER, DAY), _IN_ORDER),
)
"""ISO 8601 dates, the same in every language; and the year first between strokes or dots."""

DAY_FIRST: tuple[Listed, ...] = ((_numeric(DAY, _MONTH_NUMBER, YEAR), _IN_ORDER),)
"""3/4/2023 and 3.4.2023 where that is the third of April."""

MONTH_FIRST: tuple[Listed, ...] = ((_numeric(_MONTH_NUMBER, DAY, YEAR), _IN_ORDER), *DAY_FIRST)
"""The same where it is the fourth of March; 13/4/2023 is in April all the same."""

_SIGN = "$\u20ac\u00a3\u00a5\u20b9"

BARE_YEAR: tuple[Listed, ...] = (
    (
        rf"(?<![#{_SIGN}])(?<![#{_SIGN}]\s){YEAR}(?!\s?[%{_SIGN}])(?![.,]\d{{1,3}}(?!\d))",
        r"\g<year>",
    ),
)
"""A year that stands alone: no sum of money, no share, no fraction, no number after #."""
