"""A process that lost its lease without noticing goes on where it was paused, and changes nothing.

These lives forget nothing: a write of what does not exist cannot be fenced, so an old holder that
was paused right before it could write again what its successor has erased meanwhile. With an
embedded store there is no second process that could be the successor.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup

from cognition.testing.clock import ManualClock
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from schemas.events import OperationRetried
from schemas.percept import Forget
from tests.simulation.account import account, differences
from tests.simulation.faults import Gates, never
from tests.simulation.life import Lived, life
from tests.simulation.virtual_time import play
from tests.simulation.world import World, lived

LENGTH = 20


PATIENCE_S = 30.0
"""Virtual time in which the old holder may finish what it had in hand, before it may read again."""


class Pause:
    """Gates that everybody stops at once the chosen one is reached. Opened first for those who
    write: one who reads would notice at once that the lease is gone."""

    def __init__(self, gates: Gates, at: int) -> None:
        self._gates = gates
        self._at = at
        self.reached = anyio.Event()
        self.writing = anyio.Event()
        self.reading = anyio.Event()

    async def gate(self, verb: str, where: str) -> None:
        await self._gates.gate(verb, where)
        if self._gates.passed >= self._at:
            self.reached.set()
            await (self.reading if verb == "read" else self.writing).wait()


def everything(backend: OracleBackend, streams: MemoryStreams) -> dict[str, Any]:
    """All that a process could change."""
    points = {
        name: {
            i: (p.payload, {n: repr(v) for n, v in p.vectors.items()})
            for i, p in sorted(collection.points.items())
        }
        for name, collection in backend._collections.items()
    }
    pending = [dict(p.pending) for p in streams.partitions]
    return {**points, "dead": dict(streams.dead), "pending": pending, "done": sorted(streams.acknowledged)}


async def paused_and_resumed(world: World, at: int) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """What is stored before and after an old holder, paused at this gate, goes on; None if it
    came to the end of the life before that gate."""
    pause = Pause(Gates(world.streams, world.clock, world.chance, never), at)
    old = await world.engine(pause)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(old.intake.run)
        async with anyio.create_task_group() as race:
            race.start_soon(_first, world.lived, race)
            race.start_soon(_first, pause.reached.wait, race)
        if not pause.reached.is_set():
            tasks.cancel_scope.cancel()
            return None
        await world.run()
        before = everything(world.backend, world.streams)
        told = len(world.sink.of(OperationRetried))
        pause.writing.set()
        await anyio.sleep(PATIENCE_S)
        pause.reading.set()
        await anyio.sleep(PATIENCE_S)
        assert len(world.sink.of(OperationRetried)) > told, "the old holder noticed nothing"
        old.intake.stop()
    return before, everything(world.backend, world.streams)


async def _first(wait: Callable[[], Awaitable[object]], race: TaskGroup) -> None:
    await wait()
    race.cancel_scope.cancel()


def check(lives: list[Lived], at: int, seed: int) -> bool:
    """Whether the old holder was paused at all."""
    worlds: list[World] = []

    async def main(clock: ManualClock) -> tuple[dict[str, Any], dict[str, Any]] | None:
        worlds.append(World(lives, clock, seed=seed))
        return await paused_and_resumed(worlds[0], at)

    seen = play(main)
    if seen is None:
        return False
    before, after = seen
    assert before == after, f"the old holder changed {[k for k in before if before[k] != after[k]]}"
    found = list(differences(account(lived(lives)), account(worlds[0])))
    assert not found, "\n".join(found[:10])
    return True


def unforgetting(seed: int) -> list[Lived]:
    """The life of this seed, but nothing is erased in it."""
    return [each for each in life(seed, LENGTH) if not isinstance(each.message, Forget)]


@pytest.mark.parametrize("seed", range(30))
def test_an_old_holder_changes_nothing(seed: int) -> None:
    at = random.Random(seed).randint(20, 260)
    assert check(unforgetting(seed), at, seed) or at > 60


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20))
def test_an_old_holder_changes_nothing_wherever_it_was_paused(seed: int) -> None:
    lives = unforgetting(seed)
    for at in range(16, 400, 3):
        if not check(lives, at, seed):
            break
