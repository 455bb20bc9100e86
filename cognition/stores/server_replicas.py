"""Every shard of a collection gets the replicas that it is to have, while it is written and read.

A server that is told another number adds none: until a copy is made a write is acknowledged by as many
replicas as there are. What is done here is to ask for one copy after the other, to the nodes that hold the
least, and to see that each is done before the next. Whoever was killed asks again. Must not know what a shard
holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio
from qdrant_client import models

from cognition.errors import StoreRefusedError, StoreUnavailableError
from cognition.stores.server_nodes import Nodes
from cognition.stores.server_routing import mind_of_key
from cognition.stores.server_shards import ACTIVE, Shard, all_shards_of, nodes_of

POLL_S: Final = 0.25
"""How often it is looked how far the server has come."""

COPIES_MAX: Final = 3
"""How often a copy that the server broke off is begun anew, of each that a shard is to have."""

Told = Callable[[str], None]


@dataclass(slots=True)
class Replication:
    """The way of one collection to `copies` replicas of each shard. Shards of promoted minds get theirs with
    their promotion."""

    nodes: Nodes
    name: str
    copies: int
    told: Told
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    _begun: Counter[int] = field(default_factory=Counter, init=False)

    async def run(self) -> None:
        """Come as far as the nodes that there are allow; the next look tells what is missing still. Raises
        `StoreUnavailableError` when the server breaks a copy off again and again."""
        while True:
            shards = [s for s in await self._shards() if mind_of_key(s.key) is None]
            if not any(shard.arriving or shard.leaving for shard in shards):
                chosen = self._chosen(shards, await self._peers())
                if chosen is None:
                    return
                await self._begin(*chosen)
            await self.sleep(POLL_S)

    def _chosen(self, shards: Sequence[Shard], peers: frozenset[int]) -> tuple[Shard, int] | None:
        """A shard that wants a replica and serves from somewhere, and the node without it that holds the
        least."""
        held = Counter(peer for shard in shards for peer in shard.states)
        for shard in shards:
            free = peers - set(shard.states)
            if len(shard.states) < self.copies and shard.serving and free:
                return shard, min(free, key=lambda peer: (held[peer], peer))
        return None

    async def _begin(self, shard: Shard, target: int) -> None:
        if self._begun[shard.id] >= COPIES_MAX * self.copies:
            raise StoreUnavailableError(
                f"{self.name}: shard {shard.id} could not be copied to node {target} in "
                f"{self._begun[shard.id]} attempts",
                remedy="See the log of that node; what was there serves on. Trying again is safe.",
            )
        self._begun[shard.id] += 1
        self.told(
            f"{self.name}: shard {shard.id} is copied to node {target}; until that is done its writes are "
            f"acknowledged by {shard.serving} of {self.copies} replicas"
        )
        source = min(peer for peer, state in shard.states.items() if state == ACTIVE)
        operation = models.ReplicateShardOperation(
            replicate_shard=models.ReplicateShard(shard_id=shard.id, from_peer_id=source, to_peer_id=target)
        )
        try:
            await self.nodes.ask(self.name, lambda c: c.cluster_collection_update(self.name, operation))
        except StoreRefusedError:
            # whose answer was lost is asked again, and then refused: the next look tells what became of it
            if self._begun[shard.id] >= COPIES_MAX * self.copies:
                raise

    async def _shards(self) -> list[Shard]:
        return await self.nodes.ask(self.name, lambda c: all_shards_of(c, self.name))

    async def _peers(self) -> frozenset[int]:
        return (await self.nodes.ask(self.name, lambda c: nodes_of(c, self.name)))[1]
