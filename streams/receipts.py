"""Receipts: what became of each percept, on the `salience` stream of its partition.

They are short-lived: the newest few thousand, and none older than ten minutes. Written at
least once each; whoever waits takes the first. This module must not know what a receipt says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import anyio
from redis.asyncio import Redis

from schemas import wire
from schemas.events import Receipt
from streams.client import pipeline
from streams.codec import Form, decode_fields, encode_fields
from streams.errors import AnswerTimeoutError
from streams.keys import StreamKeys
from streams.lease import Lease
from streams.mailbox import TO, Fields, Mailroom
from streams.scripts import TELL

RECEIPTS_KEPT: Final = 5_000
"""Of one partition (schema, section 1)."""

RECEIPT_AGE_MS: Final = 10 * 60 * 1_000
TRIM_EVERY: Final = 64
"""Batches between two trimmings by age."""


class ReceiptReader:
    """Waits for receipts. Use as a context manager; safe for many tasks at once."""

    def __init__(self, client: Redis, keys: StreamKeys) -> None:
        self._rooms = Mailroom(
            client, lambda partition: keys.stream(partition, wire.SALIENCE), keep=RECEIPTS_KEPT
        )

    async def __aenter__(self) -> Self:
        await self._rooms.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._rooms.__aexit__(kind, error, trace)

    async def wait(self, partition: int, entry_id: str, deadline_s: float) -> Receipt:
        """The receipt of this entry of `awake`, also if it was written before the call."""
        box = self._rooms.of(partition)
        if (seen := box.seen(entry_id)) is not None:
            return _receipt(seen)
        with anyio.move_on_after(deadline_s):
            async with box.expecting(entry_id) as arrival:
                await box.start_before(entry_id)
                return _receipt(await arrival())
        raise AnswerTimeoutError(f"entry {entry_id} had no receipt within {deadline_s:g} s")


def _receipt(fields: Fields) -> Receipt:
    receipt = decode_fields(wire.SALIENCE, fields)
    assert isinstance(receipt, Receipt), "the stream carries nothing else"
    return receipt


class ReceiptWriter:
    """Publishes receipts."""

    def __init__(self, client: Redis, keys: StreamKeys, *, form: Form = "m") -> None:
        self._client = client
        self._keys = keys
        self._form: Form = form
        self._batches = 0

    async def publish_while_held(
        self, receipts: Sequence[tuple[int, Receipt]], leases: Mapping[int, Lease]
    ) -> list[int]:
        """Append receipts, each with the partition of its entry, in one round trip; the partitions where the
        server names another lease, and nothing was said."""
        if not receipts:
            return []
        calls: dict[int, list[Any]] = {}
        for partition, receipt in receipts:
            fields = encode_fields(receipt, self._form)
            head = [leases[partition].token, RECEIPTS_KEPT, self._form, TO]
            calls.setdefault(partition, head).extend((fields["t"], fields[self._form], receipt.entry))
        replies = await TELL.run_many(
            self._client, [([self._key(p), self._keys.lease(p)], arguments) for p, arguments in calls.items()]
        )
        refused = sorted(p for p, reply in zip(calls, replies, strict=True) if reply == -1)
        self._batches += 1
        if self._batches % TRIM_EVERY == 0 and not refused:
            newest_ms = int(replies[-1].partition(b"-")[0])
            await self._trim(set(calls), newest_ms - RECEIPT_AGE_MS)
        return refused

    async def _trim(self, partitions: set[int], oldest_ms: int) -> None:
        """Time is the server's, as its newest entry shows it."""
        await pipeline(
            self._client, [(b"XTRIM", self._key(p), "MINID", "~", max(oldest_ms, 0)) for p in partitions]
        )

    def _key(self, partition: int) -> str:
        return self._keys.stream(partition, wire.SALIENCE)
