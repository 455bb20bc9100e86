"""One open shard of Qdrant Edge: how it is made, written, searched, optimised.

Quirks of the engine that are put right here (qdrant-edge-py 0.9): a write under a condition is looked up
first and goes to the log by its ids alone (`Shard.satisfying`); a payload patch by id raises when a point is
absent, so those ids are a filter; a collection without vectors is refused. Must not know which other shards
there are.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import qdrant_edge as engine

from cognition.errors import SchemaDriftError
from cognition.stores import edge_directory, packing
from cognition.stores.backend import (
    CollectionInfo,
    CollectionSpec,
    Condition,
    FieldType,
    Gather,
    Gathered,
    HasId,
    Hit,
    Payload,
    Search,
    Sparse,
    Within,
    WriteMode,
)
from cognition.stores.edge_values import (
    EXACT,
    all_of,
    filter_of,
    part_of,
    payload_in,
    search_in,
    vector_in,
    vectors_out,
)
from schemas.quantization import PLAIN, Quantization, QuantizationKind

NO_VECTOR: Final = "none"
"""Name of the sparse vector, never given, of a collection that has none: the engine wants one."""

UNINDEXED_MAX: Final = 20_000
"""Points outside the index from which on building it is due. Up to there a search that looks at
every point of every mind takes below a millisecond (measured: 0.7 ms at 20 k, two cores)."""

DELETED_SHARE_MAX: Final = 0.2
"""Share of deleted points from which on they are cleared away (the engine's own default)."""

_INDEXES: Final[Mapping[FieldType, Any]] = {
    FieldType.KEYWORD: engine.KeywordIndexParams(enable_hnsw=False),
    FieldType.TENANT: engine.KeywordIndexParams(is_tenant=True),
    FieldType.INTEGER: engine.IntegerIndexParams(enable_hnsw=False),
    FieldType.FLOAT: engine.FloatIndexParams(enable_hnsw=False),
    FieldType.DATETIME: engine.DatetimeIndexParams(enable_hnsw=False),
    FieldType.BOOL: engine.BoolIndexParams(enable_hnsw=False),
}
"""Of these only the tenant has graphs of its own (`_OF_A_TENANT`)."""

_OF_A_TENANT: Final = engine.HnswIndexConfig(m=0, payload_m=16, ef_construct=100, full_scan_threshold=10_000)
"""A graph for each mind and none of all: no search leaves a mind. With 40,000 vectors of four minds it finds
.98 of the ten nearest and .90 of the thirty, one graph of all, filtered, .78 and .56, in the same time (1.6
and 1.3 ms); building it takes 51 and 61 s. Vendor's guide to multitenancy: m = 0, payload_m = 16."""

_SEARCH_THREADS: Final = max(1, (os.cpu_count() or 1) // 2)
"""Threads that search the segments of a new shard; the other cores are the daemon's. The engine would start
eight on two cores, and chance decides which takes a search: with one a cue's search and scores took .91 of
that (100,000 memories, 1,200 calls each in turns: fifth percentile 3.10 for 3.41 ms; of medians .87)."""

_HALF: Final = engine.VectorStorageDatatype.Float16


class Shard:
    """One open shard with what is remembered of it."""

    def __init__(self, path: Path, spec: CollectionSpec, opened: Any, *, dirty: bool = True) -> None:
        self.path = path
        self.spec = spec
        self.engine = opened
        self.meta = edge_directory.read_meta(path)
        self.deleted = 0
        self._dirty = dirty
        self._searching()

    def _searching(self) -> None:
        """How dense vectors are searched: as they are kept. Where found ones are not scored anew by the
        originals, their scores are not the cosine."""
        kept = self.meta.built or PLAIN
        wanted = self.quantization
        self.sure = kept.kind is QuantizationKind.NONE or wanted.rescore
        self.params = None if kept.kind is QuantizationKind.NONE else _searched(wanted, kept)

    @property
    def quantization(self) -> Quantization:
        """How the searched vectors are to be kept: as was told last, in the beginning by the settings."""
        if not self.spec.searched:
            return PLAIN
        return self.meta.quantization or self.spec.quantization.settled(None)

    @property
    def change_due(self) -> bool:
        """Whether they are kept in another way still."""
        return not self.quantization.keeps_as(self.meta.built or PLAIN)

    def want(self, quantization: Quantization) -> None:
        """Remember how they are to be kept."""
        self._remember(quantization=quantization.settled(self.quantization))
        self._searching()

    def update(self, operation: Any) -> None:
        self._dirty = True
        self.engine.update(operation)

    def set_payload(self, ids: Collection[str], patch: Payload) -> None:
        """Of points that are there; by a filter, since by id the engine raises where one is absent, and it
        may be when its log is gone through again."""
        packed = packing.packed_patch(self.spec, patch)
        where = engine.Filter(must=[engine.HasIdCondition(set(ids))])
        self.update(engine.UpdateOperation.set_payload_by_filter(where, packed))

    def satisfying(self, ids: Iterable[str], condition: Condition | None) -> dict[str, None]:
        """Those of these points that are there and satisfy the condition, each once, in the order given.

        The engine would look at a condition by itself, and again whenever it goes through its log after a
        crash. By then an index may be ahead of the payload (it is flushed first, and a kill falls between):
        what it says is already what the logged write was to make, the write is passed over, and lost
        (measured with Edge 0.9, qdrant#9424, #9575). So the log holds ids; this is the one writer, nothing
        comes between looking and writing.
        """
        wanted = dict.fromkeys(ids)
        if not wanted:
            return {}
        if condition is None:
            found = self.engine.retrieve(list(wanted), False, False)
        else:
            where = engine.Filter(must=[engine.HasIdCondition(set(wanted)), *map(part_of, all_of(condition))])
            request = engine.ScrollRequest(
                limit=len(wanted), filter=where, with_payload=False, with_vector=False
            )
            found, _ = self.engine.scroll(request)
        there = {str(record.id) for record in found}
        return {i: None for i in wanted if i in there}

    def replaceable(
        self, ids: Sequence[str], mode: WriteMode, condition: Condition | None
    ) -> Collection[str]:
        """Those of these points that an upsert may write in this mode: absent ones are inserted unless it
        only updates; those that are there are replaced, under the condition, unless it only inserts."""
        if mode is WriteMode.UPDATE_ONLY:
            return self.satisfying(ids, condition)
        if mode is WriteMode.UPSERT and condition is None:
            return dict.fromkeys(ids)
        there = self.satisfying(ids, None)
        kept = {} if mode is WriteMode.INSERT_ONLY or not there else self.satisfying(there, condition)
        return {i: None for i in ids if i not in there or i in kept}

    def hit(
        self,
        found: Any,
        with_payload: bool | tuple[str, ...],
        with_vectors: tuple[str, ...],
        score: float = 0.0,
    ) -> Hit:
        payload = found.payload
        if payload is not None:
            names = with_payload if isinstance(with_payload, tuple) else None
            payload = packing.unpacked(self.spec, payload, names)
        vectors = vectors_out(found.vector or {}) if with_vectors else None
        return Hit(str(found.id), score, payload, vectors)

    def gather(self, asked: Gather) -> Gathered:
        """Two calls into the engine: the searches, then what each vector has not scored yet. Who names points
        and asks no more of them than what all satisfy need not search for them: that is looked at with
        their scores.

        Points are told apart by the integer of their id, whose hash costs a tenth of a UUID's.
        """
        nearest = {
            name: engine.Query.Nearest(vector_in(vector), using=name)
            for name, vector in asked.vectors.items()
        }
        scores: dict[str, dict[int, float]] = {name: {} for name in nearest}
        found = self._searched(asked, nearest, scores)
        for search in asked.searches:
            found.update((i.int, i) for i in map(uuid.UUID, _named(search, asked.within)))
        self._complete(asked, nearest, found, scores)
        confirmed = scores[asked.within.using]
        found = {key: point_id for key, point_id in found.items() if key in confirmed}
        payloads = self._fields(list(found.values()), asked.with_payload) if asked.with_payload else None
        return Gathered(
            [str(i) for i in found.values()],
            {n: np.array([held.get(i, 0.0) for i in found], np.float32) for n, held in scores.items()},
            payloads,
        )

    def _searched(
        self, asked: Gather, nearest: Mapping[str, Any], scores: Mapping[str, dict[int, float]]
    ) -> dict[int, uuid.UUID]:
        """What the searches find, with the scores that they are sure of."""
        searches = [s for s in asked.searches if not _named(s, asked.within)]
        if not searches:
            return {}
        requests = [
            search_in(
                nearest[s.using],
                s.limit,
                None if s.condition is None else filter_of(s.condition),
                self.params if s.using in self.spec.dense else None,
            )
            for s in searches
        ]
        found: dict[int, uuid.UUID] = {}
        answers = self.engine.query_batch(engine.QueryBatchRequest(requests))
        for search, answer in zip(searches, answers, strict=True):
            sure = self.sure or search.using not in self.spec.dense
            found.update(_noted(answer, scores[search.using] if sure else {}))
        return found

    def _complete(
        self,
        gather: Gather,
        nearest: Mapping[str, Any],
        found: dict[int, uuid.UUID],
        scores: Mapping[str, dict[int, float]],
    ) -> None:
        """Score by every vector what it has not found itself. Few ids are looked through one by one in any
        case; what `exact` adds for a sparse vector is that its index is passed by, which takes longer. What
        all have to satisfy is looked at by one vector: another's score of what that one drops is not read."""
        asked, names = [], []
        for name, query in nearest.items():
            missing: set[int | uuid.UUID | str] = {
                point_id for i, point_id in found.items() if i not in scores[name]
            }
            if missing:
                each = all_of(gather.within.condition) if name == gather.within.using else ()
                where = engine.Filter(must=[engine.HasIdCondition(missing), *map(part_of, each)])
                dense = not isinstance(gather.vectors[name], Sparse)
                asked.append(search_in(query, len(missing), where, EXACT if dense else None))
                names.append(name)
        if asked:
            answers = self.engine.query_batch(engine.QueryBatchRequest(asked))
            for name, answer in zip(names, answers, strict=True):
                _noted(answer, scores[name])

    def _fields(self, ids: list[uuid.UUID], fields: tuple[str, ...]) -> list[Payload]:
        records = self.engine.retrieve(ids, payload_in(fields, self.spec), False)
        held = {record.id.int: self.hit(record, fields, ()).payload or {} for record in records}
        return [held.get(i.int, {}) for i in ids]

    def flush(self) -> None:
        if self._dirty:
            self.engine.flush()
            self._dirty = False

    def optimise(self) -> None:
        changed = self.change_due
        if changed:
            self._open_with(_config(self.spec, self.quantization))
        self.engine.optimize()
        self.engine.flush()
        self.deleted = 0
        self._remember(optimised=self.engine.info().points_count)
        if changed:
            kind = (self.meta.built or PLAIN).kind
            self._remember(quantization=self.quantization, built=self.quantization, before=kind)
        self._searching()

    def _open_with(self, config: Any) -> None:
        """Open it anew with another configuration, which its segments get when they are optimised."""
        self.flush()
        self.engine.close()
        try:
            self.engine = engine.EdgeShard.load(str(self.path), config)
        except Exception:
            self.engine = engine.EdgeShard.load(str(self.path))
            raise

    def info(self) -> CollectionInfo:
        found = self.engine.info()
        indexed = min(found.points_count, self.meta.optimised)
        due = found.points_count - indexed > UNINDEXED_MAX or (
            self.deleted > DELETED_SHARE_MAX * max(self.meta.optimised, UNINDEXED_MAX)
        )
        return CollectionInfo(
            found.points_count,
            indexed,
            found.segments_count,
            due or self.change_due,
            self.quantization,
            self.meta.before if not self.change_due else (self.meta.built or PLAIN).kind,
            self.change_due,
        )

    def complete(self, spec: CollectionSpec) -> None:
        """Add vectors and indexes that this version wants and the shard lacks, drop indexes that it wants no
        more; refuse another size."""
        self.spec = spec
        self._searching()
        known = self.meta
        if any(known.dense.get(name, size) != size for name, size in spec.dense.items()):
            raise SchemaDriftError(
                f"{spec.name} has vectors {known.dense}, needed {dict(spec.dense)}",
                remedy="Use a model of the stored size, or another data directory.",
            )
        for name, size in spec.dense.items() - known.dense.items():
            kept = _HALF if name in spec.kept else None
            self.update(
                engine.UpdateOperation.create_dense_vector(name, size, engine.Distance.Cosine, datatype=kept)
            )
        for name in set(spec.sparse) - set(known.sparse):
            self.update(engine.UpdateOperation.create_sparse_vector(name))
        indexed = self.engine.info().payload_schema
        for name, kind in spec.indexes.items():
            if name not in indexed:
                self.update(engine.UpdateOperation.create_field_index(name, _INDEXES[kind]))
        for name in set(indexed) - set(spec.indexes):
            self.update(engine.UpdateOperation.delete_field_index(name))
        if dict(spec.dense) != known.dense or list(spec.sparse) != known.sparse:
            self._remember(dense=dict(spec.dense), sparse=list(spec.sparse))

    def _remember(self, **changes: Any) -> None:
        self.meta = msgspec.structs.replace(self.meta, **changes)
        edge_directory.write_meta(self.path, self.meta)


def opened(collection: Path, spec: CollectionSpec, generation: str | None) -> Shard:
    live = generation or edge_directory.current(collection)
    if generation is None:
        edge_directory.remove_all_but(collection, live)
    if live is not None:
        path = collection / live
        return Shard(path, spec, engine.EdgeShard.load(str(path)))
    return _created(collection, spec)


def _created(collection: Path, spec: CollectionSpec) -> Shard:
    """A new shard with its indexes; only when it is whole on disk does the collection exist."""
    collection.mkdir(parents=True, exist_ok=True)
    live = edge_directory.next_after(None)
    path = collection / live
    with edge_directory.scratch(collection) as making:
        wanted = spec.quantization.settled(None) if spec.searched else None
        edge_directory.write_meta(
            making,
            edge_directory.Meta(
                dense=dict(spec.dense), sparse=list(spec.sparse), quantization=wanted, built=wanted
            ),
        )
        shard = Shard(making, spec, engine.EdgeShard.create(str(making), _config(spec, wanted or PLAIN)))
        shard.complete(spec)
        shard.flush()
        shard.engine.close()
        edge_directory.copy_tree(making, path)
    os.sync()
    edge_directory.point_at(collection, live)
    return Shard(path, spec, engine.EdgeShard.load(str(path)), dirty=False)


def _config(spec: CollectionSpec, quantization: Quantization) -> Any:
    dense = {
        name: _kept_params(size) if name in spec.kept else _searched_params(size, quantization)
        for name, size in spec.dense.items()
    }
    sparse = spec.sparse if spec.dense or spec.sparse else (NO_VECTOR,)
    return engine.EdgeConfig(
        vectors=dense,
        sparse_vectors={name: engine.EdgeSparseVectorParams() for name in sparse},
        max_search_threads=_SEARCH_THREADS,
    )


def _searched_params(size: int, quantization: Quantization) -> Any:
    """A vector that is searched. Where it is compressed, the originals are read from the disk."""
    compressed = _compressed(quantization)
    return engine.EdgeVectorParams(
        size=size,
        distance=engine.Distance.Cosine,
        hnsw_config=_OF_A_TENANT,
        quantization_config=compressed,
        memory=None if compressed is None else engine.Memory.Cold,
    )


def _kept_params(size: int) -> Any:
    """A vector that is only kept: half precision, on disk, no index."""
    return engine.EdgeVectorParams(
        size=size,
        distance=engine.Distance.Cosine,
        datatype=_HALF,
        memory=engine.Memory.Cold,
        hnsw_config=engine.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=UNINDEXED_MAX),
    )


def _compressed(wanted: Quantization) -> Any:
    memory = engine.Memory.Pinned if wanted.always_ram else engine.Memory.Cold
    match wanted.kind:
        case QuantizationKind.INT8:
            return engine.ScalarQuantizationConfig(
                engine.ScalarType.Int8, quantile=wanted.quantile, memory=memory
            )
        case QuantizationKind.TURBO:
            return engine.TurboQuantQuantizationConfig(bits=engine.TurboQuantBitSize.Bits4, memory=memory)
        case QuantizationKind.BINARY:
            return engine.BinaryQuantizationConfig(memory=memory)
        case _:
            return None


def _searched(wanted: Quantization, kept: Quantization) -> Any:
    """How compressed vectors are searched. While a change is due, oversampled as what is kept still needs."""
    factor = (wanted if wanted.kind is kept.kind else kept).factor
    return engine.SearchParams(
        quantization=engine.QuantizationSearchParams(rescore=wanted.rescore, oversampling=factor)
    )


def optimise_shard(path: Path, spec: CollectionSpec) -> None:
    """Build the indexes of a shard that nobody else has open."""
    shard = Shard(path, spec, engine.EdgeShard.load(str(path)))
    shard.optimise()
    shard.engine.close()


def _named(search: Search, within: Within) -> tuple[str, ...]:
    """The points that a search names, where it asks of them only what all satisfy; none elsewhere."""
    if search.condition is None or search.using != within.using:
        return ()
    parts = list(all_of(search.condition))
    named = [each for each in parts if isinstance(each, HasId)]
    rest = [each for each in parts if not isinstance(each, HasId)]
    alone = len(named) == 1 and rest == list(all_of(within.condition))
    return named[0].ids if alone and len(named[0].ids) <= search.limit else ()


def _noted(answer: Sequence[Any], scores: dict[int, float]) -> dict[int, uuid.UUID]:
    """Take down the scores; which points these are. Each look at an id makes a UUID anew (2 us)."""
    found = {}
    for point in answer:
        point_id = point.id
        scores[point_id.int] = point.score
        found[point_id.int] = point_id
    return found
