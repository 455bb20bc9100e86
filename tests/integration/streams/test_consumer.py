from collections.abc import Callable

import anyio
import pytest
from redis.asyncio import Redis

from schemas.percept import Percept
from streams.client import connect
from streams.codec import decode_fields
from streams.consumer import Consumer
from streams.delivery import Delivery
from streams.errors import StreamsUnavailableError
from streams.keys import StreamKeys
from streams.lease import Leases
from streams.producer import Producer

MINDS = [f"mind {i}" for i in range(12)]
ALL = range(4)


@pytest.fixture
def publish(client: Redis, keys: StreamKeys) -> Callable[..., object]:
    producer = Producer(client, keys)

    async def publish(count: int, start: int = 0) -> None:
        items = [
            (MINDS[i % 12], Percept(mind=MINDS[i % 12], content=str(i))) for i in range(start, start + count)
        ]
        await producer.publish_many(items)

    return publish


def consumer(client: Redis, keys: StreamKeys, name: str = "one", **more: object) -> Consumer:
    return Consumer(client, keys, "awake", "attention", name, **more)  # type: ignore[arg-type]


def numbers(deliveries: list[Delivery]) -> list[int]:
    return [int(decode_fields("awake", d.fields).content) for d in deliveries]  # type: ignore[attr-defined]


def expected(keys: StreamKeys, partition: int, count: int) -> list[int]:
    return [i for i in range(count) if keys.partition_of(MINDS[i % 12]) == partition]


async def recovered(one: Consumer, partition: int, count: int = 256) -> list[Delivery]:
    return [delivery async for page in one.recover(partition, count) for delivery in page]


async def take_all(one: Consumer) -> list[Delivery]:
    found = [delivery for p in ALL for delivery in await recovered(one, p)]
    one.partitions = tuple(ALL)
    return found


async def test_new_entries_arrive_in_order_within_each_partition(client, keys, publish) -> None:
    one = consumer(client, keys)
    await take_all(one)
    await publish(100)
    found = await one.read(count=1_000, block_ms=0)
    assert len(found) == 100
    for partition in ALL:
        mine = [d for d in found if d.partition == partition]
        assert numbers(mine) == expected(keys, partition, 100)
        assert all(d.times_delivered == 1 for d in mine)


async def test_entries_published_before_the_group_existed_are_not_lost(client, keys, publish) -> None:
    await publish(10)
    one = consumer(client, keys)
    await take_all(one)
    assert len(await one.read(block_ms=0)) == 10


async def test_a_blocked_read_wakes_with_the_first_entry(client, keys, publish) -> None:
    one = consumer(client, keys)
    await take_all(one)
    found: list[Delivery] = []

    async def read() -> None:
        found.extend(await one.read(block_ms=5_000))

    with anyio.fail_after(3):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await publish(1)
    assert numbers(found) == [0]


async def test_without_partitions_nothing_is_read(client, keys, publish) -> None:
    await publish(5)
    assert await consumer(client, keys).read(block_ms=5) == []


@pytest.mark.parametrize("page", [1, 3, 256])
async def test_recovery_brings_all_pending_of_every_consumer_in_entry_order(
    client, keys, publish, page
) -> None:
    dead, other = consumer(client, keys, "dead"), consumer(client, keys, "other")
    await dead.ensure_groups(ALL)
    dead.partitions = other.partitions = tuple(ALL)
    await publish(60)
    for _ in range(4):
        await dead.read(count=2, block_ms=0)
        await other.read(count=1, block_ms=0)
    heir = consumer(client, keys, "dead")
    for partition in ALL:
        found = await recovered(heir, partition, page)
        assert numbers(found) == expected(keys, partition, 60)[:12]
        assert {d.times_delivered for d in found} == {2}
    heir.partitions = tuple(ALL)
    rest = await heir.read(count=1_000, block_ms=0)
    for partition in ALL:
        mine = [d for d in rest if d.partition == partition]
        assert numbers(mine) == expected(keys, partition, 60)[12:]


async def test_each_recovery_counts_one_more_delivery(client, keys, publish) -> None:
    await publish(1)
    partition = keys.partition_of(MINDS[0])
    first = consumer(client, keys)
    await take_all(first)
    await first.read(block_ms=0)
    for life in (2, 3, 4):
        [delivery] = await recovered(consumer(client, keys), partition)
        assert delivery.times_delivered == life


async def test_what_is_acknowledged_never_comes_again(client, keys, publish) -> None:
    one = consumer(client, keys)
    await take_all(one)
    await publish(20)
    done = await one.read(block_ms=0)
    await one.ack_many({p: [d.entry_id for d in done if d.partition == p] for p in ALL})
    assert await take_all(consumer(client, keys)) == []


async def test_a_partition_in_use_cannot_be_recovered(client, keys) -> None:
    one = consumer(client, keys, partitions=[1])
    with pytest.raises(ValueError, match="partition 1 is being read"):
        await recovered(one, 1)


