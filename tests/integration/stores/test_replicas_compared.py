"""Nodes are compared as they are: what was only just written differently is no difference, what stays is."""

from pathlib import Path

import anyio
import pytest
from qdrant_client import AsyncQdrantClient, models

from benchmarks.timing import replicas
from cognition.testing.nodes import Node, running_nodes
from tests import servers

NAME = "things"
SAME, LATE, OTHER = 1, 2, 3


async def put(node: Node, number: int, said: str) -> None:
    client = AsyncQdrantClient(url=node.http, check_compatibility=False)
    try:
        if not await client.collection_exists(NAME):
            await client.create_collection(NAME, vectors_config={})
        await client.upsert(
            NAME, [models.PointStruct(id=number, vector={}, payload={"said": said})], wait=True
        )
    finally:
        await client.close()


@pytest.mark.server
@pytest.mark.timeout(120)
async def test_what_differs_lastingly_is_told_and_what_is_written_meanwhile_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers.require_binary()
    monkeypatch.setattr(replicas, "LOOK_AGAIN_S", 1.0)
    async with running_nodes(tmp_path / "one", 1) as (one,), running_nodes(tmp_path / "two", 1) as (two,):
        for node in (one, two):
            await put(node, SAME, "the same")
        await put(one, LATE, "late")
        await put(one, OTHER, "this")
        await put(two, OTHER, "that")

        async def later() -> None:
            await anyio.sleep(0.5)
            await put(two, LATE, "late")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(later)
            assert await replicas.differing([one, two], "") == {NAME: [str(OTHER)]}
