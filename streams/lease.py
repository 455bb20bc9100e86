"""Leases: who may write the memories of a partition's minds.

The server decides who holds a partition, the holder's own monotonic clock decides until
when it may act: the time to live is counted from *before* the renewal was sent, less a
margin. Each holding has an epoch, greater than every earlier one, with which writes are
fenced. The epoch is the larger of the previous one plus one and the server's time in
milliseconds, so that even a server that was wiped, and forgot the previous epoch, gives a
greater one (unless its clock was set back as well).
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import anyio
from redis.asyncio import Redis

from streams.client import command, pipeline
from streams.errors import PartitionsChangedError, StreamsError
from streams.keys import StreamKeys
from streams.scripts import AGREED_FUNCTION, Script

MARGIN: Final = 0.1
"""Share of the time to live kept back: for drift between two clocks and a write already on its way."""

RENEWALS: Final = 3
"""A lease is renewed this often in its time to live, so that two renewals may fail."""

_ANOTHER_NUMBER: Final = 2

_ACQUIRE: Final = Script(
    AGREED_FUNCTION
    + """
local partitions = agreed(KEYS[3], ARGV[3])
if partitions ~= ARGV[3] then return {2, partitions, 0} end
local held = redis.call('GET', KEYS[1])
if held then
  local holder = string.match(held, '^%d+ (.*)$')
  if holder ~= ARGV[1] then return {0, held, redis.call('PTTL', KEYS[1])} end
end
local time = redis.call('TIME')
local epoch = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
epoch = math.max(epoch, tonumber(redis.call('GET', KEYS[2]) or 0) + 1)
local text = string.format('%.0f', epoch)
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], text .. ' ' .. ARGV[1], 'PX', ARGV[2])
return {1, text, 0}
"""
)
"""Keys: lease, epoch, layout. Arguments: holder, time to live, the number of partitions that the holder was
told: with another one it would be a second writer of some minds."""

_RENEW: Final = Script(
    AGREED_FUNCTION
    + """
if agreed(KEYS[3], ARGV[4]) ~= ARGV[4] then return 'nobody' end
local mine = ARGV[1] .. ' ' .. ARGV[2]
local held = redis.call('GET', KEYS[1])
if held and held ~= mine then return held end
if not held and tonumber(redis.call('GET', KEYS[2]) or 0) > tonumber(ARGV[1]) then return 'nobody' end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[1], mine, 'PX', ARGV[3])
return 1
"""
)
"""A lease that vanished (a flush) is taken again unless a greater epoch was given out meanwhile."""

_RELEASE: Final = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] .. ' ' .. ARGV[2] then return redis.call('DEL', KEYS[1]) end
return 0
""")


@dataclass(frozen=True, slots=True)
class Lease:
    """One holding of one partition. `valid_until` is monotonic seconds, the margin taken off."""

    partition: int
    holder: str
    epoch: int
    ttl_s: float
    valid_until: float

    @property
    def token(self) -> str:
        """What the server keeps while this holding lasts."""
        return f"{self.epoch} {self.holder}"

    def valid(self, monotonic_now: float) -> bool:
        """Whether the holder may still write."""
        return monotonic_now < self.valid_until


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a partition, as the server says."""

    holder: str
    epoch: int
    expires_in_s: float


class Leases:
    """The leases of all partitions. `monotonic` is the clock that `Lease.valid` is asked with.

    A holder's name must be unique among processes that may run at the same time; the same
    name again takes its own lease over at once, with a new epoch (a restart).
    """

    def __init__(self, client: Redis, keys: StreamKeys, monotonic: Callable[[], float]) -> None:
        self._client = client
        self._keys = keys
        self.monotonic = monotonic

    async def acquire(self, partition: int, holder: str, ttl_s: float) -> Lease | None:
        """Hold the partition; None while somebody else does. Raises `PartitionsChangedError`."""
        asked_at = self.monotonic()
        number = self._keys.partitions
        taken, text, _ = await _ACQUIRE.run(self._client, self._of(partition), [holder, _ms(ttl_s), number])
        if taken == _ANOTHER_NUMBER:
            raise PartitionsChangedError(self._keys.namespace, number, int(text))
        if not taken:
            return None
        return Lease(partition, holder, int(text), ttl_s, asked_at + ttl_s * (1 - MARGIN))

    async def renew(self, lease: Lease) -> Lease | None:
        """The same lease, valid for longer; None when it is another's by now."""
        return (await self.renew_many([lease]))[0]

    async def renew_many(self, leases: list[Lease]) -> list[Lease | None]:
        """The same for many in one round trip."""
        asked_at = self.monotonic()
        replies = await _RENEW.run_many(
            self._client,
            [
                (self._of(each.partition), [each.epoch, each.holder, _ms(each.ttl_s), self._keys.partitions])
                for each in leases
            ],
        )
        return [
            replace(lease, valid_until=asked_at + lease.ttl_s * (1 - MARGIN)) if reply == 1 else None
            for lease, reply in zip(leases, replies, strict=True)
        ]

    async def release(self, lease: Lease) -> bool:
        """Give it back so that another need not wait; False when it was not held any more."""
        args = [lease.epoch, lease.holder]
        return bool(await _RELEASE.run(self._client, self._of(lease.partition)[:1], args))

    async def held_by(self, partition: int) -> Held | None:
        """Who holds the partition just now."""
        key = self._keys.lease(partition)
        value, ttl_ms = await pipeline(self._client, [(b"GET", key), (b"PTTL", key)])
        if value is None:
            return None
        epoch, _, holder = value.decode().partition(" ")
        return Held(holder, int(epoch), max(ttl_ms, 0) / 1_000)

    async def last_epoch(self, partition: int) -> int:
        """The highest epoch given out, 0 when none is known."""
        return int(await command(self._client, b"GET", self._keys.epoch(partition)) or 0)

    def _of(self, partition: int) -> list[str]:
        return [self._keys.lease(partition), self._keys.epoch(partition), self._keys.layout(partition)]


