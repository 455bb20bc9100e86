"""The partitions that this daemon serves: its fair share of them, held by leases.

Daemons that share a stream server see each other there (`streams.members`). Whoever has more than its share
hands some over: it stops serving them, lets go of what it had in hand, then gives the lease back, so that the
next one takes up what is unacknowledged, in order. Must not know what is done with a partition.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio

from cognition.errors import SettingsError, UnavailableError
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from schemas.events import LeaseAcquired, LeaseHandedOver, LeaseLost, OperationRetried
from streams.errors import (
    BackpressureError,
    DeadLettersFullError,
    PartitionsChangedError,
    StreamsDeniedError,
    StreamsRefusedError,
    StreamsUnavailableError,
)
from streams.keys import StreamKeys
from streams.lease import Lease, LeaseKeeper, Leases
from streams.members import Members, fair_share

if TYPE_CHECKING:
    from redis.asyncio import Redis

ACQUIRE_EVERY_S = 1.0
"""How often it is looked who else is there, and whether a partition is free."""

HANDOVER_SHARE = 0.5
"""Share of a lease's time that whoever uses a partition has for letting go of it. Then it is given back all
the same: what is still in hand is fenced by the next epoch."""

LET_GO_POLL_S = 0.02


@contextmanager
def in_our_words() -> Iterator[None]:
    """Failures of the streams as errors of the engine: outside, and worth another try; but for another number
    of partitions, which no other try heals."""
    try:
        yield
    except PartitionsChangedError as error:
        raise SettingsError(f"setting streams.{error}") from error
    except (
        StreamsUnavailableError,
        StreamsDeniedError,
        StreamsRefusedError,
        DeadLettersFullError,
        BackpressureError,
    ) as error:
        raise UnavailableError(str(error)) from error


def retried(
    clock: Clock, operation: str, error: BaseException, wait_s: float, attempt: int = 1
) -> OperationRetried:
    """The event that says that something outside failed and will be tried again."""
    return OperationRetried(
        at=clock.now(),
        operation=operation,
        error=f"{type(error).__name__}: {error}",
        attempt=attempt,
        retry_in_s=wait_s,
    )


class Partitions:
    """The partitions that this daemon holds, with their epochs; keeps to its share of them."""

    def __init__(
        self,
        client: Redis,
        keys: StreamKeys,
        holder: str,
        ttl_s: float,
        clock: Clock,
        sink: Sink,
    ) -> None:
        self._keys = keys
        self._holder = holder
        self._ttl_s = ttl_s
        self._clock = clock
        self._sink = sink
        self._leases = Leases(client, keys, clock.monotonic)
        self._members = Members(client, keys)
        self._keeper = LeaseKeeper(self._leases, self._on_lost)
        self._held: dict[int, Lease] = {}
        self._leaving: set[int] = set()
        self._users: list[Callable[[], Collection[int]]] = []
        self.share = keys.partitions
        self.changed = anyio.Event()

    def epochs(self) -> dict[int, int]:
        """Held partition -> epoch; one whose lease ran out, or that is being handed over, is not held."""
        return {
            p: lease.epoch
            for p, lease in self._held.items()
            if p not in self._leaving and self._keeper.valid(p)
        }

    def leases(self) -> dict[int, Lease]:
        """Held partition -> lease."""
        return dict(self._held)

    def used_by(self, uses: Callable[[], Collection[int]]) -> None:
        """Somebody who uses partitions, and says which: they are handed over when he has let go."""
        self._users.append(uses)

    async def acquire(self) -> int:
        """Come to the fair share: take what is free, hand over what is too many. How many are held now."""
        with in_our_words():
            members = await self._members.present(self._holder, self._ttl_s)
        self.share = fair_share(self._keys.partitions, members, self._holder)
        for partition in range(self._keys.partitions):
            if len(self._held) >= self.share:
                break
            if partition not in self._held:
                await self._take(partition)
        await self._hand_over(sorted(self._held)[self.share :])
        return len(self._held)

    async def holder(self) -> str:
        """Who holds the first partition that is not held here."""
        for partition in range(self._keys.partitions):
            if partition not in self._held:
                with in_our_words():
                    found = await self._leases.held_by(partition)
                return found.holder if found is not None else "nobody any more"
        return "this daemon"

    async def keep(self) -> None:
        """Renew what is held and keep to the share, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keeper.run)
            while True:
                await self._clock.sleep(ACQUIRE_EVERY_S)
                try:
                    await self.acquire()
                except UnavailableError as error:
                    self._sink.publish(retried(self._clock, "acquiring leases", error, ACQUIRE_EVERY_S))

    async def release(self) -> None:
        """Give everything back and be gone, so that a successor need not wait."""
        for partition in list(self._held):
            await self._give_back(partition)
        with in_our_words():
            await self._members.leave(self._holder)

    async def _take(self, partition: int) -> None:
        with in_our_words():
            lease = await self._leases.acquire(partition, self._holder, self._ttl_s)
        if lease is None:
            return
        self._held[partition] = lease
        self._keeper.add(lease)
        self._sink.publish(LeaseAcquired(at=self._clock.now(), partition=partition, epoch=lease.epoch))
        self._announce()

    async def _hand_over(self, excess: list[int]) -> None:
        """Serve these no more, wait until nobody here uses them, then give them back."""
        if not excess:
            return
        epochs = {p: self._held[p].epoch for p in excess}
        self._leaving.update(excess)
        self._announce()
        try:
            with anyio.move_on_after(self._ttl_s * HANDOVER_SHARE):
                while any(p in uses() for uses in self._users for p in excess):
                    await self._clock.sleep(LET_GO_POLL_S)
            for partition in excess:
                await self._give_back(partition)
                self._sink.publish(
                    LeaseHandedOver(at=self._clock.now(), partition=partition, epoch=epochs[partition])
                )
        finally:
            self._leaving.difference_update(excess)

    async def _give_back(self, partition: int) -> None:
        self._held.pop(partition, None)
        lease = self._keeper.drop(partition)
        if lease is not None:
            with in_our_words():
                await self._leases.release(lease)

    async def _on_lost(self, lease: Lease, reason: str) -> None:
        self._held.pop(lease.partition, None)
        self._announce()
        self._sink.publish(
            LeaseLost(at=self._clock.now(), partition=lease.partition, epoch=lease.epoch, reason=reason)
        )

    def _announce(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()
