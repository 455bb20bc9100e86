"""A line of percepts in memory: what a stream server does, and what it does to those who use it.

`MemoryStreams` is the far end, which outlives every process; a `MemoryLine` is one holder's
end of it. Delivery is at least once, in order of entry within a partition. What is pending
when a holder dies comes again to the next; what was acknowledged can be made to come again
too (`redeliver`), as after a server that lost its last seconds.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel

from cognition.errors import LeaseLostError
from cognition.ports.line import Delivered
from schemas.base import Message
from schemas.events import Receipt

Gate = Callable[[str, str], Awaitable[None]]
"""Called with (verb, "line") before and after each verb; may raise, wait or be cancelled."""

BLOCK_S = 0.05
"""How long a read waits for news."""


@dataclass(slots=True)
class Published:
    """One entry as it lies in its stream."""

    entry: str
    message: Message | None
    problem: str = ""


@dataclass(slots=True)
class Partition:
    """One stream with its group: entries in order, how far it was read, what is pending."""

    entries: list[Published] = field(default_factory=list)
    read: int = 0
    pending: dict[str, int] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    epoch: int = 0

    def find(self, entry: str) -> Published:
        return next(each for each in self.entries if each.entry == entry)


class MemoryStreams:
    """The far end: streams, groups, leases, dead letters, receipts and mirrors.

    An entry delivered more than `deliveries_max` times is suspect; after `lone_attempts_max`
    attempts alone it had its chances. `before_read` is called at each read, for instance to
    publish what comes next.
    """

    def __init__(
        self,
        *,
        partitions: int = 2,
        deliveries_max: int = 8,
        lone_attempts_max: int = 3,
        before_read: Callable[[], None] | None = None,
    ) -> None:
        self.partitions = [Partition() for _ in range(partitions)]
        self.deliveries_max = deliveries_max
        self.lone_attempts_max = lone_attempts_max
        self.before_read = before_read
        self.dead: dict[str, str] = {}
        self.attempts: dict[str, int] = {}
        self.receipts: list[Receipt] = []
        self.recent: dict[str, bytes] = {}
        self.acknowledged: set[str] = set()
        self.news = anyio.Event()
        self.changed = anyio.Event()
        self._last = 0

    def partition_of(self, mind: str) -> int:
        """Where the entries of this mind lie."""
        return zlib.crc32(mind.encode()) % len(self.partitions)

    def publish(self, mind: str, message: Message | None, *, entry: str = "", problem: str = "") -> str:
        """Append an entry, of this id or the next one; the id. `problem` makes it unreadable."""
        if not entry:
            self._last += 1
            entry = f"{self._last}-0"
        self._last = max(self._last, int(entry.partition("-")[0]))
        self.partitions[self.partition_of(mind)].entries.append(Published(entry, message, problem))
        self.news.set()
        return entry

    def hold(self, *, batch: int = 8, gate: Gate | None = None) -> MemoryLine:
        """Take every partition, with a greater epoch than any before; earlier holders lose theirs."""
        epoch = 1 + max(each.epoch for each in self.partitions)
        for each in self.partitions:
            each.epoch = epoch
        return MemoryLine(self, epoch, batch=batch, gate=gate)

    def redeliver(self, entry: str) -> None:
        """Deliver an entry again, whatever was said about it, as if it was never acknowledged."""
        for each in self.partitions:
            if any(known.entry == entry for known in each.entries[: each.read]) and entry not in self.dead:
                each.pending.setdefault(entry, 1)
                each.again.append(entry)
                self.news.set()

    @property
    def outstanding(self) -> int:
        """Entries that were not yet read, or not yet acknowledged."""
        return sum(len(p.entries) - p.read + len(p.pending) for p in self.partitions)

    async def settled(self) -> None:
        """Return once everything published was acknowledged or buried."""
        while self.outstanding:
            await self.changed.wait()

    def settle(self, partition: int, entry: str) -> None:
        """Take an entry from what is pending."""
        self.partitions[partition].pending.pop(entry, None)
        self.attempts.pop(entry, None)
        self.changed.set()
        self.changed = anyio.Event()


PAUSE_S = 0.1
PAUSE_MAX_S = 5.0


class MemoryLine:
    """`cognition.ports.line.Line` of one holder."""

    def __init__(self, streams: MemoryStreams, epoch: int, *, batch: int, gate: Gate | None = None) -> None:
        self.streams = streams
        self.epoch = epoch
        self.gate = gate
        self._batch = batch
        self._in_work: set[str] = set()

    def epochs(self) -> dict[int, int]:
        """The epochs of what is held; raises `LeaseLostError` once another holds it."""
        for number, partition in enumerate(self.streams.partitions):
            if partition.epoch != self.epoch:
                raise LeaseLostError(f"partition {number} has epoch {partition.epoch}, ours is {self.epoch}")
        return dict.fromkeys(range(len(self.streams.partitions)), self.epoch)

    def pause_s(self, failures: int) -> float:
        """Doubling, without jitter."""
        return min(PAUSE_MAX_S, PAUSE_S * 2.0 ** min(failures, 16))

    async def recover(self) -> list[Delivered]:
        """Everything pending, oldest first, counted as delivered once more."""
        await self._pass("recover")
        self.epochs()
        self._in_work.clear()
        found = []
        for number, partition in enumerate(self.streams.partitions):
            partition.again.clear()
            for published in partition.entries[: partition.read]:
                if published.entry in partition.pending:
                    partition.pending[published.entry] += 1
                    found.append(self._deliver(number, partition, published))
        await self._pass("recover")
        return found

    async def read(self) -> list[Delivered]:
        """What is new, after what is to come again."""
        await self._pass("read")
        if self.streams.before_read is not None:
            self.streams.before_read()
        self.epochs()
        found = self._take()
        if not found:
            self.streams.news = anyio.Event()
            with anyio.move_on_after(BLOCK_S):
                await self.streams.news.wait()
            self.epochs()
            found = self._take()
        await self._pass("read")
        return found

    def _take(self) -> list[Delivered]:
        found: list[Delivered] = []
        for number, partition in enumerate(self.streams.partitions):
            repeated = [partition.find(entry) for entry in partition.again if entry in partition.pending]
            partition.again.clear()
            fresh = partition.entries[partition.read : partition.read + self._batch - len(found)]
            partition.read += len(fresh)
            for published in fresh:
                partition.pending[published.entry] = 1
            found += [self._deliver(number, partition, each) for each in (*repeated, *fresh)]
        return found

    def _deliver(self, number: int, partition: Partition, published: Published) -> Delivered:
        self._in_work.add(published.entry)
        suspect = partition.pending[published.entry] > self.streams.deliveries_max
        if published.problem:
            return Delivered(number, published.entry, problem=published.problem)
        return Delivered(number, published.entry, published.message, suspect=suspect)

    async def acknowledge(self, entries: Sequence[tuple[int, str]]) -> None:
        """Done for good; refused as a whole once the lease is lost."""
        await self._pass("acknowledge")
        self.epochs()
        for partition, entry in entries:
            self.streams.acknowledged.add(entry)
            self.streams.settle(partition, entry)
        await self._pass("acknowledge")

    async def bury(self, delivered: Delivered, reason: str) -> None:
        """Into the dead letters and out of what is pending, in one step."""
        await self._pass("bury")
        self.epochs()
        if delivered.entry in self.streams.partitions[delivered.partition].pending:
            self.streams.dead[delivered.entry] = reason
            self.streams.settle(delivered.partition, delivered.entry)
        await self._pass("bury")

    async def put_last(self, delivered: Delivered, message: Message) -> str:
        """Out of what is pending and to the end, in one step."""
        await self._pass("put_last")
        self.epochs()
        entry = ""
        if delivered.entry in self.streams.partitions[delivered.partition].pending:
            self.streams.settle(delivered.partition, delivered.entry)
            entry = self.streams.publish(getattr(message, "mind", ""), message)
        await self._pass("put_last")
        return entry

    async def attempt_alone(self, delivered: Delivered) -> bool:
        """Count an attempt before it begins; False when there were enough."""
        await self._pass("attempt_alone")
        before = self.streams.attempts.get(delivered.entry, 0)
        if before >= self.streams.lone_attempts_max:
            return False
        self.streams.attempts[delivered.entry] = before + 1
        await self._pass("attempt_alone")
        return True

    async def absolve(self, delivered: Delivered) -> None:
        """Forget the attempts."""
        await self._pass("absolve")
        self.streams.attempts.pop(delivered.entry, None)
        await self._pass("absolve")

    async def tell(self, receipts: Sequence[tuple[int, Receipt]]) -> None:
        """Keep the receipts."""
        await self._pass("tell")
        self.streams.receipts += [receipt for _, receipt in receipts]
        await self._pass("tell")

    async def mirror(self, recent: Mapping[str, tuple[int, bytes]]) -> None:
        """Keep the mirrors."""
        await self._pass("mirror")
        self.streams.recent.update({mind: body for mind, (_, body) in recent.items()})
        await self._pass("mirror")

    async def _pass(self, verb: str) -> None:
        await anyio.lowlevel.checkpoint()
        if self.gate is not None:
            await self.gate(verb, "line")
