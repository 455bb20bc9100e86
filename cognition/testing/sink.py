"""A sink that keeps what it is given."""

from __future__ import annotations

from typing import TypeVar

from schemas.events import AnyEvent, Event

E = TypeVar("E", bound=Event)


class RecordingSink:
    """`Sink` that records every event, in order."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []

    def publish(self, event: AnyEvent) -> None:
        """Keep it."""
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """The events of this kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]
