"""One world: a life, a stream server and a store that outlive every process, and processes that die."""

from __future__ import annotations

import random
from collections.abc import Sequence

import anyio

from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.options import MindOptions
from cognition.errors import StoreUnavailableError
from cognition.stores.stores import open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from tests.simulation.faults import Gates, Plan, never
from tests.simulation.life import Lived, TopicEmbedder
from tests.simulation.virtual_time import play

CRASHES_MAX = 1_000


class World:
    """Plays a life to its end, through as many processes as it takes."""

    def __init__(
        self,
        life: Sequence[Lived],
        clock: ManualClock,
        *,
        seed: int = 0,
        plan: Plan = never,
        patience: int = 10**9,
        rush: bool = False,
    ) -> None:
        self.life = life
        self.clock = clock
        self.chance = random.Random(seed)
        self.streams = MemoryStreams(deliveries_max=patience, lone_attempts_max=1, before_read=self._publish)
        self.backend = OracleBackend()
        self.sink = RecordingSink()
        self.gates = Gates(self.streams, clock, self.chance, plan)
        self.processes = 0
        self.rush = rush
        self._published = 0

    async def run(self) -> World:
        """Process after process, until one comes to the end of the life and stops in peace."""
        while not await self.process():
            assert self.processes < CRASHES_MAX, "every process dies"
        return self

    async def process(self) -> bool:
        """One process with a new epoch; whether it lived to the end."""
        self.processes += 1
        with anyio.CancelScope() as scope:
            self.gates.crash = scope.cancel
            try:
                engine = await self.engine()
            except StoreUnavailableError:
                return False
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(engine.intake.run)
                await self.lived()
                engine.intake.stop()
        return not scope.cancelled_caught

    async def engine(self, gates: Gates | None = None) -> Engine:
        """A new engine over the same store and the same line."""
        gate = (gates or self.gates).gate
        batch = self.chance.choice((4, 16, 64)) if self.rush else self.chance.randint(1, 8)
        line = self.streams.hold(batch=batch, gate=gate)
        stores = await open_stores(self.backend.beside(gate))
        return assemble(stores, line, self.clock, self.sink, TopicEmbedder(), self._options())

    def _options(self) -> Options:
        """Small bounds, so that each is reached in a short life."""
        return Options(
            held_back=self.chance.randint(0, 8),
            inserted_at_once=self.chance.choice((1, 4, 32)),
            minds=MindOptions(
                resident_max=self.chance.randint(1, 4),
                checkpoint_s=self.chance.choice((0.01, 1.0)),
                checkpoint_entries=self.chance.randint(16, 96) if self.rush else self.chance.randint(1, 9),
            ),
        )

    async def lived(self) -> None:
        """Return once everything was published, and acknowledged or buried."""
        while self._published < len(self.life) or self.streams.outstanding:
            await self.streams.changed.wait()

    def _publish(self) -> None:
        for _ in range(64 if self.rush else self.chance.randint(0, 5)):
            if self._published < len(self.life):
                each = self.life[self._published]
                self._published += 1
                self.clock.jump(max(0.0, int(each.entry.partition("-")[0]) / 1e3 - self.clock.now()))
                self.streams.publish(each.mind, each.message, entry=each.entry, problem=each.problem)


def lived(
    life: Sequence[Lived],
    *,
    seed: int = 0,
    plan: Plan = never,
    patience: int = 10**9,
    rush: bool = False,
) -> World:
    """The world after this life, on virtual time.

    `patience` : deliveries before an entry is suspect. `rush` : everything comes at once, in large batches.
    """

    async def main(clock: ManualClock) -> World:
        return await World(life, clock, seed=seed, plan=plan, patience=patience, rush=rush).run()

    return play(main)
