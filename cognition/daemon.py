"""The composition root: settings become adapters, adapters an engine, the engine a task group.

Built once, in reading order, and closed in reverse. Everything that reads a clock, the
environment of the machine or chance is made here and handed down.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from cognition import data_directory as directories
from cognition.adapters import copier_over, embedder_for, open_backend, open_streams, stores_over
from cognition.ports.clock import Clock
from cognition.ports.embedder import Embedder
from cognition.ports.stores import Stores
from cognition.settings import Settings
from cognition.tasks import at_once
from cognition.telemetry import LogSink
from cognition.version import VERSION
from schemas.events import DaemonStarted

if TYPE_CHECKING:
    from cognition.embedding.lazy import LazyEmbedder
    from cognition.engine.answering import Answering
    from cognition.engine.assembly import Engine
    from streams.keys import StreamKeys


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


@dataclass(slots=True)
class Daemon:
    """A running daemon, for whoever shares its process."""

    url: str
    keys: StreamKeys
    directory: Path
    stores: Stores
    sink: LogSink
    ready_s: float
    embedder: Embedder | None
    answering: Answering
    engine: Engine


GIVE_WAY_S = 0.0005
"""How long a thread that computes keeps the interpreter from the event loop. Python's own 5 ms, at each of a
cue's wake-ups, made p95 of recall 79 instead of 14 ms while a mind's episodes were learned anew beside it
(measured, 100,000 memories)."""


@contextmanager
def giving_way() -> Iterator[None]:
    """The interpreter goes round sooner while the block runs."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, GIVE_WAY_S))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@asynccontextmanager
async def running(
    settings: Settings,
    directory: Path,
    *,
    clock: Clock | None = None,
    sink: LogSink | None = None,
    embedder: Embedder | None = None,
    warm: bool = False,
    lean: bool = False,
) -> AsyncIterator[Daemon]:
    """The whole engine while the block runs; on leaving it, everything in hand is finished.

    With `warm` the model is loaded before the daemon is ready, else with the first text. `lean` is for a
    process of our own: of the model's libraries only what embedding needs is imported.

    Raises `StoreLockedError`, `DataVersionError`, `UnavailableError`, `ModelUnavailableError`.
    """
    clock = clock or SystemClock()
    sink = sink or LogSink(level=settings.log.level, form=settings.log.form)
    began = clock.monotonic()
    directories.prepare(directory)
    async with AsyncExitStack() as stack:
        stack.enter_context(giving_way())
        address = stack.enter_context(directories.held(directory, clock.now()))
        model = embedder.model if embedder is not None else _model(settings)
        backend = await open_backend(settings, directory, stack, clock, sink, model=model)
        stores = stores_over(settings, backend, stack)
        loading: LazyEmbedder | None = None
        if embedder is None and settings.embedding.enabled:
            embedder = loading = embedder_for(settings, stack, lean=lean)
        async with at_once() as opening:
            opening.start_soon(stores.ensure)
            if warm and loading is not None:
                opening.start_soon(loading.load)
            await anyio.to_thread.run_sync(import_module, "cognition.service")  # takes half a second
            private, url, client = await open_streams(settings, directory, stack)
        from cognition.service import Service

        copier = copier_over(backend, directory, clock)
        await copier.sweep()
        service = Service(settings, directory, url, client, stores, embedder, clock, sink, copier)
        await stack.enter_async_context(service.running(private))
        daemon = Daemon(
            url,
            service.keys,
            directory,
            stores,
            sink,
            clock.monotonic() - began,
            service.embedder,
            service.engine.answering,
            service.engine,
        )
        directories.announce(address, _holder(settings, url, clock))
        sink.publish(
            DaemonStarted(
                at=clock.now(),
                version=VERSION,
                partitions=len(service.partitions.epochs()),
                backend=settings.store.engine,
            )
        )
        yield daemon


def _model(settings: Settings) -> str:
    """What texts will be embedded with, empty where none are."""
    return settings.embedding.model if settings.embedding.enabled else ""


def _holder(settings: Settings, url: str, clock: Clock) -> directories.Holder:
    return directories.Holder(
        pid=os.getpid(),
        host=socket.gethostname(),
        started_at=clock.now(),
        url=url,
        namespace=settings.streams.namespace,
        partitions=settings.streams.partitions,
        ready=True,
    )
