"""A daemon whose memories are on a Qdrant server: restarts of either, and a server that is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from cognition.stores.stores import VectorStores, over
from cognition.testing.nodes import Node, running_nodes
from schemas.events import Outcome
from streams.keys import StreamKeys
from tests import servers
from tests.integration.support import Client, Daemon, Told, cognition, daemon_on, until

pytestmark = [pytest.mark.server, pytest.mark.timeout(400)]

MINDS = ("ada", "bo")
LOAD = 150


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    servers.require_binary()
    async with running_nodes(tmp_path / "nodes", 1) as nodes:
        yield nodes[0]


@asynccontextmanager
async def stores_on(nodes: list[Node]) -> AsyncIterator[VectorStores]:
    async with servers.backend_on(servers.options_of(nodes)) as backend:
        stores = over(backend)
        await stores.ensure()
        yield stores


def perceived(client: Client, first: int, count: int) -> list[tuple[str, str]]:
    """(mind, entry) of percepts with keys of their own."""
    return [
        (mind, client.perceive(mind, f"Percept {number} of {mind}.", key=f"k{number}"))
        for number in range(first, first + count)
        for mind in MINDS
    ]


async def settled(client: Client, entries: list[tuple[str, str]], **bound: float) -> set[Outcome]:
    """What became of all of them."""
    found = set()
    for mind, entry in entries:
        found.add(
            (await anyio.to_thread.run_sync(lambda m=mind, e=entry: client.receipt(m, e, **bound))).outcome
        )
    return found


async def test_a_mind_on_a_server_is_found_again_by_a_daemon_with_an_empty_directory(
    node: Node, tmp_path: Path
) -> None:
    with daemon_on(tmp_path / "first", QDRANT_URL=node.url) as daemon:
        client = daemon.client()
        assert await settled(client, perceived(client, 0, 20)) == {Outcome.ENCODED}
        assert [line["nodes"] for line in daemon.lines() if line["type"] == "StoreOpened"]
    with daemon_on(tmp_path / "second", QDRANT_URL=node.url) as daemon:
        client = daemon.client()
        assert await settled(client, perceived(client, 0, 20)) == {Outcome.STRENGTHENED}
    async with stores_on([node]) as stores:
        assert [await stores.memories.count(mind) for mind in MINDS] == [20, 20]
    assert not (tmp_path / "second" / "store").exists(), "nothing is kept in the directory"


async def test_a_server_that_is_killed_under_load_and_comes_back_has_everything_once(
    node: Node, tmp_path: Path
) -> None:
    with daemon_on(tmp_path / "data", QDRANT_URL=node.url) as daemon:
        client = daemon.client()
        entries = perceived(client, 0, LOAD // 3)
        until(
            lambda: client.server.xlen(client.keys.stream(client.keys.partition_of("ada"), "salience")),
            "work",
        )
        node.kill()
        entries += perceived(client, LOAD // 3, LOAD // 3)
        told = until(lambda: [e for e in daemon.lines() if e["type"] == "OperationRetried"], "retry")
        assert "StoreUnavailableError" in told[0]["error"]
        node.start()
        await node.ready()
        entries += perceived(client, 2 * LOAD // 3, LOAD // 3)
        assert await settled(client, entries, within_s=60.0) <= {Outcome.ENCODED, Outcome.STRENGTHENED}
        until(client.settled, "line without work")
        assert not client.dead("ada")
        assert not client.dead("bo")
    async with stores_on([node]) as stores:
        assert [await stores.memories.count(mind) for mind in MINDS] == [LOAD, LOAD]


async def test_a_daemon_waits_for_a_server_that_is_down_at_its_start(node: Node, tmp_path: Path) -> None:
    node.kill()
    daemon = Daemon(tmp_path / "data", QDRANT_URL=node.url).start()
    try:
        told = until(lambda: [e for e in daemon.lines() if e["type"] == "OperationRetried"], "word of it")
        assert told[0]["operation"] == "opening the store"
        assert "Trying again is safe" in told[0]["error"]
        node.start()
        await node.ready()
        client = daemon.client()
        assert await settled(client, perceived(client, 0, 1)) == {Outcome.ENCODED}
    finally:
        daemon.stop()


def test_a_daemon_gives_up_on_a_server_that_does_not_come_and_says_what_to_do(tmp_path: Path) -> None:
    settings = {"QDRANT_URL": "http://127.0.0.1:9", "COGNITION_STORE__WAIT_S": "0"}
    daemon = Daemon(tmp_path / "data", **settings).start()
    assert daemon.ended() == 3
    assert "http://127.0.0.1:9" in daemon.tail()


async def test_another_number_of_partitions_is_refused_until_it_is_migrated(
    node: Node, tmp_path: Path
) -> None:
    directory, eight = tmp_path / "data", {"COGNITION_STREAMS__PARTITIONS": "8"}
    with daemon_on(directory, QDRANT_URL=node.url) as daemon:
        assert await settled(daemon.client(), perceived(daemon.client(), 0, 5)) == {Outcome.ENCODED}
    refused = Daemon(directory, QDRANT_URL=node.url, **eight).start()
    assert refused.ended() in (1, 2)
    assert "cognition schema migrate --partitions 8" in refused.tail()

    def told(*words: str, **more: str) -> Told:
        return cognition(*words, "--data", str(directory), QDRANT_URL=node.url, **more)

    assert told("schema", "check").code == 0
    drifted = told("schema", "check", "--json", **eight)
    assert drifted.code == 1
    assert all("16 partitions" in row["problem"] for row in drifted.json)
    examined = told("doctor", "--json", **eight)
    assert any("16 partitions" in row["found"] for row in examined.json if row["check"] == "store")
    migrated = told("schema", "migrate", "--partitions", "8")
    assert migrated.code == 0, migrated.err + migrated.out
    with daemon_on(directory, QDRANT_URL=node.url, **eight) as daemon:
        client = Client(daemon.client().server, StreamKeys(partitions=8))
        assert await settled(client, perceived(client, 0, 5)) == {Outcome.STRENGTHENED}
    async with stores_on([node]) as stores:
        assert [await stores.memories.count(mind) for mind in MINDS] == [5, 5]


async def test_nights_are_simulated_on_a_copy_of_one_mind_while_the_server_goes_on(
    node: Node, tmp_path: Path
) -> None:
    directory = tmp_path / "data"
    asked = ("sleep", "--mind", "ada", "--data", str(directory), "--simulate", "1w", "--json")
    with daemon_on(directory, QDRANT_URL=node.url) as daemon:
        client = daemon.client()
        entries = [
            (mind, client.perceive(mind, f"note {n} about the harbour, number {n * 7919}", key=f"k{n}"))
            for n in range(20)
            for mind in MINDS
        ]
        assert await settled(client, entries) == {Outcome.ENCODED}
        few = (*asked, "--set", "sleep.memory_max=15")
        beside = await anyio.to_thread.run_sync(lambda: cognition(*few, QDRANT_URL=node.url))
        assert beside.code == 0, beside.err
        assert [(week["remembered"], week["in_archive"]) for week in beside.json["weeks"]] == [(15, 5)]
        by_daemon = await anyio.to_thread.run_sync(lambda: cognition(*few))
        assert [(week["remembered"], week["in_archive"]) for week in by_daemon.json["weeks"]] == [(15, 5)]
    async with stores_on([node]) as stores:
        assert [await stores.memories.count(mind) for mind in MINDS] == [20, 20]


async def test_a_key_is_exchanged_by_way_of_a_second_one_and_nobody_is_refused(tmp_path: Path) -> None:
    """As the runbook says it: the node takes both, the daemon finds the new one in its file, the node
    takes that alone. Nobody starts the daemon again."""
    servers.require_binary()
    key, second = "QDRANT__SERVICE__API_KEY", "QDRANT__SERVICE__ALT_API_KEY"
    file = tmp_path / "key"
    file.write_text("old")
    async with running_nodes(tmp_path / "nodes", 1, environment={key: "old"}) as (node,):
        given = {"COGNITION_STORE__URL": node.url, "COGNITION_STORE__API_KEY_FILE": str(file)}
        with daemon_on(tmp_path / "data", **given) as daemon:
            await again(node, **{second: "new"})
            assert await settled(daemon.client(), perceived(daemon.client(), 0, 3)) == {Outcome.ENCODED}
            file.write_text("new")
            assert "refuses" not in daemon.log.read_text()
            await again(node, **{key: "new", second: ""})
            assert await settled(daemon.client(), perceived(daemon.client(), 3, 3)) == {Outcome.ENCODED}
            (told,) = refusals(daemon)
            assert told["operation"] == "asking the store", "and nothing else was refused"
            assert f"{file} holds another" in told["error"]
            await again(node, **{key: "newest"})
            entries = perceived(daemon.client(), 6, 3)
            await anyio.to_thread.run_sync(
                lambda: until(
                    lambda: f"{file} holds no other" in daemon.log.read_text(), "refusal in the log"
                )
            )
            file.write_text("newest")
            assert await settled(daemon.client(), entries) == {Outcome.ENCODED}


def refusals(daemon: Daemon) -> list[dict[str, Any]]:
    """What its log says of keys that were refused."""
    return [e for e in daemon.lines() if e["type"] == "OperationRetried" and "refuses" in e["error"]]


async def again(node: Node, **environment: str) -> None:
    """The node stopped, and started with these variables, too."""
    node.stop()
    node.is_given(**environment)
    node.start()
    await node.ready()
