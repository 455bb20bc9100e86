"""Which daemons share the streams: what each holds, and whether it answers.

Asks each for its figures on a partition that it holds. Knows delivery; knows nothing of what a mind is.
"""

from __future__ import annotations

from typing import Final

import anyio
import msgspec

from cognition.client import Session, in_our_words
from cognition.errors import CognitionError
from schemas.inquiry import DaemonAnswer, DaemonInquiry
from streams.errors import StreamsError
from streams.lease import Leases
from streams.members import Members

ANSWER_WITHIN_S: Final = 3.0
"""A daemon answers in milliseconds, one in a flood in a second; of one that is ended nothing comes."""


class Member(msgspec.Struct, frozen=True):
    """One daemon: how many of all partitions it holds, and its figures where it answers. One that holds none
    (there are more daemons than partitions) cannot be asked."""

    name: str
    held: int
    partitions: int
    figures: dict[str, float | int | str | bool] | None

    @property
    def answers(self) -> bool:
        return self.figures is not None or not self.held

    @property
    def said(self) -> str:
        """All of it in a line."""
        holds = f"{self.name} holds {self.held} of {self.partitions} partitions"
        if self.figures is None:
            return f"{holds} and does not answer" if self.held else holds
        resident, cues = self.figures.get("resident_minds"), self.figures.get("cues_answered")
        return f"{holds}; up {self.figures.get('uptime_s')} s, {resident} minds, {cues} cues answered"


async def members_of(session: Session, *, only: str = "") -> list[Member]:
    """Every daemon that says that it is there, or holds a partition still, in the order of names; `only` the
    one of this name."""
    held: dict[str, list[int]] = {}
    leases = Leases(session.client, session.keys, anyio.current_time)
    try:
        held.update((name, []) for name in await Members(session.client, session.keys).listed())
        for partition in range(session.keys.partitions):
            if (lease := await leases.held_by(partition)) is not None:
                held.setdefault(lease.holder, []).append(partition)
    except StreamsError as error:
        raise in_our_words(error) from error
    found: dict[str, Member] = {}

    async def ask(name: str, partitions: list[int]) -> None:
        figures = await _figures(session, partitions[0]) if partitions else None
        found[name] = Member(name, len(partitions), session.keys.partitions, figures)

    async with anyio.create_task_group() as tasks:
        for name, partitions in held.items() if not only else [(only, held.get(only, []))]:
            tasks.start_soon(ask, name, partitions)
    return [found[name] for name in sorted(found) if name in held]


async def _figures(session: Session, partition: int) -> dict[str, float | int | str | bool] | None:
    """What the daemon says that serves this partition; None where nobody does in time."""
    asked = DaemonInquiry(
        id=session.next_id(""), routed_by=session.keys.name_on(partition), deadline_s=ANSWER_WITHIN_S
    )
    try:
        return (await session.ask(asked, DaemonAnswer)).daemon
    except CognitionError:
        return None
