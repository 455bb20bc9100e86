"""Over how many partitions the minds of a namespace are spread: written down once, by whoever comes first.

With another number a mind would be on another line, and have two writers. It is written down for each
partition, where its lease is: whoever takes or renews one with another number in mind is refused in the same
step. That of partition 0 is the namespace's. This module must not know what is kept of a mind.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from redis.asyncio import Redis

from schemas import wire
from streams.client import command, pairs, pipeline
from streams.errors import PartitionsChangedError
from streams.keys import StreamKeys
from streams.scripts import AGREED_FUNCTION, Script

NAMED_MAX: Final = 8
"""Partitions that an error names."""

UNREAD: Final = "nobody would read what lies on another line"

_AGREE: Final = Script(AGREED_FUNCTION + "return agreed(KEYS[1], ARGV[1])")

_CHANGE: Final = Script("""
local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('SET', KEYS[2], ARGV[1])
return false
""")
"""Keys: lease, layout. Arguments: the new number. Replies with who holds the partition, if anybody does."""


async def agreed(client: Redis, keys: StreamKeys) -> int:
    """The number of partitions of this namespace; ours, where none was written down."""
    return int(await _AGREE.run(client, [keys.layout()], [keys.partitions]))


async def require(client: Redis, keys: StreamKeys) -> None:
    """Raise `PartitionsChangedError` where the namespace has another number than these keys."""
    there = await agreed(client, keys)
    if there != keys.partitions:
        raise PartitionsChangedError(keys.namespace, keys.partitions, there)


async def require_of_client(client: Redis, keys: StreamKeys, *, publishes: bool) -> None:
    """The same for who holds no partition. Who only looks writes nothing down; who publishes does, before the
    first of it, so that a daemon with another number is refused instead of passing over what waits."""
    if publishes:
        there = await agreed(client, keys)
    else:
        there = int(await command(client, b"GET", keys.layout()) or keys.partitions)
    if there != keys.partitions:
        raise PartitionsChangedError(keys.namespace, keys.partitions, there, so=UNREAD)


async def unsettled(client: Redis, keys: StreamKeys, lines: tuple[str, ...]) -> str:
    """What keeps the number from being changed: a partition that is held, an entry that waits; or ""."""
    held = await pipeline(client, [(b"GET", keys.lease(p)) for p in range(keys.partitions)])
    for partition, holder in enumerate(held):
        if holder is not None:
            return f"partition {partition} is held by {_holder(holder)}"
    for partition in range(keys.partitions):
        for line in lines:
            key = keys.stream(partition, line)
            if await command(client, b"XLEN", key) and not await _done(client, key):
                return f"entries of {key} wait to be taken"
    return ""


async def stranded(client: Redis, keys: StreamKeys, partitions: int) -> str:
    """Which dead letters nobody would find any more with so few partitions; or ""."""
    going = range(partitions, keys.partitions)
    if not going:
        return ""
    lengths = await pipeline(client, [(b"XLEN", keys.stream(p, wire.DEAD)) for p in going])
    dead = {p: length for p, length in zip(going, lengths, strict=True) if length}
    if not dead:
        return ""
    some = ", ".join(map(str, list(dead)[:NAMED_MAX])) + (", ..." if len(dead) > NAMED_MAX else "")
    return f"dead letters ({sum(dead.values()):,}) lie in partitions that go away: {some}"


async def change(client: Redis, keys: StreamKeys, partitions: int) -> str:
    """From now on there are so many, unless a partition is held: then who holds it, and all is as it was.

    That of the namespace comes last: interrupted, it is to be done again, and nobody holds anything meanwhile
    that has changed already.
    """
    every = replace(keys, partitions=max(keys.partitions, partitions))
    for partition in reversed(range(every.partitions)):
        held = await _CHANGE.run(client, [every.lease(partition), every.layout(partition)], [partitions])
        if held:
            for changed in range(partition + 1, every.partitions):
                await command(client, b"SET", every.layout(changed), keys.partitions)
            return f"partition {partition} is held by {_holder(held)}"
    return ""


def _holder(held: bytes) -> str:
    return held.decode().partition(" ")[2]


async def _done(client: Redis, key: str) -> bool:
    """Whether there is a group, and each has taken and acknowledged all of it."""
    newest = pairs(await command(client, b"XINFO", "STREAM", key))[b"last-generated-id"]
    groups: list[Any] = await command(client, b"XINFO", "GROUPS", key)
    rows = [pairs(group) for group in groups]
    return bool(rows) and all(r[b"pending"] == 0 and r[b"last-delivered-id"] == newest for r in rows)
