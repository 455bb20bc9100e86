"""Replicas that shards lack are made one after the other, on the nodes that hold the least."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from qdrant_client import AsyncQdrantClient, models

from cognition.errors import StoreUnavailableError
from cognition.stores.server_nodes import Nodes
from cognition.stores.server_replicas import COPIES_MAX, Replication
from cognition.stores.server_routing import own_key
from cognition.stores.server_shards import ACTIVE

NAME = "things"
PARTIAL = models.ReplicaState.PARTIAL
LOOKS = 2
"""A copy is done at the second look after it began."""


class Cluster(AsyncQdrantClient):
    """The vendor's client, whose server says that it has these peers and shards, and copies what it is asked
    to; as many as `broken` copies it breaks off."""

    def __init__(self, peers: int, shards: Mapping[int, set[int]], *, broken: int = 0) -> None:
        super().__init__(":memory:")
        self.peers = peers
        self.states = {shard: dict.fromkeys(on, ACTIVE) for shard, on in shards.items()}
        self.keys: dict[int, str] = {}
        self.asked: list[tuple[int, int, int]] = []
        self.moves: dict[tuple[int, int, int], int] = {}
        self.broken = broken

    async def cluster_status(self, **_: Any) -> models.ClusterStatus:
        peers = {str(peer): models.PeerInfo(uri=f"http://node-{peer}") for peer in range(self.peers)}
        return models.ClusterStatusOneOf1.model_construct(status="enabled", peer_id=0, peers=peers)

    async def collection_cluster_info(self, *_: Any, **__: Any) -> models.CollectionClusterInfo:
        for move in list(self.moves):
            self.moves[move] -= 1
            if not self.moves[move]:
                self._done(move)
        return models.CollectionClusterInfo.model_construct(
            peer_id=0,
            shard_count=len(self.states),
            local_shards=[],
            remote_shards=[
                models.RemoteShardInfo(shard_id=s, shard_key=self.keys.get(s), peer_id=peer, state=state)
                for s, on in self.states.items()
                for peer, state in on.items()
            ],
            shard_transfers=[
                models.ShardTransferInfo.model_construct(shard_id=s, to_shard_id=None, to=target)
                for s, _, target in self.moves
            ],
        )

    async def cluster_collection_update(self, _: str, operation: Any, **__: Any) -> bool:
        copied = operation.replicate_shard
        move = (copied.shard_id, copied.from_peer_id, copied.to_peer_id)
        assert self.states[move[0]][move[1]] == ACTIVE, "copied from where it is whole"
        assert move[2] not in self.states[move[0]], "copied to where it is not"
        assert not self.moves, "one after the other"
        self.asked.append(move)
        self.moves[move] = LOOKS
        self.states[move[0]][move[2]] = PARTIAL
        return True

    def _done(self, move: tuple[int, int, int]) -> None:
        shard, _, target = move
        del self.moves[move]
        self.states[shard][target] = ACTIVE
        if self.broken:
            self.broken -= 1
            del self.states[shard][target]


async def no_pause(_: float) -> None:
    pass


async def replicated(cluster: Cluster, copies: int) -> list[str]:
    told: list[str] = []
    nodes = Nodes([cluster], attempts_max=1, chance=random.Random(0), sleep=no_pause)
    await Replication(nodes, NAME, copies, told.append, sleep=no_pause).run()
    return told


async def test_each_shard_gets_what_it_lacks_on_the_nodes_that_hold_the_least() -> None:
    cluster = Cluster(3, {0: {0}, 1: {0}, 2: {0, 1}, 3: {2}})
    told = await replicated(cluster, 2)
    assert all(len(on) == 2 for on in cluster.states.values())
    assert [target for _, _, target in cluster.asked] == [1, 2, 1]
    assert told[0] == (
        "things: shard 0 is copied to node 1; until that is done its writes are acknowledged by "
        "1 of 2 replicas"
    )
    assert len(told) == 3
    assert await replicated(cluster, 2) == [], "done again it does nothing"


async def test_several_copies_of_one_shard_are_made_one_after_the_other() -> None:
    cluster = Cluster(4, {0: {3}})
    await replicated(cluster, 3)
    assert cluster.asked == [(0, 3, 0), (0, 0, 1)]
    assert set(cluster.states[0].values()) == {ACTIVE}


async def test_where_there_are_too_few_nodes_what_can_be_made_is_made() -> None:
    cluster = Cluster(2, {0: {0}, 1: {1}})
    await replicated(cluster, 3)
    assert all(set(on) == {0, 1} for on in cluster.states.values())
    assert await replicated(Cluster(0, {0: {0}}), 2) == [], "a server that is in no cluster"


async def test_a_shard_that_nobody_serves_is_left_and_one_on_its_way_waited_for() -> None:
    cluster = Cluster(2, {0: {0}, 1: {0}})
    cluster.states[0][0] = models.ReplicaState.DEAD
    cluster.states[1][1] = PARTIAL
    cluster.moves[1, 0, 1] = LOOKS
    assert await replicated(cluster, 2) == []
    assert set(cluster.states[1].values()) == {ACTIVE}
    assert cluster.asked == []


async def test_the_shard_of_a_promoted_mind_is_left_to_its_promotion() -> None:
    cluster = Cluster(2, {0: {0}, 1: {0}})
    cluster.keys = {0: "shared-0", 1: own_key("ada")}
    await replicated(cluster, 2)
    assert [shard for shard, _, _ in cluster.asked] == [0]


async def test_a_copy_that_is_broken_off_is_begun_anew_so_often_and_no_more() -> None:
    healed = Cluster(2, {0: {0}}, broken=COPIES_MAX)
    await replicated(healed, 2)
    assert len(healed.states[0]) == 2
    hopeless = Cluster(2, {0: {0}}, broken=1_000)
    with pytest.raises(StoreUnavailableError, match="shard 0 could not be copied to node 1 in 6 attempts"):
        await replicated(hopeless, 2)
    assert len(hopeless.asked) == 2 * COPIES_MAX
