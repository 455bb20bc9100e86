"""The one door to qdrant-client: a Qdrant server or cluster, and its in-process stand-in.

Conditional writes go with strong ordering: with weak ordering two replicas may each accept
one (measured: 14 of 100 lost). Writes wait until they are applied. The stand-in (`open_local`)
is a second opinion for tests, not a mode to live in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import msgspec
import numpy as np
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from cognition.errors import CognitionError, SchemaDriftError, StoreRefusedError, StoreUnavailableError
from cognition.stores import checks, times
from cognition.stores.backend import (
    Both,
    CollectionInfo,
    CollectionSpec,
    Condition,
    Either,
    FieldType,
    Gather,
    Gathered,
    HasId,
    Hit,
    IsNull,
    Match,
    MatchAny,
    Not,
    Page,
    Payload,
    Point,
    Query,
    Range,
    Sparse,
    TimeRange,
    Vector,
    WriteMode,
)
from cognition.stores.gathering import gathered
from schemas.quantization import PLAIN, Quantization, QuantizationKind

_NOTED: Final = "quantization"
_BEFORE: Final = "quantization_before"
"""Keys of a collection's metadata: how it was told to keep its vectors, which its configuration says in part,
and which kind that replaced."""

_STRONG: Final = models.WriteOrdering.STRONG

_INDEXES: Final[Mapping[FieldType, Any]] = {
    FieldType.KEYWORD: models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, enable_hnsw=False),
    FieldType.TENANT: models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    FieldType.INTEGER: models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, enable_hnsw=False),
    FieldType.FLOAT: models.FloatIndexParams(type=models.FloatIndexType.FLOAT, enable_hnsw=False),
    FieldType.DATETIME: models.DatetimeIndexParams(type=models.DatetimeIndexType.DATETIME, enable_hnsw=False),
    FieldType.BOOL: models.BoolIndexParams(type=models.BoolIndexType.BOOL, enable_hnsw=False),
}

_REFUSED_CODES: Final = ("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "ALREADY_EXISTS")
"""gRPC status names that say the request is wrong; all others are worth another try."""


class ServerBackend:
    """`VectorBackend` over an `AsyncQdrantClient`. `local` says that it is the in-process stand-in,
    which has no payload indexes."""

    def __init__(self, client: AsyncQdrantClient, *, local: bool = False) -> None:
        self._client = client
        self._local = local
        self._specs: dict[str, CollectionSpec] = {}
        self._kept: dict[str, Quantization] = {}

    async def ensure(self, spec: CollectionSpec) -> None:
        with _translated(spec.name):
            if not await self._client.collection_exists(spec.name):
                await self._client.create_collection(
                    spec.name,
                    vectors_config={
                        name: _kept_params(size)
                        if name in spec.kept
                        else _searched_params(size, spec.quantization.settled(None))
                        for name, size in spec.dense.items()
                    },
                    sparse_vectors_config={name: models.SparseVectorParams() for name in spec.sparse},
                )
            found = await self._client.get_collection(spec.name)
            _require_sizes(spec, found.config.params.vectors)
            if not self._local:
                for name in spec.indexes.keys() - found.payload_schema.keys():
                    await self._client.create_payload_index(spec.name, name, _INDEXES[spec.indexes[name]])
        self._specs[spec.name] = spec
        self._kept[spec.name] = _quantization(spec, found)
        if spec.searched and not spec.quantization.settled(self._kept[spec.name]).keeps_as(
            self._kept[spec.name]
        ):
            await self.quantize(spec.name, spec.quantization)

    async def upsert(
        self,
        collection: str,
        points: Sequence[Point],
        *,
        mode: WriteMode = WriteMode.UPSERT,
        condition: Condition | None = None,
    ) -> None:
        kept = checks.points(self._spec(collection), points)
        checks.condition(self._specs[collection], condition)
        where = None if mode is WriteMode.INSERT_ONLY or condition is None else _filter(condition)
        for point in kept:
            checks.payload(collection, point.payload)
        if not kept:
            return
        with _translated(collection):
            await self._client.upsert(
                collection,
                [models.PointStruct(id=p.id, vector=_vectors_in(p.vectors), payload=p.payload) for p in kept],
                wait=True,
                ordering=_STRONG,
                update_filter=where,
                update_mode=models.UpdateMode(mode.value),
            )

    async def set_payload(
        self, collection: str, ids: Sequence[str], payload: Payload, *, condition: Condition | None = None
    ) -> None:
        checks.ids(self._spec(collection).name, ids)
        checks.condition(self._specs[collection], condition)
        if not ids:
            return
        with _translated(collection):
            await self._client.set_payload(
                collection, payload, points=_with_ids(ids, condition), wait=True, ordering=_STRONG
            )

    async def set_payloads(
        self, collection: str, patches: Mapping[str, Payload], *, condition: Condition | None = None
    ) -> None:
        checks.ids(self._spec(collection).name, patches)
        checks.condition(self._specs[collection], condition)
        operations = [
            models.SetPayloadOperation(
                set_payload=models.SetPayload(payload=patch, filter=_with_ids([point_id], condition))
            )
            for point_id, patch in patches.items()
        ]
        if not operations:
            return
        with _translated(collection):
            await self._client.batch_update_points(collection, operations, wait=True, ordering=_STRONG)

    async def update_vectors(
        self,
        collection: str,
        changes: Mapping[str, Mapping[str, Vector]],
        *,
        condition: Condition | None = None,
    ) -> None:
        """The server refuses a batch that names an absent point, so those are looked up first."""
        spec = self._spec(collection)
        checks.condition(spec, condition)
        for point_id, vectors in changes.items():
            checks.vectors(spec, point_id, vectors)
        found = await self.retrieve(collection, list(changes), with_payload=False)
        points = [
            models.PointVectors(id=hit.id, vector=_vectors_in(changes[hit.id]))
            for hit in found
            if changes[hit.id]
        ]
        if not points:
            return
        with _translated(collection):
            await self._client.update_vectors(
                collection,
                points,
                wait=True,
                ordering=_STRONG,
                update_filter=None if condition is None else _filter(condition),
            )

    async def delete(self, collection: str, ids: Sequence[str]) -> None:
        checks.ids(self._spec(collection).name, ids)
        if not ids:
            return
        with _translated(collection):
            await self._client.delete(collection, list(ids), wait=True, ordering=_STRONG)

    async def retrieve(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        with_payload: bool = True,
        with_vectors: tuple[str, ...] = (),
    ) -> list[Hit]:
        checks.ids(self._spec(collection).name, ids)
        if not ids:
            return []
        with _translated(collection):
            records = await self._client.retrieve(
                collection,
                list(dict.fromkeys(ids)),
                with_payload=with_payload,
                with_vectors=list(with_vectors) or False,
            )
        return [_hit(record, with_vectors) for record in records]

    async def query(self, collection: str, queries: Sequence[Query]) -> list[list[Hit]]:
        for asked in queries:
            checks.query(self._spec(collection), asked)
        wanted = [asked for asked in queries if asked.limit]
        with _translated(collection):
            found = await self._client.query_batch_points(
                collection, [_query_in(q, self._params(collection, q)) for q in wanted]
            )
        answers = iter(found)
        return [
            [_hit(point, asked.with_vectors, point.score) for point in next(answers).points]
            if asked.limit
            else []
            for asked in queries
        ]

    async def gather(self, collection: str, asked: Gather) -> Gathered:
        checks.gather(self._spec(collection), asked)
        kept = self._kept[collection]
        sure = kept.kind is QuantizationKind.NONE or kept.rescore
        return await gathered(self, collection, asked, sure=sure)

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
        spec = self._spec(collection)
        checks.page(spec, limit)
        checks.condition(spec, condition)
        if order_by is not None:
            checks.order(spec, order_by)
        direction = models.Direction.DESC if descending else models.Direction.ASC
        with _translated(collection):
            records, following = await self._client.scroll(
                collection,
                scroll_filter=None if condition is None else _filter(condition),
                limit=limit,
                offset=offset if order_by is None else None,
                order_by=None if order_by is None else models.OrderBy(key=order_by, direction=direction),
                with_payload=list(with_payload) if isinstance(with_payload, tuple) else with_payload,
                with_vectors=list(with_vectors) or False,
            )
        more = None if following is None or order_by is not None else str(following)
        return Page([_hit(record, with_vectors) for record in records], more)

    async def count(self, collection: str, *, condition: Condition | None = None) -> int:
        checks.condition(self._spec(collection), condition)
        where = None if condition is None else _filter(condition)
        with _translated(collection):
            return (await self._client.count(collection, count_filter=where, exact=True)).count

    async def info(self, collection: str) -> CollectionInfo:
        with _translated(self._spec(collection).name):
            found = await self._client.get_collection(collection)
        points = found.points_count or 0
        self._kept[collection] = _quantization(self._specs[collection], found)
        before = (found.config.metadata or {}).get(_BEFORE)
        return CollectionInfo(
            points,
            found.indexed_vectors_count or 0,
            found.segments_count or 0,
            False,
            self._kept[collection],
            None if before is None else QuantizationKind(before),
        )

    async def quantize(self, collection: str, quantization: Quantization) -> None:
        """The server's optimiser makes the compressed vectors beside what it serves."""
        spec = self._spec(collection)
        checks.quantizable(spec)
        before = (await self.info(collection)).quantization
        wanted = quantization.settled(before)
        noted: dict[str, Any] = {_NOTED: msgspec.to_builtins(wanted)}
        if not wanted.keeps_as(before):
            noted[_BEFORE] = str(before.kind)
        plain = wanted.kind is QuantizationKind.NONE
        compressed = models.Disabled.DISABLED if plain else _compressed(wanted)
        change = models.VectorParamsDiff(quantization_config=compressed, on_disk=not plain)
        with _translated(collection):
            if not self._local:
                await self._client.update_collection(
                    collection, vectors_config=dict.fromkeys(spec.searched, change), metadata=noted
                )
        self._kept[collection] = PLAIN if self._local else wanted

    async def flush(self, collection: str) -> None:
        """A server flushes by itself; what it acknowledged is in its log."""
        self._spec(collection)

    async def optimise(self, collection: str) -> float:
        """A server optimises by itself and beside what it serves."""
        self._spec(collection)
        return 0.0

    async def close(self) -> None:
        await self._client.close()

    def _params(self, collection: str, asked: Query) -> models.SearchParams | None:
        """How a vector is searched: exactly, or as it is kept."""
        if self._local:
            return None
        if asked.exact:
            return models.SearchParams(exact=True)
        kept = self._kept[collection]
        if isinstance(asked.vector, Sparse) or kept.kind is QuantizationKind.NONE:
            return None
        return models.SearchParams(
            quantization=models.QuantizationSearchParams(rescore=kept.rescore, oversampling=kept.factor)
        )

    def _spec(self, collection: str) -> CollectionSpec:
        if collection not in self._specs:
            raise StoreRefusedError(f"There is no collection {collection!r}", remedy="Ensure it first.")
        return self._specs[collection]


