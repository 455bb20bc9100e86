"""Progress with rate and time left, on stderr only, so that stdout stays a result.

On a terminal one line is redrawn; elsewhere a line is written at each tenth.
"""

from __future__ import annotations

import sys
import time
from typing import TextIO

REDRAW_S = 0.2


class Progress:
    """Counts steps of a task of known size."""

    def __init__(self, label: str, total: int, out: TextIO | None = None) -> None:
        self._label = label
        self._total = max(1, total)
        self._out = out if out is not None else sys.stderr
        self._began = time.monotonic()
        self._drawn = 0.0
        self._tenth = 0
        self.done = 0

    def step(self, count: int = 1) -> None:
        """Some more is done."""
        self.done += count
        now = time.monotonic()
        ended = self.done >= self._total
        if self._out.isatty():
            if ended or now - self._drawn >= REDRAW_S:
                self._drawn = now
                self._out.write("\r\x1b[K" + self._line(now) + ("\n" if ended else ""))
                self._out.flush()
        elif self.done * 10 // self._total > self._tenth:
            self._tenth = self.done * 10 // self._total
            self._out.write(self._line(now) + "\n")
            self._out.flush()

    def _line(self, now: float) -> str:
        spent = max(1e-9, now - self._began)
        rate = self.done / spent
        left = (self._total - self.done) / rate if rate else 0.0
        share = min(1.0, self.done / self._total)
        return f"{self._label}: {self.done:,}/{self._total:,} ({share:.0%}) {rate:,.0f}/s, {left:.0f} s left"
