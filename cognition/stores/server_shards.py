"""The shards of a collection as one node sees them: their keys, the state of each replica, what is moved.

Must not know what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qdrant_client import AsyncQdrantClient, models

from cognition.stores.server_nodes import translated

ACTIVE = models.ReplicaState.ACTIVE


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard: node -> state of its replica there; an empty key where shards have none. `arriving`,
    `leaving`: points move here, from here."""

    id: int
    key: str
    states: Mapping[int, models.ReplicaState]
    arriving: bool
    leaving: bool

    @property
    def whole(self) -> bool:
        """Whether every replica serves, and nothing is on its way."""
        return not self.arriving and set(self.states.values()) == {ACTIVE}

    @property
    def serving(self) -> int:
        """How many replicas serve."""
        return sum(state == ACTIVE for state in self.states.values())


async def shards_of(client: AsyncQdrantClient, name: str) -> dict[str, Shard]:
    """Shards by key. There is one of each key in a collection that keeps minds apart."""
    return {shard.key: shard for shard in await all_shards_of(client, name) if shard.key}


async def all_shards_of(client: AsyncQdrantClient, name: str) -> list[Shard]:
    """Every shard of the collection, with a key or without."""
    with translated(name):
        found = await client.collection_cluster_info(name)
    seen: dict[int, tuple[str, dict[int, models.ReplicaState]]] = {}
    here = [(each.shard_id, each.shard_key, found.peer_id, each.state) for each in found.local_shards]
    there = [(each.shard_id, each.shard_key, each.peer_id, each.state) for each in found.remote_shards]
    for shard_id, key, peer, state in here + there:
        seen.setdefault(shard_id, ("" if key is None else str(key), {}))[1][peer] = state
    moved = found.shard_transfers
    to = {each.shard_id if each.to_shard_id is None else each.to_shard_id for each in moved}
    away = {each.shard_id for each in moved}
    return [
        Shard(shard_id, key, states, shard_id in to, shard_id in away)
        for shard_id, (key, states) in sorted(seen.items())
    ]


async def nodes_of(client: AsyncQdrantClient, name: str) -> tuple[int, frozenset[int]]:
    """The node that answers, and all of its cluster; of a server that is in none: 0 and nobody."""
    with translated(name):
        status = await client.cluster_status()
    if not isinstance(status, models.ClusterStatusOneOf1):
        return 0, frozenset()
    return status.peer_id, frozenset(int(peer) for peer in status.peers)
