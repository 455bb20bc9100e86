"""The line of percepts: where entries come from, and where it is said what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.base import Message
from schemas.events import Receipt


@dataclass(frozen=True, slots=True)
class Delivered:
    """One entry of the `awake` stream. Either `message`, or the `problem` why it cannot be read.

    `suspect`: it was in hand so often when the process died that it must be handled alone.
    """

    partition: int
    entry: str
    message: Message | None = None
    problem: str = ""
    suspect: bool = False


class Line(Protocol):
    """At-least-once delivery in order of entry within a partition.

    Every method raises `UnavailableError` when the server cannot be reached, after which
    `recover` must be called before `read`; and `LeaseLostError` when this process no longer
    holds a partition that it was asked about.
    """

    def epochs(self) -> dict[int, int]:
        """Held partition -> lease epoch."""
        ...

    async def recover(self) -> list[Delivered]:
        """Everything that was delivered to anyone and not acknowledged, in entry order within
        each partition. Afterwards `read` goes on with what is new."""
        ...

    async def read(self) -> list[Delivered]:
        """What came since, at most a batch; empty after a short wait without news."""
        ...

    async def acknowledge(self, entries: Sequence[tuple[int, str]]) -> None:
        """These (partition, entry) are done for good: fenced by the lease, trimmed some time."""
        ...

    async def bury(self, delivered: Delivered, reason: str) -> None:
        """Move an entry to the dead letters and acknowledge it, in one step. Idempotent."""
        ...

    async def put_last(self, delivered: Delivered, message: Message) -> str:
        """Move an entry to the end of its line, as this message, in one step; its new id, "" when it was
        acknowledged before. So often as it is delivered, there is one of it."""
        ...

    def pause_s(self, failures: int) -> float:
        """How long to wait before the next session after so many failed ones in a row."""
        ...

    async def attempt_alone(self, delivered: Delivered) -> bool:
        """Write down that a suspect is being handled alone; False when it had its chances."""
        ...

    async def absolve(self, delivered: Delivered) -> None:
        """Take back what was written down: the attempt failed, but the process lived."""
        ...

    async def tell(self, receipts: Sequence[tuple[int, Receipt]]) -> None:
        """Publish what became of entries."""
        ...

    async def mirror(self, recent: Mapping[str, tuple[int, bytes]]) -> None:
        """Show the working memory of these minds (mind -> partition, JSON) to outside readers."""
        ...
