"""A Qdrant server that is given, as a backend to measure: a collection of its own, gone afterwards."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from qdrant_client import models

from benchmarks.timing.server_bare import bare_client, reached
from cognition.stores.fidelity import NAME
from cognition.stores.qdrant_server import ServerBackend
from cognition.stores.server_opening import open_server
from cognition.stores.server_options import Mark

PREFIX = "benchmark-"
POLL_S = 0.5
QUIET = 4
"""Looks in a row at which the optimiser is idle: it starts a moment after a change."""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[ServerBackend, Callable[[], Awaitable[None]]]]:
    """The backend, and what waits until the server has optimised."""
    options = reached(url, prefix=PREFIX, timeout_s=600.0)
    client = bare_client(options, grpc=False)
    name = f"{PREFIX}{NAME}"

    async def settle() -> None:
        quiet = 0
        while quiet < QUIET:
            info = await client.get_collection(name)
            quiet = quiet + 1 if info.status == models.CollectionStatus.GREEN else 0
            await anyio.sleep(POLL_S)

    await client.delete_collection(name)
    try:
        async with open_server(options, Mark(), chance=random.Random(0)) as server:
            yield server.backend, settle
    finally:
        await client.delete_collection(name)
        await client.close()
