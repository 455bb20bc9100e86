"""Collections on a server: how they are made, and by what they are known as ours.

Must not know what a memory is, nor how a collection may have drifted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from qdrant_client import AsyncQdrantClient, models

from cognition.errors import StoreRefusedError, StoreUnavailableError
from cognition.stores import server_quantization
from cognition.stores.backend import CollectionSpec, FieldType
from cognition.stores.server_nodes import translated
from cognition.stores.server_options import Mark, ServerOptions
from cognition.stores.server_shards import nodes_of
from schemas.quantization import Quantization

MADE_BY: Final = "cognition"
"""Key of the collection's metadata under which the mark stands."""

SCHEMA: Final = 1
INDEXES: Final[Mapping[FieldType, Any]] = {
    FieldType.KEYWORD: models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, enable_hnsw=False),
    FieldType.TENANT: models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    FieldType.INTEGER: models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, enable_hnsw=False),
    FieldType.FLOAT: models.FloatIndexParams(type=models.FloatIndexType.FLOAT, enable_hnsw=False),
    FieldType.DATETIME: models.DatetimeIndexParams(type=models.DatetimeIndexType.DATETIME, enable_hnsw=False),
    FieldType.BOOL: models.BoolIndexParams(type=models.BoolIndexType.BOOL, enable_hnsw=False),
}


async def create(
    client: AsyncQdrantClient, name: str, spec: CollectionSpec, options: ServerOptions, mark: Mark
) -> None:
    """Make the collection, without its indexes and shared shards. That somebody else made it meanwhile is
    well. Raises `StoreUnavailableError` while nodes are still to join their cluster."""
    await _require_nodes(client, name, options)
    apart = spec.by_mind and options.sharding == "custom"
    if apart:
        mark = msgspec.structs.replace(mark, shared=await _shared(client, name, options))
    try:
        with translated(name):
            await client.create_collection(
                name,
                vectors_config=_vectors(spec, options),
                sparse_vectors_config={each: _sparse_params(options) for each in spec.sparse},
                sharding_method=models.ShardingMethod.CUSTOM if apart else None,
                shard_number=1 if apart else options.shard_number or None,
                replication_factor=options.replication_factor,
                write_consistency_factor=options.write_consistency_factor,
                on_disk_payload=options.payload_on_disk,
                metadata={MADE_BY: _marked(mark), **_noted(spec)},
            )
    except StoreRefusedError as error:
        if "already exists" not in str(error):
            raise


async def _require_nodes(client: AsyncQdrantClient, name: str, options: ServerOptions) -> None:
    """A server places replicas on the nodes that it knows, fewer than were asked for without a word, and adds
    none later."""
    named = len([each for each in options.url.split(",") if each.strip()])
    needed = max(options.replication_factor, named)
    if needed == 1:
        return
    _, known = await nodes_of(client, name)
    wanted = f"store.url names {named}, store.replication_factor is {options.replication_factor}"
    if not known:
        raise StoreRefusedError(
            f"{name}: the server is in no cluster, and {wanted}",
            remedy="Start all nodes with QDRANT__CLUSTER__ENABLED=true; or name one node, with "
            "store.replication_factor = 1.",
        )
    if len(known) < needed:
        raise StoreUnavailableError(
            f"{name}: the cluster knows {len(known)} nodes, and {wanted}",
            remedy="It is made once they have joined; where there are no more, name those that there are, "
            "each once, and lower the factor.",
        )


async def _shared(client: AsyncQdrantClient, name: str, options: ServerOptions) -> int:
    """How many shards the minds of a new collection share."""
    _, nodes = await nodes_of(client, name)
    if not nodes:
        raise StoreRefusedError(
            f"{name}: store.sharding = 'custom' needs a server in cluster mode, and this one is not",
            remedy="Start it with QDRANT__CLUSTER__ENABLED=true and --uri, a single node too; or set "
            "store.sharding = 'auto'.",
        )
    return options.shard_number or len(nodes)


def indexes_of(spec: CollectionSpec, options: ServerOptions) -> dict[str, FieldType]:
    """What is indexed of a collection: what everybody needs, and the entries of maps that were chosen."""
    chosen = [f"{map_}.{entry}" for map_ in spec.maps for entry in options.context_indexes]
    return {**spec.indexes, **dict.fromkeys(chosen, FieldType.KEYWORD)}


def index_params(kind: FieldType, options: ServerOptions) -> Any:
    """How a field is indexed; an index on disk is read as any file, through the machine's cache."""
    params = INDEXES[kind]
    return params.model_copy(update={"on_disk": True}) if options.index_on_disk else params


async def remark(client: AsyncQdrantClient, name: str, mark: Mark) -> None:
    """Write the mark anew."""
    with translated(name):
        await client.update_collection(name, metadata={MADE_BY: _marked(mark)})


def mark_of(found: models.CollectionInfo) -> Mark | None:
    """What the collection says of its maker; None where somebody else made it."""
    said = (found.config.metadata or {}).get(MADE_BY)
    if not isinstance(said, dict):
        return None
    return Mark(
        model=str(said.get("model", "")),
        partitions=int(said.get("partitions", 0)),
        shared=int(said.get("shared", 0)),
    )


def joined(stored: Mark, ours: Mark) -> Mark:
    """What both know."""
    return Mark(
        model=stored.model or ours.model,
        partitions=stored.partitions or ours.partitions,
        shared=stored.shared,
    )


def _marked(mark: Mark) -> dict[str, Any]:
    return {"schema": SCHEMA, "model": mark.model, "partitions": mark.partitions, "shared": mark.shared}


def _noted(spec: CollectionSpec) -> dict[str, Any]:
    """How the vectors of a new collection are kept and searched: so it stays, whatever the settings say."""
    wanted = spec.quantization.settled(None)
    return server_quantization.notes(wanted, wanted) if spec.searched else {}


def _vectors(spec: CollectionSpec, options: ServerOptions) -> dict[str, models.VectorParams]:
    searched = spec.quantization.settled(None)
    return {
        name: _kept_params(size) if name in spec.kept else _searched_params(size, searched, options)
        for name, size in spec.dense.items()
    }


def _searched_params(size: int, quantization: Quantization, options: ServerOptions) -> models.VectorParams:
    """A vector that is searched, in one graph for each mind, as in `edge_shard`. Where it is compressed, the
    originals are read from the disk."""
    compressed = server_quantization.compressed(quantization)
    return models.VectorParams(
        size=size,
        distance=models.Distance.COSINE,
        hnsw_config=models.HnswConfigDiff(m=0, payload_m=16, on_disk=options.index_on_disk or None),
        quantization_config=compressed,
        on_disk=True if options.vectors_on_disk or compressed is not None else None,
    )


def _sparse_params(options: ServerOptions) -> models.SparseVectorParams:
    """Words, found through an index of their own."""
    index = models.SparseIndexParams(on_disk=True) if options.index_on_disk else None
    return models.SparseVectorParams(index=index)


def _kept_params(size: int) -> models.VectorParams:
    """A vector that is only kept: half precision, on disk, no index."""
    return models.VectorParams(
        size=size,
        distance=models.Distance.COSINE,
        datatype=models.Datatype.FLOAT16,
        on_disk=True,
        hnsw_config=models.HnswConfigDiff(m=0),
    )
