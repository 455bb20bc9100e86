"""The mirror of working memory: one hash a mind, written by the daemon, read by anyone in one step.

This module must not know what working memory holds: the body is JSON made elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from redis.asyncio import Redis

from streams.client import command, pipeline
from streams.keys import StreamKeys
from streams.lease import Lease
from streams.scripts import Script

_BODY: Final = "j"
PER_ROUND: Final = 512
"""Minds written in one round trip."""


_SAVE: Final = Script("""
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return -1 end
for at = 2, #KEYS do redis.call('HSET', KEYS[at], ARGV[2], ARGV[at + 1]) end
return #KEYS - 1
""")
"""Keys: lease, then one for each mind. Arguments: lease token, field, then the body of each. A lease that
vanished (a flush) is nobody else's: who acts within it by its own clock may go on."""


class RecentWriter:
    """Writes the mirror."""

    def __init__(self, client: Redis, keys: StreamKeys) -> None:
        self._client = client
        self._keys = keys

    async def save_while_held(self, bodies: Mapping[str, bytes], leases: Mapping[int, Lease]) -> list[int]:
        """Replace what is mirrored of these minds; the partitions where the server names another lease, and
        nothing was replaced."""
        minds, refused = list(bodies), set[int]()
        for at in range(0, len(minds), PER_ROUND):
            by_partition: dict[int, list[str]] = {}
            for mind in minds[at : at + PER_ROUND]:
                by_partition.setdefault(self._keys.partition_of(mind), []).append(mind)
            replies = await _SAVE.run_many(
                self._client,
                [
                    (
                        [self._keys.lease(p), *(_key(self._keys, mind) for mind in mine)],
                        [leases[p].token, _BODY, *(bodies[mind] for mind in mine)],
                    )
                    for p, mine in by_partition.items()
                ],
            )
            refused.update(p for p, reply in zip(by_partition, replies, strict=True) if reply == -1)
        return sorted(refused)

    async def erase(self, minds: Sequence[str]) -> None:
        """Mirror nothing of these minds any more."""
        if minds:
            await pipeline(self._client, [(b"DEL", _key(self._keys, mind)) for mind in minds])


async def read_recent(client: Redis, keys: StreamKeys, mind: str) -> bytes | None:
    """What is mirrored of a mind, None when there is nothing."""
    body: bytes | None = await command(client, b"HGET", _key(keys, mind), _BODY)
    return body


def _key(keys: StreamKeys, mind: str) -> str:
    return keys.recent(keys.partition_of(mind), mind)
