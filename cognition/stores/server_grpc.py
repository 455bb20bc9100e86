"""Points on their way in over gRPC, in its own messages: the client converts each value twice, into its own
classes and out of them. Only for nodes that speak gRPC; others go the client's way."""

from __future__ import annotations

from collections.abc import Iterable

from qdrant_client import AsyncQdrantClient, grpc, models
from qdrant_client.conversions.conversion import RestToGrpc

from cognition.stores.backend import Point
from cognition.stores.server_messages import put_point
from cognition.stores.server_routing import Selector


def upsert_in(
    name: str,
    points: Iterable[Point],
    where: models.Filter | None,
    how: models.UpdateMode | None,
    at: Selector,
) -> grpc.UpsertPoints:
    """These points on their way in, without their order among writes."""
    request = grpc.UpsertPoints(
        collection_name=name,
        wait=True,
        update_filter=None if where is None else RestToGrpc.convert_filter(where),
        update_mode=None if how is None else RestToGrpc.convert_update_mode(how),  # type: ignore[arg-type]
        shard_key_selector=_place(at),
    )
    for point in points:
        put_point(request.points.add(), point)
    return request


async def upsert(
    client: AsyncQdrantClient,
    request: grpc.UpsertPoints,
    ordering: models.WriteOrdering,
    *,
    timeout_s: float,
) -> None:
    """Write them, and wait until they are applied."""
    request.ordering.CopyFrom(RestToGrpc.convert_write_ordering(ordering))
    await client.grpc_points.Upsert(request, timeout=timeout_s)


def _place(at: Selector) -> grpc.ShardKeySelector | None:
    return None if at is None else RestToGrpc.convert_shard_key_selector(at)
