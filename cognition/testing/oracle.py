"""The oracle: a vector backend in memory, exact and obvious, that every other one is compared with.

Values are copied on their way in and out, so that nothing stored can be changed from outside.
It shares what a condition means (`conditions.matches`) and what is refused (`checks`), and
finds by looking at every point.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio.lowlevel
import msgspec
import numpy as np

from cognition.errors import SchemaDriftError, StoreRefusedError
from cognition.stores import checks, times
from cognition.stores.backend import (
    Both,
    CollectionInfo,
    CollectionSpec,
    Condition,
    FieldType,
    Gather,
    Gathered,
    HasId,
    Hit,
    Match,
    Owner,
    Page,
    Payload,
    Point,
    Query,
    Sparse,
    Vector,
    WriteMode,
)
from cognition.stores.conditions import lookup, matches
from cognition.stores.gathering import gathered
from schemas.quantization import PLAIN, Quantization, QuantizationKind

Gate = Callable[[str, str], Awaitable[None]]
"""Called with (verb, collection) before and after each verb; may raise, wait or be cancelled."""


@dataclass(slots=True)
class _Collection:
    spec: CollectionSpec
    points: dict[str, Point] = field(default_factory=dict)
    minds: dict[object, dict[str, None]] = field(default_factory=dict)
    quantization: Quantization = PLAIN
    before: QuantizationKind | None = None

    def put(self, point: Point) -> None:
        self.drop(point.id)
        self.points[point.id] = point
        self.minds.setdefault(point.payload.get("mind"), {})[point.id] = None

    def drop(self, point_id: str) -> None:
        old = self.points.pop(point_id, None)
        if old is not None:
            del self.minds[old.payload.get("mind")][point_id]

    def satisfying(self, condition: Condition | None) -> list[Point]:
        checks.condition(self.spec, condition)
        some = (self.points.get(i) for i in self._narrowed(condition))
        return [p for p in some if p is not None and matches(p.payload, condition, p.id)]

    def _narrowed(self, condition: Condition | None) -> Iterable[str]:
        """Ids that may satisfy: a shortcut for what nearly every request asks first."""
        parts = condition.conditions if isinstance(condition, Both) else (condition,)
        for part in parts:
            if isinstance(part, HasId):
                return dict.fromkeys(part.ids)
        for part in parts:
            if isinstance(part, Match) and part.key == "mind":
                return self.minds.get(part.value, {})
        return self.points


class OracleBackend:
    """`VectorBackend` in memory, with a gate where faults are let in."""

    def __init__(self, *, gate: Gate | None = None) -> None:
        self.gate = gate
        self._collections: dict[str, _Collection] = {}

    def beside(self, gate: Gate | None = None) -> OracleBackend:
        """Another way into the same store, with a gate of its own: a second process."""
        other = OracleBackend(gate=gate)
        other._collections = self._collections
        return other

    @asynccontextmanager
    async def _verb(self, verb: str, name: str) -> AsyncIterator[_Collection]:
        await anyio.lowlevel.checkpoint()
        if self.gate is not None:
            await self.gate(verb, name)
        if name not in self._collections:
            raise StoreRefusedError(f"There is no collection {name!r}", remedy="Ensure it first.")
        yield self._collections[name]
        if self.gate is not None:
            await self.gate(verb, name)

    async def ensure(self, spec: CollectionSpec) -> None:
        made = spec.quantization.settled(None) if spec.searched else PLAIN
        known = self._collections.setdefault(spec.name, _Collection(spec, quantization=made))
        if any(known.spec.dense.get(name, size) != size for name, size in spec.dense.items()):
            raise SchemaDriftError(
                f"{spec.name} exists with vectors {dict(known.spec.dense)}, needed {dict(spec.dense)}"
            )
        known.spec = spec
        async with self._verb("ensure", spec.name):
            pass

    async def upsert(
        self,
        collection: str,
        points: Sequence[Point],
        *,
        mode: WriteMode = WriteMode.UPSERT,
        condition: Condition | None = None,
    ) -> None:
        async with self._verb("upsert", collection) as found:
            checks.condition(found.spec, condition)
            for point in [_stored(p, found.spec.kept) for p in checks.points(found.spec, points)]:
                stored = found.points.get(point.id)
                if stored is None:
                    allowed = mode is not WriteMode.UPDATE_ONLY
                else:
                    allowed = mode is not WriteMode.INSERT_ONLY and matches(
                        stored.payload, condition, stored.id
                    )
                if allowed:
                    found.put(point)

    async def set_payload(
        self, collection: str, ids: Sequence[str], payload: Payload, *, condition: Condition | None = None
    ) -> None:
        await self._set("set_payload", collection, dict.fromkeys(ids, payload), condition)

    async def set_payloads(
        self, collection: str, patches: Mapping[str, Payload], *, condition: Condition | None = None
    ) -> None:
        await self._set("set_payloads", collection, patches, condition)

    async def _set(
        self, verb: str, collection: str, patches: Mapping[str, Payload], condition: Condition | None
    ) -> None:
        async with self._verb(verb, collection) as found:
            checks.ids(collection, patches)
            checks.condition(found.spec, condition)
            for point_id, patch in patches.items():
                stored = found.points.get(point_id)
                if stored is not None and matches(stored.payload, condition, point_id):
                    merged = {**stored.payload, **_copy(patch)}
                    kept = {k: v for k, v in merged.items() if k not in patch or v is not None}
                    found.put(Point(point_id, kept, stored.vectors))

    async def update_vectors(
        self,
        collection: str,
        changes: Mapping[str, Mapping[str, Vector]],
        *,
        condition: Condition | None = None,
    ) -> None:
        async with self._verb("update_vectors", collection) as found:
            checks.ids(collection, changes)
            checks.condition(found.spec, condition)
            for point_id, vectors in changes.items():
                checks.vectors(found.spec, point_id, vectors)
            for point_id, vectors in changes.items():
                stored = found.points.get(point_id)
                if stored is not None and matches(stored.payload, condition, point_id):
                    changed = _stored(Point(point_id, {}, vectors), found.spec.kept).vectors
                    found.put(Point(point_id, stored.payload, {**stored.vectors, **changed}))

    async def delete(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        owner: Owner = None,
        condition: Condition | None = None,
    ) -> None:
        async with self._verb("delete", collection) as found:
            checks.ids(collection, ids)
            checks.condition(found.spec, condition)
            for point_id in ids:
                stored = found.points.get(point_id)
                if stored is not None and matches(stored.payload, condition, point_id):
                    found.drop(point_id)

    async def retrieve(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        with_payload: bool = True,
        with_vectors: tuple[str, ...] = (),
        owner: Owner = None,
    ) -> list[Hit]:
        async with self._verb("retrieve", collection) as found:
            checks.ids(collection, ids)
            stored = (found.points.get(point_id) for point_id in dict.fromkeys(ids))
            return [_hit(p, with_payload, with_vectors) for p in stored if p is not None]

    async def query(self, collection: str, queries: Sequence[Query]) -> list[list[Hit]]:
        async with self._verb("query", collection) as found:
            for asked in queries:
                checks.query(found.spec, asked)
            return [_best(found.satisfying(asked.condition), asked) for asked in queries]

    async def gather(self, collection: str, asked: Gather) -> Gathered:
        async with self._verb("gather", collection) as found:
            checks.gather(found.spec, asked)
        return await gathered(self, collection, asked)

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
        async with self._verb("scroll", collection) as found:
            checks.page(found.spec, limit)
            kept = sorted(found.satisfying(condition), key=lambda p: p.id)
            if order_by is not None:
                checks.order(found.spec, order_by)
                kept = _ordered(kept, order_by, found.spec.indexes[order_by], descending)[:limit]
            elif offset is not None:
                kept = [p for p in kept if p.id >= offset]
            more = kept[limit].id if len(kept) > limit else None
            hits = [_hit(p, with_payload, with_vectors) for p in kept[:limit]]
        return Page(hits, more)

    async def count(self, collection: str, *, condition: Condition | None = None) -> int:
        async with self._verb("count", collection) as found:
            return len(found.satisfying(condition))

    async def info(self, collection: str) -> CollectionInfo:
        async with self._verb("info", collection) as found:
            size = len(found.points)
        return CollectionInfo(size, size, 1, False, found.quantization, found.before)

    async def quantize(self, collection: str, quantization: Quantization) -> None:
        """Noted, and nothing else: what is exact stays so."""
        async with self._verb("quantize", collection) as found:
            checks.quantizable(found.spec)
            wanted = quantization.settled(found.quantization)
            if not wanted.keeps_as(found.quantization):
                found.before = found.quantization.kind
            found.quantization = wanted

    async def flush(self, collection: str) -> None:
        async with self._verb("flush", collection):
            pass

    async def optimise(self, collection: str) -> float:
        async with self._verb("optimise", collection):
            pass
        return 0.0

    async def close(self) -> None:
        """Nothing to release; what was stored stays, so that a restart can be played."""


# --- exact answers ------------------------------------------------------------------------


def _best(points: Sequence[Point], asked: Query) -> list[Hit]:
    having = [p for p in points if asked.using in p.vectors]
    if isinstance(asked.vector, Sparse):
        wanted = dict(zip(asked.vector.indices.tolist(), asked.vector.values.tolist(), strict=True))
        scored = [(score, p) for p in having if (score := _overlap(p, asked.using, wanted)) is not None]
    elif having:
        matrix = np.stack([_dense(p.vectors[asked.using]) for p in having])
        scores = matrix @ _unit(asked.vector)
        scored = list(zip(scores.tolist(), having, strict=True))
    else:
        scored = []
    scored.sort(key=lambda pair: (-pair[0], pair[1].id))
    return [_hit(p, asked.with_payload, asked.with_vectors, score) for score, p in scored[: asked.limit]]


def _overlap(point: Point, using: str, wanted: Mapping[int, float]) -> float | None:
    """The dot product over shared indices, None where nothing is shared."""
    vector = point.vectors[using]
    assert isinstance(vector, Sparse)
    own = zip(vector.indices.tolist(), vector.values.tolist(), strict=True)
    shared = [value * wanted[index] for index, value in own if index in wanted]
    return sum(shared) if shared else None


def _ordered(points: list[Point], key: str, kind: FieldType, descending: bool) -> list[Point]:
    placed = []
    for point in points:
        value: Any = lookup(point.payload, key)
        if kind is FieldType.DATETIME and isinstance(value, str):
            value = times.microseconds(value)
        if type(value) in (int, float):
            placed.append((value, point))
    return [p for _, p in sorted(placed, key=lambda pair: pair[0], reverse=descending)]


# --- copies ---------------------------------------------------------------------------------


def _copy(payload: Payload) -> Payload:
    try:
        return dict(msgspec.msgpack.decode(msgspec.msgpack.encode(payload)))
    except (TypeError, UnicodeEncodeError, OverflowError) as error:
        raise StoreRefusedError(f"The payload is not JSON: {error}") from error


def _stored(point: Point, kept: frozenset[str]) -> Point:
    vectors = {name: v if isinstance(v, Sparse) else _unit(v) for name, v in point.vectors.items()}
    halved = {name: _halved(v) if name in kept else _copied(v) for name, v in vectors.items()}
    return Point(point.id, _copy(point.payload), halved)


def _halved(vector: Vector) -> Vector:
    """A vector that is only kept has half precision."""
    return _dense(vector).astype(np.float16).astype(np.float32)


def _hit(
    point: Point, with_payload: bool | tuple[str, ...], with_vectors: tuple[str, ...], score: float = 0.0
) -> Hit:
    payload = _copy(point.payload) if with_payload else None
    if payload is not None and isinstance(with_payload, tuple):
        payload = {key: payload[key] for key in with_payload if key in payload}
    vectors = {n: _copied(point.vectors[n]) for n in with_vectors if n in point.vectors}
    return Hit(point.id, score, payload, vectors if with_vectors else None)


def _copied(vector: Vector) -> Vector:
    if isinstance(vector, Sparse):
        return Sparse(vector.indices.copy(), vector.values.copy())
    return vector.copy()


def _dense(vector: Vector) -> np.ndarray[Any, np.dtype[np.float32]]:
    assert not isinstance(vector, Sparse)
    return vector


def _unit(vector: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Unit length, as an engine keeps a vector that is compared by cosine."""
    norm = float(np.linalg.norm(vector))
    return np.asarray(vector, np.float32) if norm == 0.0 else np.asarray(vector / norm, np.float32)
