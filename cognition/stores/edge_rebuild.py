"""Building the indexes of one collection while it goes on being read and written.

copy -> optimise -> open beside -> replay what changed -> point at it. The engine's own
optimiser stops everything, so it works on a copy, in a process of its own; another host
opens the result; what was written since the copy is read from the old shard and written into
the new one, at first while writing goes on, the last few with the writers held. `CURRENT`
then names the new generation: interrupted before that, the old one is what there is.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from cognition.errors import StoreUnavailableError
from cognition.stores import edge_directory, edge_process
from cognition.stores import edge_wire as wire
from cognition.stores.backend import CollectionSpec, WriteMode
from cognition.stores.edge_gate import Gate
from cognition.stores.edge_link import HostLink
from cognition.stores.edge_wire import COPIED, GO, OPTIMISED, READY

REPLAY_BATCH: Final = 256
"""Points a round trip when changes are carried over."""

REPLAY_HELD_MAX: Final = 64
"""So few changes are carried over with the writers held (at 0.2 ms each: 13 ms)."""

REPLAY_ROUNDS_MAX: Final = 20
"""Rounds in which to catch up with the writers before they are held regardless."""


@dataclass(slots=True)
class Seat:
    """Where one collection is served now, and what was changed since it was copied."""

    spec: CollectionSpec
    link: HostLink
    gate: Gate = field(default_factory=Gate)
    rebuilding: anyio.Lock = field(default_factory=anyio.Lock)
    changed: set[str] | None = None

    @asynccontextmanager
    async def writing(self, ids: list[str]) -> AsyncIterator[HostLink]:
        """The link to write to. What is written is noted afterwards, also when it failed: whoever
        reads it from then on reads behind it."""
        async with self.gate.passing():
            try:
                yield self.link
            finally:
                if self.changed is not None:
                    self.changed.update(ids)


async def rebuild(seat: Seat, collection: Path, successor: HostLink) -> float:
    """Replace the collection's live generation by an optimised copy served by `successor`.

    Returns the longest time in seconds for which writers were held; readers never were.
    Raises `StoreUnavailableError` and leaves everything as it was when a step fails.
    """
    live = edge_directory.current(collection)
    assert live is not None, f"{collection} has no live generation"
    source, target = collection / live, collection / edge_directory.next_after(live)
    size = await anyio.to_thread.run_sync(edge_directory.size_of, source)
    edge_directory.require_space(collection, int(size * edge_directory.COPY_FACTOR))
    await anyio.to_thread.run_sync(lambda: shutil.rmtree(target, ignore_errors=True))
    old, restarts = seat.link, seat.link.restarts
    try:
        held = await _optimised_copy(seat, source, target)
        await successor.call(wire.Ensure(seat.spec, target.name), wire.Done)
        await _catch_up(seat, successor)
        async with seat.gate.closed():
            began = anyio.current_time()
            await _replay(seat, successor)
            await _require_same(seat, old, successor, restarts)
            await successor.call(wire.Flush(seat.spec.name), wire.Done)
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(edge_directory.point_at, collection, target.name)
                seat.link = successor
            return max(held, anyio.current_time() - began)
    finally:
        seat.changed = None


async def _optimised_copy(seat: Seat, source: Path, target: Path) -> float:
    """Have the shard copied and the copy optimised; how long the writers were held.

    The process is started before anybody waits for it: it says when it is ready for its go.

    It is flushed once before, so that the writers are held briefly, and once more when they are: a flush that
    somebody asks for while files are copied then has nothing to do, and the files are of one moment.
    """
    spec = msgspec.json.encode(seat.spec).decode()
    process = await edge_process.spawn("cognition.stores.edge_optimise", str(source), str(target), spec)
    assert process.stdin is not None
    lines = _lines(process)
    patience_s = 0.0
    try:
        await _expect(lines, READY, source)
        await seat.link.call(wire.Flush(seat.spec.name), wire.Done)
        async with seat.gate.closed():
            began = anyio.current_time()
            await seat.link.call(wire.Flush(seat.spec.name), wire.Done)
            seat.changed = set()
            await process.stdin.send(GO)
            await _expect(lines, COPIED, source)
            held = anyio.current_time() - began
        await _expect(lines, OPTIMISED, source)
        patience_s = edge_process.PATIENCE_S
    except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
        raise _failed(source, "started") from error
    finally:
        await edge_process.end(process, patience_s=patience_s)
    return held


async def _lines(process: Process) -> AsyncIterator[str]:
    assert process.stdout is not None
    text = ""
    async for part in TextReceiveStream(process.stdout):
        *whole, text = (text + part).split("\n")
        for line in whole:
            yield line


async def _expect(lines: AsyncIterator[str], word: str, source: Path) -> None:
    said = await anext(lines, None)
    if said != word:
        raise _failed(source, word)


def _failed(source: Path, word: str) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"Building the indexes of {source} failed before it was {word}",
        remedy="Nothing is lost; it is tried again when it is next due.",
    )


async def _catch_up(seat: Seat, successor: HostLink) -> None:
    """Follow the writers until little is left; flushed each time, so that the last flush is short."""
    for _ in range(REPLAY_ROUNDS_MAX):
        await _replay(seat, successor)
        await successor.call(wire.Flush(seat.spec.name), wire.Done)
        if len(seat.changed or ()) <= REPLAY_HELD_MAX:
            return


async def _replay(seat: Seat, successor: HostLink) -> None:
    """Carry over what was changed so far: as it is now in the old shard, whatever was done to it."""
    changed, seat.changed = sorted(seat.changed or ()), set()
    name = seat.spec.name
    names = (*seat.spec.dense, *seat.spec.sparse)
    for at in range(0, len(changed), REPLAY_BATCH):
        ids = changed[at : at + REPLAY_BATCH]
        found = await seat.link.call(wire.Retrieve(name, ids, True, names), wire.Hits)
        gone = set(ids).difference(hit.id for hit in found.hits)
        if gone:
            await successor.call(wire.Delete(name, sorted(gone)), wire.Done)
        if found.hits:
            points = [wire.point_of(hit) for hit in found.hits]
            await successor.call(wire.Upsert(name, points, WriteMode.UPSERT, None), wire.Done)


async def _require_same(seat: Seat, old: HostLink, new: HostLink, restarts: int) -> None:
    """A last look before the old generation is let go."""
    if old.restarts != restarts:
        raise StoreUnavailableError(f"The engine ended while {seat.spec.name} was being rebuilt")
    count = wire.Count(seat.spec.name, None)
    before, after = await old.call(count, wire.Number), await new.call(count, wire.Number)
    if before.number != after.number:
        raise StoreUnavailableError(
            f"The rebuilt {seat.spec.name} has {after.number} points, the old one {before.number}",
            remedy="The old one stays; nothing is lost.",
        )
