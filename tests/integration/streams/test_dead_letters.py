import anyio
import pytest

from streams.attempts import Attempts
from streams.consumer import Consumer
from streams.dead_letters import DeadLetters
from streams.delivery import Delivery
from streams.errors import DeadLettersFullError, NoSuchDeadLetterError
from streams.lease import Lease, Leases

ODD = [b"t", b"percept/1", b"m", b"\xff\x00broken", b"reason", b"a field of its own"]


@pytest.fixture
async def one(client, keys) -> Consumer:
    one = Consumer(client, keys, "awake", "attention", "me", partitions=[2])
    await one.ensure_groups([2])
    return one


@pytest.fixture
async def lease(client, keys) -> Lease:
    held = await Leases(client, keys, anyio.current_time).acquire(2, "me", ttl_s=30)
    assert held is not None
    return held


async def delivered(client, keys, one: Consumer) -> Delivery:
    await client.execute_command("XADD", keys.stream(2, "awake"), "*", *ODD)
    [delivery] = await one.read(block_ms=0)
    return delivery


async def test_burying_keeps_the_original_bytes_and_acknowledges(client, keys, one, lease) -> None:
    dead = DeadLetters(client, keys)
    delivery = await delivered(client, keys, one)
    dead_id = await dead.bury_while_held(delivery, "awake", "attention", "cannot be read", lease)
    [letter] = await dead.list()
    assert letter.id == dead_id
    assert letter.fields == dict(zip(ODD[::2], ODD[1::2], strict=True))
    assert (letter.stream, letter.group, letter.partition) == ("awake", "attention", 2)
    assert (letter.entry_id, letter.reason, letter.times_delivered) == (
        delivery.entry_id, "cannot be read", 1,
    )  # fmt: skip
    assert letter.buried_at >= delivery.entered_at
    assert (await client.xpending(keys.stream(2, "awake"), "attention"))["pending"] == 0


async def test_burying_twice_is_burying_once(client, keys, one, lease) -> None:
    dead = DeadLetters(client, keys)
    delivery = await delivered(client, keys, one)
    ids = [await dead.bury_while_held(delivery, "awake", "attention", "no", lease) for _ in range(3)]
    assert len(set(ids)) == 1
    assert await dead.count() == 1


async def test_what_a_successor_has_in_hand_is_not_buried(client, keys, one, lease) -> None:
    """A holder that was stopped after its last look at the lease, and wakes."""
    dead, leases = DeadLetters(client, keys), Leases(client, keys, anyio.current_time)
    delivery = await delivered(client, keys, one)
    await leases.release(lease)
    assert await leases.acquire(2, "successor", ttl_s=30) is not None
    assert await dead.bury_while_held(delivery, "awake", "attention", "too late", lease) is None
    assert await dead.count() == 0
    assert (await client.xpending(keys.stream(2, "awake"), "attention"))["pending"] == 1


async def test_retrying_puts_the_original_back_and_removes_the_letter(client, keys, one, lease) -> None:
    dead = DeadLetters(client, keys)
    delivery = await delivered(client, keys, one)
    dead_id = await dead.bury_while_held(delivery, "awake", "attention", "no", lease)
    added = await dead.retry(dead_id)
    [again] = await one.read(block_ms=0)
    assert again.entry_id == added
    assert again.fields == delivery.fields
    assert await dead.list() == []
    assert await client.exists(keys.buried(2)) == 0
    with pytest.raises(NoSuchDeadLetterError, match="does not exist"):
        await dead.retry(dead_id)


async def test_what_fails_again_after_a_retry_is_a_letter_again(client, keys, one, lease) -> None:
    dead = DeadLetters(client, keys)
    await dead.retry(
        await dead.bury_while_held(await delivered(client, keys, one), "awake", "attention", "no", lease)
    )
    [again] = await one.read(block_ms=0)
    await dead.bury_while_held(again, "awake", "attention", "still no", lease)
    assert [letter.reason for letter in await dead.list()] == ["still no"]


async def test_dropping_forgets_for_good(client, keys, one, lease) -> None:
    dead = DeadLetters(client, keys)
    dead_id = await dead.bury_while_held(
        await delivered(client, keys, one), "awake", "attention", "no", lease
    )
    await dead.drop(dead_id)
    assert await dead.count() == 0
    with pytest.raises(NoSuchDeadLetterError):
        await dead.drop(dead_id)


@pytest.mark.parametrize("bad", ["", "3", "9/1-1", "x/1-1", "1/x-1", "1/1", "1/1-", "-1/1-1"])
async def test_a_malformed_id_is_named(client, keys, bad) -> None:
    with pytest.raises(NoSuchDeadLetterError, match="is not the id of a dead letter"):
        await DeadLetters(client, keys).retry(bad)


async def test_nothing_is_pushed_out_at_the_bound(client, keys, one, lease) -> None:
    dead = DeadLetters(client, keys, bound=1)
    await dead.bury_while_held(await delivered(client, keys, one), "awake", "attention", "first", lease)
    second = await delivered(client, keys, one)
    with pytest.raises(DeadLettersFullError, match="1 may be kept"):
        await dead.bury_while_held(second, "awake", "attention", "second", lease)
    assert (await client.xpending(keys.stream(2, "awake"), "attention"))["pending"] == 1
    assert [letter.reason for letter in await dead.list()] == ["first"]


async def test_the_list_is_limited_over_all_partitions(client, keys, one, lease) -> None:
    dead = DeadLetters(client, keys)
    for _ in range(3):
        await dead.bury_while_held(await delivered(client, keys, one), "awake", "attention", "no", lease)
    assert len(await dead.list(limit=2)) == 2
    assert await dead.list(partition=1) == []
    assert len(await dead.list(partition=2)) == 3


async def test_attempts_are_written_down_and_end_with_the_burial(client, keys, one, lease) -> None:
    attempts = Attempts(client, keys, "awake")
    delivery = await delivered(client, keys, one)
    assert await attempts.count(delivery) == 0
    assert [await attempts.begin(delivery) for _ in range(2)] == [1, 2]
    assert await Attempts(client, keys, "awake").count(delivery) == 2
    await DeadLetters(client, keys).bury_while_held(delivery, "awake", "attention", "poison", lease)
    assert await attempts.count(delivery) == 0


async def test_an_entry_that_was_handled_alone_is_cleared(client, keys, one) -> None:
    attempts = Attempts(client, keys, "awake")
    delivery = await delivered(client, keys, one)
    await attempts.begin(delivery)
    await attempts.clear(delivery)
    assert await attempts.count(delivery) == 0
