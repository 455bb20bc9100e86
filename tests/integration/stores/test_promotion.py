"""A mind gets a shard of its own while it is written and read: nothing is lost or doubled, nobody else
notices, and whoever is killed in the middle goes on."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import anyio
import numpy as np
import pytest
from qdrant_client import AsyncQdrantClient, models

from cognition.errors import StoreRefusedError, StoreUnavailableError
from cognition.stores.backend import Match, Point, Query, WriteMode
from cognition.stores.qdrant_server import ServerBackend
from cognition.stores.server_nodes import Nodes
from cognition.stores.server_promotion import Promotion, Told
from cognition.stores.server_routing import own_key, shared_key
from cognition.stores.tenancy import for_mind, not_newer
from cognition.testing.nodes import Node, running_nodes
from tests import servers
from tests.integration.stores.things import SPEC as THINGS
from tests.integration.stores.things import point, point_id

T = TypeVar("T")

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

SPEC = replace(THINGS, by_mind=True)
NAME = SPEC.name
BIG, OTHER = "big", "other"
MANY, FEW = 2_000, 100
"""Points of the mind that is promoted, and of its neighbour in the shared shard."""
OFFSET = 100_000
"""Where the numbers of the neighbour's points begin."""


def of(mind: str, numbers: range) -> list[Point]:
    points = [point(number) for number in numbers]
    for each in points:
        each.payload.update(mind=mind, rev=0, epoch=1)
    return points


@asynccontextmanager
async def nodes_at(folder: Path, count: int) -> AsyncIterator[list[Node]]:
    servers.require_binary()
    async with running_nodes(folder / "nodes", count, clustered=True) as nodes:
        yield nodes


@asynccontextmanager
async def kept_apart(nodes: list[Node], **more: object) -> AsyncIterator[ServerBackend]:
    """A backend whose minds share one shard, so that these two are neighbours."""
    usual = {"sharding": "custom", "shard_number": 1, "replication_factor": min(2, len(nodes))}
    options = servers.options_of(nodes, **{**usual, "timeout_s": 30, **more})
    async with servers.backend_on(options) as backend:
        await backend.ensure(SPEC)
        yield backend


def silent(_: str) -> None:
    """Nobody listens."""


async def seed(backend: ServerBackend) -> None:
    for mind, numbers in ((BIG, range(MANY)), (OTHER, range(OFFSET, OFFSET + FEW))):
        for first in range(numbers.start, numbers.stop, 500):
            await backend.upsert(NAME, of(mind, range(first, min(first + 500, numbers.stop))))


class Writer:
    """Lives the mind's life meanwhile: inserts, raises revisions by compare-and-set, deletes, reads back."""

    def __init__(self, backend: ServerBackend) -> None:
        self._backend = backend
        self.inserted = list(range(MANY))
        self.revised: dict[int, int] = {}
        self.deleted: set[int] = set()
        self.rounds = 0

    async def run(self, done: anyio.Event) -> None:
        while not done.is_set():
            await self.round()

    async def round(self) -> None:
        number = self.rounds
        self.rounds += 1
        new = range(MANY + number * 4, MANY + number * 4 + 4)
        await insisting(lambda: self._backend.upsert(NAME, of(BIG, new), mode=WriteMode.INSERT_ONLY))
        self.inserted += new
        await self.revise(number * 7 % MANY)
        gone = MANY - 1 - number
        if gone >= MANY // 2 and gone not in self.revised:
            ids = [point_id(gone)]
            await insisting(lambda: self._backend.delete(NAME, ids, owner=BIG))
            self.deleted.add(gone)
        await self.read(new)

    async def revise(self, number: int) -> None:
        if number in self.deleted:
            return
        rev = self.revised.get(number, 0)
        condition = for_mind(BIG, not_newer(1), Match("rev", rev))
        ids = [point_id(number)]
        await insisting(lambda: self._backend.set_payload(NAME, ids, {"rev": rev + 1}, condition=condition))
        self.revised[number] = rev + 1

    async def read(self, new: range) -> None:
        """What was written a moment ago is read, and what a cue finds is this mind's alone."""
        ids = [point_id(number) for number in new]
        hits = await insisting(lambda: self._backend.retrieve(NAME, ids, owner=BIG))
        assert {hit.id for hit in hits} == set(ids)
        vector = np.ones(16, np.float32)
        asked = Query("v", vector, 10, for_mind(BIG), with_payload=("mind",))
        ((*found,),) = await insisting(lambda: self._backend.query(NAME, [asked]))
        assert [(hit.payload or {})["mind"] for hit in found] == [BIG] * 10

    async def assert_whole(self, backend: ServerBackend) -> None:
        """Exactly what was written is there, once, with its latest revision; of the neighbour too."""
        page = await backend.scroll(NAME, condition=for_mind(BIG), limit=10_000)
        revs = {hit.id: (hit.payload or {})["rev"] for hit in page.hits}
        assert len(revs) == len(page.hits)
        expected = {n: self.revised.get(n, 0) for n in self.inserted if n not in self.deleted}
        assert revs == {point_id(number): rev for number, rev in expected.items()}
        assert await backend.count(NAME) == len(expected) + FEW
        assert await backend.count(NAME, condition=for_mind(OTHER)) == FEW


