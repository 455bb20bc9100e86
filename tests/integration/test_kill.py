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
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from cognition import Settings, open_engine
from cognition.settings import EmbeddingSettings
from cognition.stores.backend import CollectionSpec, VectorBackend
from cognition.stores.collections import EPISODES, MEMORIES
from cognition.stores.edge import open_inline
from cognition.stores.payloads import decode
from schemas.base import Message
from schemas.episode import Episode, EpisodeScale
from schemas.identity import Lifetime
from schemas.memory import Memory
from tests.integration.support import Daemon, client_of, environment, processes_of, until

T = TypeVar("T", bound=Message)
WITHOUT_MODEL = Settings(embedding=EmbeddingSettings(enabled=False))

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
WHILE_OPEN = ("label", "memory_count")
"""Of an open coarse episode as they were at the end of the batch in which a fine one last began or ended: and
where batches end is nobody's to say."""

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
        until(client.settled, "acknowledged line", within_s=60)
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


async def values(backend: VectorBackend, spec: CollectionSpec, kind: type[T]) -> list[T]:
    """Every value of a collection."""
    found: list[T] = []
    offset: str | None = None
    await backend.ensure(spec)
    while True:
        page = await backend.scroll(spec.name, limit=1_000, offset=offset)
        found += [decode(kind, hit.id, hit.payload) for hit in page.hits]
        offset = page.next_offset
        if offset is None:
            return found


async def remains(daemon: Daemon) -> tuple[dict[str, Memory], dict[str, Episode]]:
    """What is stored of a life, by id."""
    async with open_inline(daemon.directory / "store", started_at=0.0) as backend:
        memories = await values(backend, MEMORIES, Memory)
        episodes = await values(backend, EPISODES, Episode)
    assert len({memory.id for memory in memories}) == len(memories)
    return {memory.id: memory for memory in memories}, {episode.id: episode for episode in episodes}


async def lifetimes(daemon: Daemon, minds: Iterable[str]) -> dict[str, Lifetime]:
    """The counters of each mind, as the daemon tells them."""
    async with open_engine(data=daemon.directory, settings=WITHOUT_MODEL) as session:
        return {mind: (await session.mind(mind).status()).lifetime for mind in minds}


def compared(found: dict[str, T], fields: tuple[str, ...]) -> dict[str, list[object]]:
    """What must be equal in both lives."""
    return {
        each: [getattr(value, field) for field in fields if not (field in WHILE_OPEN and is_open(value))]
        for each, value in sorted(found.items())
    }


def is_open(value: object) -> bool:
    """Whether this is a coarse episode that has not ended."""
    return isinstance(value, Episode) and value.scale is EpisodeScale.COARSE and value.ended_at is None


@pytest.mark.timeout(400)
async def test_a_life_full_of_kills_leaves_what_an_undisturbed_one_leaves(tmp_path: Path) -> None:
    first_ms = int(time.time() * 1_000)
    lives, counters = [], []
    for name, kills in (("undisturbed", 0), ("killed", KILLS)):
        (tmp_path / name).mkdir()
        daemon = live(tmp_path / name, kills, first_ms, np.random.default_rng(SEED))
        until(lambda: processes_of(tmp_path / name) == {}, "end of all that the daemon started")  # noqa: B023
        assert "Traceback" not in daemon.log.read_text(), daemon.tail()
        lives.append(await remains(daemon))
        counters.append(await lifetimes(daemon, sorted({memory.mind for memory in lives[-1][0].values()})))
    (memories, episodes), (killed_memories, killed_episodes) = lives
    assert compared(killed_memories, MEMORY_FIELDS) == compared(memories, MEMORY_FIELDS)
    assert compared(killed_episodes, EPISODE_FIELDS) == compared(episodes, EPISODE_FIELDS)
    np.testing.assert_allclose(
        list(compared(killed_memories, FLOATS).values()),
        list(compared(memories, FLOATS).values()),
        rtol=ROUNDING,
    )  # type: ignore[arg-type]
    assert counters[1] == counters[0]
    stored = Counter(memory.mind for memory in killed_memories.values())
    assert stored == {mind: life.memories for mind, life in counters[1].items()}
    assert sum(life.percepts for life in counters[1].values()) == PERCEPTS
    assert len(killed_episodes) > len(stored)
