"""Meaning: whom, and which time, a cue means beside its words. Read once, before anything is searched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from cognition.mechanisms import asking, dates
from cognition.mechanisms.dates import Span
from cognition.mechanisms.languages import Language
from cognition.ports.dates import DateReader
from schemas.cue import Cue, CueFilter, DateMode
from schemas.percept import seconds

INSTANT_S = 1e-3
"""A named time ends just before the next begins; a filter's end is part of it."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What a cue says beside its words.

    Attributes
    ----------
    said : its words, for names of actors.
    oneself : whether it speaks of its own speaker, and says who that is.
    spans : the times that it names, which weigh unless they filter.
    """

    said: asking.Said
    oneself: bool
    spans: tuple[Span, ...] = ()


async def meant(cue: Cue, language: Language, reader: DateReader | None, *, now: float) -> Meant:
    """What a cue means. Dates are read only where one is hinted at, and only if the cue wants them read."""
    said = asking.heard(cue.content, language)
    oneself = bool(cue.actor) and asking.speaks_first_person(said)
    wanted = cue.dates is not DateMode.OFF and reader is not None
    if not wanted or reader is None or not dates.hinted(cue.content, said.words, language.calendar):
        return Meant(said, oneself)
    for tongue in sorted({form.tongue for form in language.calendar.forms}):
        await reader.ready(tongue)
    asked = cue.at if cue.at is not None else cue.as_of
    asked_at = seconds(asked) if asked is not None else now
    return Meant(said, oneself, dates.named(cue.content, language, asked_at, reader.read))


def narrowed(cue: Cue, spans: tuple[Span, ...]) -> CueFilter:
    """The cue's filter, narrowed to the time that it names where dates are to filter, and to what had
    happened by the moment as of which it asks."""
    dated = cue.dates is DateMode.FILTER and bool(spans)
    if not dated and cue.as_of is None:
        return cue.filter
    low, high = dates.window(spans) if dated else (None, None)
    lows, highs = (
        (low, cue.filter.occurred_from),
        (high and high - INSTANT_S, cue.filter.occurred_to, cue.as_of),
    )
    return msgspec.structs.replace(
        cue.filter,
        occurred_from=max((seconds(at) for at in lows if at is not None), default=None),
        occurred_to=min((seconds(at) for at in highs if at is not None), default=None),
    )


def told(cue: Cue, spans: tuple[Span, ...]) -> str:
    """What to say of a cue whose dates are to filter: how they were read, in days of UTC, both of them
    included; or that there were none. Nothing where they are not to."""
    if cue.dates is not DateMode.FILTER:
        return ""
    if not spans:
        return "no time was understood in the cue: nothing was filtered"
    low, high = dates.window(spans)
    first = _day(low) if low is not None else ""
    last = _day(high - INSTANT_S) if high is not None else ""
    days = first if first == last else f"{first} .. {last}".strip()
    return f"the time in the cue was read as {days}: nothing else was asked"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
