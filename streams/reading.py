"""Reading several streams at once, for a group: one command where one node has them all, else one to each.

This module must not know what is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import anyio
from redis.asyncio import Redis

from streams.client import command, pipeline, streams_of
from streams.cluster import ClusterClient

PAUSE_S: Final = 0.005
PAUSE_S_MAX: Final = 0.05
"""A cluster blocks on one slot only, so several are looked at in turn: what comes after a silence waits so
long at most, and looking costs a node twenty commands a second."""


async def read_group(
    client: Redis, group: str, name: str, streams: Sequence[bytes], count: int, block_ms: int
) -> Any:
    """What is new, as XREADGROUP replies, waiting up to `block_ms` for the first."""
    head = (b"XREADGROUP", "GROUP", group, name, "COUNT", count)
    if not isinstance(client, ClusterClient) or len(streams) < 2:
        block = ("BLOCK", block_ms) if block_ms > 0 else ()
        return await command(client, *head, *block, "STREAMS", *streams, *([">"] * len(streams)))
    deadline, pause_s = anyio.current_time() + block_ms / 1_000, PAUSE_S
    while True:
        replies = await pipeline(client, [(*head, "STREAMS", stream, ">") for stream in streams])
        found = [pair for reply in replies for pair in streams_of(reply)]
        left_s = deadline - anyio.current_time()
        if found or left_s <= 0:
            return found
        await anyio.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, PAUSE_S_MAX)