@asynccontextmanager
async def open_local() -> AsyncIterator[ServerBackend]:
    """qdrant-client's own stand-in, in memory: gone when it is closed."""
    backend = ServerBackend(AsyncQdrantClient(":memory:"), local=True)
    try:
        yield backend
    finally:
        await backend.close()


def _searched_params(size: int, quantization: Quantization) -> models.VectorParams:
    """A vector that is searched, in one graph for each mind, as in `qdrant_edge`. Where it is compressed, the
    originals are read from the disk."""
    compressed = _compressed(quantization)
    return models.VectorParams(
        size=size,
        distance=models.Distance.COSINE,
        hnsw_config=models.HnswConfigDiff(m=0, payload_m=16),
        quantization_config=compressed,
        on_disk=None if compressed is None else True,
    )


def _kept_params(size: int) -> models.VectorParams:
    """A vector that is only kept: half precision, on disk, no index."""
    return models.VectorParams(
        size=size,
        distance=models.Distance.COSINE,
        datatype=models.Datatype.FLOAT16,
        on_disk=True,
        hnsw_config=models.HnswConfigDiff(m=0),
    )


def _compressed(wanted: Quantization) -> models.QuantizationConfig | None:
    match wanted.kind:
        case QuantizationKind.INT8:
            return models.ScalarQuantization(
                scalar=models.ScalarQuantizationConfig(
                    type=models.ScalarType.INT8, quantile=wanted.quantile, always_ram=wanted.always_ram
                )
            )
        case QuantizationKind.TURBO:
            return models.TurboQuantization(
                turbo=models.TurboQuantQuantizationConfig(
                    bits=models.TurboQuantBitSize.BITS4, always_ram=wanted.always_ram
                )
            )
        case QuantizationKind.BINARY:
            return models.BinaryQuantization(
                binary=models.BinaryQuantizationConfig(always_ram=wanted.always_ram)
            )
        case _:
            return None


