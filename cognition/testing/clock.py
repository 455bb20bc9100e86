"""A clock that stands still until it is told otherwise.

It must not know the machine's clocks: what is tested with it repeats itself.
"""

from __future__ import annotations

import anyio.lowlevel

START_S = 1_700_000_000.0
"""Wall time at which a manual clock starts, when none is given: November 2023, an arbitrary moment."""


class ManualClock:
    """`Clock` moved by hand. `sleep` moves it forward by what was asked and goes on at once."""

    def __init__(self, now: float = START_S) -> None:
        self._wall = now
        self._monotonic = 0.0

    def now(self) -> float:
        """Wall time."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Let this much time pass; others get their turn."""
        self.advance(seconds)
        await anyio.lowlevel.checkpoint()

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises `ValueError` for a negative time."""
        if seconds < 0:
            raise ValueError(f"advance({seconds!r}): time passes forward; use `jump` to set the wall clock")
        self._wall += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an operator or a time server does."""
        self._wall += seconds

    def reach(self, moment: float) -> None:
        """Let time pass until this wall time, if it lies ahead."""
        self.advance(max(0.0, moment - self._wall))
