from redis.asyncio import Redis

from streams.keys import StreamKeys
from streams.shown import ShownRecords


async def test_a_record_is_found_by_its_name(client: Redis, keys: StreamKeys) -> None:
    ring = ShownRecords(client, keys)
    await ring.put("ada", {"q1": b"one", "q2": b"two"})
    assert [await ring.get("ada", name) for name in ("q1", "q2", "q3")] == [b"one", b"two", None]


async def test_the_oldest_give_way_and_the_same_name_again_takes_no_room(
    client: Redis, keys: StreamKeys
) -> None:
    ring = ShownRecords(client, keys, kept_max=3)
    for n in (1, 2, 2, 3, 4):
        await ring.put("ada", {f"q{n}": b"%d" % n})
    assert [await ring.get("ada", f"q{n}") for n in (1, 2, 3, 4)] == [None, b"2", b"3", b"4"]
    partition = keys.partition_of("ada")
    assert await client.llen(keys.shown_order(partition)) == await client.hlen(keys.shown(partition)) == 3


async def test_nothing_is_kept_for_ever(client: Redis, keys: StreamKeys) -> None:
    await ShownRecords(client, keys, kept_s=60).put("ada", {"q": b"one"})
    partition = keys.partition_of("ada")
    for key in (keys.shown(partition), keys.shown_order(partition)):
        assert 0 < await client.ttl(key) <= 60
