"""The bare parts that the engine is held against: Qdrant Edge, the model, an interpreter that starts.

Vendors are called as their own documentation does, in this process, with nothing of ours around.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cognition.stores.backend import CollectionSpec, FieldType, Point, Sparse

UPSERT_BATCH = 256
"""Points an upsert; larger batches were not faster."""

PREFETCH = 30
"""Candidates of each vector in the hybrid query, as many as recall takes."""


class BareShard:
    """One Edge shard with the vectors and indexes of a collection."""

    def __init__(self, shard: Any) -> None:
        self._shard = shard

    @classmethod
    def create(cls, folder: Path, spec: CollectionSpec) -> BareShard:
        """An empty one with the indexes made first."""
        import qdrant_edge as edge

        folder.mkdir(parents=True)
        only_kept: dict[str, Any] = {
            "datatype": edge.VectorStorageDatatype.Float16,
            "memory": edge.Memory.Cold,
            "hnsw_config": edge.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=20_000),
        }
        config = edge.EdgeConfig(
            vectors={
                name: edge.EdgeVectorParams(
                    size=size,
                    distance=edge.Distance.Cosine,
                    **(only_kept if name in spec.kept else {}),
                )
                for name, size in spec.dense.items()
            },
            sparse_vectors={name: edge.EdgeSparseVectorParams() for name in spec.sparse},
        )
        shard = edge.EdgeShard.create(str(folder), config)
        for name, kind in spec.indexes.items():
            index = (
                edge.KeywordIndexParams(is_tenant=True)
                if kind is FieldType.TENANT
                else getattr(edge.PayloadSchemaType, kind.name.capitalize())
            )
            shard.update(edge.UpdateOperation.create_field_index(name, index))
        return cls(shard)

    @classmethod
    def load(cls, folder: Path) -> BareShard:
        """One that exists and that nobody else has open."""
        import qdrant_edge as edge

        return cls(edge.EdgeShard.load(str(folder)))

    def upsert(self, points: Sequence[Point]) -> float:
        """Write these points in batches and flush; seconds, without building the request objects'
        Python values, which the engine has to build as well."""
        import qdrant_edge as edge

        began = time.perf_counter()
        for start in range(0, len(points), UPSERT_BATCH):
            part = [edge.Point(p.id, _vectors(p), p.payload) for p in points[start : start + UPSERT_BATCH]]
            self._shard.update(edge.UpdateOperation.upsert_points(part))
        self._shard.flush()
        return time.perf_counter() - began

    def set_payloads(self, patches: Sequence[tuple[str, dict[str, Any]]]) -> float:
        """Set these fields, one operation a point; seconds."""
        import qdrant_edge as edge

        began = time.perf_counter()
        for point_id, payload in patches:
            self._shard.update(edge.UpdateOperation.set_payload([point_id], payload))
        self._shard.flush()
        return time.perf_counter() - began

    def hybrid(self, mind: str, dense: Any, terms: Sparse, limit: int) -> float:
        """One hybrid query (two prefetches, fused by rank) of one mind with payload, from the vectors at hand
        to the answer in Python's values; seconds."""
        import qdrant_edge as edge

        began = time.perf_counter()
        where = edge.Filter(must=[edge.FieldCondition("mind", match=edge.MatchValue(mind))])
        sparse = edge.SparseVector(terms.indices.tolist(), terms.values.tolist())
        stages = [
            edge.Prefetch(
                limit=PREFETCH, query=edge.Query.Nearest(dense.tolist(), using="context"), filter=where
            ),
            edge.Prefetch(limit=PREFETCH, query=edge.Query.Nearest(sparse, using="lexical"), filter=where),
        ]
        fusion: Any = edge.Fusion.Rrf(k=60)  # the stub does not say that it is a fusion
        request = edge.QueryRequest(
            limit=limit, query=fusion, prefetches=stages, with_payload=True, filter=where
        )
        answer = [(point.id, point.score, point.payload) for point in self._shard.query(request)]
        took = time.perf_counter() - began
        assert len(answer) == limit
        return took

    def close(self) -> None:
        self._shard.close()


def _vectors(point: Point) -> dict[str, Any]:
    import qdrant_edge as edge

    return {
        name: edge.SparseVector(v.indices.tolist(), v.values.tolist()) if isinstance(v, Sparse) else v
        for name, v in point.vectors.items()
    }


def process_s(script: str, *arguments: str) -> float:
    """How long an interpreter takes to run a script to its end, in seconds."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began
