"""Several daemons on one Valkey and one Qdrant server: each takes its share, and whatever becomes of one,
nothing is lost, doubled or out of order."""

import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from cognition.stores.backend import HasId, Not
from cognition.stores.stores import over
from cognition.testing.nodes import Node, running_nodes
from streams.client import connect
from streams.codec import decode_fields
from streams.embedded import embedded_server
from streams.keys import StreamKeys
from streams.layout import change
from tests import servers
from tests.integration.support import Client, Daemon, client_of, until

pytestmark = [pytest.mark.server, pytest.mark.timeout(400)]

LEASE_S = 4.0
MINDS = tuple(f"mind {number}" for number in range(12))
EACH = 12
WITHIN_S = 90.0


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    servers.require_binary()
    async with running_nodes(tmp_path / "nodes", 1) as nodes:
        yield nodes[0]


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with embedded_server(tmp_path / "valkey") as found:
        yield found


@contextmanager
def daemons(node: Node, folder: Path, url: str) -> Iterator[Any]:
    """Makes daemons that share both servers; none is left behind."""
    with ExitStack() as stack:

        def more(name: str) -> Daemon:
            daemon = Daemon(
                folder / name,
                QDRANT_URL=node.url,
                REDIS_URL=url,
                COGNITION_STREAMS__LEASE_S=str(LEASE_S),
                COGNITION_LOG__LEVEL="debug",
            ).start()
            stack.callback(ended, daemon)
            daemon.ready()
            return daemon

        yield more


def ended(daemon: Daemon) -> None:
    if daemon.running().poll() is None:
        daemon.running().send_signal(signal.SIGCONT)
        daemon.kill()


def holders(client: Client) -> Counter[str]:
    """How many partitions each directory's daemon holds."""
    found: Counter[str] = Counter()
    for partition in range(client.keys.partitions):
        if held := client.server.get(client.keys.lease(partition)):
            found[bytes(held).decode().rpartition("/")[2]] += 1
    return found


def publish(client: Client, first: int, count: int) -> list[tuple[str, str]]:
    """(mind, entry), in the order of publishing."""
    return [
        (mind, client.perceive(mind, f"Percept {number} of {mind}.", key=f"k{number}"))
        for number in range(first, first + count)
        for mind in MINDS
    ]


def all_receipts(client: Client, entries: list[tuple[str, str]]) -> None:
    for mind, entry in entries:
        client.receipt(mind, entry, within_s=WITHIN_S)
    until(client.settled, "line without work", within_s=WITHIN_S)


def assert_in_order(client: Client) -> None:
    """Receipts of a mind, the first of each entry, come in the order of its entries."""
    told: dict[str, list[str]] = {}
    for partition in range(client.keys.partitions):
        for _, fields in client.server.xrange(client.keys.stream(partition, "salience")):
            receipt = decode_fields("salience", fields)
            seen = told.setdefault(receipt.mind, [])
            if receipt.entry not in seen:
                seen.append(receipt.entry)
    for mind in MINDS:
        numbers = [tuple(map(int, entry.split("-"))) for entry in told[mind]]
        assert numbers == sorted(numbers), mind


async def stored(node: Node) -> dict[str, Any]:
    """Everything that is in the store, by collection and id."""
    async with servers.backend_on(servers.options_of([node])) as backend:
        stores = over(backend)
        await stores.ensure()
        found: dict[str, Any] = {}
        for spec in stores.specs:
            page = await backend.scroll(spec.name, condition=Not(HasId(())), limit=10_000)
            assert page.next_offset is None
            found[spec.name] = {hit.id: hit.payload for hit in page.hits}
        return found


async def assert_whole(node: Node, client: Client, count: int) -> None:
    """Every mind remembers each of its percepts once, and nothing was given up."""
    memories = (await stored(node))["memories"].values()
    assert Counter(memory["mind"] for memory in memories) == dict.fromkeys(MINDS, count)
    assert len({(memory["mind"], memory["content"]) for memory in memories}) == count * len(MINDS)
    assert not any(client.dead(mind) for mind in MINDS)
    assert_in_order(client)


