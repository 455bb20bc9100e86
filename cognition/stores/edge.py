"""Qdrant Edge for a daemon: the engine in child processes, spoken to without blocking.

One host serves all collections; a collection whose indexes were rebuilt is served by the
host that opened the result. The lock on the directory is inherited by every child, so it
is free only when the last of them is gone. This module must not know the engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from cognition.errors import StoreRefusedError, StoreUnavailableError
from cognition.stores import edge_wire as wire
from cognition.stores import packing
from cognition.stores.backend import (
    CollectionInfo,
    CollectionSpec,
    Condition,
    Gather,
    Gathered,
    Hit,
    Owner,
    Page,
    Payload,
    Point,
    Query,
    Vector,
    VectorBackend,
    WriteMode,
)
from cognition.stores.edge_link import HostLink
from cognition.stores.edge_lock import LOCK_PATIENCE_S, held
from cognition.stores.edge_rebuild import Seat, rebuild
from schemas.quantization import Quantization


class EdgeBackend:
    """`VectorBackend` over edge hosts. Made by `open_edge`."""

    def __init__(self, directory: Path, lock_fd: int, group: TaskGroup) -> None:
        self._directory = directory
        self._lock_fd = lock_fd
        self._group = group
        self._primary = HostLink(directory, lock_fd)
        self._links = [self._primary]
        self._seats: dict[str, Seat] = {}

    async def start(self) -> None:
        """Start the first host and wait until it answers."""
        await self._group.start(self._primary.run)

    @property
    def hosts(self) -> list[int]:
        """Process ids of the hosts that run now."""
        return [link.pid for link in self._links if link.pid is not None]

    async def ensure(self, spec: CollectionSpec) -> None:
        seat = self._seats.get(spec.name)
        link = seat.link if seat else self._primary
        await link.call(wire.Ensure(spec), wire.Done)
        link.specs[spec.name] = spec
        if seat is None:
            self._seats.setdefault(spec.name, Seat(spec, link))
        else:
            seat.spec = spec

    async def upsert(
        self,
        collection: str,
        points: Sequence[Point],
        *,
        mode: WriteMode = WriteMode.UPSERT,
        condition: Condition | None = None,
    ) -> None:
        body = wire.Upsert(collection, [wire.point_out(p) for p in points], mode, condition)
        await self._write(collection, [p.id for p in points], body)

    async def set_payload(
        self, collection: str, ids: Sequence[str], payload: Payload, *, condition: Condition | None = None
    ) -> None:
        await self._write(collection, list(ids), wire.SetPayload(collection, list(ids), payload, condition))

    async def set_payloads(
        self, collection: str, patches: Mapping[str, Payload], *, condition: Condition | None = None
    ) -> None:
        await self._write(collection, list(patches), wire.SetPayloads(collection, dict(patches), condition))

    async def update_vectors(
        self,
        collection: str,
        changes: Mapping[str, Mapping[str, Vector]],
        *,
        condition: Condition | None = None,
    ) -> None:
        points = [wire.point_out(Point(i, {}, vectors)) for i, vectors in changes.items()]
        await self._write(collection, list(changes), wire.UpdateVectors(collection, points, condition))

    async def delete(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        owner: Owner = None,
        condition: Condition | None = None,
    ) -> None:
        await self._write(collection, list(ids), wire.Delete(collection, list(ids), condition))

    async def retrieve(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        with_payload: bool = True,
        with_vectors: tuple[str, ...] = (),
        owner: Owner = None,
    ) -> list[Hit]:
        body = wire.Retrieve(collection, list(ids), with_payload, with_vectors)
        return wire.hits_in((await self._seat(collection).link.call(body, wire.Hits)).hits)

    async def query(self, collection: str, queries: Sequence[Query]) -> list[list[Hit]]:
        body = wire.Queries(collection, [wire.query_out(asked) for asked in queries])
        found = await self._seat(collection).link.call(body, wire.Answers)
        return [wire.hits_in(answer) for answer in found.answers]

    async def gather(self, collection: str, asked: Gather) -> Gathered:
        seat = self._seat(collection)
        found, read = await seat.link.gather(wire.gather_out(collection, asked))

        async def ahead(ids: Sequence[str]) -> list[Hit]:
            wanted = frozenset(ids)
            return [_whole(hit, seat.spec) for hit in (await read()).hits if hit.id in wanted]

        return replace(wire.gathered_in(found), ahead=ahead if asked.ahead is not None else None)

    async def scroll(
        self,
        collection: str,
        *,
        condition: Condition | None = None,
        limit: int = 256,
        offset: str | None = None,
        order_by: str | None = None,
        descending: bool = False,
        with_payload: bool | tuple[str, ...] = True,
        with_vectors: tuple[str, ...] = (),
    ) -> Page:
        body = wire.Scroll(
            collection, condition, limit, offset, order_by, descending, with_payload, with_vectors
        )
        found = await self._seat(collection).link.call(body, wire.Hits)
        return Page(wire.hits_in(found.hits), found.next_offset)

    async def count(self, collection: str, *, condition: Condition | None = None) -> int:
        body = wire.Count(collection, condition)
        return (await self._seat(collection).link.call(body, wire.Number)).number

    async def info(self, collection: str) -> CollectionInfo:
        return (await self._seat(collection).link.call(wire.Info(collection), wire.Described)).info

    async def flush(self, collection: str) -> None:
        await self._seat(collection).link.call(wire.Flush(collection), wire.Done)

    async def quantize(self, collection: str, quantization: Quantization) -> None:
        """Refused while the collection is being rebuilt: the copy would not know of it."""
        seat = self._seat(collection)
        if seat.rebuilding.locked():
            raise StoreUnavailableError(
                f"The indexes of {collection} are being built",
                remedy="Wait until that is done, then repeat it.",
            )
        async with seat.rebuilding:
            await seat.link.call(wire.Quantize(collection, quantization), wire.Done)
            seat.spec = replace(seat.spec, quantization=quantization)
            seat.link.specs[collection] = seat.spec

    async def optimise(self, collection: str) -> float:
        """Rebuild beside what is served (see `edge_rebuild`). One at a time a collection."""
        seat = self._seat(collection)
        async with seat.rebuilding:
            old = seat.link
            successor = HostLink(self._directory, self._lock_fd, supervised=False)
            await self._group.start(successor.run)
            try:
                pause = await rebuild(seat, self._directory / collection, successor)
            finally:
                if seat.link is not successor:
                    with anyio.CancelScope(shield=True):
                        await successor.close()
            successor.supervised = True
            successor.specs[collection] = seat.spec
            if successor.over:  # it died while the switch was written down, and nobody watched it yet
                successor = seat.link = HostLink(self._directory, self._lock_fd)
                successor.specs[collection] = seat.spec
                self._links.append(successor)  # whoever closes this meanwhile ends it
                await self._group.start(successor.run)
            else:
                self._links.append(successor)
            await self._let_go(old, collection)
            return pause

    async def close(self) -> None:
        async with anyio.create_task_group() as group:
            for link in self._links:
                group.start_soon(link.close)

    async def _let_go(self, old: HostLink, collection: str) -> None:
        old.specs.pop(collection, None)
        await old.call(wire.Drop(collection), wire.Done)
        if old is not self._primary and not old.specs:
            self._links.remove(old)
            await old.close()

    async def _write(self, collection: str, ids: list[str], body: wire.Request) -> None:
        async with self._seat(collection).writing(ids) as link:
            await link.call(body, wire.Done)

    def _seat(self, collection: str) -> Seat:
        try:
            return self._seats[collection]
        except KeyError:
            raise StoreRefusedError(
                f"There is no collection {collection!r}", remedy="Ensure it first."
            ) from None


def _whole(hit: wire.WireHit, spec: CollectionSpec) -> Hit:
    """A point that came as it is stored."""
    return Hit(hit.id, hit.score, packing.unpacked(spec, hit.payload or {}), None)


def open_edge(
    directory: Path, *, started_at: float, role: str = "daemon", patience_s: float = LOCK_PATIENCE_S
) -> AbstractAsyncContextManager[VectorBackend]:
    """The embedded engine over a directory, in child processes.

    Raises `StoreLockedError` when another process still holds it after `patience_s`, and
    `DataVersionError` when a newer version wrote it.
    """
    return _open_edge(directory, started_at, role, patience_s)


@asynccontextmanager
async def _open_edge(
    directory: Path, started_at: float, role: str, patience_s: float
) -> AsyncIterator[EdgeBackend]:
    failure: Exception | None = None
    async with held(directory, started_at=started_at, role=role, patience_s=patience_s) as fd:
        async with anyio.create_task_group() as group:
            backend = EdgeBackend(directory, fd, group)
            try:
                await backend.start()
                yield backend
            except Exception as error:
                failure = error
            finally:
                with anyio.CancelScope(shield=True):
                    await backend.close()
                group.cancel_scope.cancel()
        if failure is not None:
            raise failure


def open_inline(
    directory: Path, *, started_at: float, role: str = "inline", patience_s: float = LOCK_PATIENCE_S
) -> AbstractAsyncContextManager[VectorBackend]:
    """The same engine in this process (see `edge_inline`); errors as of `open_edge`."""
    from cognition.stores.edge_inline import inline_edge  # loads the engine here

    return inline_edge(directory, started_at=started_at, role=role, patience_s=patience_s)
