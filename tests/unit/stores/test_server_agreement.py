"""Replicas that disagree about a point leave it out of what several of them answer: that is not absence."""

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from qdrant_client import AsyncQdrantClient

from cognition.errors import UnavailableError
from cognition.stores.checkpoints import VectorCheckpoints
from cognition.stores.collections import CHECKPOINTS, TOMBSTONES
from cognition.stores.qdrant_server import ServerBackend
from cognition.stores.server_nodes import Nodes
from cognition.stores.server_options import ServerOptions
from cognition.stores.tombstones import VectorTombstones
from schemas.memory import Tombstone

KEY = ("ada", "state")
ATTEMPTS = 3


class Disagreeing(AsyncQdrantClient):
    """The vendor's stand-in, whose replicas disagree for so many reads about everything that is there."""

    reads = 0

    async def retrieve(self, *given: Any, consistency: Any = None, **more: Any) -> Any:
        if consistency is not None and self.reads:
            self.reads -= 1
            return []
        return await super().retrieve(*given, **more)


async def no_pause(_: float) -> None:
    pass


@pytest.fixture
async def client() -> AsyncIterator[Disagreeing]:
    client = Disagreeing(":memory:")
    yield client
    await client.close()


@pytest.fixture
async def backend(client: Disagreeing) -> ServerBackend:
    nodes = Nodes([client], attempts_max=ATTEMPTS, chance=random.Random(0), sleep=no_pause)
    backend = ServerBackend(nodes, options=ServerOptions(read_consistency="majority"), local=True)
    for spec in (CHECKPOINTS, TOMBSTONES):
        await backend.ensure(spec)
    return backend


async def test_a_checkpoint_is_read_once_its_replicas_agree(
    client: Disagreeing, backend: ServerBackend
) -> None:
    checkpoints = VectorCheckpoints(backend)
    await checkpoints.save({KEY: b"all that it knows"}, epoch=1)
    client.reads = ATTEMPTS - 1
    assert await checkpoints.load([KEY]) == {KEY: b"all that it knows"}


async def test_as_long_as_they_disagree_a_mind_with_a_past_is_not_taken_for_a_new_one(
    client: Disagreeing, backend: ServerBackend
) -> None:
    checkpoints, tombstones = VectorCheckpoints(backend), VectorTombstones(backend)
    await checkpoints.save({KEY: b"all that it knows"}, epoch=1)
    stone = Tombstone(id="0b7f9c7e-1111-4222-8333-444455556666", mind="ada", forgotten_at=1.0)
    await tombstones.bury([stone])
    client.reads = 100
    with pytest.raises(UnavailableError, match="replicas disagree about 1 points"):
        await checkpoints.load([KEY])
    with pytest.raises(UnavailableError, match="replicas disagree about 1 points"):
        await tombstones.among([("ada", stone.id)])


async def test_what_no_replica_has_is_absent(client: Disagreeing, backend: ServerBackend) -> None:
    client.reads = 100
    assert await VectorCheckpoints(backend).load([KEY]) == {}
