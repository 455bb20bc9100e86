"""Adapters: what the settings choose, opened. Each vendor is imported in the branch that chooses it.

Knows how to open and close; knows nothing of what runs over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import anyio

from cognition import data_directory as directories
from cognition.errors import SettingsError, UnavailableError
from cognition.ports.clock import Clock
from cognition.ports.embedder import Embedder
from cognition.ports.stores import Stores
from cognition.settings import Settings, hide_password
from cognition.stores.backend import VectorBackend
from streams.embedded import EmbeddedServer
from streams.errors import StreamsError, StreamsUrlError


@contextmanager
def starting() -> Iterator[None]:
    """What keeps the streams from being served at all, in our words."""
    try:
        yield
    except StreamsUrlError as error:
        raise SettingsError(f"setting streams.{error}") from error
    except StreamsError as error:
        raise UnavailableError(str(error)) from error


async def private_server(directory: Path, stack: AsyncExitStack) -> EmbeddedServer:
    """A server of our own in the data directory, ended with the daemon."""
    server = EmbeddedServer(directory / directories.STREAMS_FOLDER)
    await server.start()
    stack.push_async_callback(_stop_shielded, server)
    return server


async def _stop_shielded(server: EmbeddedServer) -> None:
    with anyio.CancelScope(shield=True):
        await server.stop()


async def open_backend(
    settings: Settings, directory: Path, stack: AsyncExitStack, clock: Clock
) -> VectorBackend:
    """The vector engine that the settings name. Each vendor is imported where it is chosen."""
    folder = directory / directories.STORE_FOLDER
    kind = settings.store.backend
    if settings.store.url or kind == "server":
        raise SettingsError(
            f"setting store.backend = {kind!r}, store.url = {hide_password(settings.store.url)!r}: "
            "this version serves no Qdrant server",
            remedy="Unset QDRANT_URL and store.url and use store.backend = 'edge', which is embedded.",
        )
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


async def open_stores_over(backend: VectorBackend, stack: AsyncExitStack) -> Stores:
    """The stores over a backend, closed with it."""
    from cognition.stores.stores import open_stores

    stores = await open_stores(backend)
    stack.push_async_callback(stores.close)
    return stores


async def open_embedder_for(settings: Settings, stack: AsyncExitStack, *, warm: bool) -> Embedder:
    """The embedder, loaded now or with its first text."""
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
        ),
        chosen.model,
    )
    stack.push_async_callback(embedder.aclose)
    if warm:
        await embedder.load()
    return embedder
