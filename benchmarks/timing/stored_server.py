"""A real store of so many memories on a Qdrant server of our own, its indexes held or on disk: what the node
takes in memory and on disk once it has optimised, was started again and was asked.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import numpy as np

from benchmarks.timing.quantized_server import POLL_S, QUIET
from benchmarks.timing.server_bare import bare_client
from benchmarks.timing.stored import ASKED, MIND, written
from cognition.stores.backend import Match, Query, VectorBackend
from cognition.stores.collections import CONTEXT, MEMORIES
from cognition.stores.server_opening import open_server
from cognition.stores.server_options import Mark, ServerOptions
from cognition.stores.stores import VectorStores, over
from cognition.testing.nodes import Node, running_nodes
from schemas.quantization import Quantization, QuantizationKind

TIMEOUT_S = 600.0
ROUNDS = 3
"""Of questions; between them the engine gives back what its start took."""

APART_S = 5.0


@dataclass(frozen=True, slots=True)
class Served:
    """What a node holds and takes."""

    count: int
    content: float
    words: float
    disk: int
    anonymous: int


async def served(
    folder: Path, count: int, kind: QuantizationKind, *, on_disk: bool, associations: int, seed: int
) -> Served:
    """Write a store to a node there, and measure it. Raises `NodeError` where no node can be started."""
    async with running_nodes(folder) as (node,):
        options = ServerOptions(
            url=node.url, index_on_disk=on_disk, timeout_s=TIMEOUT_S, read_timeout_s=TIMEOUT_S
        )
        async with _stores(options, kind) as stores:
            content, words = await written(stores, count, associations, seed)
        await _settled(options)
        await _started_again(node)
        await _settled(options)
        async with _stores(options, kind) as stores:
            for _ in range(ROUNDS):
                await _ask(stores.backend)
                await anyio.sleep(APART_S)
        return Served(count, content, words, node.disk_bytes(), node.memory().anonymous)


@asynccontextmanager
async def _stores(options: ServerOptions, kind: QuantizationKind) -> AsyncIterator[VectorStores]:
    async with open_server(options, Mark(), chance=random.Random(0)) as server:
        stores = over(server.backend, {MEMORIES.name: Quantization(kind=kind)})
        await stores.ensure()
        yield stores


async def _settled(options: ServerOptions) -> None:
    """Return once the server has optimised what was written: green again and again, as it starts late."""
    client, quiet = bare_client(options, grpc=False), 0
    try:
        while quiet < QUIET:
            green = (await client.get_collection(MEMORIES.name)).status == "green"
            quiet = quiet + 1 if green else 0
            await anyio.sleep(POLL_S)
    finally:
        await client.close()


async def _started_again(node: Node) -> None:
    await anyio.to_thread.run_sync(node.stop)
    node.start()
    await node.ready()


async def _ask(backend: VectorBackend) -> None:
    rng = np.random.default_rng(0)
    for _ in range(ASKED):
        vector = rng.standard_normal(MEMORIES.dense[CONTEXT]).astype(np.float32)
        await backend.query(
            MEMORIES.name, [Query(CONTEXT, vector, 30, Match("mind", MIND), with_payload=True)]
        )