async def test_entries_deleted_while_pending_are_forgotten(client, keys, publish) -> None:
    one = consumer(client, keys)
    await take_all(one)
    await publish(12)
    found = await one.read(block_ms=0)
    gone = found[0]
    key = keys.stream(gone.partition, "awake")
    await client.xdel(key, gone.entry_id)
    again = await recovered(consumer(client, keys), gone.partition)
    assert gone.entry_id not in [d.entry_id for d in again]
    pending = await client.xpending_range(key, "attention", "-", "+", 100)
    assert gone.entry_id.encode() not in [row["message_id"] for row in pending]


async def test_a_given_up_partition_is_not_handed_out(client, keys, publish) -> None:
    one = consumer(client, keys)
    await take_all(one)
    found: list[Delivery] = []

    async def read() -> None:
        found.extend(await one.read(block_ms=5_000))

    kept = keys.partition_of(MINDS[0])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        one.partitions = [p for p in ALL if p != kept]
        await publish(1)
    assert found == []
    assert numbers(await recovered(one, kept)) == [0]


async def test_a_read_cancelled_in_the_middle_loses_nothing_and_keeps_order(client, keys, publish) -> None:
    one = consumer(client, keys)
    await take_all(one)
    seen: list[Delivery] = []
    for start in range(0, 300, 3):
        await publish(3, start)
        with anyio.move_on_after(0.0004 * (start % 5)):
            seen.extend(await one.read(block_ms=0))
    while found := await one.read(block_ms=0):
        seen.extend(found)
    for partition in ALL:
        assert numbers([d for d in seen if d.partition == partition]) == expected(keys, partition, 300)


async def test_cancelled_reads_leak_no_connections(server_url, keys) -> None:
    narrow = connect(server_url, max_connections=2, response_timeout_s=2.0)
    one = consumer(narrow, keys)
    await take_all(one)
    for round_ in range(100):
        with anyio.move_on_after(0.0001 * (round_ % 7)):
            await one.read(block_ms=0)
        with anyio.move_on_after(0.0001 * (round_ % 5)):
            await one.claim_stragglers()
    await narrow.ping()
    await narrow.aclose()


async def test_stragglers_are_only_those_that_nobody_works_on(client, keys, publish) -> None:
    one = consumer(client, keys)
    await take_all(one)
    await publish(24)
    working = await one.read(count=2, block_ms=0)
    lost = consumer(client, keys, "lost", partitions=ALL)
    missed = await lost.read(count=1, block_ms=0)
    found = await one.claim_stragglers(idle_ms=0)
    assert {d.entry_id for d in found} == {d.entry_id for d in missed}
    assert {d.times_delivered for d in found} == {2}
    assert await one.claim_stragglers(idle_ms=0) == []
    counts = await client.xpending_range(
        keys.stream(working[0].partition, "awake"), "attention", working[0].entry_id, working[0].entry_id, 1
    )
    assert counts[0]["times_delivered"] == 1


async def test_the_straggler_cursor_goes_on_where_it_stopped(client, keys, publish) -> None:
    lost = consumer(client, keys, "lost")
    await take_all(lost)
    await publish(40)
    all_lost = await lost.read(count=1_000, block_ms=0)
    one = consumer(client, keys, partitions=ALL)
    found: list[Delivery] = []
    while page := await one.claim_stragglers(count=2, idle_ms=0):
        assert len(page) <= 2 * len(ALL)
        found.extend(page)
    assert {d.entry_id for d in found} == {d.entry_id for d in all_lost}


@pytest.mark.usefixtures("disturbed")
async def test_a_flushed_server_is_noticed_while_reading_and_work_goes_on(client, keys, publish) -> None:
    told: list[int] = []
    one = consumer(client, keys, on_recreated=told.append)
    await take_all(one)
    found: list[Delivery] = []

    async def read() -> None:
        while not found:
            found.extend(await one.read(block_ms=5_000))

    with anyio.fail_after(3):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await client.flushall()
            await publish(1, start=7)
    assert numbers(found) == [7]
    assert sorted(told) == list(ALL)


@pytest.mark.usefixtures("disturbed")
async def test_a_flush_between_reads_is_noticed_too(client, keys, publish) -> None:
    told: list[int] = []
    one = consumer(client, keys, on_recreated=told.append)
    await take_all(one)
    await publish(5)
    before = await one.read(block_ms=0)
    await client.flushall()
    await publish(3, start=100)
    assert await one.read(block_ms=0) == []
    assert sorted(told) == list(ALL)
    assert sorted(numbers(await one.read(block_ms=0))) == [100, 101, 102]
    await one.ack_many({d.partition: [d.entry_id] for d in before})
    assert await one.claim_stragglers(idle_ms=0) == []


