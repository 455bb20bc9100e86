"""What was shown to whom asked: a bounded ring of records a partition, the oldest giving way.

Two keys: a hash of the records and a list of their names in order. This module must not know
what a record says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from redis.asyncio import Redis

from streams.client import command
from streams.keys import StreamKeys
from streams.scripts import Script

KEPT_MAX: Final = 1_024
"""Records of one partition: at some 600 bytes each 10 MB for the default 16 partitions."""

KEPT_S: Final = 86_400
"""Seconds after the last showing in which the ring of a partition is kept."""

_PUT: Final = Script("""
for at = 3, #ARGV, 2 do
  if redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) == 1 then redis.call('RPUSH', KEYS[2], ARGV[at]) end
end
while redis.call('LLEN', KEYS[2]) > tonumber(ARGV[1]) do
  redis.call('HDEL', KEYS[1], redis.call('LPOP', KEYS[2]))
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1
""")


class ShownRecords:
    """The rings of all partitions."""

    def __init__(
        self, client: Redis, keys: StreamKeys, *, kept_max: int = KEPT_MAX, kept_s: int = KEPT_S
    ) -> None:
        self._client = client
        self._keys = keys
        self._kept_max = kept_max
        self._kept_s = kept_s

    async def put(self, mind: str, records: Mapping[str, bytes]) -> None:
        """Keep these records, by name; the same name again replaces what it held."""
        partition = self._keys.partition_of(mind)
        flat: list[Any] = [part for pair in records.items() for part in pair]
        ring = [self._keys.shown(partition), self._keys.shown_order(partition)]
        await _PUT.run(self._client, ring, [self._kept_max, self._kept_s, *flat])

    async def get(self, mind: str, name: str) -> bytes | None:
        """The record of this name."""
        key = self._keys.shown(self._keys.partition_of(mind))
        found: bytes | None = await command(self._client, b"HGET", key, name)
        return found
