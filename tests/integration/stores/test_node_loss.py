"""One node of three is lost under load: reads go on, writes are resumed without a person, nothing is lost."""

import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import numpy as np
import pytest

from cognition.errors import StoreUnavailableError
from cognition.stores.backend import Match, Query, WriteMode
from cognition.stores.qdrant_server import ServerBackend
from cognition.testing.nodes import Node, running_nodes
from tests import servers
from tests.integration.stores.things import SPEC, assert_whole, point, point_id

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

NAME = SPEC.name
BEFORE, BATCH, AFTER = 200, 10, 30
"""Points before the loss; of one write; writes that have to come through after it."""
LIMIT = 10_000
CAUGHT_UP_WITHIN_S = 30.0
"""A node that is back before the others have agreed that it was away says that it is ready, serves what it
has, and is told a second or two later what it missed (seen: 1.7 s)."""
PAUSE_S = 0.1


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[list[Node]]:
    servers.require_binary()
    async with running_nodes(tmp_path / "nodes", 3) as found:
        yield found


async def insisting(backend: ServerBackend, first: int) -> None:
    """As the intake does it: the same points until they are taken."""
    while True:
        try:
            await backend.upsert(NAME, [point(n) for n in range(first, first + BATCH)])
            return
        except StoreUnavailableError:
            await anyio.sleep(0.1)


async def caught_up(node: ServerBackend, wanted: int) -> int:
    """How many points a node counts, once it has so many."""
    found = await node.count(NAME)
    with anyio.move_on_after(CAUGHT_UP_WITHIN_S):
        while found != wanted:
            await anyio.sleep(PAUSE_S)
            found = await node.count(NAME)
    return found


@pytest.mark.parametrize("victim", [0, 1, 2])
async def test_reads_go_on_and_writes_resume_without_a_person(nodes: list[Node], victim: int) -> None:
    options = servers.options_of(nodes, replication_factor=2, timeout_s=10, attempts_max=10)
    async with servers.backend_on(options) as backend:
        await backend.ensure(SPEC)
        for first in range(0, BEFORE, BATCH):
            await insisting(backend, first)
        written = anyio.Event()
        read = {"points": 0, "queries": 0}

        async def write() -> None:
            for first in range(BEFORE, BEFORE + AFTER * BATCH, BATCH):
                await insisting(backend, first)
            written.set()

        async def reads() -> None:
            """Every answer is whole: what was written before the loss is there."""
            vector = np.ones(16, np.float32)
            while not written.is_set():
                ids = [point_id(number) for number in range(BEFORE)]
                assert_whole(await backend.retrieve(NAME, ids, with_vectors=("v", "s")), range(BEFORE))
                (hits,) = await backend.query(NAME, [Query("v", vector, 5, Match("mind", "m"))])
                assert len(hits) == 5
                read["points"] += 1
                read["queries"] += 1

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            tasks.start_soon(reads)
            nodes[victim].kill()
        assert read["points"] > 0
        nodes[victim].start()
        await nodes[victim].ready()
        everything = range(BEFORE + AFTER * BATCH)
        page = await backend.scroll(NAME, limit=LIMIT, with_vectors=("v", "s"))
        assert_whole(page.hits, everything)
    for node in nodes:
        async with servers.backend_on(servers.options_of([node], timeout_s=30)) as one:
            await one.ensure(SPEC)
            assert await caught_up(one, len(everything)) == len(everything)


@pytest.mark.parametrize(("read_timeout_s", "deadline_s", "answered"), [(1.0, 6.0, True), (10.0, 1.0, False)])
async def test_a_node_that_hangs_keeps_one_cue_waiting_and_no_other(
    nodes: list[Node], read_timeout_s: float, deadline_s: float, answered: bool
) -> None:
    """SIGSTOP: its sockets are open, and nothing comes. A cue passes it over in time, or gives up at its own
    deadline; the next one asks another node."""
    options = servers.options_of(nodes, replication_factor=2, read_timeout_s=read_timeout_s)
    asked = [Query("v", np.ones(16, np.float32), 5)]
    async with servers.backend_on(options) as backend:
        await backend.ensure(SPEC)
        await insisting(backend, 0)
        nodes[0].signal(signal.SIGSTOP)
        try:
            with anyio.move_on_after(deadline_s) as cue:
                assert len((await backend.query(NAME, asked))[0]) == 5
            assert cue.cancelled_caught is not answered
            with anyio.fail_after(2.0):
                assert len((await backend.query(NAME, asked))[0]) == 5
        finally:
            nodes[0].signal(signal.SIGCONT)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    servers.require_binary()
    mount, disk = shutil.which("mount"), tmp_path / "disk"
    disk.mkdir()
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(disk)]
    if mount is None or subprocess.run(command, check=False).returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


async def test_a_node_out_of_disk_takes_nothing_until_there_is_room_and_loses_nothing(
    small_disk: Path,
) -> None:
    async with running_nodes(small_disk, 1) as (node,):
        options = servers.options_of([node], attempts_max=2)
        async with servers.backend_on(options) as backend:
            await backend.ensure(SPEC)
            await insisting(backend, 0)
            filler = small_disk / "filler"
            filler.write_bytes(bytes(shutil.disk_usage(small_disk).free))
            taken, told = BATCH, ""
            while not told and taken < LIMIT:
                try:
                    await backend.upsert(NAME, [point(n) for n in range(taken, taken + BATCH)])
                    taken += BATCH
                except StoreUnavailableError as error:
                    told = str(error).lower()
            assert "disk" in told or "space" in told
            filler.unlink()
            with anyio.fail_after(60):
                await insisting(backend, taken)
            taken += BATCH
            page = await backend.scroll(NAME, limit=LIMIT, with_vectors=("v", "s"))
            assert_whole(page.hits, range(taken))


async def test_no_condition_lets_one_mind_see_another(nodes: list[Node]) -> None:
    """Canaries: every verb that reads, asked for one mind, over points of two that are alike."""
    async with servers.backend_on(servers.options_of(nodes, replication_factor=2)) as backend:
        await backend.ensure(SPEC)
        mine = [point(number) for number in range(40)]
        for number, each in enumerate(mine):
            each.payload["mind"] = "other" if number % 2 else "m"
        await backend.upsert(NAME, mine, mode=WriteMode.INSERT_ONLY)
        own = Match("mind", "m")
        expected = {point_id(number) for number in range(0, 40, 2)}
        for exact in (False, True):
            vectors = [each.vectors["v"] for each in mine]
            answers = await backend.query(NAME, [Query("v", v, 40, own, exact=exact) for v in vectors])
            assert all({hit.id for hit in hits} == expected for hits in answers)
        assert {hit.id for hit in (await backend.scroll(NAME, condition=own)).hits} == expected
        assert await backend.count(NAME, condition=own) == len(expected)
        await backend.set_payload(NAME, [p.id for p in mine], {"kind": "seen"}, condition=own)
        assert await backend.count(NAME, condition=Match("kind", "seen")) == len(expected)
