"""Qdrant behind the port: a server or cluster, and qdrant-client's in-process stand-in.

What is asked is checked here, named as the server knows it and sent where it belongs; how it is searched and
written is with `server_searching` and `server_writing`. The stand-in (`open_local`) is a second opinion for
tests, not a mode to live in.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import anyio
import msgspec
from qdrant_client import AsyncQdrantClient, models

from cognition.errors import StoreDeniedError, StoreRefusedError, StoreUnavailableError
from cognition.stores import (
    checks,
    packing,
    server_drifts,
    server_http,
    server_quantization,
    server_schema,
    server_searching,
)
from cognition.stores.backend import (
    CollectionInfo,
    CollectionSpec,
    Condition,
    Gather,
    Gathered,
    Hit,
    Owner,
    Page,
    Payload,
    Point,
    Query,
    Vector,
    WriteMode,
)
from cognition.stores.gathering import gathered
from cognition.stores.server_nodes import Nodes, Told
from cognition.stores.server_options import Mark, ServerOptions
from cognition.stores.server_pace import Pace
from cognition.stores.server_promotion import Promotion, unfinished
from cognition.stores.server_reading import Reads, ordered_by
from cognition.stores.server_replicas import Replication
from cognition.stores.server_routing import Selector, ids_by_place, points_by_place, selector
from cognition.stores.server_shards import ACTIVE, all_shards_of, nodes_of, shards_of
from cognition.stores.server_values import filter_or_none, hit, payload_in, query_in, size_of
from cognition.stores.server_writing import Writes
from cognition.stores.tenancy import minds_of, only_mind_of
from schemas.quantization import PLAIN, Quantization

T = TypeVar("T")

MAKE_AGAIN_S: Final = 1.0
"""How often a collection is tried to be made that cannot be yet."""

KEPT_AGAIN_S: Final = 60.0
"""How old what is known of how vectors are kept may be, which another daemon may have changed. Searches go by
it: a change is noticed with the first one after that, which takes one request more."""


class ServerBackend:
    """`VectorBackend` over the nodes of a server. `grpc`: each of them speaks it. `local` says that it is
    the in-process stand-in, which has no payload indexes."""

    def __init__(
        self,
        nodes: Nodes,
        *,
        options: ServerOptions | None = None,
        mark: Mark | None = None,
        version: tuple[int, int] = (1, 18),
        grpc: bool = False,
        local: bool = False,
        told: Told | None = None,
    ) -> None:
        self._nodes = nodes
        self._grpc = grpc
        self._options = options or ServerOptions()
        self._mark = mark or Mark()
        self._local = local
        self._told = told
        self._writes = Writes(nodes, self._options, version=version, grpc=grpc, local=local)
        self._making = anyio.Lock()
        self._wait_until: float | None = None
        self._specs: dict[str, CollectionSpec] = {}
        self._kept: dict[str, Quantization] = {}
        self._kept_until: dict[str, float] = {}
        self._shards: dict[str, int] = {}
        self._shared: dict[str, int] = {}
        self._pace = Pace()
        kind = self._options.read_consistency
        self._consistency = None if kind == "1" else models.ReadConsistencyType(kind)

    async def exists(self, spec: CollectionSpec) -> bool:
        """Whether the server has a collection of this name."""
        name = self._name(spec.name)
        return await self._ask(name, lambda c: c.collection_exists(name))

    async def ensure(self, spec: CollectionSpec) -> None:
        """A node that does not answer, or is too slow with making an index, and nodes that are still to join
        their cluster, are waited for: as long in all as a server that is away when a daemon starts."""
        while True:
            try:
                await self._ensured(self._name(spec.name), spec)
                return
            except StoreUnavailableError as error:
                if self._wait_until is None:
                    self._wait_until = anyio.current_time() + self._options.wait_s
                over = anyio.current_time() + MAKE_AGAIN_S > self._wait_until
                if over or isinstance(error, StoreDeniedError):
                    raise
                if self._told is not None:
                    self._told(error, MAKE_AGAIN_S)
            await anyio.sleep(MAKE_AGAIN_S)

    async def _ensured(self, name: str, spec: CollectionSpec) -> None:
        if not await self.exists(spec):
            async with self._making:
                await self._ask(
                    name, lambda c: server_schema.create(c, name, spec, self._options, self._mark)
                )
        for drift in await self.drifts(spec):
            if drift.stops:
                raise drift.error()
            if drift.in_passing and (drift.index or drift.key):
                await self.mend(drift, spec)
        await self._complete_mark(spec, lambda stored: server_schema.joined(stored, self._mark))
        self._specs[spec.name] = spec
        await self.info(spec.name)

    async def drifts(self, spec: CollectionSpec) -> list[server_drifts.Drift]:
        """How the collection of this name differs from what is needed."""
        name = self._name(spec.name)
        found = await self._ask(name, lambda c: c.get_collection(name))
        shards = [] if self._local else await self._ask(name, lambda c: all_shards_of(c, name))
        return server_drifts.differences(
            name, spec, found, self._options, self._mark, shards=shards, indexed=not self._local
        )

    async def mend(self, drift: server_drifts.Drift, spec: CollectionSpec) -> None:
        """Put right what can be."""
        await self._ask(drift.collection, lambda c: server_drifts.mend(c, drift, spec, self._options))

    async def cluster_drifts(self) -> list[server_drifts.Drift]:
        """How the cluster itself differs from what copies need."""
        _, peers = await self._ask("cluster", lambda c: nodes_of(c, "cluster"))
        drift = server_drifts.of_cluster(len(peers), self._options)
        return [] if drift is None else [drift]

    async def replicate(self, spec: CollectionSpec, told: Callable[[str], None]) -> None:
        """Make the replicas that shards of this collection lack, as far as there are nodes for them."""
        copies = self._options.replication_factor
        if copies > 1:
            await Replication(self._nodes, self._name(spec.name), copies, told).run()

    async def repartition(self, spec: CollectionSpec) -> None:
        """Say of the collection that it is written with our number of partitions from now on."""
        ours = self._mark.partitions
        await self._complete_mark(spec, lambda stored: msgspec.structs.replace(stored, partitions=ours))

    async def promote(self, spec: CollectionSpec, mind: str, told: Callable[[str], None]) -> int:
        """Give a mind a shard of its own in this collection, from wherever that has come; how many points are
        in it. Raises `StoreRefusedError` where the collection does not keep minds apart."""
        name = self._name(spec.name)
        found = await self._ask(name, lambda c: c.get_collection(name))
        mark = server_schema.mark_of(found)
        if mark is None or not mark.shared:
            raise StoreRefusedError(
                f"{name} was made with auto sharding: no mind can have a shard of its own in it",
                remedy="Set store.sharding = 'custom' and another store.prefix, and begin anew there; Qdrant "
                "does not change the sharding of a collection.",
            )
        copies = found.config.params.replication_factor or 1
        await Promotion(self._nodes, name, mind, mark.shared, copies, told).run()
        at = selector(mind, mark.shared)
        own = await self._ask(name, lambda c: c.count(name, exact=True, shard_key_selector=at))
        return own.count

    async def unfinished(self, spec: CollectionSpec) -> list[str]:
        """What is not done yet of promotions, in sentences."""
        name = self._name(spec.name)
        found = await self._ask(name, lambda c: c.get_collection(name))
        mark, copies = server_schema.mark_of(found), found.config.params.replication_factor or 1
        if mark is None or not mark.shared:
            return []
        shared = mark.shared
        return await self._ask(name, lambda c: unfinished(c, name, shared, copies))

    async def _complete_mark(self, spec: CollectionSpec, change: Callable[[Mark], Mark]) -> None:
        name = self._name(spec.name)
        stored = server_schema.mark_of(await self._ask(name, lambda c: c.get_collection(name)))
        if stored is not None and (wanted := change(stored)) != stored:
            await self._ask(name, lambda c: server_schema.remark(c, name, wanted))

    async def upsert(
        self,
        collection: str,
        points: Sequence[Point],
        *,
        mode: WriteMode = WriteMode.UPSERT,
        condition: Condition | None = None,
    ) -> None:
        spec = self._spec(collection)
        kept = checks.points(spec, points)
        checks.condition(spec, condition)
        sizes = {p.id: checks.payload(collection, p.payload) + size_of(p.vectors) for p in kept}
        stored = [Point(p.id, packing.packed(spec, p.payload), p.vectors) for p in kept]
        placed = points_by_place(stored, self._shared[collection])
        await self._writes.upsert(self._name(collection), placed, sizes, mode, condition)

    async def set_payload(
        self, collection: str, ids: Sequence[str], payload: Payload, *, condition: Condition | None = None
    ) -> None:
        spec = self._spec(collection)
        checks.ids(spec.name, ids)
        checks.payload(collection, payload)
        checks.condition(spec, condition)
        places, patch = await self._written_at(collection, condition), packing.packed_patch(spec, payload)
        await self._writes.set_payload(self._name(collection), ids, patch, condition, places)

    async def set_payloads(
        self, collection: str, patches: Mapping[str, Payload], *, condition: Condition | None = None
    ) -> None:
        spec = self._spec(collection)
        checks.ids(spec.name, patches)
        for patch in patches.values():
            checks.payload(collection, patch)
        checks.condition(spec, condition)
        stored = {point_id: packing.packed_patch(spec, patch) for point_id, patch in patches.items()}
        places = await self._written_at(collection, condition)
        await self._writes.set_payloads(self._name(collection), stored, condition, places)

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
        name = self._name(collection)
        for at in await self._written_at(collection, condition):
            found = await self._retrieved(spec, list(changes), False, (), at)
            there = {hit.id: changes[hit.id] for hit in found if changes[hit.id]}
            await self._writes.update_vectors(name, there, condition, at)

    async def delete(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        owner: Owner = None,
        condition: Condition | None = None,
    ) -> None:
        checks.ids(self._spec(collection).name, ids)
        checks.condition(self._spec(collection), condition)
        name, shared = self._name(collection), self._shared[collection]
        for place, some in ids_by_place(ids, owner, shared):
            at: Selector = await self._everywhere(name) if shared and place is None else place
            await self._writes.delete(name, some, condition, at)

    async def retrieve(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        with_payload: bool = True,
        with_vectors: tuple[str, ...] = (),
        owner: Owner = None,
    ) -> list[Hit]:
        spec = self._spec(collection)
        checks.ids(spec.name, ids)
        if not ids:
            return []
        places = ids_by_place(dict.fromkeys(ids), owner, self._shared[collection])
        found = [await self._retrieved(spec, some, with_payload, with_vectors, at) for at, some in places]
        return [each for some in found for each in some]

    async def _retrieved(
        self,
        spec: CollectionSpec,
        ids: list[str],
        with_payload: bool,
        with_vectors: tuple[str, ...],
        at: Selector,
    ) -> list[Hit]:
        """Where several replicas have to agree, a point that they disagree about is left out of the answer.
        So what was not found is asked of one replica alone: what that has is there, and is to be read yet."""
        name = self._name(spec.name)

        async def over(client: AsyncQdrantClient) -> list[Hit]:
            found = await self._records(client, spec, ids, with_payload, with_vectors, at)
            absent = set(ids).difference(hit.id for hit in found)
            if absent and self._consistency is not None:
                there = await client.retrieve(
                    name, sorted(absent), with_payload=False, with_vectors=False, shard_key_selector=at
                )
                if there:
                    raise StoreUnavailableError(
                        f"{name}: replicas disagree about {len(there)} points, such as {there[0].id}",
                        remedy="Trying again is safe.",
                    )
            return found

        return await self._read(name, over)

    async def _records(
        self,
        client: AsyncQdrantClient,
        spec: CollectionSpec,
        ids: list[str],
        with_payload: bool,
        with_vectors: tuple[str, ...],
        at: Selector,
    ) -> list[Hit]:
        if self._grpc:
            return await self._reads(client, spec, at).retrieve(ids, with_payload, with_vectors)
        records = await client.retrieve(
            self._name(spec.name),
            ids,
            with_payload=with_payload,
            with_vectors=list(with_vectors) or False,
            shard_key_selector=at,
            consistency=self._consistency,
        )
        return [hit(record, spec, with_payload, with_vectors) for record in records]

    async def query(self, collection: str, queries: Sequence[Query]) -> list[list[Hit]]:
        spec = self._spec(collection)
        for asked in queries:
            checks.query(spec, asked)
        await self._look_again(collection)
        requests = [
            query_in(asked, spec, self._params(collection, asked), self._read_at(collection, asked.condition))
            for asked in queries
            if asked.limit
        ]
        name = self._name(collection)
        found: list[models.QueryResponse] = []
        if requests:
            ask = self._ask if any(asked.exact for asked in queries) else self._read
            found = await ask(
                name, lambda c: c.query_batch_points(name, requests, consistency=self._consistency)
            )
        answers = iter(found)
        return [
            [
                hit(point, spec, asked.with_payload, asked.with_vectors, point.score)
                for point in next(answers).points
            ]
            if asked.limit
            else []
            for asked in queries
        ]

    async def gather(self, collection: str, asked: Gather) -> Gathered:
        spec = self._spec(collection)
        checks.gather(spec, asked)
        if self._local:
            return await gathered(self, collection, asked)
        await self._look_again(collection)
        name, at = self._name(collection), self._read_at(collection, asked.within.condition)
        params = {
            using: self._params(collection, Query(using, vector, 1))
            for using, vector in asked.vectors.items()
        }
        shards = 1 if at is not None else self._shards[collection]

        async def over(client: AsyncQdrantClient) -> Gathered:
            if self._grpc:
                return await server_searching.gather(
                    self._reads(client, spec, at), asked, params, shards=shards, pace=self._pace
                )
            return await server_http.gather(
                client, name, spec, asked, params, at=at, shards=shards, consistency=self._consistency
            )

        return await self._read(name, over)

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
        name, at = self._name(collection), self._read_at(collection, condition)
        after = offset if order_by is None else None

        async def over(client: AsyncQdrantClient) -> Page:
            if self._grpc:
                order = None if order_by is None else ordered_by(order_by, descending=descending)
                reads = self._reads(client, spec, at)
                return await reads.page(condition, limit, after, order, with_payload, with_vectors)
            direction = models.Direction.DESC if descending else models.Direction.ASC
            records, following = await client.scroll(
                name,
                scroll_filter=filter_or_none(condition),
                limit=limit,
                offset=after,
                order_by=None if order_by is None else models.OrderBy(key=order_by, direction=direction),
                with_payload=payload_in(with_payload, spec),
                with_vectors=list(with_vectors) or False,
                shard_key_selector=at,
                consistency=self._consistency,
            )
            more = None if following is None or order_by is not None else str(following)
            return Page([hit(record, spec, with_payload, with_vectors) for record in records], more)

        return await self._ask(name, over)

    async def count(self, collection: str, *, condition: Condition | None = None) -> int:
        checks.condition(self._spec(collection), condition)
        where, name, at = (
            filter_or_none(condition),
            self._name(collection),
            self._read_at(collection, condition),
        )
        found = await self._ask(
            name, lambda c: c.count(name, count_filter=where, exact=True, shard_key_selector=at)
        )
        return found.count

    async def info(self, collection: str) -> CollectionInfo:
        name = self._name(self._spec(collection).name)
        found = await self._read(name, lambda c: c.get_collection(name))
        self._kept[collection] = server_quantization.kept(self._specs[collection], found)
        self._kept_until[collection] = anyio.current_time() + KEPT_AGAIN_S
        mark = server_schema.mark_of(found)
        self._shared[collection] = mark.shared if mark is not None else 0
        self._shards[collection] = (found.config.params.shard_number or 1) * max(1, self._shared[collection])
        return CollectionInfo(
            found.points_count or 0,
            found.indexed_vectors_count or 0,
            found.segments_count or 0,
            False,
            self._kept[collection],
            server_quantization.before(found),
        )

    async def quantize(self, collection: str, quantization: Quantization) -> None:
        """The server's optimiser makes the compressed vectors beside what it serves."""
        spec, name = self._spec(collection), self._name(collection)
        checks.quantizable(spec)
        before = (await self.info(collection)).quantization
        wanted = quantization.settled(before)
        if not self._local:
            changed = server_quantization.change(wanted, on_disk=self._options.vectors_on_disk)
            changes = dict.fromkeys(spec.searched, changed)
            noted = server_quantization.notes(wanted, before)
            await self._ask(name, lambda c: c.update_collection(name, vectors_config=changes, metadata=noted))
        self._kept[collection] = PLAIN if self._local else wanted

    async def flush(self, collection: str) -> None:
        """A server flushes by itself; what it acknowledged is in its log."""
        self._spec(collection)

    async def optimise(self, collection: str) -> float:
        """A server optimises by itself and beside what it serves."""
        self._spec(collection)
        return 0.0

    async def close(self) -> None:
        await self._nodes.close()

    def kept(self, collection: str) -> Quantization:
        """How the vectors are kept that are searched, as searches go by it."""
        return self._kept[collection]

    async def _look_again(self, collection: str) -> None:
        """See how they are kept, where that was seen too long ago. Where nobody says, it is as it was."""
        now = anyio.current_time()
        if self._local or now < self._kept_until.get(collection, now):
            return
        self._kept_until[collection] = now + KEPT_AGAIN_S
        with contextlib.suppress(StoreUnavailableError):
            await self.info(collection)

    def _reads(self, client: AsyncQdrantClient, spec: CollectionSpec, at: Selector) -> Reads:
        within_s = self._options.timeout_s
        return Reads.of(
            client, self._name(spec.name), spec, at=at, consistency=self._consistency, timeout_s=within_s
        )

    def _params(self, collection: str, asked: Query) -> models.SearchParams | None:
        return None if self._local else server_quantization.search_params(asked, self._kept[collection])

    def _name(self, collection: str) -> str:
        """The collection as the server knows it."""
        return f"{self._options.prefix}{collection}"

    def _read_at(self, collection: str, condition: Condition | None) -> Selector:
        """Where what satisfies the condition is: of one mind in one place, else anywhere."""
        return selector(only_mind_of(condition), self._shared[collection])

    async def _written_at(self, collection: str, condition: Condition | None) -> list[Selector]:
        """All places where points may satisfy the condition, each to be written by itself."""
        shared = self._shared[collection]
        if not shared:
            return [None]
        minds = minds_of(condition)
        if minds is None:
            return [[key] for key in await self._everywhere(self._name(collection))]
        return [selector(mind, shared) for mind in sorted(minds)]

    async def _everywhere(self, name: str) -> list[int | str]:
        """The keys of all shards that serve."""
        found = await self._ask(name, lambda c: shards_of(c, name))
        return sorted(key for key, shard in found.items() if ACTIVE in shard.states.values())

    async def _ask(self, name: str, verb: Callable[[AsyncQdrantClient], Awaitable[T]]) -> T:
        return await self._nodes.ask(name, verb)

    async def _read(self, name: str, verb: Callable[[AsyncQdrantClient], Awaitable[T]]) -> T:
        """What a cue waits for: a node that hangs is not waited for as long as one that works may take."""
        return await self._nodes.ask(name, verb, soon_s=self._options.read_timeout_s)

    def _spec(self, collection: str) -> CollectionSpec:
        if collection not in self._specs:
            raise StoreRefusedError(f"There is no collection {collection!r}", remedy="Ensure it first.")
        return self._specs[collection]


@asynccontextmanager
async def open_local() -> AsyncIterator[ServerBackend]:
    """qdrant-client's own stand-in, in memory: gone when it is closed."""
    client = AsyncQdrantClient(":memory:")
    backend = ServerBackend(Nodes([client], attempts_max=1, chance=random.Random(0)), local=True)
    try:
        yield backend
    finally:
        await backend.close()