@pytest.mark.usefixtures("disturbed")
async def test_an_entry_id_that_a_flushed_server_gives_again_is_a_new_entry(client, keys) -> None:
    one = consumer(client, keys, partitions=[0])
    await one.ensure_groups([0])
    for content in ("before", "after"):
        await client.execute_command("XADD", keys.stream(0, "awake"), "5-1", "content", content)
        found = await one.read(block_ms=0) or await one.read(block_ms=0)
        assert [(d.entry_id, d.fields[b"content"].decode()) for d in found] == [("5-1", content)]
        await client.flushall()


async def test_trimming_removes_what_every_group_has_done_and_nothing_else(client, keys, publish) -> None:
    one = consumer(client, keys)
    await take_all(one)
    slow = Consumer(client, keys, "awake", "audit", "two")
    await slow.ensure_groups(ALL)
    slow.partitions = tuple(ALL)
    await publish(120)
    partition = keys.partition_of(MINDS[0])
    key = keys.stream(partition, "awake")
    whole = await client.xlen(key)
    fast = [d for d in await one.read(count=1_000, block_ms=0) if d.partition == partition]
    await one.ack(partition, [d.entry_id for d in fast])
    assert await one.trim() == 0
    late = [d for d in await slow.read(count=10, block_ms=0) if d.partition == partition]
    await slow.ack(partition, [d.entry_id for d in late[:3] + late[4:]])
    assert await one.trim([partition]) == 3
    rows = await client.xrange(key)
    assert rows[0][0].decode() == late[3].entry_id
    assert len(rows) == whole - 3
    await slow.ack(partition, [late[3].entry_id])
    assert await one.trim([partition]) == 7


async def test_everything_done_leaves_an_empty_stream(client, keys, publish) -> None:
    one = consumer(client, keys)
    await take_all(one)
    await publish(30)
    for delivery in await one.read(count=1_000, block_ms=0):
        await one.ack(delivery.partition, [delivery.entry_id])
    assert await one.trim() == 30
    assert sum([await client.xlen(keys.stream(p, "awake")) for p in ALL]) == 0
    await publish(2)
    assert len(await one.read(block_ms=0)) == 2


async def test_plain_xadd_in_every_form_is_delivered(client, keys) -> None:
    one = consumer(client, keys, partitions=[0])
    await one.ensure_groups([0])
    key = keys.stream(0, "awake")
    await client.execute_command("XADD", key, "*", "mind", "ada", "content", "flat", "importance", "0.9")
    await client.execute_command("XADD", key, "*", "t", "percept/1", "j", '{"mind":"ada","content":"json"}')
    found = [decode_fields("awake", d.fields) for d in await one.read(block_ms=0)]
    assert found == [
        Percept(mind="ada", content="flat", importance=0.9),
        Percept(mind="ada", content="json"),
    ]


async def test_a_server_that_cannot_be_reached_is_named(keys, tmp_path) -> None:
    nowhere = connect(f"unix://{tmp_path}/none.sock")
    with pytest.raises(StreamsUnavailableError, match=r"none\.sock"):
        await consumer(nowhere, keys, partitions=[0]).read(block_ms=0)
    await nowhere.aclose()


async def test_a_holder_that_slept_through_the_loss_of_its_lease_acknowledges_nothing(
    client, keys, publish
) -> None:
    leases = Leases(client, keys, anyio.current_time)
    held = {p: await leases.acquire(p, "sleeper", ttl_s=30) for p in ALL}
    one = consumer(client, keys)
    await take_all(one)
    await publish(48)
    found = await one.read(count=1_000, block_ms=0)
    done: dict[int, list[str]] = {}
    for delivery in found:
        done.setdefault(delivery.partition, []).append(delivery.entry_id)
    lost = min(done)
    await leases.release(held[lost])
    await leases.acquire(lost, "successor", ttl_s=30)

    assert await one.ack_while_held(done, held) == [lost]

    left = [d for p in ALL for d in await recovered(consumer(client, keys, "two"), p)]
    assert [d.entry_id for d in left] == done[lost]


async def test_an_entry_is_put_last_once_and_only_by_the_holder(client, keys, publish) -> None:
    one, leases = consumer(client, keys), Leases(client, keys, anyio.current_time)
    held = {p: await leases.acquire(p, "one", ttl_s=30) for p in ALL}
    await take_all(one)
    await publish(24)
    late, *rest = (d for d in await one.read(count=100, block_ms=0) if d.partition == 0)
    fields = {"t": late.fields[b"t"], "m": late.fields[b"m"]}
    first = await one.put_last_while_held(0, late.entry_id, fields, held[0])
    assert first
    assert await one.put_last_while_held(0, late.entry_id, fields, held[0]) == ""
    (again,) = await one.read(count=100, block_ms=0)
    assert (again.entry_id, again.fields) == (first, late.fields)
    await leases.release(held[0])
    await leases.acquire(0, "successor", ttl_s=30)
    assert await one.put_last_while_held(0, first, fields, held[0]) is None
    left = await recovered(consumer(client, keys, "two"), 0)
    assert [d.entry_id for d in left] == [*(d.entry_id for d in rest), first]
