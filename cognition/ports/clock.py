"""Time is an argument: whoever needs it is given a `Clock`."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Wall time for what is stored, monotonic time for what is measured."""

    def now(self) -> float:
        """Epoch seconds, UTC. May jump."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin. Never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait this long, cancellable."""
        ...
