"""Writes to places of a collection, each in batches that a message holds, and applied before it counts.

Conditional writes go with strong ordering: with weak ordering two replicas may each accept
one (measured: 14 of 100 lost). Where the replica that orders them is away they are ordered by the highest one
that is there. A write is asked of the next node where one does not answer: each may be applied twice. Must
not know whether what is written fits its collection, nor in which place it belongs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import anyio
import msgspec
from qdrant_client import AsyncQdrantClient, models

from cognition.errors import StoreRefusedError, StoreUnavailableError
from cognition.stores import server_grpc
from cognition.stores.backend import Condition, HasId, Payload, Point, Sparse, Vector, WriteMode
from cognition.stores.server_nodes import Nodes, translated
from cognition.stores.server_options import ServerOptions
from cognition.stores.server_routing import Selector
from cognition.stores.server_values import (
    batches,
    filter_or_none,
    points_in,
    size_of,
    vectors_in,
    with_ids,
)

Write = Callable[[AsyncQdrantClient, models.WriteOrdering], Awaitable[object]]

LEADERLESS: Final = "ordering via leader peer"
"""How a server says that the replica which orders writes does not answer."""

LEADER_AGAIN_S: Final = 5.0
"""How long writes are not given to a replica that did not answer: each would wait for it."""

POINTS_MAX: Final = 1_000
"""Points of one write: of small ones more would keep others waiting."""

OPERATIONS_MAX: Final = 256
"""Operations of one write. Each costs a server 0.5 to 2 ms (measured), and five times that while it
optimises: so many stay within the time limit of a request."""

IDS_MAX: Final = 4_096
"""Ids of one request: 160 KB."""

_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")
_NOBODY: Final = HasId(())


class Writes:
    """The writes of a server. `grpc`: each node speaks it. `local`: it is the in-process stand-in."""

    def __init__(
        self, nodes: Nodes, options: ServerOptions, *, version: tuple[int, int], grpc: bool, local: bool
    ) -> None:
        self._nodes = nodes
        self._options = options
        self._version = version
        self._grpc = grpc
        self._local = local
        self._leader_again: dict[str, float] = {}

    async def upsert(
        self,
        name: str,
        placed: Iterable[tuple[Selector, Sequence[Point]]],
        sizes: Mapping[str, int],
        mode: WriteMode,
        condition: Condition | None,
    ) -> None:
        """Write points where they belong; `sizes`: of each, by its id."""
        where, how = self._guarded(mode, condition)
        for at, points in placed:
            for places in batches([sizes[p.id] for p in points], self._options.batch_bytes, POINTS_MAX):
                await self._write(name, self._upsert(name, points[places], where, how, at), at)

    def _upsert(
        self,
        name: str,
        points: Sequence[Point],
        where: models.Filter | None,
        how: models.UpdateMode | None,
        at: Selector,
    ) -> Write:
        if self._grpc:
            request = server_grpc.upsert_in(name, points, where, how, at)
            within_s = self._options.timeout_s
            return lambda c, o: server_grpc.upsert(c, request, o, timeout_s=within_s)
        body = points_in(points)
        return lambda c, o: c.upsert(
            name, body, wait=True, ordering=o, update_filter=where, update_mode=how, shard_key_selector=at
        )

    def _guarded(
        self, mode: WriteMode, condition: Condition | None
    ) -> tuple[models.Filter | None, models.UpdateMode | None]:
        """What an existing point has to satisfy. Insert-only is said as a condition that none does: a server
        of 1.16 does not know the mode, and would pass over it."""
        if mode is WriteMode.INSERT_ONLY:
            return filter_or_none(_NOBODY), None
        if mode is WriteMode.UPSERT:
            return filter_or_none(condition), None
        if self._version < (1, 17):
            raise StoreRefusedError(
                "update-only writes need a Qdrant server of 1.17", remedy="Upgrade the server."
            )
        return filter_or_none(condition), models.UpdateMode.UPDATE_ONLY

    async def set_payload(
        self,
        name: str,
        ids: Sequence[str],
        payload: Payload,
        condition: Condition | None,
        everywhere: Sequence[Selector],
    ) -> None:
        """Set the same fields of all of them, wherever they are of these places."""
        for at in everywhere:
            for first in _steps(ids):
                chosen = with_ids(ids[first : first + IDS_MAX], condition)
                await self._write(
                    name,
                    lambda c, o, chosen=chosen, at=at: c.set_payload(  # type: ignore[misc]
                        name, payload, points=chosen, wait=True, ordering=o, shard_key_selector=at
                    ),
                    at,
                )

    async def set_payloads(
        self,
        name: str,
        patches: Mapping[str, Payload],
        condition: Condition | None,
        everywhere: Sequence[Selector],
    ) -> None:
        """Set fields of each. Points that get the same ones share one operation."""
        alike: dict[bytes, list[str]] = {}
        for point_id, patch in patches.items():
            alike.setdefault(_ENCODER.encode(patch), []).append(point_id)
        groups = [(ids[at : at + IDS_MAX], body) for body, ids in alike.items() for at in _steps(ids)]
        sizes = [len(body) + 40 * len(ids) for ids, body in groups]
        for at in everywhere:
            for places in batches(sizes, self._options.batch_bytes, OPERATIONS_MAX):
                operations = [
                    models.SetPayloadOperation(
                        set_payload=models.SetPayload(
                            payload=patches[ids[0]], filter=with_ids(ids, condition), shard_key=at
                        )
                    )
                    for ids, _ in groups[places]
                ]
                await self._write(
                    name,
                    lambda c, o, operations=operations: c.batch_update_points(  # type: ignore[misc]
                        name, operations, wait=True, ordering=o
                    ),
                    at,
                )

    async def update_vectors(
        self,
        name: str,
        changes: Mapping[str, Mapping[str, Vector]],
        condition: Condition | None,
        at: Selector,
    ) -> None:
        """Change these vectors, of points that are all there."""
        there, where = list(changes), filter_or_none(condition)
        if not self._grpc and not self._local:
            there = await self._without_emptied(name, there, changes, condition, at)
        sizes = [size_of(changes[i]) for i in there]
        for places in batches(sizes, self._options.batch_bytes, POINTS_MAX):
            points = [models.PointVectors(id=i, vector=vectors_in(changes[i])) for i in there[places]]
            await self._write(
                name,
                lambda c, o, points=points: c.update_vectors(  # type: ignore[misc]
                    name, points, wait=True, ordering=o, update_filter=where, shard_key_selector=at
                ),
                at,
            )

    async def _without_emptied(
        self,
        name: str,
        there: Sequence[str],
        changes: Mapping[str, Mapping[str, Vector]],
        condition: Condition | None,
        at: Selector,
    ) -> list[str]:
        """Over HTTP a point whose only changes are sparse vectors without terms is refused as one that is to
        be changed in nothing: those lose these vectors instead. What is left to be changed."""
        emptied: dict[tuple[str, ...], list[str]] = {}
        for point_id in there:
            vectors = changes[point_id]
            if all(isinstance(v, Sparse) and not v.indices.size for v in vectors.values()):
                emptied.setdefault(tuple(vectors), []).append(point_id)
        for names, ids in emptied.items():
            for first in _steps(ids):
                chosen = with_ids(ids[first : first + IDS_MAX], condition)
                await self._write(
                    name,
                    lambda c, o, names=names, chosen=chosen: c.delete_vectors(  # type: ignore[misc]
                        name, list(names), chosen, wait=True, ordering=o, shard_key_selector=at
                    ),
                    at,
                )
        gone = {point_id for ids in emptied.values() for point_id in ids}
        return [point_id for point_id in there if point_id not in gone]

    async def delete(self, name: str, ids: Sequence[str], condition: Condition | None, at: Selector) -> None:
        """Delete them."""
        for first in _steps(ids):
            few = ids[first : first + IDS_MAX]
            chosen = few if condition is None else with_ids(few, condition)
            await self._write(
                name,
                lambda c, o, chosen=chosen, at=at: c.delete(  # type: ignore[misc]
                    name, chosen, wait=True, ordering=o, shard_key_selector=at
                ),
                at,
            )

    async def _write(self, name: str, write: Write, at: Selector) -> None:
        """In the order of the replica that is always asked; where that one is away, of the highest one there.

        A server notices that a replica is away when a write does not reach it, and what waits for the leader
        reaches nobody. So a write of nothing, which needs no order, goes to all.
        """

        async def ordered(client: AsyncQdrantClient) -> None:
            away = anyio.current_time() < self._leader_again.get(name, 0.0)
            try:
                with translated(name):
                    await write(client, models.WriteOrdering.MEDIUM if away else models.WriteOrdering.STRONG)
                return
            except StoreUnavailableError as error:
                if LEADERLESS not in str(error):
                    raise
            await client.set_payload(
                name,
                {"epoch": 0},
                points=with_ids([], None),
                wait=True,
                ordering=models.WriteOrdering.WEAK,
                shard_key_selector=at,
            )
            self._leader_again[name] = anyio.current_time() + LEADER_AGAIN_S
            await write(client, models.WriteOrdering.MEDIUM)

        await self._nodes.ask(name, ordered)


def _steps(ids: Sequence[Any]) -> range:
    return range(0, len(ids), IDS_MAX)
