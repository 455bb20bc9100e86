"""How often a suspect entry was handled alone, written down before each time.

The process that handles a poisonous entry may die of it, so the count must outlive the
process. `streams.delivery.decide` says what follows from it.
"""

from __future__ import annotations

from typing import Final

from redis.asyncio import Redis

from streams.client import command, pipeline
from streams.delivery import Delivery
from streams.keys import StreamKeys

KEPT_S: Final = 7 * 24 * 3600
"""Counts of entries that vanished (a flush) are not cleared by anyone: they expire."""


class Attempts:
    """The counters of one stream."""

    def __init__(self, client: Redis, keys: StreamKeys, stream: str) -> None:
        self._client = client
        self._keys = keys
        self._stream = stream

    async def count(self, delivery: Delivery) -> int:
        """How often this entry was handled alone so far."""
        found = await command(self._client, b"HGET", self._key(delivery), self._field(delivery))
        return int(found or 0)

    async def begin(self, delivery: Delivery) -> int:
        """Write down that it will now be handled alone; the count with this time."""
        key = self._key(delivery)
        count, _ = await pipeline(
            self._client, [(b"HINCRBY", key, self._field(delivery), 1), (b"EXPIRE", key, KEPT_S)]
        )
        return int(count)

    async def clear(self, delivery: Delivery) -> None:
        """It was handled; nothing is held against it."""
        await command(self._client, b"HDEL", self._key(delivery), self._field(delivery))

    def _key(self, delivery: Delivery) -> str:
        return self._keys.attempts(delivery.partition)

    def _field(self, delivery: Delivery) -> str:
        return attempt_field(self._stream, delivery.entry_id)


def attempt_field(stream: str, entry_id: str) -> str:
    """The field that counts for one entry."""
    return f"{stream}:{entry_id}"