async def insisting(verb: Callable[[], Awaitable[T]], within_s: float = 150.0) -> T:
    """As the intake does it: again until it is taken. What was under way to a node as it died runs into the
    time limit of a request, 30 s, at each of two attempts."""
    with anyio.fail_after(within_s):
        while True:
            try:
                return await verb()
            except StoreUnavailableError:
                await anyio.sleep(0.1)
    raise AssertionError("not reached")


@pytest.mark.parametrize("count", [1, 3])
async def test_a_mind_is_moved_while_it_lives_and_nothing_is_lost_or_doubled(
    tmp_path: Path, count: int
) -> None:
    async with nodes_at(tmp_path, count) as nodes, kept_apart(nodes) as backend:
        await seed(backend)
        writer, done = Writer(backend), anyio.Event()
        said: list[str] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.run, done)
            await backend.promote(SPEC, BIG, said.append)
            before = writer.rounds
            done.set()
        assert before > 0, "it was written meanwhile"
        assert len(said) == 2
        await writer.assert_whole(backend)
        assert await backend.unfinished(SPEC) == []
        await backend.promote(SPEC, BIG, silent)
        await writer.round()
        await writer.assert_whole(backend)
        assert await backend.drifts(SPEC) == []
        for node in nodes:
            async with kept_apart([node], replication_factor=min(2, count)) as one:
                await writer.assert_whole(one)


class Killed(BaseException):
    """Whoever asked for the move is no more."""


def dying(after: int) -> Callable[[float], Awaitable[None]]:
    """Waits, less than it is told, and dies the so-manieth time."""
    left = after

    async def sleep(seconds: float) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        await anyio.sleep(seconds / 25)

    return sleep


def promotion(nodes: list[Node], sleep: Callable[[float], Awaitable[None]], told: Told) -> Promotion:
    clients = [AsyncQdrantClient(url=node.http, check_compatibility=False) for node in nodes]
    asked = Nodes(clients, attempts_max=3, chance=random.Random(0))
    return Promotion(asked, NAME, BIG, 1, min(2, len(nodes)), told, sleep)


async def test_who_is_killed_at_any_step_goes_on_when_asked_again(tmp_path: Path) -> None:
    """Dies after each number of waits, from none; whoever comes next finds what there is."""
    async with nodes_at(tmp_path, 1) as nodes, kept_apart(nodes) as backend:
        await seed(backend)
        writer, done = Writer(backend), anyio.Event()
        deaths = 0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.run, done)
            while True:
                moving = promotion(nodes, dying(deaths), silent)
                try:
                    await moving.run()
                    break
                except Killed:
                    deaths += 1
                finally:
                    await moving.nodes.close()
            done.set()
        assert deaths > 3
        await writer.assert_whole(backend)
        assert await backend.unfinished(SPEC) == []