async def test_each_takes_its_share_as_others_join_and_leave(node: Node, url: str, tmp_path: Path) -> None:
    with daemons(node, tmp_path, url) as more:
        client = client_of(url)
        more("one")
        entries = publish(client, 0, EACH)
        second = more("two")
        entries += publish(client, EACH, EACH)
        until(lambda: holders(client) == {"one": 8, "two": 8}, "fair share of two", within_s=WITHIN_S)
        more("three")
        entries += publish(client, 2 * EACH, EACH)
        until(lambda: sorted(holders(client).values()) == [5, 5, 6], "fair share of three", within_s=WITHIN_S)
        assert second.stop() == 0
        until(lambda: holders(client) == {"one": 8, "three": 8}, "fair share of two", within_s=WITHIN_S)
        all_receipts(client, entries)
        handed = [e for e in second.lines() if e["type"] == "LeaseHandedOver"]
        assert not [e for e in second.lines() if e["type"] == "LeaseLost"]
        assert len(handed) >= 2, "it handed some to the third"
        await assert_whole(node, client, 3 * EACH)


async def test_what_a_killed_one_had_in_hand_is_taken_up_by_the_other(
    node: Node, url: str, tmp_path: Path
) -> None:
    with daemons(node, tmp_path, url) as more:
        client = client_of(url)
        victim = more("one")
        more("two")
        until(lambda: holders(client) == {"one": 8, "two": 8}, "fair share", within_s=WITHIN_S)
        entries = publish(client, 0, EACH)
        victim.kill()
        entries += publish(client, EACH, EACH)
        all_receipts(client, entries)
        assert holders(client) == {"two": 16}
        await assert_whole(node, client, 2 * EACH)


async def test_one_that_stalls_longer_than_its_lease_changes_nothing_when_it_wakes(
    node: Node, url: str, tmp_path: Path
) -> None:
    with daemons(node, tmp_path, url) as more:
        client = client_of(url)
        stalled = more("one")
        more("two")
        until(lambda: holders(client) == {"one": 8, "two": 8}, "fair share", within_s=WITHIN_S)
        entries = publish(client, 0, EACH)
        stalled.running().send_signal(signal.SIGSTOP)
        entries += publish(client, EACH, EACH)
        until(lambda: holders(client) == {"two": 16}, "takeover", within_s=WITHIN_S)
        all_receipts(client, entries)
        before = await quiet(node)
        stalled.running().send_signal(signal.SIGCONT)

        def told() -> list[dict[str, Any]]:
            return [event for event in stalled.lines() if event["type"] == "LeaseLost"]

        lost = until(told, "loss", within_s=WITHIN_S)
        assert len(lost) == 8
        until(lambda: holders(client) == {"one": 8, "two": 8}, "fair share again", within_s=WITHIN_S)
        assert await quiet(node) == before
        await assert_whole(node, client, 2 * EACH)
        all_receipts(client, publish(client, 2 * EACH, 1))
        await assert_whole(node, client, 2 * EACH + 1)


async def test_one_that_wakes_after_the_number_of_partitions_was_changed_ends_and_says_so(
    url: str, tmp_path: Path
) -> None:
    client, keys = client_of(url), StreamKeys()
    daemon = Daemon(tmp_path / "one", REDIS_URL=url, COGNITION_STREAMS__LEASE_S="1").start()
    try:
        daemon.ready()
        daemon.running().send_signal(signal.SIGSTOP)
        until(lambda: not any(client.server.exists(keys.lease(p)) for p in range(16)), "leases out")
        streams = connect(url)
        assert await change(streams, keys, 64) == ""
        await streams.aclose()
        daemon.running().send_signal(signal.SIGCONT)
        assert daemon.ended() == 2
        assert "streams.partitions = 16: the namespace 'tmi' has 64" in daemon.tail()
        assert client.dead("ada") == []
    finally:
        ended(daemon)


async def quiet(node: Node) -> dict[str, Any]:
    """What is stored once nothing of it changes any more."""
    before: dict[str, Any] = {}
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        now = await stored(node)
        if now == before:
            return now
        before = now
        await anyio.sleep(QUIET_S)
    raise AssertionError(f"the store does not come to rest within {WITHIN_S:g} s")


QUIET_S = 12.0
"""Longer than a daemon leaves a linked mind before it writes that down (10 s)."""
