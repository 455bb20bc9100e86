"""A node of Qdrant whose disk is gone: what the runbook says to do, with the program that it names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from qdrant_client import AsyncQdrantClient, models

from cognition.testing.nodes import Node, NodeError, running_nodes
from tests import servers

PROGRAM = Path(__file__).parents[2] / "deploy/nodes.py"
NAME = "memories"
SHARDS = 6
POINTS = 300

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]


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


async def filled(node: Node) -> None:
    client = AsyncQdrantClient(url=node.http, check_compatibility=False)
    await client.create_collection(
        NAME,
        vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE),
        shard_number=SHARDS,
        replication_factor=2,
    )
    points = [models.PointStruct(id=n, vector=[1.0, n, 2.0, 3.0]) for n in range(1, POINTS + 1)]
    await client.upsert(NAME, points, wait=True)
    await client.close()


async def peer_of(node: Node) -> int:
    client = AsyncQdrantClient(url=node.http, check_compatibility=False)
    found = await client.cluster_status()
    await client.close()
    assert isinstance(found, models.ClusterStatusOneOf1)
    return found.peer_id


async def counted(node: Node) -> int:
    client = AsyncQdrantClient(url=node.http, check_compatibility=False)
    found = await client.count(NAME, exact=True)
    await client.close()
    return found.count


@pytest.mark.parametrize("number", [0, 2])
async def test_a_node_whose_disk_is_gone_is_forgotten_joins_anew_and_gets_replicas(
    tmp_path: Path, number: int
) -> None:
    servers.require_binary()
    async with running_nodes(tmp_path / "nodes", 3) as nodes:
        lost, other = nodes[number], nodes[(number + 1) % 3]
        await filled(other)
        peer = await peer_of(lost)
        assert await said(nodes, "show") == (
            0,
            "".join([await line_of(n) for n in nodes] + await peers_of(nodes)),
        )
        code, words = await said(nodes, "forget", str(peer))
        assert (code, "answers: it is not lost" in words) == (1, True)

        assert (await said(nodes, "metrics"))[1].count("collections_total") >= 3
        assert f'"peer_id": {peer}' in (await said([lost], "ask", "GET", "/cluster"))[1]

        lost.kill()
        shutil.rmtree(lost.folder)
        lost.joins(other.between)
        lost.start()
        with pytest.raises(NodeError, match=f"already used by peer {peer} which still has shards"):
            await lost.ready()
        code, words = await said(nodes, "show")
        assert f"BAD  {lost.http} does not answer" in words

        assert (await said(nodes, "forget", str(peer)))[0] == 0
        shutil.rmtree(lost.folder)
        lost.start()
        await lost.ready()
        code, words = await said(nodes, "show")
        assert code == 0
        assert f"BAD  {NAME}, shard " in words
        code, words = await said(nodes, "replicate")
        assert code == 0, words
        assert words.count(f"{NAME}, shard ") == words.count(str(await peer_of(lost))) > 0
        assert "BAD" not in (await said(nodes, "show"))[1]

        nodes[(number + 2) % 3].kill()
        with anyio.fail_after(30):
            while True:
                if await counted(lost) == POINTS:
                    break
                await anyio.sleep(0.2)


async def line_of(node: Node) -> str:
    return f"{node.http}  is peer {await peer_of(node)}, knows 3\n"


async def peers_of(nodes: list[Node]) -> list[str]:
    return [f"peer {peer}  {uri}/\n" for peer, uri in sorted([(await peer_of(n), n.between) for n in nodes])]
