"""The one door to Qdrant Edge: every verb of `VectorBackend`, synchronous, in this process.

Every call into the engine holds the interpreter's lock until it returns, so a daemon keeps this in a child
process (`edge_host`). `edge_shard` is one open shard, `edge_values` what goes in and out.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import qdrant_edge as engine

from cognition.errors import CognitionError, StoreRefusedError, StoreUnavailableError
from cognition.stores import checks, edge_directory
from cognition.stores.backend import (
    Ahead,
    CollectionInfo,
    CollectionSpec,
    Condition,
    Gather,
    Gathered,
    Hit,
    Page,
    Payload,
    Point,
    Query,
    Vector,
    WriteMode,
)
from cognition.stores.edge_shard import Shard, opened
from cognition.stores.edge_values import filter_of, payload_in, point_in, query_in, vectors_in
from cognition.stores.gathering import first
from schemas.quantization import Quantization

_FAULTS_OF_THE_DISK: Final = (
    "no space left",
    "storagefull",
    "service runtime error",
    "service internal error",
)


class EdgeShards:
    """The shards of one directory, one for each collection."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open: dict[str, Shard] = {}

    def ensure(self, spec: CollectionSpec, *, generation: str | None = None) -> None:
        """Open or create a collection; with a generation that one, which is not yet live."""
        if spec.name not in self._open:
            edge_directory.require_space(self._directory)
            with _translated(spec.name, self._directory):
                self._open[spec.name] = opened(self._directory / spec.name, spec, generation)
        with _translated(spec.name, self._directory):
            self._open[spec.name].complete(spec)

    def upsert(
        self,
        collection: str,
        points: Sequence[Point],
        *,
        mode: WriteMode = WriteMode.UPSERT,
        condition: Condition | None = None,
    ) -> None:
        with self._writing(collection) as shard:
            kept = checks.points(shard.spec, points)
            checks.condition(shard.spec, condition)
            replaced = shard.replaceable([p.id for p in kept], mode, condition)
            rows = [point_in(p, shard.spec) for p in kept if p.id in replaced]
            if rows:
                shard.update(engine.UpdateOperation.upsert_points(rows))

    def set_payloads(
        self, collection: str, patches: Mapping[str, Payload], *, condition: Condition | None = None
    ) -> None:
        with self._writing(collection) as shard:
            checks.ids(collection, patches)
            checks.condition(shard.spec, condition)
            there = shard.satisfying(patches, condition)
            for point_id, patch in patches.items():
                if point_id in there:
                    shard.set_payload([point_id], patch)

    def set_payload(
        self, collection: str, ids: Sequence[str], payload: Payload, *, condition: Condition | None = None
    ) -> None:
        with self._writing(collection) as shard:
            checks.ids(collection, ids)
            checks.condition(shard.spec, condition)
            if there := shard.satisfying(ids, condition):
                shard.set_payload(there, payload)

    def update_vectors(
        self,
        collection: str,
        changes: Mapping[str, Mapping[str, Vector]],
        *,
        condition: Condition | None = None,
    ) -> None:
        with self._writing(collection) as shard:
            checks.ids(collection, changes)
            checks.condition(shard.spec, condition)
            for point_id, vectors in changes.items():
                checks.vectors(shard.spec, point_id, vectors)
            there = shard.satisfying(changes, condition)
            rows = [engine.PointVectors(i, vectors_in(changes[i])) for i in there if changes[i]]
            if rows:
                shard.update(engine.UpdateOperation.update_vectors(rows))

    def delete(self, collection: str, ids: Sequence[str], condition: Condition | None = None) -> None:
        with self._writing(collection) as shard:
            checks.ids(collection, ids)
            checks.condition(shard.spec, condition)
            if there := shard.satisfying(ids, condition):
                shard.update(engine.UpdateOperation.delete_points(list(there)))
                shard.deleted += len(there)

    def retrieve(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        with_payload: bool = True,
        with_vectors: tuple[str, ...] = (),
    ) -> list[Hit]:
        with self._reading(collection) as shard:
            checks.ids(collection, ids)
            wanted = list(dict.fromkeys(ids))
            records = shard.engine.retrieve(wanted, with_payload, list(with_vectors) or False)
            return [shard.hit(record, with_payload, with_vectors) for record in records]

    def query(self, collection: str, queries: Sequence[Query]) -> list[list[Hit]]:
        with self._reading(collection) as shard:
            for asked in queries:
                checks.query(shard.spec, asked)
            if not queries:
                return []
            request = engine.QueryBatchRequest(
                [query_in(asked, shard.spec, shard.params) for asked in queries]
            )
            answers = shard.engine.query_batch(request)
            return [
                [shard.hit(p, asked.with_payload, asked.with_vectors, p.score) for p in answer]
                for asked, answer in zip(queries, answers, strict=True)
            ]

    def gather(self, collection: str, asked: Gather) -> Gathered:
        with self._reading(collection) as shard:
            checks.gather(shard.spec, asked)
            return shard.gather(asked)

    def ahead(self, collection: str, found: Gathered, ahead: Ahead) -> list[Hit]:
        """What is likely to be read next of what was gathered, whole, with its payload as it is stored: not
        all of it will be read, and whoever does unpacks that (`packing`)."""
        with self._reading(collection) as shard:
            records = shard.engine.retrieve(first(found, ahead), True, False)
            return [Hit(str(record.id), 0.0, record.payload, None) for record in records]

    def scroll(
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
        with self._reading(collection) as shard:
            if order_by is not None:
                checks.order(shard.spec, order_by)
            checks.page(shard.spec, limit)
            checks.condition(shard.spec, condition)
            direction = engine.Direction.Desc if descending else engine.Direction.Asc
            request = engine.ScrollRequest(
                offset=offset if order_by is None else None,
                limit=limit,
                filter=None if condition is None else filter_of(condition),
                with_payload=payload_in(with_payload, shard.spec),
                with_vector=list(with_vectors) or False,
                order_by=None if order_by is None else engine.OrderBy(order_by, direction),
            )
            records, following = shard.engine.scroll(request)
            more = None if following is None or order_by is not None else str(following)
            return Page([shard.hit(r, with_payload, with_vectors) for r in records], more)

    def count(self, collection: str, *, condition: Condition | None = None) -> int:
        with self._reading(collection) as shard:
            checks.condition(shard.spec, condition)
            where = None if condition is None else filter_of(condition)
            return int(shard.engine.count(engine.CountRequest(exact=True, filter=where)))

    def info(self, collection: str) -> CollectionInfo:
        with self._reading(collection) as shard:
            return shard.info()

    def flush(self, collection: str) -> None:
        with self._reading(collection) as shard:
            shard.flush()

    def quantize(self, collection: str, quantization: Quantization) -> None:
        """Have the searched vectors kept so from the next optimising on."""
        with self._writing(collection) as shard:
            checks.quantizable(shard.spec)
            shard.want(quantization)

    def optimise(self, collection: str) -> float:
        """Build indexes in place: nothing else happens meanwhile. Returns how long that was."""
        with self._reading(collection) as shard:
            edge_directory.require_space(self._directory, _room(shard.path))
            began = time.perf_counter()
            shard.optimise()
            return time.perf_counter() - began

    def drop(self, collection: str) -> None:
        """Let go of a collection, whose live generation is another one by now."""
        shard = self._open.pop(collection, None)
        if shard is not None:
            shard.engine.close()
            shutil.rmtree(shard.path, ignore_errors=True)

    def close(self) -> None:
        """Flush and release every shard."""
        while self._open:
            _, shard = self._open.popitem()
            with _translated(shard.spec.name, self._directory):
                shard.flush()
                shard.engine.close()

    @contextmanager
    def _reading(self, collection: str) -> Iterator[Shard]:
        if collection not in self._open:
            raise StoreRefusedError(f"There is no collection {collection!r}", remedy="Ensure it first.")
        with _translated(collection, self._directory):
            yield self._open[collection]

    @contextmanager
    def _writing(self, collection: str) -> Iterator[Shard]:
        edge_directory.require_space(self._directory)
        with self._reading(collection) as shard:
            yield shard


def _room(path: Path) -> int:
    return int(edge_directory.size_of(path) * edge_directory.COPY_FACTOR)


@contextmanager
def _translated(collection: str, directory: Path) -> Iterator[None]:
    """The engine's errors as ours. It raises bare `Exception`, so the text has to tell."""
    try:
        yield
    except CognitionError:
        raise
    except OSError as error:
        raise StoreUnavailableError(f"{directory}: {error}") from error
    except (TypeError, ValueError) as error:
        raise StoreRefusedError(f"{collection}: {error}") from error
    except Exception as error:
        text = str(error)
        if any(sign in text.lower() for sign in _FAULTS_OF_THE_DISK):
            raise StoreUnavailableError(f"{directory}/{collection}: {text}") from error
        raise StoreRefusedError(f"{collection}: {text}") from error
