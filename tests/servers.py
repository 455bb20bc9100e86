"""Real servers for tests: a Qdrant server or cluster, found or started; where there is none, that is said.

`QDRANT_URL` names a server that runs already: it is used as the single node, under a prefix of its own that
is cleared afterwards. Else the `qdrant` binary on PATH is started on loopback, one node or three.
"""

import os
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from qdrant_client import AsyncQdrantClient

from cognition.stores.qdrant_server import ServerBackend
from cognition.stores.server_addresses import addresses_of
from cognition.stores.server_opening import open_server
from cognition.stores.server_options import Mark, ServerOptions
from cognition.testing.nodes import Node, binary, running_nodes

NONE = "no Qdrant server: neither QDRANT_URL nor a `qdrant` binary on PATH"
NO_BINARY = "no `qdrant` binary on PATH, so no nodes of our own to disturb"
CLUSTER = 3


def require_binary() -> None:
    """Skip where no node can be started."""
    if binary() is None:
        pytest.skip(NO_BINARY)


def options_of(nodes: list[Node], **more: object) -> ServerOptions:
    """All of these nodes, in turn."""
    return ServerOptions(url=",".join(node.url for node in nodes), **more)  # type: ignore[arg-type]


@asynccontextmanager
async def single(folder: Path) -> AsyncIterator[ServerOptions]:
    """One node. Skips where there is none."""
    if url := os.environ.get("QDRANT_URL"):
        key = os.environ.get("QDRANT_API_KEY", "")
        options = ServerOptions(url=url, api_key=key, prefix=f"test-{uuid.uuid4().hex[:12]}-")
        try:
            yield options
        finally:
            await clear(options)
        return
    if binary() is None:
        pytest.skip(NONE)
    async with running_nodes(folder / "single", 1) as nodes:
        yield options_of(nodes)


@asynccontextmanager
async def over_http(folder: Path) -> AsyncIterator[ServerOptions]:
    """One node that is spoken to over HTTP alone. Skips where there is none."""
    require_binary()
    async with running_nodes(folder / "http", 1) as nodes:
        yield ServerOptions(url=nodes[0].http, grpc_port=0)


@asynccontextmanager
async def apart(folder: Path) -> AsyncIterator[ServerOptions]:
    """One node that keeps minds apart: they share two shards."""
    require_binary()
    async with running_nodes(folder / "apart", 1, clustered=True) as nodes:
        yield options_of(nodes, sharding="custom", shard_number=2)


@asynccontextmanager
async def cluster_apart(folder: Path) -> AsyncIterator[ServerOptions]:
    """Three nodes that keep minds apart."""
    require_binary()
    async with running_nodes(folder / "cluster-apart", CLUSTER) as nodes:
        yield options_of(nodes, sharding="custom", replication_factor=2, timeout_s=30.0)


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[ServerOptions]:
    """Three nodes, every shard on two of them. Skips where there are none."""
    require_binary()
    async with running_nodes(folder / "cluster", CLUSTER) as nodes:
        yield options_of(nodes, replication_factor=2, timeout_s=30.0)


@asynccontextmanager
async def backend_on(options: ServerOptions, mark: Mark | None = None) -> AsyncIterator[ServerBackend]:
    """A backend of its own over these nodes."""
    async with open_server(options, mark or Mark(), chance=random.Random(0)) as opened:
        yield opened.backend


async def clear(options: ServerOptions) -> None:
    """Remove what tests made on a server that is not theirs."""
    address = addresses_of(options)[0].url
    client = AsyncQdrantClient(url=address, api_key=options.api_key or None, check_compatibility=False)
    try:
        for each in (await client.get_collections()).collections:
            if each.name.startswith(options.prefix):
                await client.delete_collection(each.name)
    finally:
        await client.close()
