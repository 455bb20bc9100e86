"""The daemon's ends of the streams: percepts in and receipts out, requests in and answers out.

Adapts `streams` to the engine's `Line`, and serves the `cues` stream.
Knows delivery; knows nothing of what a mind is.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import anyio

from cognition.engine.answering import Answering
from cognition.errors import LeaseLostError, UnavailableError
from cognition.partitions import Partitions, in_our_words, retried
from cognition.ports.clock import Clock
from cognition.ports.line import Delivered
from cognition.ports.sink import Sink
from schemas import wire
from schemas.base import Message, SchemaError
from schemas.events import EntryBuried, Receipt
from streams.attempts import Attempts
from streams.codec import decode_fields, encode_fields
from streams.consumer import Consumer
from streams.dead_letters import DeadLetters
from streams.delivery import (
    DeadLetter,
    Delivery,
    Failure,
    HandleAlone,
    Limits,
    RetryLater,
    backoff_s,
    decide,
)
from streams.keys import StreamKeys
from streams.receipts import ReceiptWriter
from streams.recent import RecentWriter
from streams.reqreply import Answerer
from streams.shown import ShownRecords

if TYPE_CHECKING:
    from redis.asyncio import Redis

ATTENTION = "attention"
RECALL = "recall"
CONSOLIDATION = "consolidation"
TRIM_EVERY_ACKS = 512
"""Acknowledged entries after which the streams are trimmed."""
TRIM_EVERY_ANSWERS = 256
STRAGGLERS_EVERY_S = 30.0
REQUESTS_AT_ONCE = 64
REQUESTS_BLOCK_MS = 250


class StreamLine:
    """`cognition.ports.line.Line` over one of the streams, for one group of its consumers."""

    def __init__(
        self,
        client: Redis,
        keys: StreamKeys,
        partitions: Partitions,
        clock: Clock,
        *,
        name: str,
        batch: int,
        block_ms: int,
        limits: Limits,
        stream: str = wire.AWAKE,
        group: str = ATTENTION,
    ) -> None:
        self._stream = stream
        self._group = group
        self._keys = keys
        self._partitions = partitions
        self._clock = clock
        self._batch = batch
        self._block_ms = block_ms
        self._limits = limits
        self._consumer = Consumer(client, keys, stream, group, name)
        self._dead = DeadLetters(client, keys)
        self._attempts = Attempts(client, keys, stream)
        self._receipts = ReceiptWriter(client, keys)
        self._recent = RecentWriter(client, keys)
        self._originals: dict[tuple[int, str], Delivery] = {}
        self._serving: dict[int, int] = {}
        self._chance = random.Random(name)
        self._acknowledged = 0
        self._stragglers_due = 0.0
        partitions.used_by(lambda: self._serving)

    def epochs(self) -> dict[int, int]:
        """The epochs of the partitions that this session serves, if all are still held."""
        held = self._partitions.epochs()
        lost = [p for p, epoch in self._serving.items() if held.get(p) != epoch]
        if lost:
            raise LeaseLostError(f"the lease of partition {lost[0]} is gone")
        return dict(self._serving)

    async def recover(self) -> list[Delivered]:
        """Everything unacknowledged in the partitions that are held now."""
        self._consumer.partitions = ()
        self._originals.clear()
        self._serving = self._partitions.epochs()
        recovered: list[Delivered] = []
        with in_our_words():
            for partition in self._serving:
                async for page in self._consumer.recover(partition):
                    recovered += [await self._read(d) for d in page]
        self._consumer.partitions = tuple(self._serving)
        self._stragglers_due = self._clock.monotonic() + STRAGGLERS_EVERY_S
        return recovered

    async def read(self) -> list[Delivered]:
        """What is new; ends the session when the partitions that are held have changed."""
        if self._partitions.epochs() != self._serving:
            raise LeaseLostError("the partitions of this daemon changed")
        with in_our_words():
            found = await self._consumer.read(self._batch, self._block_ms)
            if self._clock.monotonic() >= self._stragglers_due:
                self._stragglers_due = self._clock.monotonic() + STRAGGLERS_EVERY_S
                found += await self._consumer.claim_stragglers()
            return [await self._read(d) for d in found]

    async def _read(self, delivery: Delivery) -> Delivered:
        """Decode, and judge by how often it was in hand already."""
        key = (delivery.partition, delivery.entry_id)
        self._originals[key] = delivery
        try:
            message = decode_fields(self._stream, delivery.fields)
        except SchemaError as error:
            return Delivered(delivery.partition, delivery.entry_id, problem=str(error))
        mind = getattr(message, "mind", "")
        home = self._keys.partition_of(mind)
        if home != delivery.partition:
            problem = (
                f"mind {mind!r} belongs to partition {home}, not {delivery.partition}. "
                f"Publish it to {self._keys.stream(home, self._stream)}."
            )
            return Delivered(delivery.partition, delivery.entry_id, problem=problem)
        suspect = delivery.times_delivered > self._limits.max_deliveries
        return Delivered(delivery.partition, delivery.entry_id, message, suspect=suspect)

    def pause_s(self, failures: int) -> float:
        """Doubling, with jitter, as `streams.delivery` decides for what is not the entry's fault."""
        verdict = decide(Failure.TRANSIENT, tried=failures, jitter=self._chance.random(), limits=self._limits)
        assert isinstance(verdict, RetryLater)
        return verdict.after_s

    async def attempt_alone(self, delivered: Delivered) -> bool:
        """Count the attempt before it begins; False when there were enough."""
        delivery = self._originals[(delivered.partition, delivered.entry)]
        with in_our_words():
            before = await self._attempts.count(delivery)
            verdict = decide(
                None,
                times_delivered=delivery.times_delivered,
                lone_attempts=before,
                limits=self._limits,
            )
            if isinstance(verdict, DeadLetter):
                return False
            if isinstance(verdict, HandleAlone):
                await self._attempts.begin(delivery)
        return True

    async def absolve(self, delivered: Delivered) -> None:
        """Clear the counter: it is for entries that the process dies of."""
        delivery = self._originals.get((delivered.partition, delivered.entry))
        if delivery is not None:
            with in_our_words():
                await self._attempts.clear(delivery)

    async def acknowledge(self, entries: Sequence[tuple[int, str]]) -> None:
        """Acknowledge while the leases are still held, and trim now and then."""
        self.epochs()
        done: dict[int, list[str]] = {}
        for partition, entry in entries:
            done.setdefault(partition, []).append(entry)
            self._originals.pop((partition, entry), None)
        with in_our_words():
            _require_held(await self._consumer.ack_while_held(done, self._partitions.leases()))
            self._acknowledged += len(entries)
            if self._acknowledged >= TRIM_EVERY_ACKS:
                self._acknowledged = 0
                await self._consumer.trim()

    async def bury(self, delivered: Delivered, reason: str) -> None:
        """Into the dead letters, with the original bytes."""
        self.epochs()
        partition = delivered.partition
        original = self._originals.get((partition, delivered.entry))
        if original is None:
            return
        lease = self._partitions.leases()[partition]
        with in_our_words():
            buried = await self._dead.bury_while_held(original, self._stream, self._group, reason, lease)
        _require_held([partition] if buried is None else [])
        self._consumer.settled(partition, [delivered.entry])
        self._originals.pop((delivered.partition, delivered.entry), None)

    async def put_last(self, delivered: Delivered, message: Message) -> str:
        """To the end of its stream, as this message."""
        self.epochs()
        partition, fields = delivered.partition, encode_fields(message)
        lease = self._partitions.leases()[partition]
        with in_our_words():
            entry = await self._consumer.put_last_while_held(partition, delivered.entry, fields, lease)
        if entry is None:
            raise _another_holds(partition)
        self._originals.pop((partition, delivered.entry), None)
        return entry

    async def tell(self, receipts: Sequence[tuple[int, Receipt]]) -> None:
        """Publish receipts while the leases are still held."""
        self.epochs()
        with in_our_words():
            _require_held(await self._receipts.publish_while_held(receipts, self._partitions.leases()))

    async def mirror(self, recent: Mapping[str, tuple[int, bytes]]) -> None:
        """Mirror working memories while the leases are still held."""
        self.epochs()
        bodies = {mind: body for mind, (_, body) in recent.items()}
        with in_our_words():
            _require_held(await self._recent.save_while_held(bodies, self._partitions.leases()))


