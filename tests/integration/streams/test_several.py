"""Sentinels and clusters: the streams as on one server, and a failover in the middle."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
import pytest

from schemas.cue import Cue
from schemas.percept import Percept
from schemas.recollection import Recollection
from streams.client import connect, wait_until_ready, where
from streams.cluster import slot_of
from streams.consumer import Consumer
from streams.delivery import Delivery
from streams.errors import StreamsError, StreamsUnavailableError
from streams.keys import StreamKeys
from streams.lease import Leases
from streams.producer import Producer
from streams.reqreply import Answerer, Caller
from tests.integration.streams import several
from tests.integration.support import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

KEYS = StreamKeys(namespace="several", partitions=8)
MINDS = tuple(f"mind {n}" for n in range(24))
COUNT = 240
GROUP = "attention"
FAILOVER_WITHIN_S = 60.0


def _of_sentinels(folder: Path) -> AbstractContextManager[several.Place]:
    return several.sentinels(folder)


def _of_a_cluster(folder: Path) -> AbstractContextManager[several.Place]:
    slot = slot_of((b"XADD", KEYS.stream(KEYS.partition_of(MINDS[0]), "awake")))
    assert slot is not None
    return several.cluster(folder, slot)


@pytest.fixture(params=[_of_sentinels, _of_a_cluster], ids=["sentinels", "cluster"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[several.Place]:
    with request.param(tmp_path / "servers") as found:
        yield found


async def test_nothing_that_was_acknowledged_is_lost_in_a_failover(place: several.Place) -> None:
    client = connect(place.url)
    await wait_until_ready(client)
    assert where(client).startswith(place.url.partition("//")[0])
    consumer = Consumer(client, KEYS, "awake", GROUP, "one")
    leases = Leases(client, KEYS, anyio.current_time)
    held = [await leases.acquire(p, "one", 60.0) for p in range(KEYS.partitions)]
    assert all(held)
    taken: dict[str, str] = {}
    handled: list[str] = []

    async def publish() -> None:
        producer = Producer(client, KEYS)
        for number in range(COUNT):
            mind = MINDS[number % len(MINDS)]
            percept = Percept(mind=mind, content=f"percept {number}", key=str(number))
            taken[str(number)] = await insisting(lambda p=percept, m=mind: producer.publish(p, m))
            if number == COUNT // 3:
                place.primary.kill()
                tasks.start_soon(bring_back)

    async def bring_back() -> None:
        """Once another has its place, the one that failed is the replica that new percepts are copied to."""
        await anyio.to_thread.run_sync(lambda: until(place.replaced, "failover", within_s=FAILOVER_WITHIN_S))
        await anyio.to_thread.run_sync(place.primary.start)

    async def handle(found: list[Delivery]) -> None:
        for delivery in found:
            handled.append(msgspec.msgpack.decode(delivery.fields[b"m"])["key"])
            await consumer.ack(delivery.partition, [delivery.entry_id])

    async def session() -> None:
        consumer.partitions = ()
        for partition in range(KEYS.partitions):
            async for page in consumer.recover(partition):
                await handle(page)
        consumer.partitions = range(KEYS.partitions)
        while len(set(handled)) < COUNT:
            await handle(await consumer.read(64, 200))

    async def consume() -> None:
        """As the daemon does it: what goes wrong ends the session, and the next one recovers."""
        while len(set(handled)) < COUNT:
            try:
                await session()
            except StreamsUnavailableError:
                await anyio.sleep(0.1)

    with anyio.fail_after(200):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(consume)
            tasks.start_soon(publish)
    assert set(taken) == {str(number) for number in range(COUNT)}
    for partition, lease in enumerate(held):
        after = await leases.held_by(partition)
        assert after is None or after.epoch >= lease.epoch, "no epoch goes back"
    await client.aclose()


async def test_a_cue_is_answered_while_the_replica_is_away_and_a_percept_is_not_taken(
    place: several.Place,
) -> None:
    mind = MINDS[0]
    client = connect(f"{place.url}?copied_within_s=0.5")
    await wait_until_ready(client)
    percept = Percept(mind=mind, content="what must not be lost")
    await Producer(client, KEYS).publish(percept, mind)
    place.replica.kill()
    cues = Consumer(client, KEYS, "cues", "recall", "one", partitions=[KEYS.partition_of(mind)])
    await cues.ensure_groups(cues.partitions)

    async def answer() -> None:
        (delivery,) = await cues.read(block_ms=5_000)
        await Answerer(client, KEYS).answer(delivery.partition, Recollection(cue_id="c1", mind=mind))

    with anyio.fail_after(30):
        async with Caller(client, KEYS) as caller, anyio.create_task_group() as tasks:
            tasks.start_soon(answer)
            found = await caller.ask(Cue(id="c1", mind=mind, content="who is there?", deadline_s=20.0))
    assert found == Recollection(cue_id="c1", mind=mind)
    with pytest.raises(StreamsUnavailableError, match="on 0 replicas, 1 are asked for"):
        await Producer(client, KEYS).publish(percept, mind)
    await client.aclose()


@pytest.fixture
def in_a_cluster(tmp_path: Path) -> Iterator[several.Place]:
    with _of_a_cluster(tmp_path / "servers") as found:
        yield found


async def test_after_a_failover_on_demand_a_percept_is_taken_once_and_copied_as_asked(
    in_a_cluster: several.Place,
) -> None:
    client = connect(in_a_cluster.url)
    demanding = connect(f"{in_a_cluster.url}?replicas=2&copied_within_s=0.5")
    mind = MINDS[0]
    percept = Percept(mind=mind, content="what must not be lost")
    for each in (client, demanding):
        await wait_until_ready(each)
    several.asked(in_a_cluster.replica, "CLUSTER", "FAILOVER")
    await anyio.to_thread.run_sync(
        lambda: until(in_a_cluster.replaced, "failover", within_s=FAILOVER_WITHIN_S)
    )
    await anyio.to_thread.run_sync(
        lambda: until(lambda: several.linked(in_a_cluster.primary), "a new replica", within_s=60.0)
    )
    await Producer(client, KEYS).publish(percept, mind)
    assert await client.xlen(KEYS.stream(KEYS.partition_of(mind), "awake")) == 1
    with pytest.raises(StreamsUnavailableError, match="on 1 replicas, 2 are asked for"):
        await Producer(demanding, KEYS).publish(percept, mind)
    for each in (client, demanding):
        await each.aclose()


@pytest.mark.parametrize("moved", [True, False], ids=["moved", "being moved"])
async def test_what_is_redirected_waits_for_the_replicas_of_the_node_that_took_it(
    in_a_cluster: several.Place, moved: bool
) -> None:
    """The node that had the slot has its replica; the one that gets it has lost its own."""
    client = connect(f"{in_a_cluster.url}?copied_within_s=0.5")
    await wait_until_ready(client)
    mind, producer = MINDS[0], Producer(client, KEYS)
    key = KEYS.stream(KEYS.partition_of(mind), "awake")
    slot = slot_of((b"XADD", key))
    others = [each for each in MINDS if KEYS.partition_of(each) != KEYS.partition_of(mind)]
    await producer.publish_many(
        [(each, Percept(mind=each, content="every node has seen it")) for each in others]
    )
    giver, taker = in_a_cluster.primary, in_a_cluster.others[0]
    names = [several.asked(server, "CLUSTER", "MYID") for server in (giver, taker)]
    in_a_cluster.others[2].kill()
    several.asked(taker, "CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
    several.asked(giver, "CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
    if moved:
        for server in (taker, giver):
            several.asked(server, "CLUSTER", "SETSLOT", slot, "NODE", names[1])
    with pytest.raises(StreamsUnavailableError, match="on 0 replicas, 1 are asked for"):
        await producer.publish(Percept(mind=mind, content="redirected"), mind)
    if moved:
        assert await client.xlen(key) == 1
    await client.aclose()


async def insisting(verb: Callable) -> str:
    """As a publisher with keys does it: what was perhaps not taken is said again."""
    while True:
        try:
            return await verb()
        except StreamsError:
            await anyio.sleep(0.1)