def _quantization(spec: CollectionSpec, found: models.CollectionInfo) -> Quantization:
    """How the searched vectors are kept: the kind as the server says, the rest as it was noted."""
    stored = found.config.params.vectors
    params = stored.get(spec.searched[0]) if isinstance(stored, dict) and spec.searched else None
    match None if params is None else params.quantization_config:
        case models.ScalarQuantization():
            kind = QuantizationKind.INT8
        case models.TurboQuantization():
            kind = QuantizationKind.TURBO
        case models.BinaryQuantization():
            kind = QuantizationKind.BINARY
        case _:
            return PLAIN
    noted = (found.config.metadata or {}).get(_NOTED)
    kept = spec.quantization if noted is None else msgspec.convert(noted, Quantization)
    return msgspec.structs.replace(kept, kind=kind)


def _require_sizes(spec: CollectionSpec, stored: object) -> None:
    sizes = {name: params.size for name, params in stored.items()} if isinstance(stored, dict) else {}
    if any(sizes.get(name) != size for name, size in spec.dense.items()):
        raise SchemaDriftError(
            f"{spec.name} has vectors {sizes}, needed {dict(spec.dense)}",
            remedy="Use a model of the stored size, or another collection.",
        )


# --- values in and out ------------------------------------------------------------------------


