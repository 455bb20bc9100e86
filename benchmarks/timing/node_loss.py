"""One node of a cluster killed while the engine writes and answers: what was lost, doubled, refused, and how
long until all is whole again.

The engine runs in this process; its streams are its own, so that the kill hits the store alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
from qdrant_client import AsyncQdrantClient, models

from benchmarks.engine import Bench
from benchmarks.timing import replicas
from benchmarks.timing.real import RealMaterials
from cognition.errors import CognitionError
from cognition.stores import packing
from cognition.stores.collections import MEMORIES
from cognition.testing.nodes import Node
from schemas.cue import Cue
from schemas.recollection import Recollection

PART = 32
"""Percepts that are waited for together while a node is away."""

BEFORE_S, AWAY_S, AFTER_S = 4.0, 12.0, 4.0
"""How long is written before the kill, while the node is away, and after it is back."""

GREEN_WITHIN_S = 300.0
LOOK_S = 0.25
READ_EVERY_S = 0.02


@dataclass
class Life:
    """What happened while a node went and came back."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    """(mind, key) of every percept whose receipt said that it is recallable."""
    reads: int = 0
    failed_reads: int = 0
    slowest_read_s: float = 0.0
    longest_write_s: float = 0.0
    problem: str = ""
    over: bool = False


async def lose_a_node(
    bench: Bench, nodes: Sequence[Node], materials: RealMaterials, minds: int, prefix: str
) -> dict[str, Any]:
    """Kill the last node under load, start it again, wait until every replica is whole, then compare."""
    life, victim = Life(), nodes[-1]
    client = AsyncQdrantClient(url=nodes[0].http, grpc_port=nodes[0].grpc_port, prefer_grpc=True)
    try:
        async with anyio.create_task_group() as load:
            load.start_soon(_write, bench, materials, life)
            load.start_soon(_read, bench, materials, minds, life)
            await anyio.sleep(BEFORE_S)
            victim.kill()
            written = len(life.sent)
            await anyio.sleep(AWAY_S)
            meanwhile = len(life.sent) - written
            victim.start()
            back = time.perf_counter()
            await victim.ready()
            await _whole(client, nodes, prefix)
            green_s = time.perf_counter() - back
            await anyio.sleep(AFTER_S)
            life.over = True
        await _whole(client, nodes, prefix)
        differing = await replicas.differing(nodes, prefix)
        held = await replicas.held_by(nodes[0], prefix + MEMORIES.name)
    finally:
        await client.close()
    stored = [packing.unpacked(MEMORIES, dict(each.payload)) for each in held.values()]
    keys = Counter((payload["mind"], payload["key"]) for payload in stored)
    return {
        "killed": victim.folder.name,
        "writes": len(life.sent),
        "writes_while_away": meanwhile,
        "lost": sum(1 for each in life.sent if each not in keys),
        "doubled": sum(1 for count in keys.values() if count > 1),
        "replicas_differ": sum(map(len, differing.values())),
        "compared": sorted(differing),
        "reads": life.reads,
        "failed_reads": life.failed_reads,
        "slowest_read_s": round(life.slowest_read_s, 3),
        "longest_write_s": round(life.longest_write_s, 3),
        "time_to_green_s": round(green_s, 2),
        **({"problem": life.problem} if life.problem else {}),
    }


async def _write(bench: Bench, materials: RealMaterials, life: Life) -> None:
    """Percepts in parts, each part waited for: what is counted has been acknowledged."""
    while not life.over:
        part, began = materials.percepts(PART), time.perf_counter()
        await bench.perceive_all(part, lambda _: None)
        life.longest_write_s = max(life.longest_write_s, time.perf_counter() - began)
        life.sent += [(p.mind, p.key) for p in part]


async def _read(bench: Bench, materials: RealMaterials, minds: int, life: Life) -> None:
    daemon = bench.session.daemon
    assert daemon is not None
    asked = materials.near(256)
    while not life.over:
        text, vector = asked[life.reads % len(asked)]
        cue = Cue(
            id=f"loss-{life.reads}",
            mind=f"mind-{life.reads % minds}",
            content=text,
            vector=vector.astype("<f4").tobytes(),
        )
        began = time.perf_counter()
        try:
            answer = await daemon.answering.answer(cue)
            failed = not isinstance(answer, Recollection) or not answer.recalled
            problem = str(answer)[:300] if failed else ""
        except CognitionError as error:
            failed, problem = True, f"{type(error).__name__}: {error}"
        life.reads += 1
        life.failed_reads += failed
        life.problem = life.problem or problem
        life.slowest_read_s = max(life.slowest_read_s, time.perf_counter() - began)
        await anyio.sleep(READ_EVERY_S)


async def _whole(client: AsyncQdrantClient, nodes: Sequence[Node], prefix: str) -> None:
    """Return once every replica of every one of our collections is active, as each node sees it."""
    with anyio.fail_after(GREEN_WITHIN_S):
        while not await _active(nodes, prefix):  # noqa: ASYNC110 (other processes do the work)
            await anyio.sleep(LOOK_S)


async def _active(nodes: Sequence[Node], prefix: str) -> bool:
    for node in nodes:
        each = AsyncQdrantClient(url=node.http, timeout=10)
        try:
            for collection in (await each.get_collections()).collections:
                if collection.name.startswith(prefix) and not await _all_active(each, collection.name):
                    return False
        finally:
            await each.close()
    return True


async def _all_active(client: AsyncQdrantClient, name: str) -> bool:
    answer = await client.http.distributed_api.collection_cluster_info(collection_name=name)
    found = answer.result
    assert found is not None
    active = models.ReplicaState.ACTIVE
    here = all(shard.state == active for shard in found.local_shards)
    elsewhere = all(shard.state == active for shard in found.remote_shards)
    return here and elsewhere and not found.shard_transfers