@pytest.mark.parametrize(("count", "victim"), [(1, 0), (3, 0), (3, 2)])
@pytest.mark.timeout(400)
async def test_a_node_is_lost_in_the_middle_and_the_move_goes_on_when_it_is_back(
    tmp_path: Path, count: int, victim: int
) -> None:
    """A node that has the begun shard is not ready before the move has been given again."""
    async with nodes_at(tmp_path, count) as nodes, kept_apart(nodes, attempts_max=2) as backend:
        await seed(backend)
        writer, done = Writer(backend), anyio.Event()

        def kill(what: str) -> None:
            if "being copied" in what:
                nodes[victim].kill()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.run, done)
            with pytest.raises(StoreUnavailableError):
                await backend.promote(SPEC, BIG, kill)
            nodes[victim].start()
            await insisting(lambda: backend.promote(SPEC, BIG, silent), within_s=180.0)
            done.set()
        await nodes[victim].ready()
        await writer.assert_whole(backend)
        assert await backend.unfinished(SPEC) == []


async def test_what_a_broken_off_move_has_left_is_told_and_not_read(tmp_path: Path) -> None:
    """A shard that holds what was erased since is thrown away before the next attempt."""
    async with nodes_at(tmp_path, 1) as nodes, kept_apart(nodes) as backend:
        await seed(backend)
        client = AsyncQdrantClient(url=nodes[0].http, check_compatibility=False)
        partial = models.ReplicaState.PARTIAL
        await client.create_shard_key(NAME, own_key(BIG), shards_number=1, initial_state=partial)
        (left,) = await backend.unfinished(SPEC)
        assert left.startswith("'big': its own shard is not whole (Partial; 1 copies wanted)")
        assert await backend.count(NAME, condition=for_mind(BIG)) == MANY
        assert await backend.promote(SPEC, BIG, silent) == MANY
        await client.upsert(
            NAME,
            [models.PointStruct(id=point_id(MANY), vector={"v": [1.0] * 16}, payload={"mind": BIG})],
            shard_key_selector=shared_key(BIG, 1),
        )
        assert await backend.unfinished(SPEC) == ["'big': 1 of its points are in the shared shard still"]
        assert await backend.count(NAME, condition=for_mind(BIG)) == MANY, "nobody reads it there"
        assert await backend.promote(SPEC, BIG, silent) == MANY
        assert await backend.unfinished(SPEC) == []
        await client.close()


async def test_a_collection_that_spreads_by_itself_refuses_with_what_to_do(tmp_path: Path) -> None:
    async with nodes_at(tmp_path, 1) as nodes:
        async with kept_apart(nodes, sharding="auto") as backend:
            with pytest.raises(StoreRefusedError, match="made with auto sharding") as caught:
                await backend.promote(SPEC, BIG, silent)
            assert "store.sharding = 'custom'" in caught.value.remedy
        async with kept_apart(nodes, sharding="custom") as backend:
            (drift,) = await backend.drifts(SPEC)
            assert "auto sharding" in drift.problem
            assert not drift.stops
            await seed(backend)
            assert await backend.count(NAME) == MANY + FEW


async def test_a_server_without_shard_keys_and_a_url_of_some_nodes_are_told(tmp_path: Path) -> None:
    servers.require_binary()
    async with running_nodes(tmp_path / "alone", 1) as nodes:
        with pytest.raises(StoreRefusedError, match="cluster mode") as caught:
            async with kept_apart(nodes):
                pass
        assert "QDRANT__CLUSTER__ENABLED" in caught.value.remedy
    async with nodes_at(tmp_path, 3) as nodes, kept_apart(nodes[:2]) as backend:
        with pytest.raises(StoreRefusedError, match="names 2 of the 3 nodes"):
            await backend.promote(SPEC, BIG, silent)


async def test_a_shared_shard_that_was_not_made_is_made_by_whoever_comes_next(tmp_path: Path) -> None:
    """Whoever made the collection was killed before its shards."""
    async with nodes_at(tmp_path, 1) as nodes:
        async with kept_apart(nodes, shard_number=3) as backend:
            client = AsyncQdrantClient(url=nodes[0].http, check_compatibility=False)
            await client.delete_shard_key(NAME, "shared-1")
            await client.close()
            (drift,) = await backend.drifts(SPEC)
            assert (drift.key, drift.mends) == ("shared-1", True)
        async with kept_apart(nodes) as backend:
            assert await backend.drifts(SPEC) == []
            await seed(backend)
            assert await backend.count(NAME) == MANY + FEW
