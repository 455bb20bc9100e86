"""When minds are to sleep by the hour: a timetable that survives a restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Appointment:
    """A night that is due: of this mind, or of all that have no hour of their own (``""``), since `at`."""

    mind: str
    at: float


class Timetable(Protocol):
    """The hours of all minds. Nights that were missed are one night."""

    def due(self, now: float) -> list[Appointment]:
        """What is due and not kept. Asking changes nothing."""
        ...

    def keep(self, appointment: Appointment, now: float) -> None:
        """That night is begun: the next one is the first after `now`. Written down when it returns."""
        ...

    def next_at(self, mind: str) -> float | None:
        """When this mind is to sleep next; None where no hour is set."""
        ...

    def own(self) -> frozenset[str]:
        """The minds that have hours of their own, or none at all."""
        ...
