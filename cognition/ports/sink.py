"""Where domain events go."""

from __future__ import annotations

from typing import Protocol

from schemas.events import AnyEvent


class Sink(Protocol):
    """Takes each event once, in order. Never raises and never waits."""

    def publish(self, event: AnyEvent) -> None: ...
