"""The ways in: to a daemon behind a URL, to the one that holds the data directory, or into this process.

The way of a percept is the same in all three: it is published to the stream, and what is asked
is answered over the streams. Knows how an engine is found, nothing of what is said to it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from cognition import data_directory as directories
from cognition.client import Mind, Session, build, in_our_words
from cognition.errors import UnavailableError
from cognition.settings import Settings, load
from schemas.percept import Mark
from streams import layout
from streams.client import connect, wait_until_ready
from streams.errors import StreamsError
from streams.keys import StreamKeys
from streams.receipts import ReceiptReader
from streams.reqreply import Caller

if TYPE_CHECKING:
    from cognition.ports.clock import Clock
    from cognition.ports.embedder import Embedder


@asynccontextmanager
async def connected(url: str, keys: StreamKeys, *, within_s: float = 5.0) -> AsyncIterator[Session]:
    """A session with the daemon behind this URL. Raises `UnavailableError`, and `SettingsError` where daemons
    there spread the minds over another number of partitions."""
    async with AsyncExitStack() as stack:
        try:
            client = connect(url)
            stack.push_async_callback(client.aclose)
            await wait_until_ready(client, within_s=within_s)
            await layout.require_of_client(client, keys, publishes=False)
            caller = await stack.enter_async_context(Caller(client, keys))
            receipts = await stack.enter_async_context(ReceiptReader(client, keys))
        except StreamsError as error:
            raise in_our_words(error) from error
        yield Session(url, client, keys, caller, receipts)


@asynccontextmanager
async def open_engine(
    *,
    data: str | Path | None = None,
    url: str | None = None,
    settings: Settings | None = None,
    embedder: Embedder | None = None,
    quiet: bool = True,
    warm: bool = True,
    clock: Clock | None = None,
) -> AsyncIterator[Session]:
    """A session with a daemon: the one behind `url`; else the one that holds the data directory;
    else the whole engine in this process while the block runs.

    Without `settings` they are read from the environment. `quiet` keeps the log of an engine in
    this process to warnings; without `warm` it loads its model with the first text, which then waits. It
    lives by `clock`, where one is given.
    """
    chosen = settings or load(environment=os.environ).settings
    if data is not None:
        chosen = msgspec.structs.replace(chosen, data=str(data))
    address = url or (chosen.streams.url if settings is None else "")
    directory = directories.directory_of(chosen.data, os.environ)
    holder = None if address else directories.find_holder(directory)
    if address or holder is not None:
        keys = StreamKeys(chosen.streams.namespace, chosen.streams.partitions)
        if holder is not None:
            holder = await _ready(directory, holder)
            address, keys = holder.url, StreamKeys(holder.namespace, holder.partitions)
        async with connected(address, keys) as session:
            yield session
        return
    if quiet:
        chosen = msgspec.structs.replace(chosen, log=msgspec.structs.replace(chosen.log, level="warning"))
    from cognition.daemon import running

    async with (
        running(chosen, directory, clock=clock, embedder=embedder, warm=warm) as daemon,
        connected(daemon.url, daemon.keys) as session,
    ):
        session.daemon = daemon
        yield session


async def _ready(
    directory: Path, holder: directories.Holder, *, within_s: float = 60.0
) -> directories.Holder:
    """The holder once it is ready; it may be starting."""
    with anyio.move_on_after(within_s):
        found: directories.Holder | None = holder
        while found is not None:
            if found.ready:
                return found
            await anyio.sleep(0.05)
            found = directories.find_holder(directory)
    raise UnavailableError(
        f"the daemon that holds {directory} (process {holder.pid}) is not ready",
        remedy="Wait for it, or look at its log.",
    )


@asynccontextmanager
async def open_mind(
    name: str,
    *,
    data: str | Path | None = None,
    url: str | None = None,
    settings: Settings | None = None,
    embedder: Embedder | None = None,
) -> AsyncIterator[Mind]:
    """One mind, ready to perceive and recall.

    Examples
    --------
    >>> async with open_mind("ana") as mind:
    ...     await (await mind.perceive("The keys are under the blue pot.")).wait()
    ...     recollection = await mind.recall("Where are the keys?")

    Raises `SchemaError` (a ValueError) for an impossible name, `UnavailableError` (a
    ConnectionError) when no daemon can be reached or started.
    """
    build(Mark, mind=name)
    async with open_engine(data=data, url=url, settings=settings, embedder=embedder) as session:
        yield session.mind(name)
