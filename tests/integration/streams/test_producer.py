import anyio
import pytest
from redis.asyncio import Redis

from schemas.dream import Feedback
from schemas.percept import Percept
from streams.codec import decode_fields
from streams.errors import BackpressureError, StreamsUnavailableError
from streams.keys import StreamKeys
from streams.producer import CHUNK_ENTRIES, Producer


def percept(number: int, mind: str = "ada") -> Percept:
    return Percept(mind=mind, content=f"thing {number}")


async def contents(client: Redis, key: str) -> list[str]:
    return [decode_fields("awake", fields).content for _, fields in await client.xrange(key)]  # type: ignore[attr-defined]


async def test_each_message_lands_on_the_stream_of_its_type_and_minds_partition(
    client: Redis, keys: StreamKeys
) -> None:
    producer = Producer(client, keys)
    await producer.publish(percept(1), "ada")
    await producer.publish(Feedback(mind="bob", cue_id="c"), "bob")
    assert await client.xlen(keys.stream(keys.partition_of("ada"), "awake")) == 1
    assert await client.xlen(keys.stream(keys.partition_of("bob"), "dream")) == 1


async def test_many_are_published_in_order_and_their_ids_come_back_in_order(
    client: Redis, keys: StreamKeys
) -> None:
    minds = [f"mind {i % 7}" for i in range(2 * CHUNK_ENTRIES + 3)]
    items = [(mind, percept(i, mind)) for i, mind in enumerate(minds)]
    ids = await Producer(client, keys).publish_many(items)
    assert len(ids) == len(items)
    for partition in range(keys.partitions):
        mine = [i for i, mind in enumerate(minds) if keys.partition_of(mind) == partition]
        rows = await client.xrange(keys.stream(partition, "awake"))
        assert [row[0].decode() for row in rows] == [ids[i] for i in mine]
        assert await contents(client, keys.stream(partition, "awake")) == [f"thing {i}" for i in mine]


async def test_a_full_line_refuses_and_says_how_long_it_is_and_when_to_retry(
    client: Redis, keys: StreamKeys
) -> None:
    producer = Producer(client, keys, bounds={"awake": 3})
    with pytest.raises(BackpressureError, match=r"awake is full: 3 entries wait, 3 may") as caught:
        await producer.publish_many([("ada", percept(i)) for i in range(5)])
    assert caught.value.retry_after_s > 0
    assert [entry is not None for entry in caught.value.entry_ids] == [True, True, True, False, False]
    key = keys.stream(keys.partition_of("ada"), "awake")
    assert await contents(client, key) == ["thing 0", "thing 1", "thing 2"]


async def test_a_full_line_of_one_partition_does_not_hold_up_another(client: Redis, keys: StreamKeys) -> None:
    other = next(f"m{i}" for i in range(99) if keys.partition_of(f"m{i}") != keys.partition_of("ada"))
    producer = Producer(client, keys, bounds={"awake": 1})
    with pytest.raises(BackpressureError) as caught:
        await producer.publish_many([("ada", percept(0)), ("ada", percept(1)), (other, percept(2, other))])
    assert [entry is not None for entry in caught.value.entry_ids] == [True, False, True]


async def test_waiting_publishes_as_soon_as_there_is_room(client: Redis, keys: StreamKeys) -> None:
    producer = Producer(client, keys, bounds={"awake": 1})
    first = await producer.publish(percept(0), "ada")
    key = keys.stream(keys.partition_of("ada"), "awake")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(producer.publish, percept(1), "ada", 10.0)
        await anyio.wait_all_tasks_blocked()
        await client.xdel(key, first)
    assert await contents(client, key) == ["thing 1"]


async def test_waiting_ends_at_its_limit(client: Redis, keys: StreamKeys) -> None:
    producer = Producer(client, keys, bounds={"awake": 1})
    await producer.publish(percept(0), "ada")
    with pytest.raises(BackpressureError):
        await producer.publish(percept(1), "ada", wait_s=0.03)


async def test_what_is_acknowledged_makes_room_even_when_nobody_trimmed(
    client: Redis, keys: StreamKeys
) -> None:
    producer = Producer(client, keys, bounds={"awake": 2})
    key = keys.stream(keys.partition_of("ada"), "awake")
    await client.xgroup_create(key, "attention", "0", mkstream=True)
    ids = await producer.publish_many([("ada", percept(0)), ("ada", percept(1))])
    await client.xreadgroup("attention", "me", {key: ">"})
    await client.xack(key, "attention", ids[0])
    await producer.publish(percept(2), "ada")
    assert await contents(client, key) == ["thing 1", "thing 2"]
    with pytest.raises(BackpressureError):
        await producer.publish(percept(3), "ada")


@pytest.mark.usefixtures("disturbed")
async def test_a_server_that_forgot_the_script_is_told_again(client: Redis, keys: StreamKeys) -> None:
    producer = Producer(client, keys)
    await producer.publish(percept(0), "ada")
    await client.script_flush()
    await producer.publish_many([("ada", percept(1)), ("bob", percept(2, "bob"))])
    assert await client.xlen(keys.stream(keys.partition_of("ada"), "awake")) >= 2


@pytest.mark.usefixtures("disturbed")
async def test_a_server_out_of_memory_is_an_error_with_a_remedy(client: Redis, keys: StreamKeys) -> None:
    await client.config_set("maxmemory", "1")
    try:
        with pytest.raises(StreamsUnavailableError, match="maxmemory"):
            await Producer(client, keys).publish(percept(0), "ada")
    finally:
        await client.config_set("maxmemory", "0")
