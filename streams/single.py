"""A client of one node, with every limit its own. This module must not know what is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from redis import exceptions as redis_errors
from redis.asyncio import ConnectionPool, Redis


class StreamsClient(Redis):
    """A client whose every command has a time limit and a place among the connections.

    Both are redis-py's own business, too, but cost it 60 us a command more than it takes
    to do the work (measured; 50 us without): so its own are left off.
    """

    def __init__(self, pool: ConnectionPool, response_timeout_s: float, max_connections: int) -> None:
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self.replicas = 0
        """How many replicas have to have what was published before it counts as taken."""
        self.copied_within_s = 0.0
        self._response_timeout_s = response_timeout_s
        self._places = anyio.Semaphore(max_connections, fast_acquire=True)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """As redis-py, within the limits."""
        async with self.limited():
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    @asynccontextmanager
    async def limited(self) -> AsyncIterator[None]:
        """What is sent in the body ends in time; it waits while all connections are in use."""
        with anyio.move_on_after(self._response_timeout_s) as scope:
            async with self._places:
                yield
        if scope.cancelled_caught:
            raise redis_errors.TimeoutError(f"no answer within {self._response_timeout_s:g} s")
