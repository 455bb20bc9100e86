"""Reads over gRPC: searches, points by id, pages. Answers are read out of the messages in place.

The client makes an object of each value and a list of each vector. Must not know what a memory is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from qdrant_client import AsyncQdrantClient, grpc, models
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc

from cognition.stores import packing
from cognition.stores.backend import CollectionSpec, Condition, Hit, Page, Payload, Sparse, Vector
from cognition.stores.gathering import Row
from cognition.stores.server_routing import Selector
from cognition.stores.server_values import filter_or_none

WHOLE: Final = grpc.WithPayloadSelector(enable=True)
BARE: Final = grpc.WithPayloadSelector(enable=False)

Chosen = bool | Sequence[str]
"""Of a payload: all fields, these, or none (false, or no name)."""


@dataclass(frozen=True, slots=True)
class Reads:
    """The reads of a collection, of one node."""

    client: AsyncQdrantClient
    collection: str
    spec: CollectionSpec
    place: grpc.ShardKeySelector | None
    consistency: grpc.ReadConsistency | None
    timeout_s: float

    @classmethod
    def of(
        cls,
        client: AsyncQdrantClient,
        collection: str,
        spec: CollectionSpec,
        *,
        at: Selector,
        consistency: models.ReadConsistencyType | None,
        timeout_s: float,
    ) -> Reads:
        """With the vendor's values as its messages."""
        place = None if at is None else RestToGrpc.convert_shard_key_selector(at)
        agreed = None if consistency is None else RestToGrpc.convert_read_consistency(consistency)
        return cls(client, collection, spec, place, agreed, timeout_s)

    async def query(self, queries: Iterable[grpc.QueryPoints]) -> tuple[list[list[Row]], float]:
        """The answers to several queries, in one trip, and how many seconds the node took for them."""
        request = grpc.QueryBatchPoints(collection_name=self.collection, read_consistency=self.consistency)
        for each in queries:
            each.collection_name = self.collection
            if self.place is not None:
                each.shard_key_selector.CopyFrom(self.place)
            request.query_points.append(each)
        answer = await self.client.grpc_points.QueryBatch(request, timeout=self.timeout_s)
        rows = [[Row(id_of(p.id), p.score, p.payload) for p in each.result] for each in answer.result]
        return rows, answer.time

    async def get(
        self, ids: Iterable[str], names: Chosen = True, vectors: Sequence[str] = ()
    ) -> Sequence[grpc.RetrievedPoint]:
        """Points by id, those that are there, with these fields and vectors."""
        request = grpc.GetPoints(
            collection_name=self.collection,
            with_payload=chosen(self.spec, names),
            with_vectors=_of_vectors(vectors),
            read_consistency=self.consistency,
            shard_key_selector=self.place,
        )
        for point_id in ids:
            request.ids.add().uuid = point_id
        answer = await self.client.grpc_points.Get(request, timeout=self.timeout_s)
        found: Sequence[grpc.RetrievedPoint] = answer.result
        return found

    async def payloads(self, ids: Iterable[str], names: Chosen = True) -> dict[str, Mapping[str, grpc.Value]]:
        """Payloads by id, as they came."""
        return {point.id.uuid: point.payload for point in await self.get(ids, names)}

    async def retrieve(self, ids: Iterable[str], names: Chosen, vectors: Sequence[str]) -> list[Hit]:
        """Points by id, as hits."""
        return [self._hit(point, names, vectors) for point in await self.get(ids, names, vectors)]

    async def page(
        self,
        condition: Condition | None,
        limit: int,
        offset: str | None,
        order: grpc.OrderBy | None,
        names: Chosen,
        vectors: Sequence[str],
    ) -> Page:
        """A page of the points that satisfy the condition; in an order there is no next one."""
        request = grpc.ScrollPoints(
            collection_name=self.collection,
            filter=filter_of(condition),
            limit=limit,
            offset=None if offset is None else grpc.PointId(uuid=offset),
            order_by=order,
            with_payload=chosen(self.spec, names),
            with_vectors=_of_vectors(vectors),
            read_consistency=self.consistency,
            shard_key_selector=self.place,
        )
        answer = await self.client.grpc_points.Scroll(request, timeout=self.timeout_s)
        following = id_of(answer.next_page_offset) if answer.HasField("next_page_offset") else None
        hits = [self._hit(point, names, vectors) for point in answer.result]
        return Page(hits, following if order is None else None)

    def _hit(self, point: grpc.RetrievedPoint, names: Chosen, vectors: Sequence[str]) -> Hit:
        payload = payload_of(self.spec, point.payload, names) if names else None
        return Hit(id_of(point.id), 0.0, payload, vectors_of(point.vectors) if vectors else None)


def id_of(point: grpc.PointId) -> str:
    """The id of a point; another tool's may be a number."""
    return point.uuid or str(point.num)


def ordered_by(key: str, *, descending: bool) -> grpc.OrderBy:
    """The order of a page."""
    return grpc.OrderBy(key=key, direction=grpc.Direction.Desc if descending else grpc.Direction.Asc)


def filter_of(condition: Condition | None) -> grpc.Filter | None:
    """A condition as the server's message."""
    where = filter_or_none(condition)
    return None if where is None else RestToGrpc.convert_filter(where)


def chosen(spec: CollectionSpec, names: Chosen) -> grpc.WithPayloadSelector:
    """Which fields are to come, under the names that they are stored by."""
    if isinstance(names, bool) or not names:
        return WHOLE if names else BARE
    return grpc.WithPayloadSelector(
        include=grpc.PayloadIncludeSelector(fields=packing.stored_as(spec, names))
    )


def payload_of(spec: CollectionSpec, fields: Mapping[str, grpc.Value], names: Chosen = True) -> Payload:
    """The payload of a point, of which these fields were asked for."""
    stored: Any = GrpcToRest.convert_payload(fields)
    return packing.unpacked(spec, stored, None if isinstance(names, bool) else names)


def vectors_of(found: grpc.VectorsOutput) -> dict[str, Vector]:
    """The named vectors of a point."""
    return {name: _vector(vector) for name, vector in found.vectors.vectors.items()}


def _vector(vector: grpc.VectorOutput) -> Vector:
    """The numbers of a dense vector are the last of its bytes on the wire; older servers say them one by
    one."""
    kind = vector.WhichOneof("vector")
    if kind == "dense":
        count, raw = len(vector.dense.data), vector.dense.SerializeToString()
        return np.frombuffer(raw, "<f4", count, len(raw) - 4 * count).astype(np.float32)
    if kind == "sparse":
        return _sparse(vector.sparse.indices, vector.sparse.values)
    if vector.HasField("indices"):
        return _sparse(vector.indices.data, vector.data)
    return np.array(vector.data, np.float32)


def _sparse(indices: Iterable[int], values: Iterable[float]) -> Sparse:
    return Sparse(np.array(indices, np.uint32), np.array(values, np.float32))


def _of_vectors(names: Sequence[str]) -> grpc.WithVectorsSelector:
    if not names:
        return grpc.WithVectorsSelector(enable=False)
    return grpc.WithVectorsSelector(include=grpc.VectorsSelector(names=list(names)))
