"""What each node of a cluster holds itself, point by point, whole.

A node reads a shard of which it has a replica from that replica (without a read consistency; Qdrant's
`execute_read_operation`). So where every node tells the same of every point, every replica holds the same.
Must not know what the points are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import numpy as np
from numpy.typing import NDArray
from qdrant_client import AsyncQdrantClient

from cognition.stores.backend import Sparse, Vector
from cognition.stores.server_values import vectors_out
from cognition.testing.nodes import Node

PAGE = 256

LOOKS = 3
LOOK_AGAIN_S = 3.0
"""How often, and how long after, what differs is looked at before it counts."""

NEAR = 1e-5
"""Numbers of a vector that differ by less are the same: a replica that was sent anew is normalised anew."""


@dataclass(frozen=True, slots=True)
class Held:
    """One point as one node has it."""

    payload: Mapping[str, Any]
    vectors: Mapping[str, Vector]


async def differing(nodes: Sequence[Node], prefix: str) -> dict[str, list[str]]:
    """Ids of the points that some node lacks or holds otherwise, by collection; of all collections of this
    prefix, one after the other: they are compared in memory. Nodes are read in turn, and a daemon may write
    meanwhile (its minds, say): what differs has done so each time it was looked at."""
    return {name: await _lastingly(nodes, name) for name in await _collections(nodes[0], prefix)}


async def _lastingly(nodes: Sequence[Node], name: str) -> list[str]:
    found = different([await held_by(node, name) for node in nodes])
    for _ in range(LOOKS - 1):
        if not found:
            break
        await anyio.sleep(LOOK_AGAIN_S)
        again = set(different([await held_by(node, name) for node in nodes]))
        found = [i for i in found if i in again]
    return found


def different(nodes: Sequence[Mapping[str, Held]]) -> list[str]:
    """Ids of the points that not all of these hold, or not all hold alike."""
    first, *others = nodes
    known = sorted(set().union(*nodes))
    return [i for i in known if i not in first or not all(i in o and same(first[i], o[i]) for o in others)]


def same(one: Held, other: Held) -> bool:
    """Whether two nodes hold a point alike."""
    if one.payload != other.payload or one.vectors.keys() != other.vectors.keys():
        return False
    return all(_alike(vector, other.vectors[name]) for name, vector in one.vectors.items())


async def held_by(node: Node, name: str) -> dict[str, Held]:
    """All points of a collection as this node has them."""
    client = AsyncQdrantClient(
        url=node.http, grpc_port=node.grpc_port, prefer_grpc=True, timeout=60, check_compatibility=False
    )
    found: dict[str, Held] = {}
    offset: Any = None
    try:
        while True:
            page, offset = await client.scroll(
                name, limit=PAGE, offset=offset, with_payload=True, with_vectors=True
            )
            for point in page:
                vectors = point.vector if isinstance(point.vector, dict) else {}
                found[str(point.id)] = Held(point.payload or {}, vectors_out(vectors))
            if offset is None:
                return found
    finally:
        await client.close()


async def _collections(node: Node, prefix: str) -> list[str]:
    client = AsyncQdrantClient(url=node.http, timeout=60, check_compatibility=False)
    try:
        every = (await client.get_collections()).collections
        return sorted(each.name for each in every if each.name.startswith(prefix))
    finally:
        await client.close()


def _alike(one: Vector, other: Vector) -> bool:
    if isinstance(one, Sparse) and isinstance(other, Sparse):
        return np.array_equal(one.indices, other.indices) and _near(one.values, other.values)
    return not isinstance(one, Sparse) and not isinstance(other, Sparse) and _near(one, other)


def _near(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=0.0, atol=NEAR))
