"""A node of Qdrant whose disk is gone: what the runbook says to do, with the program that it names."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from qdrant_client import AsyncQdrantClient, models

from benchmarks.timing.replicas import differing
from cognition.stores.collections import ALL
from cognition.stores.server_shards import all_shards_of
from cognition.stores.stores import VectorStores, over
from cognition.testing.nodes import Node, NodeError, running_nodes
from tests import servers
from tests.congruence.test_stores import trace

PROGRAM = Path(__file__).parents[2] / "deploy/nodes.py"
COLLECTIONS = sorted(spec.name for spec in ALL)
SHARDS = 2
BATCH = 100
"""Memories of a mind that are written before the loss, while the node is away, and once it has joined."""

pytestmark = [pytest.mark.server, pytest.mark.timeout(400)]


async def said(nodes: list[Node], *words: str) -> tuple[int, str]:
    """The exit code of the program, and all that it says."""
    done = await anyio.to_thread.run_sync(
        lambda: subprocess.run(
            [sys.executable, str(PROGRAM), *words],
            env={**os.environ, "COGNITION_STORE__URL": ",".join(node.url for node in nodes)},
            capture_output=True,
            text=True,
            check=False,
        )
    )
    return done.returncode, done.stdout + done.stderr


@asynccontextmanager
async def stores_on(nodes: list[Node]) -> AsyncIterator[VectorStores]:
    options = servers.options_of(nodes, shard_number=SHARDS, replication_factor=2, timeout_s=30.0)
    async with servers.backend_on(options) as backend:
        yield over(backend)


async def written(stores: VectorStores, mind: str) -> None:
    await stores.memories.insert([trace(mind, f"{mind}-{n}", 1.0, n) for n in range(BATCH)], epoch=1)


async def peer_of(node: Node) -> int:
    client = AsyncQdrantClient(url=node.http, check_compatibility=False)
    found = await client.cluster_status()
    await client.close()
    assert isinstance(found, models.ClusterStatusOneOf1)
    return found.peer_id


async def replicas(node: Node) -> list[int]:
    """Of each shard of each collection, how many peers serve it."""
    client = AsyncQdrantClient(url=node.http, check_compatibility=False)
    found = [shard.serving for name in COLLECTIONS for shard in await all_shards_of(client, name)]
    await client.close()
    return found


@pytest.mark.parametrize("number", [0, 2])
async def test_a_node_whose_disk_is_gone_is_forgotten_joins_anew_and_gets_replicas(
    tmp_path: Path, number: int
) -> None:
    servers.require_binary()
    async with running_nodes(tmp_path / "nodes", 3) as nodes, stores_on(nodes) as stores:
        lost, other = nodes[number], nodes[(number + 1) % 3]
        await stores.ensure()
        await written(stores, "before")
        peer = await peer_of(lost)
        assert await said(nodes, "show") == (
            0,
            "".join([await line_of(n) for n in nodes] + await peers_of(nodes)),
        )
        code, words = await said(nodes, "forget", str(peer))
        assert (code, "answers: it is not lost" in words) == (1, True)
        code, words = await said(nodes, "forget", "7")
        known = sorted([await peer_of(node) for node in nodes])
        assert (code, words) == (1, f"the cluster knows no peer 7: its peers are {known}\n")

        code, words = await said(nodes, "metrics")
        assert (code, words.count("\ncollections_total ")) == (0, 3)
        assert f'"peer_id": {peer}' in (await said([lost], "ask", "GET", "/cluster"))[1]
        assert (await said(nodes, "ask", "POST", "/collections", "{"))[1].startswith("{ is no JSON")
        assert "answers GET /metrics without a result" in (await said(nodes, "ask", "GET", "/metrics"))[1]

        lost.kill()
        shutil.rmtree(lost.folder)
        await written(stores, "meanwhile")
        code, words = await said(nodes, "metrics")
        assert (code, words.count("\ncollections_total ")) == (1, 2)
        assert f"{lost.http} does not answer" in words

        lost.joins(other.between)
        lost.start()
        with pytest.raises(NodeError, match=f"already used by peer {peer} which still has shards"):
            await lost.ready()
        code, words = await said(nodes, "show")
        assert f"BAD  {lost.http} does not answer" in words
        assert f"peer {peer}  {lost.between}/\n" in words

        assert (await said(nodes, "forget", str(peer)))[0] == 0
        shutil.rmtree(lost.folder)
        lost.start()
        await lost.ready()
        await written(stores, "after")
        code, words = await said(nodes, "show")
        assert code == 0
        bad = words.count("BAD  ")
        assert bad == (await replicas(other)).count(1) > 0
        code, words = await said(nodes, "replicate")
        assert code == 0, words
        assert (words.count(", shard "), str(await peer_of(lost)) in words) == (bad, True)
        assert "BAD" not in (await said(nodes, "show"))[1]

        for node in nodes:
            assert await replicas(node) == [2] * SHARDS * len(COLLECTIONS)
        assert await differing(nodes, "") == {name: [] for name in COLLECTIONS}
        assert await stores.backend.cluster_drifts() == []  # type: ignore[attr-defined]
        nodes[(number + 2) % 3].kill()
        with anyio.fail_after(60):
            assert [await stores.memories.count(m) for m in ("before", "meanwhile", "after")] == [BATCH] * 3


async def test_a_node_in_no_cluster_is_told_as_such(tmp_path: Path) -> None:
    servers.require_binary()
    async with running_nodes(tmp_path / "nodes", 1) as nodes:
        code, words = await said(nodes, "show")
        assert (code, words) == (
            0,
            f"BAD  {nodes[0].http} is in no cluster: it was started without QDRANT__CLUSTER__ENABLED\n",
        )
        code, words = await said(nodes, "forget", "7")
        assert (code, "is in no cluster" in words) == (1, True)
        assert "collections_total" in (await said(nodes, "metrics"))[1]
        assert '"collections": []' in (await said(nodes, "ask", "GET", "/collections"))[1]


async def line_of(node: Node) -> str:
    return f"{node.http}  is peer {await peer_of(node)}, knows 3\n"


async def peers_of(nodes: list[Node]) -> list[str]:
    return [f"peer {peer}  {uri}/\n" for peer, uri in sorted([(await peer_of(n), n.between) for n in nodes])]
