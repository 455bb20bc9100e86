"""An event loop whose time is a manual clock: whoever would wait is given the time at once.

A loop that would wait for ever raises instead: a lost wake-up is a failure, not a timeout.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from cognition.testing.clock import ManualClock

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("everybody waits, and nobody will ever wake")
        self._clock.advance(max(0.0, timeout))
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs on the monotonic time of a manual clock."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(_Selector(clock))
        self._manual = clock

    def time(self) -> float:
        """The manual clock's."""
        return self._manual.monotonic()


def play(main: Callable[[ManualClock], Awaitable[T]], clock: ManualClock | None = None) -> T:
    """Run this to its end on virtual time."""
    used = clock or ManualClock()
    return anyio.run(main, used, backend_options={"loop_factory": lambda: VirtualTimeLoop(used)})
