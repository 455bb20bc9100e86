"""Answers on a shared stream: one reader, many who wait, each for an entry that names it.

Writers put the name into the field `to` beside the body, so that a reader need not decode
what is not its own. While nobody waits, nothing is read. This module must not know what
is asked or answered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final, Self

import anyio
from anyio.abc import TaskGroup
from redis.asyncio import Redis

from streams.client import command, pairs, streams_of
from streams.errors import StreamsError, StreamsUnavailableError
from streams.scripts import LAST_ID

TO: Final = "to"
READ_COUNT: Final = 128
BLOCK_MS: Final = 2_000
"""After so long without an entry and without anyone waiting the reader rests."""

RETRY_S: Final = 0.1
Fields = Mapping[bytes, bytes]


class _Waiter:
    __slots__ = ("arrived", "error", "fields")

    def __init__(self) -> None:
        self.arrived = anyio.Event()
        self.fields: Fields = {}
        self.error: StreamsError | None = None


class Mailbox:
    """One stream. `keep` of the latest entries are remembered for those who ask late."""

    def __init__(self, client: Redis, key: str, *, keep: int = 0) -> None:
        self._client = client
        self._key = key
        self._keep = keep
        self._kept: OrderedDict[bytes, Fields] = OrderedDict()
        self._waiters: dict[bytes, set[_Waiter]] = {}
        self._since = ""
        self._position = ""
        self._reading = False
        self._awake = anyio.Event()
        self._starting = anyio.Lock()

    def seen(self, name: str) -> Fields | None:
        """The entry to `name`, if it has passed and is remembered."""
        return self._kept.get(name.encode())

    async def start(self) -> None:
        """Be reading from here on, so that an answer to what is published next cannot be missed."""
        async with self._starting:
            if not self._reading:
                last = await LAST_ID.run(self._client, [self._key])
                self._begin(last.decode())

    async def start_before(self, entry_id: str) -> None:
        """Have seen all from the time of this entry on."""
        before = f"{max(int(entry_id.partition('-')[0]) - 1, 0)}"
        async with self._starting:
            if not self._reading:
                self._begin(before)
            elif _number(before) < _number(self._since):
                await self._catch_up(before)
                self._since = before

    @asynccontextmanager
    async def expecting(self, name: str) -> AsyncIterator[Callable[[], Awaitable[Fields]]]:
        """Wait for the entry to `name`: enter, start, ask, then await what was yielded."""
        waiter = _Waiter()
        raw = name.encode()
        self._waiters.setdefault(raw, set()).add(waiter)

        async def arrival() -> Fields:
            if raw in self._kept:
                return self._kept[raw]
            await waiter.arrived.wait()
            if waiter.error is not None:
                raise waiter.error
            return waiter.fields

        try:
            yield arrival
        finally:
            others = self._waiters[raw]
            others.discard(waiter)
            if not others:
                del self._waiters[raw]

    async def run(self) -> None:
        """Read while anybody waits, until cancelled. A server that is away is waited for."""
        while True:
            await self._awake.wait()
            try:
                reply = await command(
                    self._client, b"XREAD", "COUNT", READ_COUNT, "BLOCK", BLOCK_MS,
                    "STREAMS", self._key, self._position,
                )  # fmt: skip
            except StreamsError as error:
                if not isinstance(error, StreamsUnavailableError):
                    self._fail(error)
                await anyio.sleep(RETRY_S)
                continue
            for _, entries in streams_of(reply):
                self._position = entries[-1][0].decode()
                self._hand_out(entries)
            if not reply and not self._waiters:
                self._reading = False
                self._awake = anyio.Event()

    def _begin(self, position: str) -> None:
        self._since = self._position = position
        self._reading = True
        self._awake.set()

    async def _catch_up(self, before: str) -> None:
        """Look through what had passed before this reader began."""
        first, until = f"({before}", self._since
        while True:
            entries = await command(self._client, b"XRANGE", self._key, first, until, "COUNT", READ_COUNT)
            self._hand_out(entries)
            if len(entries) < READ_COUNT:
                return
            first = f"({entries[-1][0].decode()}"

    def _fail(self, error: StreamsError) -> None:
        """Reading is refused (no right to, not a stream): waiting cannot heal that."""
        for waiter in [waiter for waiters in self._waiters.values() for waiter in waiters]:
            waiter.error = error
            waiter.arrived.set()

    def _hand_out(self, entries: list[Any]) -> None:
        for _, flat in entries:
            fields: Fields = pairs(flat)
            name = fields.get(TO.encode())
            if name is None:
                continue
            for waiter in self._waiters.get(name, ()):
                waiter.fields = fields
                waiter.arrived.set()
            if self._keep:
                self._kept[name] = fields
                if len(self._kept) > self._keep:
                    self._kept.popitem(last=False)


class Mailroom:
    """The mailboxes of all partitions, each with its reader, as a context manager."""

    def __init__(self, client: Redis, key_of: Callable[[int], str], *, keep: int = 0) -> None:
        self._client = client
        self._key_of = key_of
        self._keep = keep
        self._boxes: dict[int, Mailbox] = {}
        self._tasks: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._tasks = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the readers. What the body raised is not wrapped into a group."""
        assert self._tasks is not None, "entered before it is left"
        self._tasks.cancel_scope.cancel()
        if isinstance(error, anyio.get_cancelled_exc_class()):
            await self._tasks.__aexit__(kind, error, trace)
        else:
            await self._tasks.__aexit__(None, None, None)
        self._tasks = None

    def of(self, partition: int) -> Mailbox:
        """The mailbox of a partition; its reader is started with the first use."""
        if self._tasks is None:
            raise RuntimeError("use it as a context manager: async with ...")
        box = self._boxes.get(partition)
        if box is None:
            box = self._boxes[partition] = Mailbox(self._client, self._key_of(partition), keep=self._keep)
            self._tasks.start_soon(box.run)
        return box


def _number(entry_id: str) -> tuple[int, int]:
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence or 0)
