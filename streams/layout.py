"""Over how many partitions the minds of a namespace are spread: written down once, by whoever comes first.

With another number a mind would be on another line, and have two writers. This module must not know
what is kept of a mind.
"""

from __future__ import annotations

from typing import Any, Final

from redis.asyncio import Redis

from streams.client import command, pairs, pipeline
from streams.keys import StreamKeys
from streams.scripts import Script

_AGREE: Final = Script("""
local known = redis.call('GET', KEYS[1])
if not known then redis.call('SET', KEYS[1], ARGV[1]) return ARGV[1] end
return known
""")


async def agreed(client: Redis, keys: StreamKeys) -> int:
    """The number of partitions of this namespace; ours, where none was written down."""
    return int(await _AGREE.run(client, [keys.layout()], [keys.partitions]))


async def unsettled(client: Redis, keys: StreamKeys, lines: tuple[str, ...]) -> str:
    """What keeps the number from being changed: a partition that is held, an entry that waits; or ""."""
    held = await pipeline(client, [(b"GET", keys.lease(p)) for p in range(keys.partitions)])
    for partition, holder in enumerate(held):
        if holder is not None:
            return f"partition {partition} is held by {holder.decode().partition(' ')[2]}"
    for partition in range(keys.partitions):
        for line in lines:
            key = keys.stream(partition, line)
            if await command(client, b"XLEN", key) and not await _done(client, key):
                return f"entries of {key} wait to be taken"
    return ""


async def change(client: Redis, keys: StreamKeys, partitions: int) -> None:
    """From now on there are so many. Only where nothing is unsettled."""
    await command(client, b"SET", keys.layout(), partitions)


async def _done(client: Redis, key: str) -> bool:
    """Whether there is a group, and each has taken and acknowledged all of it."""
    newest = pairs(await command(client, b"XINFO", "STREAM", key))[b"last-generated-id"]
    groups: list[Any] = await command(client, b"XINFO", "GROUPS", key)
    rows = [pairs(group) for group in groups]
    return bool(rows) and all(r[b"pending"] == 0 and r[b"last-delivered-id"] == newest for r in rows)