def _vectors_in(vectors: Mapping[str, Vector]) -> dict[str, Any]:
    return {name: _vector_in(vector) for name, vector in vectors.items()}


def _vector_in(vector: Vector) -> Any:
    if isinstance(vector, Sparse):
        return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())
    return vector.tolist()


def _query_in(asked: Query, params: models.SearchParams | None) -> models.QueryRequest:
    payload = asked.with_payload
    return models.QueryRequest(
        query=_vector_in(asked.vector),
        using=asked.using,
        limit=asked.limit,
        filter=None if asked.condition is None else _filter(asked.condition),
        with_payload=list(payload) if isinstance(payload, tuple) else payload,
        with_vector=list(asked.with_vectors) or False,
        params=params,
    )


def _hit(found: Any, with_vectors: tuple[str, ...], score: float = 0.0) -> Hit:
    vectors = _vectors_out(found.vector or {}) if with_vectors else None
    return Hit(str(found.id), score, found.payload, vectors)


def _vectors_out(found: Mapping[str, Any]) -> dict[str, Vector]:
    return {
        name: Sparse(np.array(vector.indices, np.uint32), np.array(vector.values, np.float32))
        if isinstance(vector, models.SparseVector)
        else np.array(vector, np.float32)
        for name, vector in found.items()
    }


# --- conditions -------------------------------------------------------------------------------


def _filter(condition: Condition) -> models.Filter:
    return models.Filter(must=[_part(condition)])


def _with_ids(ids: Sequence[str], condition: Condition | None) -> models.Filter:
    rest = [] if condition is None else [_part(condition)]
    return models.Filter(must=[models.HasIdCondition(has_id=list(ids)), *rest])


def _part(condition: Condition) -> models.Condition:
    match condition:
        case Both(conditions):
            return models.Filter(must=[_part(each) for each in conditions])
        case Either(()) | MatchAny(_, ()):
            return models.HasIdCondition(has_id=[])
        case Either(conditions):
            return models.Filter(should=[_part(each) for each in conditions])
        case Not(inner):
            return models.Filter(must_not=[_part(inner)])
        case HasId(ids):
            return models.HasIdCondition(has_id=list(ids))
        case IsNull(key):
            return models.IsEmptyCondition(is_empty=models.PayloadField(key=key))
        case Match(key, value):
            return models.FieldCondition(key=key, match=models.MatchValue(value=value))
        case MatchAny(key, values):
            return _any_of(key, values)
        case Range(key, gte, gt, lte, lt):
            return models.FieldCondition(key=key, range=models.Range(gte=gte, gt=gt, lte=lte, lt=lt))
        case TimeRange(key, gte, lte):
            first, last = (None if t is None else times.to_text(times.clamped(t)) for t in (gte, lte))
            bounds: Any = {"gte": first, "lte": last}
            return models.FieldCondition(key=key, range=models.DatetimeRange(**bounds))


def _any_of(key: str, values: Sequence[str | int]) -> models.Condition:
    """A list in a match is of one kind: texts or whole numbers."""
    texts = [v for v in values if isinstance(v, str)]
    numbers = [v for v in values if not isinstance(v, str)]
    parts: list[models.Condition] = [
        models.FieldCondition(key=key, match=models.MatchAny(any=kind)) for kind in (texts, numbers) if kind
    ]
    return parts[0] if len(parts) == 1 else models.Filter(should=parts)


@contextmanager
def _translated(collection: str) -> Iterator[None]:
    """The client's errors as ours, over HTTP, gRPC and in process."""
    try:
        yield
    except CognitionError:
        raise
    except UnexpectedResponse as error:
        refused = error.status_code is not None and 400 <= error.status_code < 500
        raise _error(collection, error, refused=refused and error.status_code != 429) from error
    except ResponseHandlingException as error:
        raise _error(collection, error, refused=False) from error
    except (ValueError, TypeError) as error:
        raise _error(collection, error, refused=True) from error
    except Exception as error:
        code = getattr(error, "code", None)
        if not callable(code):
            raise
        raise _error(collection, error, refused=code().name in _REFUSED_CODES) from error


def _error(collection: str, error: Exception, *, refused: bool) -> CognitionError:
    if refused:
        return StoreRefusedError(f"{collection}: {error}")
    return StoreUnavailableError(f"{collection}: {error}", remedy="Trying again is safe.")
