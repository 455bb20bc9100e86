"""Whatever happens to the consumer, each partition is handed out in order and nothing is skipped."""

import random
from collections import defaultdict

import anyio
import pytest
from redis.asyncio import Redis

from schemas.percept import Percept
from streams.client import connect
from streams.consumer import Consumer
from streams.delivery import Delivery
from streams.errors import StreamsError
from streams.keys import StreamKeys
from streams.producer import Producer

MINDS = [f"mind {i}" for i in range(6)]


class Life:
    """One walk: entries go in, a consumer takes them, dies, is cut off, gives partitions up."""

    def __init__(self, chance: random.Random, client: Redis, line: Redis, keys: StreamKeys) -> None:
        self.chance = chance
        self.client = client
        self.keys = keys
        self.producer = Producer(client, keys)
        self.published: dict[int, list[str]] = defaultdict(list)
        self.handled: dict[int, list[str]] = defaultdict(list)
        self.in_hand: dict[int, list[str]] = defaultdict(list)
        self.line = line

    async def wake(self) -> None:
        """A new consumer of the same name: takes what was pending, then all partitions."""
        self.in_hand.clear()
        self.one = Consumer(self.line, self.keys, "awake", "attention", "me")
        await self.take(range(self.keys.partitions))

    async def take(self, partitions) -> None:
        for partition in partitions:
            async for page in self.one.recover(partition, count=3):
                self.receive(page)
        self.one.partitions = {*self.one.partitions, *partitions}

    def receive(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            partition, entry = delivery.partition, delivery.entry_id
            assert entry not in self.in_hand[partition], "handed out twice while in work"
            self.in_hand[partition].append(entry)
            assert self.in_hand[partition] == sorted(self.in_hand[partition], key=number), "out of order"
            if entry not in self.handled[partition]:
                assert entry == self.published[partition][len(self.handled[partition])], "skipped"
                self.handled[partition].append(entry)

    async def publish(self) -> None:
        minds = self.chance.choices(MINDS, k=self.chance.randint(1, 8))
        entries = await self.producer.publish_many([(m, Percept(mind=m, content="x")) for m in minds])
        for mind, entry in zip(minds, entries, strict=True):
            self.published[self.keys.partition_of(mind)].append(entry)

    async def read(self) -> None:
        try:
            with anyio.move_on_after(self.chance.choice([0.0005, 5.0])):
                self.receive(await self.one.read(count=self.chance.randint(1, 5), block_ms=0))
        except StreamsError:
            return

    async def acknowledge(self) -> None:
        done = {p: held[: self.chance.randint(0, len(held))] for p, held in self.in_hand.items()}
        await self.one.ack_many(done)
        for partition, entries in done.items():
            self.in_hand[partition] = self.in_hand[partition][len(entries) :]
        await self.one.trim()

    async def cut_off(self) -> None:
        """The connection breaks; the server has delivered, but the reply never arrives."""
        if await self.read_to_the_end():
            return
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.blocked_read)
            await anyio.wait_all_tasks_blocked()
            await self.client.client_kill_filter(_type="normal", skipme=True)
        await self.publish()
        streams = {self.keys.stream(p, "awake"): ">" for p in range(self.keys.partitions)}
        await self.client.xreadgroup("attention", "me", streams, count=self.chance.randint(1, 3))

    async def read_to_the_end(self) -> bool:
        found = await self.one.read(count=100, block_ms=0)
        self.receive(found)
        return bool(found)

    async def blocked_read(self) -> None:
        with pytest.raises(StreamsError):
            await self.one.read(block_ms=5_000)

    async def give_up(self) -> None:
        partition = self.chance.randrange(self.keys.partitions)
        self.one.partitions = [p for p in self.one.partitions if p != partition]
        self.in_hand[partition] = []
        await self.take([partition])


def number(entry_id: str) -> tuple[int, int]:
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence)


@pytest.mark.usefixtures("disturbed")
@pytest.mark.parametrize("seed", range(6))
async def test_nothing_is_skipped_doubled_in_work_or_out_of_order(client, keys, server_url, seed) -> None:
    chance = random.Random(seed)
    line = connect(server_url)
    try:
        await walk(chance, Life(chance, client, line, keys))
    finally:
        await line.aclose()


async def walk(chance: random.Random, life: Life) -> None:
    await life.wake()
    steps = [life.publish, life.read, life.read, life.acknowledge, life.wake, life.cut_off, life.give_up]
    for step in chance.choices(steps, weights=[6, 4, 4, 4, 1, 1, 1], k=80):
        await step()
    while await life.read_to_the_end():
        pass
    assert life.handled == {p: entries for p, entries in life.published.items() if entries}
