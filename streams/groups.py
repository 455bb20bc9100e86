"""What is asked of a consumer group besides reading: to exist, and to hand pending entries over.

This module must not know why, nor what is in work.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from streams.client import command, pipeline
from streams.errors import StreamsRefusedError

GONE: Final = frozenset({"NOGROUP", "UNBLOCKED"})
"""Codes that say that the group or its stream is not there, or went while a read was blocked."""

_EXISTS: Final = frozenset({"BUSYGROUP"})


@dataclass(frozen=True, slots=True)
class Page:
    """Entries claimed, in order; how often each was delivered, this time included; the next cursor."""

    entries: list[Any]
    times: dict[bytes, int]
    after: str | None


async def create(client: Redis, streams: Sequence[str], group: str) -> list[bool]:
    """Make the group, reading from the beginning, and the stream; which of them were missing."""
    replies = await pipeline(
        client,
        [(b"XGROUP", b"CREATE", stream, group, "0", "MKSTREAM") for stream in streams],
        tolerate=_EXISTS,
    )
    return [not isinstance(reply, StreamsRefusedError) for reply in replies]


async def claim(
    client: Redis,
    stream: str,
    group: str,
    name: str,
    *,
    cursor: str,
    count: int,
    idle_ms: int,
    except_for: Collection[str],
) -> Page:
    """One page of what is pending with anyone, from `cursor` ("-" first), made this consumer's.

    XPENDING and XCLAIM rather than XAUTOCLAIM: that one counts a delivery for entries that
    are in work, and the count is what condemns an entry. Entries that were deleted from the
    stream are dropped from the pending list by XCLAIM itself.
    """
    pending = await command(client, b"XPENDING", stream, group, "IDLE", idle_ms, cursor, "+", count)
    times = {row[0]: row[3] + 1 for row in pending if row[0].decode() not in except_for}
    entries = await command(client, b"XCLAIM", stream, group, name, 0, *times) if times else []
    return Page(entries, times, f"({pending[-1][0].decode()}" if len(pending) == count else None)
