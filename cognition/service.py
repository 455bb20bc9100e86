"""The engine as a service: its ends of the streams, its tasks, and the order in which they end.

Made over adapters that are open already; `daemon` opens them. Imported while the embedded engine's
process starts, since it brings the stream client with it.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from cognition import data_directory as directories
from cognition.dating import DateParser
from cognition.engine.assembly import Options, assemble
from cognition.engine.consolidation import FOLDED_AT_ONCE, Consolidation
from cognition.engine.intake import Intake
from cognition.engine.introspection import DaemonFigures
from cognition.engine.ledger import INSERTED_AT_ONCE, INSERTED_AT_ONCE_BESIDE
from cognition.engine.liveness import Liveness
from cognition.engine.sleep import Sleep
from cognition.errors import LeaseLostError, UnavailableError
from cognition.partitions import ACQUIRE_EVERY_S, Partitions, in_our_words, retried
from cognition.ports.clock import Clock
from cognition.ports.copying import Copier
from cognition.ports.embedder import Embedder
from cognition.ports.stores import Stores
from cognition.ports.timetable import Timetable
from cognition.settings import Settings, hide_password
from cognition.telemetry import LogSink
from cognition.version import VERSION
from cognition.wiring import CONSOLIDATION, Requests, StreamLine, StreamRing
from schemas import wire
from schemas.episode import BoundaryType
from schemas.events import DaemonStopped, StoreOptimised
from schemas.percept import BoundaryMark, Mark
from streams.delivery import Limits
from streams.embedded import EmbeddedServer
from streams.keys import StreamKeys
from streams.producer import Producer

if TYPE_CHECKING:
    from redis.asyncio import Redis

LIVES_EVERY_S = 30.0
"""How often the figures of the mechanisms are written down, if there are new ones."""
BACKOFF_BASE_S = 0.1
BACKOFF_MAX_S = 5.0
"""Wait between sessions that fail in a row: soon enough that a server that is back is noticed."""
LINK_EVERY_S = 0.25
"""How often it is looked whether there is something to link; a look costs a glance at each mind in memory."""
LEARN_EVERY_S = 0.25
LEARN_RETRY_S = 5.0
LINK_FLOOD_S = 2.0
"""While percepts keep coming, one step of linking in this time: a few hundredths of it."""
LINK_RETRY_S = 5.0
LINK_SETTLE_S = 10.0
"""Between two looks whether a mind was linked that nobody has written down: a flush costs some 10 ms."""
OPTIMISE_RETRY_S = 600.0
"""How long to wait after an optimisation that failed."""


class Service:
    """The engine and its tasks."""

    def __init__(
        self,
        settings: Settings,
        directory: Path,
        url: str,
        client: Redis,
        stores: Stores,
        embedder: Embedder | None,
        clock: Clock,
        sink: LogSink,
        copier: Copier | None = None,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._url = hide_password(url)
        self._client = client
        self._stores = stores
        self._clock = clock
        self._sink = sink
        self.embedder = embedder
        streams = settings.streams
        self.keys = StreamKeys(streams.namespace, streams.partitions)
        name = directories.daemon_name(settings.name, directory)
        self.partitions = Partitions(client, self.keys, name, streams.lease_s, clock, sink)
        limits = Limits(
            max_deliveries=streams.deliveries_max,
            max_lone_attempts=streams.lone_attempts_max,
            backoff_base_s=BACKOFF_BASE_S,
            backoff_max_s=BACKOFF_MAX_S,
        )
        line = StreamLine(
            client,
            self.keys,
            self.partitions,
            clock,
            name=name,
            batch=streams.batch,
            block_ms=streams.block_ms,
            limits=limits,
        )
        dreams = StreamLine(
            client,
            self.keys,
            self.partitions,
            clock,
            name=name,
            batch=FOLDED_AT_ONCE,
            block_ms=streams.block_ms,
            limits=limits,
            stream=wire.DREAM,
            group=CONSOLIDATION,
        )
        chosen = Options(
            minds=settings.minds,
            attention=settings.attention,
            episodes=settings.episodes,
            recall=settings.recall,
            sleep=settings.sleep,
            inserted_at_once=INSERTED_AT_ONCE_BESIDE if settings.store.url else INSERTED_AT_ONCE,
        )
        self.liveness = Liveness(clock.now(), off=chosen.off())
        if (before := directories.find_lives(directory)) is not None:
            self.liveness.carry_on(before)
        self.engine = assemble(
            stores,
            line,
            clock,
            sink,
            embedder,
            chosen,
            dreams=dreams,
            ring=StreamRing(client, self.keys),
            dates=DateParser(),
            embedding_attempts_max=settings.embedding.attempts_max,
            figures=self.figures,
            liveness=self.liveness,
            epoch_of=self._epoch_of,
            timetable=timetable_of(settings, directory, clock.now()),
            copier=copier,
            host=socket.gethostname(),
        )
        self.requests = Requests(
            client,
            self.keys,
            self.partitions,
            self.engine.answering,
            clock,
            sink,
            name=name,
            concurrency=settings.recall.concurrency,
        )
        self._began = clock.monotonic()

    def _epoch_of(self, mind: str) -> int:
        """The epoch under which this mind is written here."""
        home = self.keys.partition_of(mind)
        epochs = self.partitions.epochs()
        if home not in epochs:
            raise LeaseLostError(f"mind {mind!r} is on partition {home}, which this daemon does not hold")
        return epochs[home]

    def figures(self) -> DaemonFigures:
        """Sums over all minds; no names."""
        sink = self._sink
        return {
            "version": VERSION,
            "streams": self._url,
            "uptime_s": round(self._clock.monotonic() - self._began, 3),
            "partitions": len(self.partitions.epochs()),
            "resident_minds": len(self.engine.minds),
            "encoded": sink.encoded,
            "strengthened": sink.strengthened,
            "archived": sink.archived,
            "passed_by": sink.passed_by,
            "buried": sink.counts["EntryBuried"],
            "cues_answered": sink.counts["CueAnswered"],
            "retries": sink.counts["OperationRetried"],
            "embedding": self.embedder is not None,
            "embedding_model": self.embedder.model if self.embedder is not None else "",
        }

    @asynccontextmanager
    async def running(self, private: EmbeddedServer | None) -> AsyncIterator[None]:
        """Acquire, run, and on leaving: stop reading, finish, acknowledge, release."""
        await self._acquire()
        began = self._clock.monotonic()
        async with anyio.create_task_group() as tasks:
            finished = (anyio.Event(), anyio.Event(), anyio.Event())
            tasks.start_soon(self.partitions.keep)
            tasks.start_soon(self._run, self.engine.intake, finished[0])
            tasks.start_soon(self._run, self.engine.consolidation, finished[1])
            tasks.start_soon(self._run, self.engine.sleep, finished[2])
            tasks.start_soon(self._notice_leases)
            tasks.start_soon(self.requests.run)
            tasks.start_soon(self._close_idle_episodes)
            tasks.start_soon(self._link_when_due)
            tasks.start_soon(self._learn_when_due)
            tasks.start_soon(self._optimise_when_due)
            tasks.start_soon(self._optimise_when_told)
            tasks.start_soon(self._keep_lives)
            tasks.start_soon(self.engine.copying.run)
            if private is not None:
                tasks.start_soon(private.keep_alive, self._on_server_restarted)
            try:
                yield
            finally:
                with anyio.CancelScope(shield=True):
                    began = self._clock.monotonic()
                    clean = await self._finish(finished)
                    tasks.cancel_scope.cancel()
                    await self._write_lives()
        reason = "stopped" if clean else f"gave up waiting after {self._settings.shutdown_s} s"
        took = self._clock.monotonic() - began
        self._sink.publish(DaemonStopped(at=self._clock.now(), reason=reason, took_s=took))

    async def _acquire(self) -> None:
        """Take what is free of our share; say who holds the rest of it."""
        held = await self.partitions.acquire()
        share = self.partitions.share
        if held == share:
            return
        error = UnavailableError(
            f"{share - held} of our share of {share} partitions are held by {await self.partitions.holder()}"
        )
        self._sink.publish(retried(self._clock, "acquiring leases", error, ACQUIRE_EVERY_S))

    def _on_server_restarted(self, reason: str) -> None:
        error = UnavailableError(reason)
        self._sink.publish(retried(self._clock, "private stream server", error, 0.0))

    async def _finish(self, finished: Sequence[anyio.Event]) -> bool:
        """Finish what is in hand, within the time that is given; whether it was."""
        self.engine.intake.stop()
        self.engine.consolidation.stop()
        self.engine.sleep.stop()
        self.requests.stop()
        with anyio.move_on_after(self._settings.shutdown_s) as scope:
            for each in finished:
                await each.wait()
            await self._release()
        return not scope.cancelled_caught

    async def _release(self) -> None:
        """Give the partitions back; where that cannot be said, the leases run out by themselves."""
        try:
            await self.partitions.release()
        except UnavailableError as error:
            runs_out_s = self._settings.streams.lease_s
            self._sink.publish(retried(self._clock, "releasing leases", error, runs_out_s))

    async def _run(self, pipeline: Intake | Consolidation | Sleep, finished: anyio.Event) -> None:
        try:
            await pipeline.run()
        finally:
            finished.set()

    async def _notice_leases(self) -> None:
        """Nights that the last holder of a new lease began go on here."""
        while True:
            await self.partitions.changed.wait()
            self.engine.sleep.look_again()

    async def _keep_lives(self) -> None:
        """Write down now and then what each mechanism did. A crash loses the last of it, nothing else."""
        kept = self.liveness.changes
        while True:
            await self._clock.sleep(LIVES_EVERY_S)
            if kept != self.liveness.changes:
                kept = self.liveness.changes
                await self._write_lives()

    async def _write_lives(self) -> None:
        try:
            await anyio.to_thread.run_sync(directories.keep_lives, self._directory, self.liveness.kept())
        except OSError as error:
            self._sink.publish(retried(self._clock, "writing down the mechanisms", error, LIVES_EVERY_S))

    async def _close_idle_episodes(self) -> None:
        """An episode in which nothing arrives any more ends by a mark in the mind's own stream."""
        producer = Producer(self._client, self.keys)
        while True:
            await self._clock.sleep(self._settings.episodes.idle_check_s)
            for mind in self.engine.minds.idle(self._clock.now()):
                mark = Mark(
                    mind=mind.name,
                    boundary=BoundaryMark.END,
                    cause=BoundaryType.TEMPORAL,
                    occurred_at=self._clock.now(),
                )
                try:
                    with in_our_words():
                        await producer.publish(mark, mind.name)
                except UnavailableError as error:
                    wait = self._settings.episodes.idle_check_s
                    self._sink.publish(retried(self._clock, "closing idle episodes", error, wait))

    async def _link_when_due(self) -> None:
        """Form associations while nothing arrives, and now and then while much does."""
        if not self._settings.sleep.while_awake:
            return
        linked_at = settled_at = 0.0
        while True:
            await self._clock.sleep(LINK_EVERY_S)
            due = self.engine.associating.due()
            if not due and self._clock.monotonic() - settled_at > LINK_SETTLE_S and self.engine.intake.idle:
                settled_at = self._clock.monotonic()
                await self._settle_links()
            for name in due:
                if not self.engine.intake.idle and self._clock.monotonic() - linked_at < LINK_FLOOD_S:
                    continue
                linked_at = self._clock.monotonic()
                await self._link(name)

    async def _settle_links(self) -> None:
        """A mind that is linked whole is written down, also where nothing arrives any more."""
        try:
            await self.engine.associating.settle()
        except (UnavailableError, LeaseLostError) as error:
            self._sink.publish(retried(self._clock, "linking", error, LINK_SETTLE_S))

    async def _link(self, mind: str) -> None:
        """Step by step, until this mind is linked or something arrives."""
        epochs = self.partitions.epochs()
        home = self.keys.partition_of(mind)
        try:
            while home in epochs and await self.engine.associating.step(mind, epoch=epochs[home]):
                if not self.engine.intake.idle:
                    return
                epochs = self.partitions.epochs()
        except (UnavailableError, LeaseLostError) as error:
            self._sink.publish(retried(self._clock, "linking", error, LINK_RETRY_S))
            await self._clock.sleep(LINK_RETRY_S)

    async def _learn_when_due(self) -> None:
        """Learn the lessons of the minds beside the stream, so that no percept waits for one."""
        while True:
            await self._clock.sleep(LEARN_EVERY_S)
            for mind in self.engine.slow.due():
                try:
                    await self.engine.slow.prepare(mind)
                except UnavailableError as error:
                    self._sink.publish(retried(self._clock, "learning", error, LEARN_RETRY_S))
                    await self._clock.sleep(LEARN_RETRY_S)

    async def _optimise_when_due(self) -> None:
        """Index what has grown beyond a scan, while reads and writes go on."""
        while True:
            await self._clock.sleep(self._settings.store.optimise_check_s)
            if self.engine.intake.idle:
                await self._optimise()

    async def _optimise_when_told(self) -> None:
        """Make a change of how vectors are kept at once, whatever arrives."""
        quantizing = self.engine.quantizing
        while True:
            await quantizing.told.wait()
            quantizing.told = anyio.Event()
            await self._optimise()

    async def _optimise(self) -> None:
        try:
            rebuilt = await self._stores.optimise()
        except UnavailableError as error:
            self._sink.publish(retried(self._clock, "optimise", error, OPTIMISE_RETRY_S))
            await self._clock.sleep(OPTIMISE_RETRY_S)
            return
        for each in rebuilt:
            self._sink.publish(
                StoreOptimised(
                    at=self._clock.now(),
                    collection=each.collection,
                    points=each.points,
                    took_s=each.took_s,
                    pause_s=each.pause_s,
                )
            )


def timetable_of(settings: Settings, directory: Path, now: float) -> Timetable | None:
    """The hours at which minds are to sleep, where any are set."""
    chosen = settings.sleep
    if not chosen.schedule and not chosen.schedules:
        return None
    from cognition.circadian import Circadian

    return Circadian(
        chosen.schedule,
        chosen.schedules,
        zone=chosen.timezone,
        jitter_s=chosen.jitter_s,
        file=directory / directories.SCHEDULE_FILE,
        now=now,
    )
