"""Progress on a terminal: one line that renews itself, or now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 28
TERMINAL_EVERY_S = 0.1
ELSEWHERE_EVERY_S = 5.0
RATED_AFTER_S = 1.0
"""A rate of less than that says nothing."""


class Progress:
    """Counts up to a total; shows rate and time left on stderr."""

    def __init__(self, what: str, total: int, stream: TextIO | None = None) -> None:
        self.what = what
        self.total = total
        self.done = 0
        self._stream = stream if stream is not None else sys.stderr
        self._terminal = self._stream.isatty()
        self._began = time.monotonic()
        self._shown = 0.0

    def advance(self, count: int = 1) -> None:
        """So many more are done."""
        self.set(self.done + count)

    def set(self, done: int) -> None:
        """So many are done in all."""
        self.done = done
        now = time.monotonic()
        every = TERMINAL_EVERY_S if self._terminal else ELSEWHERE_EVERY_S
        if now - self._shown >= every or done >= self.total:
            self._shown = now
            self._draw(now)

    def say(self, line: str) -> None:
        """A line of its own above the bar."""
        print(f"\r\x1b[K{line}" if self._terminal else line, file=self._stream, flush=True)
        if self._terminal:
            self._draw(time.monotonic())

    def close(self) -> None:
        """Leave the last state standing."""
        if self._terminal:
            print(file=self._stream, flush=True)

    def _draw(self, now: float) -> None:
        elapsed = max(now - self._began, 1e-6)
        rate = self.done / elapsed
        share = self.done / self.total if self.total else 1.0
        left = (self.total - self.done) / rate if rate else 0.0
        bar = ("#" * int(share * WIDTH)).ljust(WIDTH, ".")
        told = f"  {rate:,.0f}/s  {left:.0f} s left" if elapsed >= RATED_AFTER_S else ""
        text = f"{self.what} [{bar}] {self.done:,}/{self.total:,}{told}"
        end = "" if self._terminal else "\n"
        print(f"\r\x1b[K{text}" if self._terminal else text, end=end, file=self._stream, flush=True)
