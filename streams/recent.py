"""The mirror of working memory: one hash a mind, written by the daemon, read by anyone in one step.

This module must not know what working memory holds: the body is JSON made elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from redis.asyncio import Redis

from streams.client import command, pipeline
from streams.keys import StreamKeys

_BODY: Final = "j"
PER_ROUND: Final = 512
"""Minds written in one round trip."""


class RecentWriter:
    """Writes the mirror."""

    def __init__(self, client: Redis, keys: StreamKeys) -> None:
        self._client = client
        self._keys = keys

    async def save_many(self, bodies: Mapping[str, bytes]) -> None:
        """Replace what is mirrored of these minds."""
        minds = list(bodies)
        for at in range(0, len(minds), PER_ROUND):
            await pipeline(
                self._client,
                [(b"HSET", _key(self._keys, m), _BODY, bodies[m]) for m in minds[at : at + PER_ROUND]],
            )

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
