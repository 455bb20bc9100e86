"""Writers that meet while the replica that orders them is away, and while it comes back: nothing that was
seen done is lost, and an older epoch changes nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from qdrant_client import AsyncQdrantClient

from cognition.errors import StoreUnavailableError
from cognition.stores.backend import Match
from cognition.stores.qdrant_server import ServerBackend
from cognition.stores.server_options import ServerOptions
from cognition.stores.tenancy import for_mind, not_newer
from cognition.testing.nodes import Node, running_nodes
from tests import servers
from tests.integration.stores.things import SPEC, point, point_id

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

T = TypeVar("T")

NAME, ID = SPEC.name, point_id(1)
WRITERS = 3
"""Of each epoch, each with a connection of its own and another node first."""
CAUGHT_UP_WITHIN_S = 30.0
PAUSE_S = 0.1
BEFORE, AWAY, AFTER = 10, 40, 40
"""Writes that are seen done before the loss, while the node is away, and once it is back."""


@dataclass
class Seen:
    """What writers saw done, as each read it back; `late`: what the older epoch tried after the newer had
    written."""

    done: list[str] = field(default_factory=list)
    late: set[str] = field(default_factory=set)
    taken_over: bool = False
    wanted: int = 0
    reached: anyio.Event = field(default_factory=anyio.Event)

    def add(self, token: str) -> None:
        self.done.append(token)
        if len(self.done) >= self.wanted:
            self.reached.set()

    async def until(self, count: int) -> None:
        """Until so many are done."""
        self.wanted, self.reached = count, anyio.Event()
        with anyio.fail_after(120):
            await self.reached.wait()


async def ordering_node(nodes: list[Node]) -> tuple[Node, list[Node]]:
    """The node whose replica orders writes (of the highest number), and the nodes with replicas."""
    peers: dict[int, Node] = {}
    for node in nodes:
        client = AsyncQdrantClient(url=node.http, check_compatibility=False)
        found = await client.collection_cluster_info(NAME)
        if found.local_shards:
            peers[found.peer_id] = node
        await client.close()
    assert len(peers) == 2
    return peers[max(peers)], list(peers.values())


async def insisting(verb: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await verb()
        except StoreUnavailableError:
            await anyio.sleep(0.05)


async def payload_of(backend: ServerBackend) -> dict[str, Any]:
    (hit,) = await insisting(lambda: backend.retrieve(NAME, [ID]))
    return hit.payload or {}


async def write(backend: ServerBackend, epoch: int, name: str, seen: Seen, enough: anyio.Event) -> None:
    """Raise the revision over and over, if nobody has since it was read."""
    number = 0
    while not enough.is_set():
        rev = (await payload_of(backend))["rev"]
        token = f"{epoch}/{name}/{number}"
        number += 1
        if epoch == 1 and seen.taken_over:
            seen.late.add(token)
        condition = for_mind("m", not_newer(epoch), Match("rev", rev))
        patch = {"rev": rev + 1, "epoch": epoch, f"by{rev + 1}": token}
        await insisting(lambda p=patch, c=condition: backend.set_payload(NAME, [ID], p, condition=c))  # type: ignore[misc]
        if (await payload_of(backend)).get(f"by{rev + 1}") == token:
            seen.add(token)
            seen.taken_over |= epoch == 2


async def caught_up(backend: ServerBackend, seen: Seen) -> dict[str, Any]:
    """What a node has, once it has all that was seen done: one that is back before the others have agreed
    that it was away serves for a second or two what it had."""
    payload = await payload_of(backend)
    with anyio.move_on_after(CAUGHT_UP_WITHIN_S):
        while set(seen.done) - set(payload.values()):
            await anyio.sleep(PAUSE_S)
            payload = await payload_of(backend)
    return payload


async def test_writers_of_two_epochs_lose_nothing_while_order_moves_to_another_replica_and_back(
    tmp_path: Path,
) -> None:
    servers.require_binary()
    enough, seen = anyio.Event(), Seen()
    async with running_nodes(tmp_path / "nodes", 3) as nodes:
        layout = {"shard_number": 1, "replication_factor": 2, "timeout_s": 10.0, "attempts_max": 10}
        async with servers.backend_on(servers.options_of(nodes, **layout)) as first:
            await first.ensure(SPEC)
            await first.upsert(NAME, [point(1)])
            await first.set_payload(NAME, [ID], {"rev": 0, "epoch": 1})
        leader, holders = await ordering_node(nodes)

        async def writer(epoch: int, number: int) -> None:
            turned = nodes[number:] + nodes[:number]
            options = ServerOptions(url=",".join(node.url for node in turned), **layout)  # type: ignore[arg-type]
            async with servers.backend_on(options) as backend:
                await backend.ensure(SPEC)
                await write(backend, epoch, str(number), seen, enough)

        async with anyio.create_task_group() as tasks:
            for number in range(WRITERS):
                tasks.start_soon(writer, 1, number)
            await seen.until(BEFORE)
            leader.kill()
            for number in range(WRITERS):
                tasks.start_soon(writer, 2, number)
            await seen.until(BEFORE + AWAY)
            leader.start()
            await leader.ready()
            await seen.until(BEFORE + AWAY + AFTER)
            enough.set()
        for node in holders:
            async with servers.backend_on(servers.options_of([node], timeout_s=30)) as backend:
                await backend.ensure(SPEC)
                payload = await caught_up(backend, seen)
            kept = {key: value for key, value in payload.items() if key.startswith("by")}
            assert payload["epoch"] == 2
            assert not seen.late & set(kept.values())
            assert set(seen.done) - set(kept.values()) == set()
            assert payload["rev"] == len(kept)