def _require_held(refused: Sequence[int]) -> None:
    """Raise where the server names another lease of a partition: its successor says what has become of it."""
    if refused:
        raise _another_holds(refused[0])


def _another_holds(partition: int) -> LeaseLostError:
    return LeaseLostError(f"the server names another holder of partition {partition}")


class StreamRing:
    """`cognition.ports.shown.ShownRing` beside the streams."""

    def __init__(self, client: Redis, keys: StreamKeys) -> None:
        self._records = ShownRecords(client, keys)

    async def put(self, mind: str, records: Mapping[str, bytes]) -> None:
        with in_our_words():
            await self._records.put(mind, records)

    async def get(self, mind: str, cue_id: str) -> bytes | None:
        with in_our_words():
            return await self._records.get(mind, cue_id)


class Requests:
    """Serves the `cues` stream: reads requests, answers each in a task of its own."""

    def __init__(
        self,
        client: Redis,
        keys: StreamKeys,
        partitions: Partitions,
        answering: Answering,
        clock: Clock,
        sink: Sink,
        *,
        name: str,
        concurrency: int,
    ) -> None:
        self._partitions = partitions
        self._answering = answering
        self._clock = clock
        self._sink = sink
        self._consumer = Consumer(client, keys, wire.CUES, RECALL, name)
        self._answerer = Answerer(client, keys)
        self._dead = DeadLetters(client, keys)
        self._places = anyio.Semaphore(concurrency)
        self._answered = 0
        self._stopping = False
        self._reading = anyio.CancelScope()
        self._serving: tuple[int, ...] = ()
        self._chance = random.Random(name)
        partitions.used_by(lambda: self._serving)

    def stop(self) -> None:
        """Take no more requests; those in hand are finished."""
        self._stopping = True
        self._reading.cancel()

    async def run(self) -> None:
        """Serve until stopped."""
        attempt = 0
        while not self._stopping:
            try:
                await self._serve()
                attempt = 0
            except* UnavailableError as group:
                attempt += 1
                wait = backoff_s(attempt, self._chance.random())
                self._sink.publish(retried(self._clock, "answering", group.exceptions[0], wait, attempt))
                await self._clock.sleep(wait)

    async def _serve(self) -> None:
        async with anyio.create_task_group() as tasks:
            self._consumer.partitions = ()
            held = self._serving = tuple(self._partitions.epochs())
            for partition in held:
                with in_our_words():
                    async for page in self._consumer.recover(partition):
                        await self._start(page, tasks)
            self._consumer.partitions = held
            while not self._stopping and tuple(self._partitions.epochs()) == held:
                found: list[Delivery] = []
                with anyio.CancelScope() as self._reading, in_our_words():
                    found = await self._consumer.read(REQUESTS_AT_ONCE, REQUESTS_BLOCK_MS)
                await self._start(found, tasks)

    async def _start(self, found: Iterable[Delivery], tasks: Any) -> None:
        for delivery in found:
            await self._places.acquire()
            tasks.start_soon(self._answer, delivery)

    async def _answer(self, delivery: Delivery) -> None:
        try:
            try:
                request = decode_fields(wire.CUES, delivery.fields)
            except SchemaError as error:
                await self._bury(delivery, str(error))
                return
            waited = max(0.0, self._clock.now() - delivery.entered_at)
            answer = await self._answering.answer(request, waited_s=waited)
            with in_our_words():
                if answer is not None:
                    await self._answerer.answer(delivery.partition, answer)
                await self._consumer.ack(delivery.partition, [delivery.entry_id])
                await self._trim_sometimes()
            await self._answering.remember()
        finally:
            self._places.release()

    async def _trim_sometimes(self) -> None:
        """What is answered leaves the stream, also where it was asked with plain XADD."""
        self._answered += 1
        if self._answered % TRIM_EVERY_ANSWERS == 0:
            await self._consumer.trim()

    async def _bury(self, delivery: Delivery, reason: str) -> None:
        """Only while the partition is held: afterwards its successor does it."""
        lease = self._partitions.leases().get(delivery.partition)
        if lease is None:
            return
        with in_our_words():
            buried = await self._dead.bury_while_held(delivery, wire.CUES, RECALL, reason, lease)
        if buried is None:
            return
        self._consumer.settled(delivery.partition, [delivery.entry_id])
        self._sink.publish(
            EntryBuried(
                at=self._clock.now(),
                partition=delivery.partition,
                entry=delivery.entry_id,
                reason=reason,
            )
        )
