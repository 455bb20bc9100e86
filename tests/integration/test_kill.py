"""kill -9 at random moments while percepts flow in: afterwards nothing is lost, doubled or misfiled.

Two lives over the same percepts with the same entry ids, one of them undisturbed. The private server
lives and dies with the daemon; every second kill takes it and the engine's host at the same moment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cognition.stores.backend import VectorBackend
from cognition.stores.collections import EPISODES, IDENTITY, MEMORIES
from cognition.stores.edge import open_inline
from tests.integration.support import Daemon, client_of, environment, processes_of, until

KILLS = 20
PER_KILL = 20
PERCEPTS = PER_KILL * (KILLS + 1)
SEED = 20_260_301
SPREAD_S = 0.3
"""Kills fall from the first moment of a start until so long after it was ready."""

NO_IDLE_END = ("--set", "episodes.idle_check_s=86400")
MEMORY_FIELDS = (
    "mind", "key", "content", "episode_id", "position", "entry", "access_count", "repeated_through",
    "occurred_at",
)  # fmt: skip
EPISODE_FIELDS = (
    "mind", "label", "started_at", "ended_at", "boundary_type", "boundary_trigger", "previous_id", "next_id",
    "memory_count",
)  # fmt: skip
FLOATS = ("composite_salience", "novelty", "consolidation_strength", "stability_s")
ROUNDING = 1e-5


class Publisher:
    """The second process."""

    def __init__(self, data: Path, first_ms: int) -> None:
        words = [sys.executable, "-m", "tests.integration.publisher", str(data)]
        self._process = subprocess.Popen(
            [*words, str(PERCEPTS), str(SEED), str(first_ms)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment(),
            cwd=Path(__file__).parents[2],
        )  # fmt: skip

    def go_on_to(self, number: int) -> None:
        """Publish up to so many; returns at once."""
        assert self._process.stdin is not None
        print(number, file=self._process.stdin, flush=True)

    def finish(self) -> None:
        """Wait until all that was asked for is published."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.go_on_to(PERCEPTS)
        self._process.stdin.close()
        last = [int(line) for line in self._process.stdout][-1]
        assert (last, self._process.wait(timeout=60)) == (PERCEPTS, 0)

    def close(self) -> None:
        """End it, if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()


def live(home: Path, kills: int, first_ms: int, rng: np.random.Generator) -> Daemon:
    """One life: publish everything, and kill meanwhile."""
    daemon = Daemon(home / "data", *NO_IDLE_END)
    publisher = Publisher(home / "data", first_ms)
    try:
        began = time.monotonic()
        daemon.start().ready()
        startup_s = time.monotonic() - began
        for number in range(kills):
            publisher.go_on_to((number + 1) * PER_KILL)
            kill_at = began + float(rng.uniform(0.0, startup_s + SPREAD_S))
            time.sleep(max(0.0, kill_at - time.monotonic()))
            kill(daemon, everything=number % 2 == 1)
            began = time.monotonic()
            daemon.start()
        publisher.finish()
        client = client_of(daemon.ready().url)
        until(lambda: client.unacknowledged() == 0, "acknowledged line", within_s=60)
        assert daemon.stop() == 0, daemon.tail()
    finally:
        publisher.close()
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.kill()
    return daemon


def kill(daemon: Daemon, *, everything: bool) -> None:
    """SIGKILL to the daemon alone, or to it and all that it started."""
    pid = daemon.running().pid
    if everything:
        mine = [p for p, words in processes_of(daemon.directory).items() if "publisher" not in words]
        for each in sorted(mine, key=lambda p: p != pid):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
    daemon.kill()


async def points(backend: VectorBackend, collection: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Every point of a collection."""
    offset: str | None = None
    while True:
        page = await backend.scroll(collection, limit=1_000, offset=offset)
        for hit in page.hits:
            yield hit.id, hit.payload
        offset = page.next_offset
        if offset is None:
            return


async def remains(daemon: Daemon) -> dict[str, Any]:
    """What is stored of a life."""
    async with open_inline(daemon.directory / "store", started_at=0.0) as backend:
        for spec in (MEMORIES, EPISODES, IDENTITY):
            await backend.ensure(spec)
        memories = [(i, p) async for i, p in points(backend, MEMORIES.name)]
        episodes = [(i, p) async for i, p in points(backend, EPISODES.name)]
        lifetimes = {p["mind"]: p["lifetime"] async for _, p in points(backend, IDENTITY.name)}
    assert len({i for i, _ in memories}) == len(memories)
    return {
        "memories": {i: {f: p.get(f) for f in MEMORY_FIELDS} for i, p in memories},
        "floats": [[p.get(f, 0.0) for f in FLOATS] for _, p in sorted(memories, key=itemgetter(0))],
        "episodes": {i: {f: p.get(f) for f in EPISODE_FIELDS} for i, p in episodes},
        "lifetimes": lifetimes,
    }


@pytest.mark.timeout(400)
async def test_a_life_full_of_kills_leaves_what_an_undisturbed_one_leaves(tmp_path: Path) -> None:
    first_ms = int(time.time() * 1_000)
    lives = []
    for name, kills in (("undisturbed", 0), ("killed", KILLS)):
        (tmp_path / name).mkdir()
        daemon = live(tmp_path / name, kills, first_ms, np.random.default_rng(SEED))
        until(lambda: processes_of(tmp_path / name) == {}, "end of all that the daemon started")  # noqa: B023
        assert "Traceback" not in daemon.log.read_text(), daemon.tail()
        lives.append(await remains(daemon))
    undisturbed, killed = lives
    assert killed["memories"] == undisturbed["memories"]
    assert killed["episodes"] == undisturbed["episodes"]
    assert killed["lifetimes"] == undisturbed["lifetimes"]
    np.testing.assert_allclose(killed["floats"], undisturbed["floats"], rtol=ROUNDING)
    stored = dict.fromkeys(killed["lifetimes"], 0)
    for memory in killed["memories"].values():
        stored[memory["mind"]] += 1
    assert stored == {mind: life["memories"] for mind, life in killed["lifetimes"].items()}
    assert sum(life["percepts"] for life in killed["lifetimes"].values()) == PERCEPTS
