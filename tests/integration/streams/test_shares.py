"""Shares of partitions: fair, agreed upon whatever clocks the daemons have, and by handover."""

import anyio
import pytest
from redis.asyncio import Redis

from cognition.errors import SettingsError
from cognition.partitions import Partitions
from cognition.testing.sink import RecordingSink
from schemas.events import LeaseHandedOver, LeaseLost
from streams.errors import PartitionsChangedError
from streams.keys import StreamKeys
from streams.layout import agreed, change, unsettled
from streams.lease import Leases
from streams.members import Members, fair_share

HOUR_S = 3_600.0


class SkewedClock:
    """The machine's clocks, set wrong."""

    def __init__(self, now_s: float, monotonic_s: float) -> None:
        self._now_s, self._monotonic_s = now_s, monotonic_s

    def now(self) -> float:
        return 1_700_000_000.0 + self._now_s

    def monotonic(self) -> float:
        return anyio.current_time() + self._monotonic_s

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


@pytest.mark.parametrize("partitions", [1, 4, 16, 17])
@pytest.mark.parametrize("members", [1, 2, 3, 5, 16, 20])
def test_shares_are_whole_together_and_differ_by_one_at_most(partitions: int, members: int) -> None:
    names = [f"daemon {n}" for n in range(members)]
    shares = [fair_share(partitions, names[::-1], name) for name in names]
    assert sum(shares) == partitions
    assert max(shares) - min(shares) <= 1


async def test_who_is_silent_for_the_time_of_a_lease_is_gone(client: Redis, keys: StreamKeys) -> None:
    members = Members(client, keys)
    assert await members.present("one", 0.05) == ["one"]
    assert await members.present("two", 5.0) == ["one", "two"]
    until_s = anyio.current_time() + 5
    there = ["one", "two"]
    while there != ["two"]:
        assert anyio.current_time() < until_s
        there = await members.present("two", 5.0)
    await members.leave("two")
    assert await members.present("three", 5.0) == ["three"]


async def test_daemons_whose_clocks_disagree_hand_over_and_never_hold_the_same(
    client: Redis, keys: StreamKeys
) -> None:
    sinks = [RecordingSink(), RecordingSink()]
    skews = [SkewedClock(-HOUR_S, 1e6), SkewedClock(HOUR_S, -5.0)]
    one, two = (
        Partitions(client, keys, name, 5.0, clock, sink)
        for name, clock, sink in zip(("one", "two"), skews, sinks, strict=True)
    )
    assert await one.acquire() == 4
    before = one.epochs()
    assert await two.acquire() == 0
    assert await one.acquire() == 2
    assert await two.acquire() == 2
    assert not one.epochs().keys() & two.epochs().keys()
    assert one.epochs().keys() | two.epochs().keys() == set(range(4))
    assert all(epoch > before[p] for p, epoch in two.epochs().items()), "epochs are the server's"
    await one.release()
    assert await two.acquire() == 4
    assert len(sinks[0].of(LeaseHandedOver)) == 2
    assert not sinks[0].of(LeaseLost)
    await two.release()


async def test_a_partition_in_use_is_given_back_only_once_it_is_let_go(
    client: Redis, keys: StreamKeys
) -> None:
    one = Partitions(client, keys, "one", 5.0, SkewedClock(0, 0), RecordingSink())
    two = Partitions(client, keys, "two", 5.0, SkewedClock(0, 0), RecordingSink())
    await one.acquire()
    using = set(range(4))
    one.used_by(lambda: using)
    await two.acquire()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.acquire)
        await one.changed.wait()
        assert await two.acquire() == 0, "it is still in use"
        using.difference_update({2, 3})
    assert await two.acquire() == 2
    await one.release()
    await two.release()


async def test_the_number_of_partitions_is_agreed_upon_and_changed_only_at_rest(
    client: Redis, keys: StreamKeys
) -> None:
    assert await agreed(client, keys) == 4
    assert await agreed(client, StreamKeys("test", 8)) == 4
    one = Partitions(client, keys, "one", 5.0, SkewedClock(0, 0), RecordingSink())
    await one.acquire()
    assert "is held by one" in await unsettled(client, keys, ("awake",))
    await one.release()
    await client.xadd(keys.stream(3, "awake"), {"t": "x"})
    assert f"{keys.stream(3, 'awake')} wait" in await unsettled(client, keys, ("awake",))
    await client.delete(keys.stream(3, "awake"))
    assert await unsettled(client, keys, ("awake",)) == ""
    assert await change(client, keys, 8) == ""
    assert await agreed(client, keys) == 8


@pytest.mark.parametrize("number", [2, 8])
async def test_a_daemon_that_wakes_after_the_number_was_changed_holds_and_shares_nothing(
    client: Redis, keys: StreamKeys, number: int
) -> None:
    sleeper = Partitions(client, keys, "sleeper", 5.0, SkewedClock(0, 0), RecordingSink())
    assert await sleeper.acquire() == 4
    held = sleeper.leases()
    # as time does it while the daemon is stopped
    await client.delete(keys.members(), *(keys.lease(partition) for partition in range(4)))
    assert await change(client, keys, number) == ""
    leases = Leases(client, keys, anyio.current_time)
    assert await leases.renew_many(list(held.values())) == [None] * 4, "nor where its clock stood still"
    with pytest.raises(PartitionsChangedError, match=f"has {number}, and a mind would have two writers"):
        await leases.acquire(1, "sleeper", 5.0)
    with pytest.raises(SettingsError, match=rf"setting streams\.partitions = 4: .* has {number}"):
        await sleeper.acquire()
    successor = Partitions(
        client, StreamKeys("test", number), "successor", 5.0, SkewedClock(0, 0), RecordingSink()
    )
    assert await successor.acquire() == number, "the sleeper counts for nobody"
    await successor.release()


async def test_the_number_is_as_it_was_where_a_partition_was_taken_meanwhile(
    client: Redis, keys: StreamKeys
) -> None:
    taken = await Leases(client, keys, anyio.current_time).acquire(1, "quick", 5.0)
    assert taken is not None
    assert await change(client, keys, 8) == "partition 1 is held by quick"
    assert await agreed(client, keys) == 4
    one = Partitions(client, keys, "one", 5.0, SkewedClock(0, 0), RecordingSink())
    assert await one.acquire() == 3
    await one.release()
