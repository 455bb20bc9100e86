"""Shares of partitions: fair, agreed upon whatever clocks the daemons have, and by handover."""

from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest
from redis.asyncio import Redis

from cognition.adapters import repartition
from cognition.errors import PartitionsInUseError, SettingsError
from cognition.opening import connected
from cognition.partitions import Partitions
from cognition.settings import Settings, StreamSettings
from cognition.testing.sink import RecordingSink
from schemas.events import LeaseHandedOver, LeaseLost
from schemas.percept import Percept
from streams.errors import PartitionsChangedError
from streams.keys import StreamKeys
from streams.layout import agreed, change, stranded, unsettled
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
    assert await agreed(client, StreamKeys(keys.namespace, 8)) == 4
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
        client, StreamKeys(keys.namespace, number), "successor", 5.0, SkewedClock(0, 0), RecordingSink()
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


@pytest.mark.parametrize("told", [2, 64])
async def test_who_connects_with_another_number_is_told_both_and_what_to_set(
    server_url: str, client: Redis, keys: StreamKeys, told: int
) -> None:
    await agreed(client, keys)
    with pytest.raises(SettingsError) as caught:
        async with connected(server_url, StreamKeys(keys.namespace, told)):
            pytest.fail("nobody would read what this session says")
    said = str(caught.value)
    assert f"setting streams.partitions = {told}: the namespace {keys.namespace!r} has 4" in said
    assert "nobody would read" in said
    assert "Set streams.partitions = 4" in said


async def test_the_first_to_connect_writes_nothing_and_the_first_to_publish_the_number(
    server_url: str, client: Redis, keys: StreamKeys
) -> None:
    early = StreamKeys(keys.namespace, 64)
    async with connected(server_url, early) as first, connected(server_url, keys) as second:
        assert not await client.exists(keys.layout()), "looking is not laying down"
        await first.publish_many([Percept(mind="ada", content="I was here first.")])
        with pytest.raises(
            SettingsError, match=r"setting streams\.partitions = 4: .* has 64, and nobody would"
        ):
            await second.publish_many([Percept(mind="ada", content="Nobody would read this.")])
    assert not await client.exists(keys.stream(keys.partition_of("ada"), "awake"))
    late = Partitions(client, keys, "late", 5.0, SkewedClock(0, 0), RecordingSink())
    with pytest.raises(SettingsError, match="has 64"):
        await late.acquire()


async def test_dead_letters_keep_their_partition_until_they_are_retried_or_dropped(
    client: Redis, keys: StreamKeys
) -> None:
    for partition in (1, 3, 3):
        await client.xadd(keys.stream(partition, "dead"), {"stream": "awake"})
    assert await stranded(client, keys, 64) == await stranded(client, keys, 4) == ""
    assert await stranded(client, keys, 2) == "dead letters (2) lie in partitions that go away: 3"
    assert await stranded(client, keys, 1) == "dead letters (3) lie in partitions that go away: 1, 3"


async def test_a_change_that_dead_letters_would_be_lost_by_is_refused_with_what_to_do(
    server_url: str, client: Redis, keys: StreamKeys, tmp_path: Path
) -> None:
    streams = StreamSettings(url=server_url, namespace=keys.namespace, partitions=keys.partitions)
    settings = Settings(streams=streams)
    await agreed(client, keys)
    letter = await client.xadd(keys.stream(3, "dead"), {"stream": "awake"})
    async with AsyncExitStack() as stack:
        with pytest.raises(PartitionsInUseError, match=r"dead letters \(1\) lie .* away: 3") as caught:
            await repartition(settings, tmp_path, stack, 2)
        assert "cognition dead list" in caught.value.remedy
        assert await agreed(client, keys) == 4
        await client.xdel(keys.stream(3, "dead"), letter)
        assert await repartition(settings, tmp_path, stack, 2) == 4
    assert await agreed(client, keys) == 2
