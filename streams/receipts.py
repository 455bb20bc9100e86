"""Receipts: what became of each percept, on the `salience` stream of its partition.

They are short-lived: the newest few thousand, and none older than ten minutes. Written at
least once each; whoever waits takes the first. This module must not know what a receipt says.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from streams.mailbox import TO, Mailroom

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
        with anyio.move_on_after(deadline_s):
            async with box.expecting(entry_id) as arrival:
                await box.start_before(entry_id)
                receipt = decode_fields(wire.SALIENCE, await arrival())
                assert isinstance(receipt, Receipt), "the stream carries nothing else"
                return receipt
        raise AnswerTimeoutError(f"entry {entry_id} had no receipt within {deadline_s:g} s")


class ReceiptWriter:
    """Publishes receipts."""

    def __init__(self, client: Redis, keys: StreamKeys, *, form: Form = "m") -> None:
        self._client = client
        self._keys = keys
        self._form: Form = form
        self._batches = 0

    async def publish_many(self, receipts: Sequence[tuple[int, Receipt]]) -> None:
        """Append receipts, each with the partition of its entry, in one round trip."""
        if not receipts:
            return
        commands = [self._append(partition, receipt) for partition, receipt in receipts]
        added = await pipeline(self._client, commands)
        self._batches += 1
        if self._batches % TRIM_EVERY == 0:
            newest_ms = int(added[-1].partition(b"-")[0])
            await self._trim({partition for partition, _ in receipts}, newest_ms - RECEIPT_AGE_MS)

    def _append(self, partition: int, receipt: Receipt) -> Sequence[Any]:
        fields: dict[str, Any] = {**encode_fields(receipt, self._form), TO: receipt.entry}
        flat = [part for pair in fields.items() for part in pair]
        return (b"XADD", self._key(partition), "MAXLEN", "~", RECEIPTS_KEPT, "*", *flat)

    async def _trim(self, partitions: set[int], oldest_ms: int) -> None:
        """Time is the server's, as its newest entry shows it."""
        await pipeline(
            self._client, [(b"XTRIM", self._key(p), "MINID", "~", max(oldest_ms, 0)) for p in partitions]
        )

    def _key(self, partition: int) -> str:
        return self._keys.stream(partition, wire.SALIENCE)
