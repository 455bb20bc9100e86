"""What the index and the compressed vectors of a server find of one mind that is large enough for them.

Below some thousand vectors in a segment nothing is indexed nor compressed, every search looks at all of them,
and recall@10 says nothing. So what many minds hold is written once more as one mind's, into a collection of
one shard that is gone afterwards. Must not know what was measured before.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import numpy as np
from qdrant_client import AsyncQdrantClient, models

from benchmarks.timing import server_bare
from benchmarks.timing.figures import percentile
from benchmarks.timing.real import RealMaterials
from cognition.ports.embedder import DIMENSION
from cognition.stores.backend import Point, Query
from cognition.stores.collections import CONTEXT
from cognition.stores.server_quantization import search_params
from cognition.stores.server_values import filter_or_none
from cognition.stores.tenancy import for_mind
from schemas.quantization import BYTES, PLAIN, Quantization, QuantizationKind

MIND: Final = "one"
SUFFIX: Final = "one_mind"
POINTS_MAX: Final = 100_000
"""More would be minutes of writing beside what is measured."""

ASKED: Final = 200
NEAREST: Final = 10
QUIET: Final = 4
"""Looks in a row at which the optimiser is idle: it starts a moment after the last write."""

Pause = Callable[[], Awaitable[None]]


async def measured(
    client: AsyncQdrantClient,
    points: Sequence[Point],
    materials: RealMaterials,
    how: Quantization,
    model: str,
    pause: Pause,
) -> list[dict[str, Any]]:
    """A row for the way in which vectors are kept, and one for their originals in the same index: recall@10
    against looking at all, and the times of a search. `model` is the collection that it is made like."""
    name = f"{model}_{SUFFIX}"
    await server_bare.made_like(client, name, model, shards=1)
    try:
        own = [Point(p.id, {"mind": MIND}, {CONTEXT: p.vectors[CONTEXT]}) for p in points[:POINTS_MAX]]
        await server_bare.upsert(client, name, own)
        quiet = 0
        while quiet < QUIET:
            await pause()
            info = await client.get_collection(name)
            quiet = quiet + 1 if info.status == models.CollectionStatus.GREEN else 0
        vectors = [vector for _, vector in materials.near(ASKED)]
        ways = [(PLAIN, how)] if how.kind is QuantizationKind.NONE else [(how, how), (PLAIN, how)]
        indexed = info.indexed_vectors_count or 0
        return [
            row(searched, len(own), indexed, *await _asked(client, name, vectors, searched, kept))
            for searched, kept in ways
        ]
    finally:
        await client.delete_collection(name)


def row(
    searched: Quantization, points: int, indexed: int, shares: Sequence[float], took_ms: Sequence[float]
) -> dict[str, Any]:
    """What is reported of one way to search. `exact`: nothing is indexed, so all were looked at."""
    kind = searched.kind or QuantizationKind.NONE
    return {
        "kind": str(kind),
        "bytes_a_vector": BYTES[kind] * DIMENSION,
        "oversampling": searched.factor,
        "recall_at_10": round(float(np.mean(shares)), 4),
        "p50_ms": round(percentile(took_ms, 50), 3),
        "p99_ms": round(percentile(took_ms, 99), 3),
        "points": points,
        "indexed": indexed,
        "exact": indexed == 0,
    }


async def _asked(
    client: AsyncQdrantClient, name: str, vectors: Sequence[Any], searched: Quantization, kept: Quantization
) -> tuple[list[float], list[float]]:
    """Of each vector the share of its nearest that is found, and milliseconds."""
    where = filter_or_none(for_mind(MIND))
    shares: list[float] = []
    took: list[float] = []
    for vector in vectors:
        by_originals = searched.kind is QuantizationKind.NONE
        asked = Query(CONTEXT, vector, NEAREST, uncompressed=by_originals)
        began = time.perf_counter()
        found = await server_bare.nearest(
            client, name, vector, where, NEAREST, params=search_params(asked, kept)
        )
        took.append((time.perf_counter() - began) * 1e3)
        exact = await server_bare.nearest(
            client, name, vector, where, NEAREST, params=models.SearchParams(exact=True)
        )
        shares.append(len(set(found) & set(exact)) / len(exact))
    return shares, took
