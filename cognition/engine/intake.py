"""Intake: from the line of percepts to acknowledged memories.

Two tasks and a place between them: one senses the next batch (judges, embeds) while the other
encodes this one. Batches that wait for each other already are encoded in a run: the store takes one in
while the next is folded (ADR 20). An entry is acknowledged after the checkpoint that contains it.
Whatever fails in between ends the session as a crash would: minds are dropped from memory, and all
that was not acknowledged is delivered again. So there is one way to recover, and it is
used every day.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from cognition.engine.arrivals import Arrival, Entry, Senses
from cognition.engine.encoding import Encoder
from cognition.engine.ledger import Committed, Folded
from cognition.engine.mind import Mind, later
from cognition.engine.minds import Minds
from cognition.engine.options import MindOptions
from cognition.errors import BadCueError, BadPerceptError, LeaseLostError, StoreRefusedError, UnavailableError
from cognition.ports.clock import Clock
from cognition.ports.line import Delivered, Line
from cognition.ports.sink import Sink
from schemas.events import (
    EntryBuried,
    EpisodeClosed,
    EpisodeOpened,
    OperationRetried,
    Outcome,
    PerceptsEncoded,
    Receipt,
)
from schemas.percept import Forget, Percept, Rebuild

CHECKPOINT_SHARE = 0.05
"""Share of the time that checkpoints may take."""
CHECKPOINT_SELDOM_S = 60.0
"""But after this long one is due, however long the last one took."""
BATCH_MAX = 512
"""Weight of what is encoded together: enough that the waits between two batches do not count."""
TEXT_WEIGHT = 4
"""A percept without its vector weighs as much as four with one: it has to be embedded first, and its
receipt waits for the whole batch."""
ENTRY = re.compile(r"[0-9]{1,20}(-[0-9]{1,20})?\Z")
REFUSED = (StoreRefusedError, BadPerceptError)
"""What a store says of something that it will never take."""
RETRIED = (UnavailableError, LeaseLostError, *REFUSED)


AHEAD_MAX = 3
"""Batches of a run that were folded and are not told of yet: they differ in size, and the store has the
next one at hand when it is done with one."""


@dataclass(slots=True)
class Batch:
    """One step of the pipeline."""

    arrivals: list[Arrival]
    unreadable: list[Delivered]
    settled: anyio.Event | None = None

    @property
    def plain(self) -> bool:
        """Whether it may be one of a run: nothing in it looks at the store on its own."""
        looks = any(isinstance(a.entry.message, Forget | Rebuild) for a in self.arrivals)
        return bool(self.arrivals) and not (self.unreadable or self.settled or looks)

    @property
    def entries(self) -> list[tuple[int, str]]:
        return [(a.entry.partition, a.entry.id) for a in self.arrivals]


@dataclass(slots=True)
class Underway:
    """A batch of a run that was folded: on its way into the store, then to those who wait for it."""

    batch: Batch
    folded: Folded
    recent: dict[str, tuple[int, bytes]]
    began: float
    told: anyio.Event = field(default_factory=anyio.Event)


class Written(NamedTuple):
    """A checkpoint that is in the stores and not yet durable: what it contains, and when it began."""

    entries: list[tuple[int, str]]
    began: float


class Progress:
    """How far each mind has come, for those who wait until something is recallable."""

    def __init__(self, minds: Minds) -> None:
        self._minds = minds
        self._news = anyio.Event()

    def advance(self) -> None:
        """Wake everybody who waits."""
        self._news.set()
        self._news = anyio.Event()

    async def wait(self, mind: str, entry: str) -> None:
        """Return once what this entry brought can be recalled. The caller sets the deadline."""
        if not ENTRY.match(entry):
            raise BadCueError(
                f"after = {entry[:64]!r} is not an entry of the stream",
                remedy="Give the id that publishing returned, such as 1700000000000-0.",
            )
        while later(entry, (await self._minds.look(mind)).recallable):
            await self._news.wait()


class Intake:
    """Runs the pipeline until told to stop."""

    def __init__(
        self,
        line: Line,
        senses: Senses,
        encoder: Encoder,
        minds: Minds,
        progress: Progress,
        clock: Clock,
        sink: Sink,
        options: MindOptions,
    ) -> None:
        self._line = line
        self._senses = senses
        self._encoder = encoder
        self._minds = minds
        self._progress = progress
        self._clock = clock
        self._sink = sink
        self._options = options
        self._stopping = anyio.Event()
        self._reading = anyio.CancelScope()
        self._one_by_one = False
        self._alone: Delivered | None = None
        self._kept: Batch | None = None
        self._acknowledging = anyio.Event()
        self._unacknowledged: deque[tuple[int, str]] = deque()
        self._checkpoint_due = 0.0
        self._checkpoint_took_s = 0.0
        self._acknowledged = 0
        self._generation = 0
        self.idle = True

    def stop(self) -> None:
        """Read no more; finish, checkpoint and acknowledge what is in hand."""
        self._stopping.set()
        self._reading.cancel()

    async def run(self) -> None:
        """Session after session until `stop`; each failed one waits a little longer."""
        failures = 0
        while not self._stopping.is_set():
            before = self._acknowledged
            try:
                await self._session()
            except BaseExceptionGroup as group:
                expected, rest = group.split(RETRIED)
                if rest is not None:
                    raise rest from None
                assert expected is not None
                failures = 0 if self._acknowledged != before else failures + 1
                await self._wait_after(leaf(expected), failures)

    async def _wait_after(self, error: BaseException, failures: int) -> None:
        self._one_by_one = isinstance(error, REFUSED)
        wait = self._line.pause_s(failures)
        self._sink.publish(
            OperationRetried(
                at=self._clock.now(),
                operation="intake",
                error=f"{type(error).__name__}: {error}",
                attempt=failures + 1,
                retry_in_s=wait,
            )
        )
        with anyio.move_on_after(wait):
            await self._stopping.wait()

    async def _session(self) -> None:
        async with self._minds.writing:
            self._minds.discard()
            self._generation = self._minds.generation
        self._unacknowledged.clear()
        self._kept = None
        self._acknowledging = anyio.Event()
        self._acknowledging.set()
        try:
            await self._absolve()
            recovered = await self._line.recover()
        except RETRIED as error:
            raise BaseExceptionGroup("recovery", [error]) from None
        send, receive = anyio.create_memory_object_stream[Batch](1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._sense, recovered, send)
            tasks.start_soon(self._encode, receive)

    async def _absolve(self) -> None:
        """What was handled alone when the last session failed did not kill the process."""
        if self._alone is not None:
            await self._line.absolve(self._alone)
            self._alone = None

    # --- first task: sense ----------------------------------------------------------------

    async def _sense(self, recovered: list[Delivered], send: MemoryObjectSendStream[Batch]) -> None:
        async with send:
            try:
                for chunk in batches(recovered, 1 if self._one_by_one else BATCH_MAX):
                    if self._stopping.is_set():
                        return
                    await self._send(chunk, send)
                while not self._stopping.is_set():
                    delivered = await self._read()
                    self.idle = not delivered
                    for chunk in batches(delivered, BATCH_MAX):
                        await self._send(chunk, send)
            except anyio.BrokenResourceError:
                return  # the other task has failed, and its error ends the session

    async def _read(self) -> list[Delivered]:
        """The next entries; nothing when told to stop meanwhile (they stay pending)."""
        with anyio.CancelScope() as self._reading:
            return await self._line.read()
        return []

    async def _send(self, delivered: Sequence[Delivered], send: MemoryObjectSendStream[Batch]) -> None:
        if any(d.suspect and not d.problem for d in delivered):
            assert len(delivered) == 1, "a suspect stands alone"
            await self._send_alone(delivered[0], send)
            return
        entries = [Entry(d.partition, d.entry, d.message) for d in delivered if d.message is not None]
        arrivals = await self._senses.prepare(entries) if entries else []
        await send.send(Batch(arrivals, [d for d in delivered if d.message is None]))

    async def _send_alone(self, suspect: Delivered, send: MemoryObjectSendStream[Batch]) -> None:
        """Nothing else is in hand while the attempt counts: neither what came before, which might
        be what the process dies of, nor what comes after."""
        await self._settle(send)
        self._alone = suspect
        if await self._line.attempt_alone(suspect):
            assert suspect.message is not None
            entry = Entry(suspect.partition, suspect.entry, suspect.message)
            await send.send(Batch(await self._senses.prepare([entry]), []))
        else:
            self._alone = None
            await send.send(Batch([], [replace(suspect, problem=POISON)]))
        await self._settle(send)
        self._alone = None

    async def _settle(self, send: MemoryObjectSendStream[Batch]) -> None:
        """Wait until everything sent so far is encoded, written down and acknowledged."""
        settled = anyio.Event()
        await send.send(Batch([], [], settled))
        await settled.wait()

    # --- second task: encode ----------------------------------------------------------------

    async def _encode(self, receive: MemoryObjectReceiveStream[Batch]) -> None:
        self._checkpoint_due = self._clock.monotonic() + self._checkpoint_every_s()
        async with receive, anyio.create_task_group() as beside:
            while True:
                batch: Batch | None = None
                with anyio.move_on_after(self._until_checkpoint()):
                    try:
                        batch = await self._next(receive)
                    except anyio.EndOfStream:
                        break
                if batch is not None:
                    await self._take(batch, receive)
                if self._due():
                    beside.start_soon(self._acknowledge, await self._write_down())
                if batch is not None and batch.settled is not None:
                    await self._checkpoint()
                    batch.settled.set()
            await self._checkpoint()

    def _checkpoint_every_s(self) -> float:
        """Seldom enough that checkpoints take a small share of the time, on a slow disk too."""
        seldom = min(CHECKPOINT_SELDOM_S, self._checkpoint_took_s / CHECKPOINT_SHARE)
        return max(self._options.checkpoint_s, seldom)

    def _until_checkpoint(self) -> float | None:
        if not self._unacknowledged:
            return None
        return max(0.0, self._checkpoint_due - self._clock.monotonic())

    async def _next(self, receive: MemoryObjectReceiveStream[Batch]) -> Batch:
        batch, self._kept = self._kept, None
        return batch or await receive.receive()

    async def _take(self, batch: Batch, receive: MemoryObjectReceiveStream[Batch]) -> None:
        for delivered in batch.unreadable:
            await self._bury(delivered, delivered.problem)
        if not batch.arrivals:
            return
        began = self._clock.monotonic()
        if not self._unacknowledged:
            self._checkpoint_due = began + self._checkpoint_every_s()
        if batch.plain and not self._one_by_one:
            await self._run(batch, receive)
            return
        done = await self._commit(batch)
        self._line.epochs()
        await self._tell(batch, done, self._recent(done), began)

    async def _tell(
        self, batch: Batch, done: Committed, recent: dict[str, tuple[int, bytes]], began: float
    ) -> None:
        """Everything of this batch is in the store: say so."""
        await self._line.mirror(recent)
        await self._line.tell([*done.receipts, *done.moved])
        await self._bury_rejected(done)
        rejected = {(entry.partition, entry.id) for entry, _ in done.rejected}
        self._unacknowledged.extend(e for e in batch.entries if e not in rejected)
        self._progress.advance()
        self._report(batch, done, self._clock.monotonic() - began)

    # --- a run: the store takes one batch in while the next is folded ---------------------------

    async def _run(self, batch: Batch, receive: MemoryObjectReceiveStream[Batch]) -> None:
        """Encode this batch, and those that wait behind it, until something else is due. The lock is held
        until all of them are in the store: whoever gets it finds nothing under way."""
        async with self._minds.writing:
            self._hold()
            try:
                await self._fold_ahead(batch, receive)
            except (
                BaseException
            ):  # a part of the run: no other task may write it down before the session ends
                self._minds.discard()
                raise

    async def _fold_ahead(self, batch: Batch, receive: MemoryObjectReceiveStream[Batch]) -> None:
        ahead: deque[Underway] = deque()
        following: Batch | None = batch
        async with anyio.create_task_group() as tasks:
            handover = self._encoder.handover(tasks)
            while following is not None:
                batch, began, epochs = following, self._clock.monotonic(), self._line.epochs()
                behind = [each.folded for each in ahead]
                folded = await self._encoder.fold(batch.arrivals, epochs, behind, handover)
                underway = Underway(batch, folded, self._recent(folded.done), began)
                tasks.start_soon(self._finish, underway, ahead[-1] if ahead else None)
                ahead.append(underway)
                if len(ahead) > AHEAD_MAX:
                    await ahead.popleft().told.wait()
                untold = sum(len(each.batch.arrivals) for each in ahead if not each.told.is_set())
                following = self._following(receive, epochs, untold)

    async def _finish(self, underway: Underway, before: Underway | None) -> None:
        """Write a batch and tell of it, after the one before."""
        if before is not None:
            await before.folded.ledger.written.wait()
        self._line.epochs()
        await self._encoder.write(underway.folded)
        self._line.epochs()
        if before is not None:
            await before.told.wait()
        await self._tell(underway.batch, underway.folded.done, underway.recent, underway.began)
        underway.told.set()

    def _following(
        self, receive: MemoryObjectReceiveStream[Batch], epochs: dict[int, int], untold: int
    ) -> Batch | None:
        """The next batch of a run, if it waits already and neither a checkpoint nor anybody else does."""
        full = len(self._unacknowledged) + untold >= self._options.checkpoint_entries
        if full or self._clock.monotonic() >= self._checkpoint_due or self._line.epochs() != epochs:
            return None
        if self._minds.writing.statistics().tasks_waiting:
            return None
        try:
            batch = receive.receive_nowait()
        except (anyio.WouldBlock, anyio.EndOfStream):
            return None
        if batch.plain:
            return batch
        self._kept = batch
        return None

    # --- one batch by itself --------------------------------------------------------------------

    async def _commit(self, batch: Batch) -> Committed:
        try:
            async with self._minds.writing:
                self._hold()
                try:
                    return await self._encoder.commit(batch.arrivals, self._line.epochs())
                except BaseException:  # half a batch: no other task may write it down before the session ends
                    self._minds.discard()
                    raise
        except REFUSED as error:
            if len(batch.arrivals) == 1:
                entry = batch.arrivals[0].entry
                culprit = Delivered(entry.partition, entry.id, entry.message)
                await self._bury(culprit, f"the store refuses it: {error}")
            raise

    async def _bury(self, delivered: Delivered, reason: str) -> None:
        receipt = Receipt(
            mind=getattr(delivered.message, "mind", ""),
            entry=delivered.entry,
            outcome=Outcome.REJECTED,
            reason=reason,
        )
        await self._line.tell([(delivered.partition, receipt)])
        await self._line.bury(delivered, reason)
        self._sink.publish(
            EntryBuried(
                at=self._clock.now(), partition=delivered.partition, entry=delivered.entry, reason=reason
            )
        )

    async def _bury_rejected(self, done: Committed) -> None:
        for entry, reason in done.rejected:
            await self._line.bury(Delivered(entry.partition, entry.id, entry.message), reason)
            self._sink.publish(
                EntryBuried(at=self._clock.now(), partition=entry.partition, entry=entry.id, reason=reason)
            )

    def _due(self) -> bool:
        """Whether a checkpoint is due."""
        full = len(self._unacknowledged) >= self._options.checkpoint_entries
        return full or bool(self._unacknowledged and self._clock.monotonic() >= self._checkpoint_due)

    async def _checkpoint(self) -> None:
        """Write the changed minds, make that durable, acknowledge everything that they contain."""
        await self._acknowledge(await self._write_down())

    async def _write_down(self) -> Written:
        """The first half: the minds are written, under the lock."""
        await self._acknowledging.wait()
        self._line.epochs()
        began = self._clock.monotonic()
        async with self._minds.writing:
            self._hold()
            await self._minds.write_down()
        entries = list(self._unacknowledged)
        self._unacknowledged.clear()
        self._acknowledging = anyio.Event()
        return Written(entries, began)

    async def _acknowledge(self, written: Written) -> None:
        """The second half: what was written is durable, and is acknowledged. Encoding goes on meanwhile."""
        await self._minds.make_durable()
        self._checkpoint_took_s = self._clock.monotonic() - written.began
        if written.entries:
            await self._line.acknowledge(written.entries)
            self._acknowledged += len(written.entries)
        self._acknowledging.set()

    def _hold(self) -> None:
        """What was encoded counts only if no mind was dropped from memory meanwhile."""
        if self._generation != self._minds.generation:
            raise UnavailableError("minds were read anew from their checkpoints")

    # --- telling ------------------------------------------------------------------------------

    def _recent(self, done: Committed) -> dict[str, tuple[int, bytes]]:
        recent = {}
        for name, partition in done.touched.items():
            mind = self._minds.resident(name)
            if mind is not None and not mind.stopped:
                recent[name] = (partition, recent_json(mind))
        return recent

    def _report(self, batch: Batch, done: Committed, took_s: float) -> None:
        now = self._clock.now()
        for mind, episode_id in done.opened:
            self._sink.publish(EpisodeOpened(at=now, mind=mind, episode_id=episode_id))
        for episode in done.closed:
            self._sink.publish(
                EpisodeClosed(
                    at=now,
                    mind=episode.mind,
                    episode_id=episode.id,
                    label=episode.label,
                    boundary_type=str(episode.boundary_type),
                    memory_count=episode.memory_count,
                )
            )
        self._sink.publish(
            PerceptsEncoded(
                at=now,
                partition=batch.arrivals[0].entry.partition,
                encoded=done.encoded,
                strengthened=done.strengthened,
                rejected=len(done.rejected),
                took_s=took_s,
                context=dict(done.context),
                related=done.related,
                archived=done.archived,
                passed_by=done.passed_by,
            )
        )


POISON = "the process died each time it handled this entry alone"


def recent_json(mind: Mind) -> bytes:
    """Working memory and the open episode as outside readers see them, newest first."""
    episode = mind.episode
    return msgspec.json.encode(
        {
            "memories": [
                {
                    "memory_id": item.memory_id,
                    "content": item.preview,
                    "actor": item.actor,
                    "at": item.at,
                    "salience": item.salience,
                }
                for item in reversed(mind.working.items)
            ],
            "episode": None
            if episode is None
            else {
                "id": episode.id,
                "label": episode.given_label or episode.tally.label(),
                "started_at": episode.started_at,
                "memories": episode.tally.count,
            },
        }
    )


def chunks(items: Sequence[Delivered], size: int) -> Iterable[Sequence[Delivered]]:
    """Consecutive parts of at most `size`; a suspect stands alone."""
    return batches(items, size, lambda item: 1)


def batches(
    items: Sequence[Delivered], weight_max: int, weight_of: Callable[[Delivered], int] | None = None
) -> Iterable[Sequence[Delivered]]:
    """Consecutive parts that weigh at most so much, or hold a single one; a suspect stands alone."""
    weigh = weight_of or weight
    part: list[Delivered] = []
    total = 0
    for item in items:
        added = weigh(item)
        if part and (item.suspect or part[-1].suspect or total + added > weight_max):
            yield part
            part, total = [], 0
        part.append(item)
        total += added
    if part:
        yield part


def weight(delivered: Delivered) -> int:
    """How much an entry adds to its batch."""
    message = delivered.message
    return TEXT_WEIGHT if isinstance(message, Percept) and message.vector is None else 1


def leaf(error: BaseException) -> BaseException:
    """The first single error inside nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