class LeaseKeeper:
    """Keeps leases alive while `run` runs, and says at once when one is lost.

    `on_lost` gets the lease and why, and must not wait for long: the other leases are not
    renewed meanwhile. By then `valid` is False already. A lease is lost when
    the server names another holder, or when it could not be renewed before it ran out.
    """

    def __init__(self, leases: Leases, on_lost: Callable[[Lease, str], Awaitable[None]]) -> None:
        self._leases = leases
        self._on_lost = on_lost
        self._kept: dict[int, Lease] = {}
        self._changed = anyio.Event()

    def add(self, lease: Lease) -> None:
        """Keep this lease from now on."""
        self._kept[lease.partition] = lease
        self._changed.set()

    def drop(self, partition: int) -> Lease | None:
        """Keep it no longer (to release it); the latest state of it."""
        return self._kept.pop(partition, None)

    def lease(self, partition: int) -> Lease | None:
        """The latest state of a lease that is kept."""
        return self._kept.get(partition)

    def valid(self, partition: int) -> bool:
        """Whether writes to this partition are still allowed."""
        lease = self._kept.get(partition)
        return lease is not None and lease.valid(self._leases.monotonic())

    async def run(self) -> None:
        """Renew until cancelled."""
        problem = ""
        while True:
            await self._pause()
            await self._lose_expired(problem)
            problem = await self._renew()
            await self._lose_expired(problem)

    async def _pause(self) -> None:
        self._changed = anyio.Event()
        with anyio.move_on_after(self._next_in_s()):
            await self._changed.wait()

    def _next_in_s(self) -> float:
        """Until a renewal is due, is to be tried again, or a lease runs out."""
        now = self._leases.monotonic()
        waits = []
        for lease in self._kept.values():
            left_s = lease.valid_until - now
            due_s = left_s - lease.ttl_s * (1 - MARGIN - 1 / RENEWALS)
            waits.append(min(due_s if due_s > 0 else lease.ttl_s / (4 * RENEWALS), max(left_s, 0.0)))
        return min(waits, default=math.inf)

    async def _renew(self) -> str:
        """Renew all that are kept; what went wrong, "" if nothing."""
        leases = list(self._kept.values())
        if not leases:
            return ""
        left_s = min(lease.valid_until for lease in leases) - self._leases.monotonic()
        renewed: list[Lease | None] | None = None
        problem = "the server did not answer in time"
        with anyio.move_on_after(max(left_s, 0.0)):
            try:
                renewed = await self._leases.renew_many(leases)
            except StreamsError as error:
                problem = str(error)
        if renewed is None:
            return problem
        for before, after in zip(leases, renewed, strict=True):
            await self._settle(before, after)
        return ""

    async def _settle(self, before: Lease, after: Lease | None) -> None:
        if self._kept.get(before.partition) is not before:
            return
        if after is not None:
            self._kept[before.partition] = after
        else:
            await self._lose(before, "another process holds the partition")

    async def _lose_expired(self, problem: str) -> None:
        now = self._leases.monotonic()
        for lease in [each for each in self._kept.values() if not each.valid(now)]:
            await self._lose(lease, f"could not be renewed before it ran out: {problem or 'too late'}")

    async def _lose(self, lease: Lease, reason: str) -> None:
        del self._kept[lease.partition]
        await self._on_lost(lease, reason)


def _ms(seconds: float) -> Any:
    return max(1, round(seconds * 1_000))
