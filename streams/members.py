"""Who shares the partitions: daemons that say so now and then, and what the fair share of each is.

The server's clock decides who is still there, so that daemons whose clocks disagree agree on it. Whoever is
not heard of for the time of a lease is gone. This module must not know what is done with a partition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis

from streams.client import command
from streams.errors import PartitionsChangedError
from streams.keys import StreamKeys
from streams.scripts import AGREED_FUNCTION, Script

MEMBERS_MAX: Final = 1_024
"""As many as there can be partitions; one more would have nothing to do."""

_PRESENT: Final = Script(
    AGREED_FUNCTION
    + """
local partitions = agreed(KEYS[2], ARGV[4])
if partitions ~= ARGV[4] then return tonumber(partitions) end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[3]) - 1)
"""
)
"""Keys: members, layout. Arguments: who, for how long, how many are told at most, the number of partitions
that it was told. Replies with all who are there; with the number of partitions, where that is another."""

_LISTED: Final = Script("""
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf', 'LIMIT', 0, ARGV[1])
""")


class Members:
    """The daemons of one namespace."""

    def __init__(self, client: Redis, keys: StreamKeys) -> None:
        self._client = client
        self._keys = keys
        self._key = keys.members()

    async def present(self, member: str, ttl_s: float) -> list[str]:
        """Say that this one is there for so long; all who are, itself included, in the order of names.

        Raises `PartitionsChangedError`: who was told another number shares in nothing.
        """
        ttl_ms, number = max(1, round(ttl_s * 1_000)), self._keys.partitions
        found = await _PRESENT.run(
            self._client, [self._key, self._keys.layout()], [member, ttl_ms, MEMBERS_MAX, number]
        )
        if isinstance(found, int):
            raise PartitionsChangedError(self._keys.namespace, number, found)
        return sorted({member, *(each.decode() for each in found)})

    async def listed(self) -> list[str]:
        """All who are there, in the order of names, without being one of them."""
        found = await _LISTED.run(self._client, [self._key], [MEMBERS_MAX])
        return sorted(each.decode() for each in found)

    async def leave(self, member: str) -> None:
        """Be gone at once."""
        await command(self._client, b"ZREM", self._key, member)


def fair_share(partitions: int, members: Sequence[str], member: str) -> int:
    """How many partitions are this one's: all together are all, and no two differ by more than one."""
    ordered = sorted(members)
    return partitions // len(ordered) + (ordered.index(member) < partitions % len(ordered))
