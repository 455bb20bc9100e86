"""A mind gets a shard of its own, while it is written and read.

The server does the work: it copies the mind's points into a shard that nobody reads yet, passes on what is
written meanwhile, then turns over first all readers, then all writers. What is done here is to ask for it in
the right order and to see that each step is done everywhere before the next: the shard, its copies on other
nodes, and last of all that the shared shard forgets the mind. Each step finds out how far it has come, so
that whoever was killed asks again. No node may be away meanwhile. Must not know what a memory is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import anyio
from qdrant_client import AsyncQdrantClient, models

from cognition.errors import StoreRefusedError, StoreUnavailableError
from cognition.stores.server_nodes import Nodes
from cognition.stores.server_routing import mind_of_key, own_key, shared_key
from cognition.stores.server_shards import ACTIVE, Shard, nodes_of, shards_of

T = TypeVar("T")

POLL_S: Final = 0.25
"""How often it is looked how far the server has come. A move takes two seconds at least (measured)."""

MOVES_MAX: Final = 3
"""How often a move that the server broke off is begun anew; a copy to another node too."""

REFUSED_MAX: Final = 3
"""How many requests may be refused. One whose answer was lost is asked again, and then it is refused: that
the shard is there, that the move is under way. What has become of it is seen in the next look."""

PAGE: Final = 1_000
"""Points that a shared shard forgets at once: more in one operation would keep other minds waiting."""

Told = Callable[[str], None]


@dataclass(slots=True)
class Promotion:
    """The way of one mind into a shard of its own, of one collection on a server. `shared`: how many shards
    the others share; `copies`: how many replicas a shard is to have."""

    nodes: Nodes
    name: str
    mind: str
    shared: int
    copies: int
    told: Told
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    _begun: bool = field(default=False, init=False)
    _moves: int = field(default=0, init=False)
    _copies: int = field(default=0, init=False)
    _refused: int = field(default=0, init=False)

    async def run(self) -> None:
        """Come to the end, from wherever it is. Raises `StoreUnavailableError` when a node is away, or the
        server breaks the move off again and again."""
        await self._require_all_nodes()
        while not await self._moved():
            await self.sleep(POLL_S)
        self.told(f"{self.name}: {self.mind!r} is served from a shard of its own")
        while not await self._copied():
            await self.sleep(POLL_S)
        await self._clear()

    async def _require_all_nodes(self) -> None:
        """Every node has to say that it has turned over: all have to be named, and there."""
        answers = await self.nodes.each(self.name, lambda c: nodes_of(c, self.name))
        named, everyone = {peer for peer, _ in answers}, {peer for _, peers in answers for peer in peers}
        if named != everyone:
            raise StoreRefusedError(
                f"{self.name}: store.url names {len(named)} of the {len(everyone)} nodes of the cluster",
                remedy="Name all of them in store.url, with commas between them: each is asked whether it "
                "has turned over.",
            )

    async def _moved(self) -> bool:
        """One step towards a shard that every node reads and writes; whether it is there."""
        views = await self._views()
        own = [view.get(own_key(self.mind)) for view in views]
        there = [shard for shard in own if shard is not None]
        if any(shard.arriving for shard in there):
            return False
        if any(ACTIVE in shard.states.values() for shard in there):
            return len(there) == len(own) and all(ACTIVE in shard.states.values() for shard in there)
        if not there:
            await self._begin(views)
        elif len(there) == len(own):
            await (self._fill() if self._begun else self._drop())
        return False

    async def _begin(self, views: list[dict[str, Shard]]) -> None:
        """A shard that nobody reads, once nothing else is moved out of the shared one."""
        sources = [view.get(shared_key(self.mind, self.shared)) for view in views]
        if any(source is None or not source.whole or source.leaving for source in sources):
            return
        if self._moves >= MOVES_MAX:
            raise StoreUnavailableError(
                f"{self.name}: the server has broken off the move of {self.mind!r} {MOVES_MAX} times",
                remedy="See its log; the mind is served from where it was. Trying again is safe.",
            )
        self._moves += 1
        self._begun = True
        partial = models.ReplicaState.PARTIAL
        await self._begun_by(
            lambda c: c.create_shard_key(
                self.name, own_key(self.mind), shards_number=1, replication_factor=1, initial_state=partial
            )
        )

    async def _fill(self) -> None:
        """Have the server move what the mind has."""
        self._begun = False
        self.told(f"{self.name}: the points of {self.mind!r} are being copied")
        moved = models.ReplicatePoints(
            from_shard_key=shared_key(self.mind, self.shared),
            to_shard_key=own_key(self.mind),
            filter=_of(self.mind),
        )
        operation = models.ReplicatePointsOperation(replicate_points=moved)
        await self._begun_by(lambda c: c.cluster_collection_update(self.name, operation))

    async def _drop(self) -> None:
        """A shard whose move was broken off may hold what was deleted since; nobody has read it."""
        await self._begun_by(lambda c: c.delete_shard_key(self.name, own_key(self.mind)))

    async def _copied(self) -> bool:
        """One step towards as many replicas as others have; whether they are there."""
        views = await self._views()
        own = [view[own_key(self.mind)] for view in views]
        if any(not shard.whole for shard in own):
            return False
        if all(len(shard.states) >= self.copies for shard in own):
            return True
        free = {peer for view in views for each in view.values() for peer in each.states} - set(own[0].states)
        if not free:
            return True
        if self._copies >= MOVES_MAX * self.copies:
            raise StoreUnavailableError(
                f"{self.name}: the shard of {self.mind!r} could not be copied to another node in "
                f"{self._copies} attempts",
                remedy="See the log of that node; the mind is served from one. Trying again is safe.",
            )
        self._copies += 1
        copied = models.ReplicateShard(
            shard_id=own[0].id, from_peer_id=next(iter(own[0].states)), to_peer_id=min(free)
        )
        operation = models.ReplicateShardOperation(replicate_shard=copied)
        await self._begun_by(lambda c: c.cluster_collection_update(self.name, operation))
        return False

    async def _clear(self) -> None:
        """The shared shard forgets the mind, some points at a time."""
        at = shared_key(self.mind, self.shared)
        while True:
            page, _ = await self._ask(
                lambda c: c.scroll(
                    self.name, _of(self.mind), limit=PAGE, with_payload=False, shard_key_selector=at
                )
            )
            if not page:
                return
            await self._forget([record.id for record in page], at)

    async def _forget(self, ids: list[models.ExtendedPointId], at: str) -> None:
        ordering = models.WriteOrdering.STRONG
        await self._ask(
            lambda c: c.delete(self.name, ids, wait=True, ordering=ordering, shard_key_selector=at)
        )

    async def _views(self) -> list[dict[str, Shard]]:
        return await self.nodes.each(self.name, lambda c: shards_of(c, self.name))

    async def _begun_by(self, verb: Callable[[AsyncQdrantClient], Awaitable[bool]]) -> None:
        """Ask for something that the server then does by itself, and that can be asked for only once."""
        try:
            await self._ask(verb)
        except StoreRefusedError:
            self._refused += 1
            if self._refused > REFUSED_MAX:
                raise

    async def _ask(self, verb: Callable[[AsyncQdrantClient], Awaitable[T]]) -> T:
        return await self.nodes.ask(self.name, verb)


async def unfinished(client: AsyncQdrantClient, name: str, shared: int, copies: int) -> list[str]:
    """What is not done yet of promotions, in sentences; the mind is named at the beginning of each."""
    found: list[str] = []
    for key, shard in sorted((await shards_of(client, name)).items()):
        mind = mind_of_key(key)
        if mind is None:
            continue
        if not shard.whole or len(shard.states) < copies:
            states = ", ".join(sorted(state.value for state in shard.states.values()))
            found.append(f"{mind!r}: its own shard is not whole ({states}; {copies} copies wanted)")
            continue
        left = await client.count(name, _of(mind), exact=True, shard_key_selector=shared_key(mind, shared))
        if left.count:
            found.append(f"{mind!r}: {left.count:,} of its points are in the shared shard still")
    return found


def _of(mind: str) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key="mind", match=models.MatchValue(value=mind))])
