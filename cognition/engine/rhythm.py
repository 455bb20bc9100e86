"""The rhythm of minds: how near each is to the hour at which it usually sleeps.

Process C of the two-process model (Borbély 1982), read off the schedule. Must not know what is done with it.
"""

from __future__ import annotations

from cognition.mechanisms.pressure import circadian
from cognition.ports.clock import Clock
from cognition.ports.timetable import Timetable


class Rhythm:
    """Tells process C of each mind."""

    def __init__(self, clock: Clock, timetable: Timetable | None) -> None:
        self._clock = clock
        self._timetable = timetable

    def of(self, mind: str) -> float:
        """C now, -1..1: 1 at the hour of this mind's schedule, -1 twelve hours from it, 0 without one."""
        night = self._timetable.next_at(mind) if self._timetable is not None else None
        return circadian(self._clock.now(), night) if night is not None else 0.0
