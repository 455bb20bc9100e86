import anyio
import anyio.lowlevel
import pytest

from streams.client import connect
from streams.lease import MARGIN, Lease, LeaseKeeper, Leases


@pytest.fixture
def leases(client, keys) -> Leases:
    return Leases(client, keys, anyio.current_time)


async def server_ms(client) -> int:
    seconds, micros = await client.time()
    return seconds * 1_000 + micros // 1_000


async def test_only_one_holder_at_a_time(leases) -> None:
    assert await leases.acquire(1, "one", 5.0) is not None
    assert await leases.acquire(1, "two", 5.0) is None
    assert await leases.acquire(2, "two", 5.0) is not None
    held = await leases.held_by(1)
    assert held is not None
    assert held.holder == "one"
    assert 4 < held.expires_in_s <= 5


async def test_a_released_lease_is_free_at_once_and_only_its_holder_releases_it(leases) -> None:
    lease = await leases.acquire(1, "one", 5.0)
    stranger = Lease(1, "two", lease.epoch, 5.0, lease.valid_until)
    assert not await leases.release(stranger)
    assert await leases.release(lease)
    assert await leases.held_by(1) is None
    assert await leases.acquire(1, "two", 5.0) is not None
    assert not await leases.release(lease)


async def test_every_holding_has_a_greater_epoch(leases) -> None:
    epochs = []
    for round_ in range(4):
        lease = await leases.acquire(1, f"holder {round_}", 5.0)
        epochs.append(lease.epoch)
        await leases.release(lease)
    assert epochs == sorted(set(epochs))


@pytest.mark.usefixtures("disturbed")
async def test_a_wiped_server_gives_no_smaller_epoch(client, leases) -> None:
    before = await leases.acquire(1, "one", 5.0)
    await client.flushall()
    while await server_ms(client) <= before.epoch:
        await anyio.lowlevel.checkpoint()
    assert (await leases.acquire(1, "two", 5.0)).epoch > before.epoch


async def test_an_epoch_ahead_of_the_clock_still_grows(client, keys, leases) -> None:
    ahead = await server_ms(client) + 10**9
    await client.set(keys.epoch(1), ahead)
    assert (await leases.acquire(1, "one", 5.0)).epoch == ahead + 1
    assert await leases.last_epoch(1) == ahead + 1


async def test_the_same_name_takes_its_lease_over_with_a_new_epoch(leases) -> None:
    before = await leases.acquire(1, "one", 5.0)
    after = await leases.acquire(1, "one", 5.0)
    assert after.epoch > before.epoch
    assert await leases.renew(before) is None
    assert await leases.renew(after) is not None


async def test_renewing_extends_only_ones_own(client, keys, leases) -> None:
    lease = await leases.acquire(1, "one", 0.4)
    longer = await leases.renew(lease)
    assert longer.valid_until > lease.valid_until
    await client.delete(keys.lease(1))
    other = await leases.acquire(1, "two", 5.0)
    assert await leases.renew(longer) is None
    assert (await leases.held_by(1)).epoch == other.epoch


@pytest.mark.usefixtures("disturbed")
async def test_a_lease_that_a_flush_wiped_is_renewed_unless_another_came_between(client, leases) -> None:
    lease = await leases.acquire(1, "one", 5.0)
    await client.flushall()
    again = await leases.renew(lease)
    assert again.epoch == lease.epoch
    assert await leases.last_epoch(1) == lease.epoch
    await client.flushall()
    other = await leases.acquire(1, "two", 5.0)
    await leases.release(other)
    assert (await leases.renew(again) is None) == (other.epoch > lease.epoch)


async def test_validity_ends_before_the_server_lets_go(leases) -> None:
    lease = await leases.acquire(1, "one", 10.0)
    now = leases.monotonic()
    assert lease.valid(now)
    assert now < lease.valid_until <= now + 10.0 * (1 - MARGIN)
    assert not lease.valid(lease.valid_until)


async def test_the_keeper_keeps_a_lease_beyond_its_time_to_live(leases) -> None:
    async def on_lost(lease: Lease, reason: str) -> None:
        raise AssertionError(reason)

    keeper = LeaseKeeper(leases, on_lost)
    keeper.add(await leases.acquire(1, "one", 0.3))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.run)
        await anyio.sleep(0.8)
        assert keeper.valid(1)
        assert await leases.acquire(1, "two", 5.0) is None
        tasks.cancel_scope.cancel()


async def test_the_keeper_notices_another_holder(client, keys, leases) -> None:
    lost: list[tuple[int, str]] = []
    done = anyio.Event()

    async def on_lost(lease: Lease, reason: str) -> None:
        lost.append((lease.partition, reason))
        assert not keeper.valid(lease.partition)
        done.set()

    keeper = LeaseKeeper(leases, on_lost)
    keeper.add(await leases.acquire(1, "one", 0.3))
    keeper.add(await leases.acquire(2, "one", 0.3))
    await client.delete(keys.lease(1))
    await leases.acquire(1, "two", 5.0)
    with anyio.fail_after(3):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keeper.run)
            await done.wait()
            assert lost == [(1, "another process holds the partition")]
            assert keeper.valid(2)
            tasks.cancel_scope.cancel()


@pytest.mark.usefixtures("disturbed")
async def test_the_keeper_notices_that_nothing_can_be_renewed(server_url, keys) -> None:
    client = connect(server_url, response_timeout_s=0.05)
    leases = Leases(client, keys, anyio.current_time)
    reasons: list[str] = []
    done = anyio.Event()

    async def on_lost(lease: Lease, reason: str) -> None:
        assert not lease.valid(leases.monotonic())
        reasons.append(reason)
        done.set()

    keeper = LeaseKeeper(leases, on_lost)
    keeper.add(await leases.acquire(3, "one", 0.4))
    other = connect(server_url)
    await other.client_pause(1_000)
    with anyio.fail_after(3):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keeper.run)
            await done.wait()
            tasks.cancel_scope.cancel()
    assert "could not be renewed before it ran out" in reasons[0]
    await client.aclose()
    await other.client_unpause()
    await other.aclose()
