"""How a collection on a server may differ from what is needed, and putting right what can be.

What drifted is told before anything is written to it. Comparing is pure; what can be put right while the
collection serves is done by `mend`. Must not know what a memory is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from qdrant_client import AsyncQdrantClient, models

from cognition.errors import SchemaDriftError, StoreRefusedError
from cognition.stores.backend import CollectionSpec, FieldType
from cognition.stores.server_nodes import translated
from cognition.stores.server_options import Mark, ServerOptions
from cognition.stores.server_routing import mind_of_key, shared_keys
from cognition.stores.server_schema import INDEXES, index_params, indexes_of, mark_of
from cognition.stores.server_shards import Shard

INDEXES_AT_ONCE_MAX: Final = 20_000
"""Points up to which a missing index is made in passing: that takes a second. One who made the collection and
died meanwhile leaves it so."""


PAIR: Final = 2
"""Nodes that have copies of each other and yet need both."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One way in which a collection is not what is needed. `index` names the field of an index that is
    missing or of another kind, `key` a shard that is missing: `mend` makes either. `stops`: nothing is served
    before it is put right; `in_passing`: a daemon that starts does it, if it can be done."""

    collection: str
    problem: str
    remedy: str
    stops: bool = True
    index: str = ""
    replicas: bool = False
    key: str = ""
    in_passing: bool = True

    @property
    def mends(self) -> bool:
        """Whether it can be put right at once."""
        return bool(self.index or self.key) or self.replicas

    def error(self) -> SchemaDriftError:
        return SchemaDriftError(f"{self.collection} {self.problem}", remedy=self.remedy)


async def mend(client: AsyncQdrantClient, drift: Drift, spec: CollectionSpec, options: ServerOptions) -> None:
    """Put right what can be: an index, a shared shard, the numbers of replicas. Reads and writes go on
    meanwhile."""
    if drift.key:
        await _make_key(client, drift.collection, drift.key)
    with translated(drift.collection):
        if drift.index:
            params = index_params(indexes_of(spec, options)[drift.index], options)
            await client.create_payload_index(drift.collection, drift.index, params, wait=True)
        elif drift.replicas:
            wanted = models.CollectionParamsDiff(
                replication_factor=options.replication_factor,
                write_consistency_factor=options.write_consistency_factor,
            )
            await client.update_collection(drift.collection, collection_params=wanted)


def of_cluster(peers: int, options: ServerOptions) -> Drift | None:
    """What keeps copies from serving where a node is lost: of two nodes the other is no majority."""
    if peers != PAIR or options.replication_factor == 1:
        return None
    return Drift(
        "cluster",
        f"has {PAIR} nodes, and store.replication_factor is {options.replication_factor}: once one is lost "
        "the other is no majority, and nothing is written until it is back",
        "Add a third node: name it in store.url as well, and move shards to it (deploy/RUNBOOK.md, Resize).",
        stops=False,
    )


async def _make_key(client: AsyncQdrantClient, name: str, key: str) -> None:
    """A shard with this key. That somebody else made it meanwhile is well."""
    try:
        with translated(name):
            await client.create_shard_key(name, key, shards_number=1)
    except StoreRefusedError as error:
        if "already exists" not in str(error):
            raise


def differences(
    name: str,
    spec: CollectionSpec,
    found: models.CollectionInfo,
    options: ServerOptions,
    mark: Mark,
    *,
    shards: Sequence[Shard] = (),
    indexed: bool = True,
) -> list[Drift]:
    """Every way in which it is not what is needed. `keys`: of its shards. Without `indexed` neither indexes
    nor shards are looked at."""
    stored = mark_of(found)
    if stored is None:
        remedy = (
            "Set store.prefix, so that our collections have names of their own; nothing of it was changed."
        )
        return [Drift(name, "was made by another tool", remedy)]
    drifts = [*_of_mark(name, stored, mark), *_of_vectors(name, spec, found)]
    if indexed:
        drifts += [*_of_indexes(name, spec, found, options), *_of_replicas(name, found, options)]
        drifts += _of_shards(name, spec, stored, options, {shard.key for shard in shards})
        drifts += _of_copies(name, found, shards)
    return drifts


def _of_mark(name: str, stored: Mark, mark: Mark) -> Iterator[Drift]:
    if stored.model and mark.model and stored.model != mark.model:
        yield Drift(
            name,
            f"holds vectors of the model {stored.model!r}, this engine embeds with {mark.model!r}",
            f"Set embedding.model = {stored.model!r}, or begin anew under another store.prefix.",
        )
    if stored.partitions and mark.partitions and stored.partitions != mark.partitions:
        yield Drift(
            name,
            f"was written with {stored.partitions} partitions, streams.partitions is {mark.partitions}: "
            "a mind would have two writers",
            f"Set streams.partitions = {stored.partitions}, or stop every daemon and run "
            f"`cognition schema migrate --partitions {mark.partitions}`.",
        )


def _of_vectors(name: str, spec: CollectionSpec, found: models.CollectionInfo) -> Iterator[Drift]:
    params = found.config.params
    stored = params.vectors if isinstance(params.vectors, dict) else {}
    sizes = {each: params.size for each, params in stored.items()}
    if any(sizes.get(each) != size for each, size in spec.dense.items()):
        yield Drift(
            name,
            f"has vectors {sizes}, needed {dict(spec.dense)}",
            "Use a model of the stored size, or begin anew under another store.prefix.",
        )
    elif any(params.distance != models.Distance.COSINE for params in stored.values()):
        yield Drift(name, "does not compare by cosine", "Begin anew under another store.prefix.")
    if missing := set(spec.sparse) - set(params.sparse_vectors or {}):
        yield Drift(name, f"has no sparse vector {min(missing)!r}", "Begin anew under another store.prefix.")


def _of_indexes(
    name: str, spec: CollectionSpec, found: models.CollectionInfo, options: ServerOptions
) -> Iterator[Drift]:
    """What everybody needs has to be there before much is served; the rest makes it faster, and can wait."""
    many = (found.points_count or 0) > INDEXES_AT_ONCE_MAX
    remedy = "Run `cognition schema migrate`; what is served goes on meanwhile."
    for field, kind in indexes_of(spec, options).items():
        there, wanted = found.payload_schema.get(field), INDEXES[kind]
        stops = many and field in spec.indexes
        if there is None:
            problem = f"has no index of {field!r}"
        elif str(there.data_type) != str(wanted.type.value):
            problem = f"has an index of {field!r} as {there.data_type}, needed {wanted.type.value}"
        elif kind is FieldType.TENANT and not getattr(there.params, "is_tenant", False):
            problem = f"has an index of {field!r} that is not one of tenants (is_tenant)"
            stops = False
        else:
            continue
        yield Drift(name, problem, remedy, stops, index=field, in_passing=not many)


def _of_replicas(name: str, found: models.CollectionInfo, options: ServerOptions) -> Iterator[Drift]:
    params = found.config.params
    there = (params.replication_factor or 1, params.write_consistency_factor or 1)
    wanted = (options.replication_factor, options.write_consistency_factor)
    if there != wanted:
        yield Drift(
            name,
            f"has replication factor {there[0]} and write consistency factor {there[1]}, "
            f"the settings say {wanted[0]} and {wanted[1]}",
            "Run `cognition schema migrate`: it adds replicas where shards have too few, too.",
            stops=False,
            replicas=True,
        )


def _of_copies(name: str, found: models.CollectionInfo, shards: Sequence[Shard]) -> Iterator[Drift]:
    """Where a loss of nodes would lose more than the number of replicas says. A promoted mind's shard is
    looked at with its promotion."""
    copies = found.config.params.replication_factor or 1
    few = [s for s in shards if s.serving < copies and mind_of_key(s.key) is None]
    if few:
        told = ", ".join(
            f"{s.id} has {s.serving} (node {', '.join(map(str, sorted(s.states)))})" for s in few
        )
        yield Drift(
            name,
            f"has shards with fewer than {copies} replicas that serve: {told}",
            "Those of a node that is away come back with it. Where there are too few, run `cognition schema "
            "migrate`: it makes them on nodes that have none. Until then writes are acknowledged by as many "
            "as serve.",
            stops=False,
        )


def _of_shards(
    name: str, spec: CollectionSpec, stored: Mark, options: ServerOptions, keys: Collection[str]
) -> Iterator[Drift]:
    for key in shared_keys(stored.shared):
        if key not in keys:
            yield Drift(name, f"has no shard {key!r}", "Run `cognition schema migrate`.", False, key=key)
    there = "custom" if stored.shared else "auto"
    if spec.by_mind and there != options.sharding:
        yield Drift(
            name,
            f"was made with {there} sharding, store.sharding is {options.sharding!r}: it goes on as it is",
            f"Set store.sharding = {there!r}, or begin anew under another store.prefix.",
            stops=False,
        )
