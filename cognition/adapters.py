"""Adapters: what the settings choose, opened. Each vendor is imported in the branch that chooses it.

Knows how to open and close; knows nothing of what runs over it.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio

from cognition import data_directory as directories
from cognition.errors import (
    PartitionsInUseError,
    SettingsError,
    StoreDeniedError,
    StoreUnavailableError,
    UnavailableError,
)
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from cognition.settings import Settings
from cognition.stores.backend import VectorBackend
from schemas.events import OperationRetried, StoreOpened

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from cognition.embedding.lazy import LazyEmbedder
    from cognition.stores.mind_copies import MindCopies
    from cognition.stores.qdrant_server import ServerBackend
    from cognition.stores.stores import VectorStores
    from streams.embedded import EmbeddedServer

QUIET_GRPC: Final = {"GRPC_VERBOSITY": "NONE", "GRPC_ENABLE_FORK_SUPPORT": "0"}
"""Its library reads these as it is imported. It would write lines of its own to stderr, and handle forks,
though those of ours become other programs."""


async def open_streams(
    settings: Settings, directory: Path, stack: AsyncExitStack
) -> tuple[EmbeddedServer | None, str, Redis]:
    """The server that the settings name, or a private one in the data directory that is ended with the
    daemon: that server, the address, and a client that has been answered."""
    from streams.client import connect, wait_until_ready
    from streams.embedded import EmbeddedServer

    with _in_our_words():
        private = None
        if not settings.streams.url:
            private = EmbeddedServer(directory / directories.STREAMS_FOLDER)
            await private.start()
            stack.push_async_callback(_stop_shielded, private)
        url = private.url if private is not None else settings.streams.url
        client = connect(url)
        stack.push_async_callback(client.aclose)
        await wait_until_ready(client)
        await _require_layout(settings, client)
    return private, url, client


async def _require_layout(settings: Settings, client: Redis) -> None:
    """Raise where the minds of this namespace are spread over another number of partitions."""
    from streams import layout
    from streams.keys import StreamKeys

    await layout.require(client, StreamKeys(settings.streams.namespace, settings.streams.partitions))


async def repartition(settings: Settings, directory: Path, stack: AsyncExitStack, partitions: int) -> int:
    """Spread the minds over so many partitions from now on; how many there were.

    Raises `PartitionsInUseError` while a daemon holds one, an entry waits to be taken, or a dead letter lies
    in one that goes away.
    """
    from schemas import wire
    from streams import layout
    from streams.keys import StreamKeys

    chosen = settings.streams
    keys = StreamKeys(chosen.namespace, chosen.partitions)
    with _in_our_words():
        client = await _connected(settings, directory, stack)
        there = StreamKeys(chosen.namespace, await layout.agreed(client, keys))
        problem = await layout.unsettled(client, there, (wire.AWAKE, wire.DREAM, wire.CUES))
        if not problem and (problem := await layout.stranded(client, there, partitions)):
            raise PartitionsInUseError(
                f"the partitions cannot be changed: {problem}",
                remedy="Retry or drop them first: `cognition dead list` names them. What is retried a daemon "
                "has to take.",
            )
        problem = problem or await layout.change(client, there, partitions)
        if problem:
            raise PartitionsInUseError(
                f"the partitions cannot be changed: {problem}",
                remedy="Let a daemon take what waits (cognition status), stop every daemon, then repeat it.",
            )
    return there.partitions


async def _connected(settings: Settings, directory: Path, stack: AsyncExitStack) -> Redis:
    """A client of the server that the settings name, or of the private one, which is started for it."""
    from streams.client import connect, wait_until_ready
    from streams.embedded import EmbeddedServer

    url = settings.streams.url
    if not url:
        private = EmbeddedServer(directory / directories.STREAMS_FOLDER)
        await private.start()
        stack.push_async_callback(_stop_shielded, private)
        url = private.url
    client = connect(url)
    stack.push_async_callback(client.aclose)
    await wait_until_ready(client)
    return client


@contextmanager
def _in_our_words() -> Iterator[None]:
    """What keeps the streams from being served at all, as one of our errors."""
    from streams.errors import PartitionsChangedError, StreamsError, StreamsUrlError

    try:
        yield
    except (StreamsUrlError, PartitionsChangedError) as error:
        raise SettingsError(f"setting streams.{error}") from error
    except StreamsError as error:
        raise UnavailableError(str(error)) from error


async def _stop_shielded(server: EmbeddedServer) -> None:
    with anyio.CancelScope(shield=True):
        await server.stop()


async def open_backend(
    settings: Settings,
    directory: Path,
    stack: AsyncExitStack,
    clock: Clock,
    sink: Sink | None = None,
    *,
    model: str = "",
) -> VectorBackend:
    """The vector engine that the settings name. Each vendor is imported where it is chosen.

    `model` names what vectors are made with; a server notes it, and refuses those of another.
    """
    folder = directory / directories.STORE_FOLDER
    kind = settings.store.engine
    if kind == "server":
        return await open_server(settings, stack, clock, sink, model=model)
    if kind == "oracle":
        from cognition.testing.oracle import OracleBackend

        return OracleBackend()
    if kind == "local":
        from cognition.stores.qdrant_server import open_local

        return await stack.enter_async_context(open_local())
    from cognition.stores.edge import open_edge, open_inline

    if kind == "inline":
        return await stack.enter_async_context(open_inline(folder, started_at=clock.now()))
    return await stack.enter_async_context(open_edge(folder, started_at=clock.now()))


async def open_server(
    settings: Settings, stack: AsyncExitStack, clock: Clock, sink: Sink | None = None, *, model: str = ""
) -> ServerBackend:
    """The Qdrant server of the settings; one that is away is waited for, and that is told; and
    later which of its nodes refuse the key, where others are asked."""
    for name, value in QUIET_GRPC.items():
        os.environ.setdefault(name, value)
    from cognition.stores import server_opening
    from cognition.stores.server_options import Mark

    if not settings.store.url:
        raise SettingsError(
            "setting store.backend = 'server': no server is named",
            remedy="Set QDRANT_URL or store.url, such as http://127.0.0.1:6333.",
        )
    attempts = itertools.count(1)

    def told(error: StoreUnavailableError, wait_s: float) -> None:
        operation = "asking the store" if isinstance(error, StoreDeniedError) else "opening the store"
        if sink is not None:
            sink.publish(
                OperationRetried(
                    at=clock.now(),
                    operation=operation,
                    error=f"{type(error).__name__}: {error}",
                    attempt=next(attempts),
                    retry_in_s=wait_s,
                )
            )

    opened = await stack.enter_async_context(
        server_opening.open_server(
            settings.store,
            Mark(model=model, partitions=settings.streams.partitions),
            chance=random.Random(settings.name),
            told=told,
        )
    )
    if sink is not None:
        sink.publish(StoreOpened(at=clock.now(), nodes=opened.nodes, notes=opened.notes))
    return opened.backend


def copier_over(backend: VectorBackend, directory: Path, clock: Clock) -> MindCopies:
    """What copies single minds into folders beside the data."""
    from cognition.stores.mind_copies import MindCopies

    return MindCopies(backend, directory / directories.COPIES_FOLDER, directories.STORE_FOLDER, clock)


def stores_over(settings: Settings, backend: VectorBackend, stack: AsyncExitStack) -> VectorStores:
    """The stores over a backend, closed with it; their collections are still to be ensured."""
    from cognition.stores.collections import ALL, LARGE
    from cognition.stores.stores import over

    chosen = settings.store.quantization
    strangers = set(chosen.kinds) - {spec.name for spec in ALL if spec.searched}
    if strangers:
        raise SettingsError(
            f"setting store.quantization.kinds names {sorted(strangers)[0]!r}, which has no searched vectors",
            remedy=f"Name {', '.join(spec.name for spec in ALL if spec.searched)}.",
        )
    kept = {spec.name: chosen.of(spec.name, large=spec.name in LARGE) for spec in ALL if spec.searched}
    stores = over(backend, kept, floor=chosen.floor)
    stack.push_async_callback(stores.close)
    return stores


def embedder_for(settings: Settings, stack: AsyncExitStack, *, lean: bool) -> LazyEmbedder:
    """The embedder, which loads with its first text unless it is told to before."""
    from cognition.embedding.lazy import LazyEmbedder
    from cognition.embedding.opening import open_embedder

    chosen = settings.embedding
    embedder = LazyEmbedder(
        lambda: open_embedder(
            path=chosen.path,
            model=chosen.model,
            precision=chosen.precision,
            linger_s=chosen.linger_ms / 1e3,
            queue_max=chosen.queue_max,
            lean=lean,
        ),
        chosen.model,
    )
    stack.push_async_callback(embedder.aclose)
    return embedder
