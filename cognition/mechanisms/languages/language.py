"""What a language is to a mind: a stemmer, words without weight, who *I* is, how dates are said.

Data and their shape; knows no text of anybody. A form of a date is found here and understood by the
date parser behind `ports.dates`, in that parser's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Extent = Literal["named", "day", "weekend", "running", "joined"]
"""What a form means beside the date in it: just that; the day (group ``day``) of that month; two days
from it on; from it until now; nothing unless it ends a range that an earlier date opened."""

Bound = Literal["before", "after", "since", "until"]
"""Which side of a date is meant."""


@dataclass(frozen=True, slots=True)
class Form:
    """A way to say a date: a pattern over casefolded text, and the same in the date parser's words.

    `said` is a template of the match (``\\g<month>``); `tongue` the parser's code of the language.
    """

    pattern: re.Pattern[str]
    said: str
    tongue: str
    extent: Extent = "named"


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
        made.append(Form(re.compile(bounded), said, tongue, extent[0] if extent else "named"))
    return tuple(made)


def numbered(listed: str, others: dict[str, str]) -> dict[str, str]:
    """Number words -> digits: the words for one, two, three ... in order, and others."""
    counted = {word.casefold(): str(place) for place, word in enumerate(listed.split(), 1)}
    return counted | {word.casefold(): digits for word, digits in others.items()}


def leading(lead: str, between: str = "") -> re.Pattern[str]:
    """A pattern for words that stand right before a date, or with one of `between` (articles) between."""
    article = rf"(?: (?:{between}))?" if between else ""
    return re.compile(rf"(?<!\w)(?:{lead}){article}\s*$".replace(" ", r"\s+"))


Listed = tuple[str, str] | tuple[str, str, Extent]
"""(pattern, said) or (pattern, said, extent)."""

YEAR = r"(?P<year>(?:19|20)\d\d)"
DAY = r"(?P<day>[12]\d|3[01]|0?[1-9])"
ISO: tuple[Listed, ...] = (
    (
        r"(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])-(?P<day>[0-2]\d|3[01])",
        r"\g<year>-\g<month>-\g<day>",
    ),
    (r"(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])", r"\g<year>-\g<month>"),
)
"""ISO 8601 dates, the same in every language."""

BARE_YEAR: tuple[Listed, ...] = ((YEAR, r"\g<year>"),)
"""A year that stands alone."""
