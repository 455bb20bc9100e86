"""A phrase that names a date, understood."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

Period = Literal["day", "week", "month", "year"]


class NamedDate(NamedTuple):
    """The day that a phrase comes to (Gregorian, UTC), and how much of the calendar around it is meant."""

    year: int
    month: int
    day: int
    period: Period


class DateReader(Protocol):
    """Understands one phrase at a time; finding phrases in a text is not its work."""

    async def ready(self, tongue: str) -> None:
        """Return once phrases of this language are read without a wait: the first time may take long, and
        others go on meanwhile. Safe to cancel."""
        ...

    def read(self, phrase: str, tongue: str, at: float) -> NamedDate | None:
        """What `phrase` means when it is said at `at` (epoch seconds): relative to that day, and where no
        year is named the latest such date that has begun by then. None if it is no date (31 February).

        `tongue` is a code of ISO 639-1. Pure: the same for the same arguments. Never raises on any text.
        """
        ...
