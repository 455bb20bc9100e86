"""Consuming: every entry of the held partitions, in order, at least once.

A partition is taken in two steps: `recover` hands out everything that was delivered before
and never acknowledged, oldest first; then the partition is added to `partitions`, and `read`
brings what is new. The lease makes this the only rightful consumer, so pending entries of
any other name are claimed at once.

What was handed out and not yet acknowledged is remembered here, so that nothing is handed
out twice while it is being worked on. A read that was sent is not abandoned: cancelling waits
for its reply, since the server might deliver to a connection that is closing, after we looked.
When the connection breaks, the next read first looks for what was delivered unseen.
When the groups are gone (flush, failover) they are made again at the beginning and the
caller is told. This module must not know what an entry means.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import anyio
from redis.asyncio import Redis

from streams import groups
from streams.client import BLOCK_MS_MAX, pipeline, streams_of
from streams.delivery import Delivery
from streams.errors import StreamsRefusedError
from streams.keys import StreamKeys
from streams.lease import Lease
from streams.reading import read_group
from streams.scripts import TRIM, Script

PAGE: Final = 256
"""Pending entries looked at in one step."""

STRAGGLER_IDLE_MS: Final = 30_000
"""Pending for longer than this and not in work here: its delivery was lost on the way."""

BLOCK_MS: Final = 500
"""Bounds how long stopping, and taking another partition, waits for a read; costs two wake-ups a second."""

ACK_CHUNK: Final = 1_000

_ACK_WHILE_HELD: Final = Script("""
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end
return redis.call('XACK', KEYS[1], ARGV[2], unpack(ARGV, 3))
""")

_PUT_LAST: Final = Script("""
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end
if redis.call('XACK', KEYS[1], ARGV[2], ARGV[3]) == 0 then return 0 end
return redis.call('XADD', KEYS[1], '*', unpack(ARGV, 4))
""")
"""Keys: stream, lease. Arguments: lease token, group, entry, fields."""


class Consumer:
    """One named consumer of one group on one stream, over the partitions that are held.

    `name` must be stable over restarts. `on_recreated` is called with each partition whose
    group had vanished; entries still in its stream will all come again.
    """

    def __init__(
        self,
        client: Redis,
        keys: StreamKeys,
        stream: str,
        group: str,
        name: str,
        *,
        partitions: Sequence[int] = (),
        on_recreated: Callable[[int], None] | None = None,
    ) -> None:
        self.stream = stream
        self.group = group
        self.name = name
        self._client = client
        self._keys = keys
        self._on_recreated = on_recreated
        self._held: tuple[int, ...] = ()
        self._in_work: dict[int, set[str]] = {}
        self._cursors: dict[int, str] = {}
        self._doubtful: set[int] = set()
        self._reading = anyio.Lock()
        self._changed = anyio.Event()
        self.partitions = partitions

    @property
    def partitions(self) -> tuple[int, ...]:
        """The partitions that `read` reads."""
        return self._held

    @partitions.setter
    def partitions(self, partitions: Iterable[int]) -> None:
        held = tuple(sorted(set(partitions)))
        for lost in set(self._held) - set(held):
            self._in_work.pop(lost, None)
            self._cursors.pop(lost, None)
            self._doubtful.discard(lost)
        self._held = held
        self._changed.set()

    async def ensure_groups(self, partitions: Sequence[int]) -> list[int]:
        """Make the group (and stream) where it is missing, reading from the beginning; who needed it."""
        made = await groups.create(
            self._client, [self._keys.stream(p, self.stream) for p in partitions], self.group
        )
        return [partition for partition, new in zip(partitions, made, strict=True) if new]

    async def recover(self, partition: int, count: int = PAGE) -> AsyncIterator[list[Delivery]]:
        """All that is pending in the group, whoever had it, in order of entry, in pages.

        For a partition that is not (any more) in `partitions`.
        """
        if partition in self._held:
            raise ValueError(f"partition {partition} is being read; recover it before it is added")
        await self.ensure_groups([partition])
        async with self._reading:
            self._in_work[partition] = set()
        cursor: str | None = "-"
        while cursor is not None:
            page, cursor = await self._claim(partition, cursor, count, idle_ms=0)
            if page:
                yield page

    async def read(self, count: int = 128, block_ms: int = BLOCK_MS) -> list[Delivery]:
        """What is new, at most `count` of each partition, waiting up to `block_ms` for the first.

        In order within each partition. Raises `StreamsUnavailableError`; reading again later
        is safe and loses nothing. Cancelling takes up to `block_ms`; what came is returned.
        """
        if not self._held:
            await self._wait_for_change(block_ms)
            return []
        async with self._reading:
            if self._doubtful:
                missed = await self._missed()
                if missed:
                    return missed
            return await self._read_new(count, min(block_ms, BLOCK_MS_MAX))

    async def claim_stragglers(self, count: int = PAGE, idle_ms: int = STRAGGLER_IDLE_MS) -> list[Delivery]:
        """Entries long pending that nobody works on here; call now and then. Goes on where it stopped."""
        async with self._reading:
            with self._gathering() as found:
                for partition in self._held:
                    cursor = self._cursors.get(partition, "-")
                    page, after = await self._claim(partition, cursor, count, idle_ms)
                    self._cursors[partition] = after or "-"
                    found.extend(page)
        return self._still_held(found)

    async def ack(self, partition: int, entry_ids: Sequence[str]) -> None:
        """Done for good: the effects of these entries are durable."""
        await self.ack_many({partition: entry_ids})

    async def ack_many(self, done: Mapping[int, Sequence[str]]) -> None:
        """The same for many partitions in one round trip. Doing it twice is harmless."""
        commands = [
            (b"XACK", self._keys.stream(p, self.stream), self.group, *ids[at : at + ACK_CHUNK])
            for p, ids in done.items()
            for at in range(0, len(ids), ACK_CHUNK)
        ]
        if commands:
            await pipeline(self._client, commands)
        for partition, ids in done.items():
            self._in_work.get(partition, set()).difference_update(ids)

    async def ack_while_held(
        self, done: Mapping[int, Sequence[str]], leases: Mapping[int, Lease]
    ) -> list[int]:
        """`ack_many`, each partition only if the server still names this lease; where it did not.

        The check and the acknowledgement are one step on the server: a holder that slept through
        the loss of its lease acknowledges nothing that its successor has in work.
        """
        chunks = [
            (p, ids[at : at + ACK_CHUNK]) for p, ids in done.items() for at in range(0, len(ids), ACK_CHUNK)
        ]
        replies = await _ACK_WHILE_HELD.run_many(
            self._client,
            [
                (
                    [self._keys.stream(p, self.stream), self._keys.lease(p)],
                    [leases[p].token, self.group, *ids],
                )
                for p, ids in chunks
            ],
        )
        refused = {p for (p, _), reply in zip(chunks, replies, strict=True) if reply < 0}
        for partition, ids in chunks:
            if partition not in refused:
                self._in_work.get(partition, set()).difference_update(ids)
        return sorted(refused)

    def settled(self, partition: int, entry_ids: Sequence[str]) -> None:
        """Not in work any more: somebody else acknowledged them, as burying does."""
        self._in_work.get(partition, set()).difference_update(entry_ids)

    async def put_last_while_held(
        self, partition: int, entry_id: str, fields: Mapping[str, bytes], lease: Lease
    ) -> str | None:
        """Acknowledge an entry and add these fields at the end of its stream, in one step on the server:
        the new id, "" when it was acknowledged before; None when the server names another lease. However
        often it is said, there is one of it."""
        reply = await _PUT_LAST.run(
            self._client,
            [self._keys.stream(partition, self.stream), self._keys.lease(partition)],
            [lease.token, self.group, entry_id, *(part for pair in fields.items() for part in pair)],
        )
        if reply == -1:
            return None
        self._in_work.get(partition, set()).discard(entry_id)
        return reply.decode() if reply else ""

    async def trim(self, partitions: Sequence[int] | None = None) -> int:
        """Remove what every group has acknowledged; how many entries went."""
        chosen = self._held if partitions is None else partitions
        calls = [([self._keys.stream(p, self.stream)], ()) for p in chosen]
        return sum(await TRIM.run_many(self._client, calls))

    async def _wait_for_change(self, block_ms: int) -> None:
        self._changed = anyio.Event()
        with anyio.move_on_after(min(block_ms, BLOCK_MS_MAX) / 1_000):
            await self._changed.wait()

    async def _read_new(self, count: int, block_ms: int) -> list[Delivery]:
        held = self._held
        streams = {self._keys.stream(p, self.stream).encode(): p for p in held}
        self._doubtful.update(held)
        try:
            with anyio.CancelScope(shield=True):
                reply = await read_group(self._client, self.group, self.name, list(streams), count, block_ms)
        except StreamsRefusedError as error:
            if error.code not in groups.GONE:
                raise
            await self._recreate(held)
            return []
        self._doubtful.difference_update(held)
        found: list[Delivery] = []
        for stream, entries in streams_of(reply):
            found.extend(self._deliver(streams[stream], entries, {}))
        return self._still_held(found)

    async def _recreate(self, partitions: Sequence[int]) -> None:
        """What is in work is void with the group: a flushed server may give the same entry id again."""
        for partition in await self.ensure_groups(partitions):
            self._in_work.pop(partition, None)
            if self._on_recreated is not None:
                self._on_recreated(partition)

    async def _missed(self) -> list[Delivery]:
        """Entries delivered by a read whose reply never came, of the partitions in doubt."""
        with self._gathering() as found:
            for partition in sorted(self._doubtful):
                cursor: str | None = "-"
                while cursor is not None:
                    page, cursor = await self._claim(partition, cursor, PAGE, idle_ms=0)
                    found.extend(page)
                self._doubtful.discard(partition)
        return self._still_held(found)

    @contextmanager
    def _gathering(self) -> Iterator[list[Delivery]]:
        """A list for what is claimed; when gathering fails half way, that is not in work after all."""
        found: list[Delivery] = []
        try:
            yield found
        except BaseException:
            for delivery in found:
                self._in_work.get(delivery.partition, set()).discard(delivery.entry_id)
            self._doubtful.update({delivery.partition for delivery in found}.intersection(self._held))
            raise

    async def _claim(
        self, partition: int, cursor: str, count: int, idle_ms: int
    ) -> tuple[list[Delivery], str | None]:
        """One page of pending entries that are not in work here, made ours; where to go on."""
        key = self._keys.stream(partition, self.stream)
        in_work = self._in_work.get(partition, set())
        try:
            page = await groups.claim(
                self._client, key, self.group, self.name,
                cursor=cursor, count=count, idle_ms=idle_ms, except_for=in_work,
            )  # fmt: skip
        except StreamsRefusedError as error:
            if error.code not in groups.GONE:
                raise
            await self._recreate([partition])
            return [], None
        return self._deliver(partition, page.entries, page.times), page.after

    def _deliver(self, partition: int, entries: Iterable[Any], times: Mapping[bytes, int]) -> list[Delivery]:
        in_work = self._in_work.setdefault(partition, set())
        found = []
        for raw_id, flat in entries:
            entry_id = raw_id.decode()
            if flat is None or entry_id in in_work:
                continue
            in_work.add(entry_id)
            halves = iter(flat)
            fields = dict(zip(halves, halves, strict=True))
            found.append(Delivery(partition, entry_id, fields, times.get(raw_id, 1)))
        return found

    def _still_held(self, found: list[Delivery]) -> list[Delivery]:
        """Without partitions given up while the reply was on its way; those stay pending."""
        held = set(self._held)
        for partition in {delivery.partition for delivery in found} - held:
            self._in_work.pop(partition, None)
        return [delivery for delivery in found if delivery.partition in held]
