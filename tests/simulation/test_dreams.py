"""What is learned from use, while percepts come in on the same memories: a process that dies at each
place where either of them waits, and one that goes on without noticing that it lost its lease.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import anyio
import msgspec
import pytest

from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.options import MindOptions
from cognition.errors import StoreUnavailableError
from cognition.ports.stores import Scope
from cognition.stores.stores import open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from schemas.base import Message
from schemas.dream import CoActivation, Feedback
from schemas.identifiers import memory_id
from schemas.percept import Percept
from tests.simulation.faults import Fault, Gates, Plan, at, never
from tests.simulation.life import STARTS_MS, TopicEmbedder
from tests.simulation.virtual_time import play

ANA, BO = "ana", "bo"
STRIDE = 16
GATES = 448
"""More than an undisturbed night has."""

COMPARED = (
    "routes", "associations", "unused_count", "learned_at", "useful_count", "access_count",
    "plasticity_through", "repeated_through", "consolidation_strength",
)  # fmt: skip
"""What an event may change; `rev` counts the writes, and a batch may be larger or smaller."""


def keys(mind: str, *names: int) -> list[str]:
    return [memory_id(mind, f"k{n}") for n in names]


def percepts() -> list[Message]:
    """Six memories, then repetitions of them."""
    topics = ("garden", "harbour", "kitchen", "violin", "engine", "garden gate")
    first: list[Message] = [
        Percept(mind=mind, content=f"{topic} of {mind}", key=f"k{n}")
        for mind in (ANA, BO)
        for n, topic in enumerate(topics)
    ]
    again: list[Message] = [
        Percept(mind=mind, content="again", key=f"k{n}") for n in (0, 1, 2, 0) for mind in (ANA, BO)
    ]
    return first + again


def dreams() -> list[Message | None]:
    """Reports and co-activations on the memories that are repeated; one entry cannot be read."""
    told: list[Message | None] = []
    for mind in (ANA, BO):
        for n in range(5):
            shown, useful = keys(mind, 0, 1, 2, 3), keys(mind, 0, n % 4)
            told += [
                Feedback(mind=mind, cue_id=f"q{n}", cue=f"garden {n}", shown=shown, useful=useful),
                CoActivation(mind=mind, memory_ids=keys(mind, n % 3, 4), reason="used", evidence=0.5),
            ]
    told.insert(3, None)
    told.append(Feedback(mind=ANA, cue_id="nobody asked", useful=keys(ANA, 1)))
    return told


@dataclass
class Night:
    """Two streams, a store, and processes that read both."""

    clock: ManualClock
    plan: Plan = never
    awake: MemoryStreams = field(default_factory=lambda: MemoryStreams(deliveries_max=10**6))
    dream: MemoryStreams = field(default_factory=lambda: MemoryStreams(deliveries_max=10**6))
    backend: OracleBackend = field(default_factory=OracleBackend)
    processes: int = 0

    def __post_init__(self) -> None:
        self.gates = Gates(self.dream, self.clock, random.Random(1), self.plan)

    async def engine(self, gates: Gates | None = None) -> Engine:
        gate = (gates or self.gates).gate
        options = Options(minds=MindOptions(checkpoint_s=0.01, checkpoint_entries=4, resident_max=1))
        return assemble(
            await open_stores(self.backend.beside(gate)),
            self.awake.hold(batch=3, gate=gate),
            self.clock,
            RecordingSink(),
            TopicEmbedder(),
            options,
            dreams=self.dream.hold(batch=3, gate=gate),
        )

    async def process(self) -> bool:
        self.processes += 1
        with anyio.CancelScope() as scope:
            self.gates.crash = scope.cancel
            try:
                engine = await self.engine()
            except StoreUnavailableError:
                return False
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(engine.intake.run)
                tasks.start_soon(engine.consolidation.run)
                await self.awake.settled()
                await self.dream.settled()
                engine.intake.stop()
                engine.consolidation.stop()
        return not scope.cancelled_caught

    async def run(self) -> Night:
        with_gates, self.gates.plan = self.gates.plan, never
        for message in percepts()[:12]:
            self.perceive(message)
        await self._encode()
        self.gates.plan, self.gates.passed = with_gates, 0
        for message in percepts()[12:]:
            self.perceive(message)
        self.tell()
        while not await self.process():
            assert self.processes < 100, "every process dies"
        return self

    async def _encode(self) -> None:
        engine = await self.engine()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            await self.awake.settled()
            engine.intake.stop()

    def perceive(self, message: Message) -> None:
        assert isinstance(message, Percept)
        self.awake.publish(message.mind, message, entry=self._entry())

    def tell(self) -> None:
        for message in dreams():
            mind = getattr(message, "mind", ANA)
            problem = "" if message is not None else "not a message"
            self.dream.publish(mind, message, entry=self._entry(), problem=problem)

    def _entry(self) -> str:
        self.clock.jump(1.0)
        return f"{STARTS_MS + round(self.clock.now() * 1e3)}-0"


def slept(plan: Plan = never) -> Night:
    async def main(clock: ManualClock) -> Night:
        return await Night(clock, plan).run()

    return play(main)


def learned(night: Night) -> dict[str, Any]:
    """What the memories and the minds have learned."""

    async def main(clock: ManualClock) -> dict[str, Any]:
        stores = await open_stores(night.backend.beside())
        line = MemoryStreams().hold()
        engine = assemble(stores, line, ManualClock(), RecordingSink(), None)
        found: dict[str, Any] = {"dead": sorted(night.dream.dead)}
        for name in (ANA, BO):
            ids = await stores.memories.select(name, Scope(), limit=100)
            memories = await stores.memories.get(name, ids)
            rows = {i: msgspec.to_builtins(m) for i, m in memories.items()}
            found[name] = {i: {n: row[n] for n in COMPARED} for i, row in sorted(rows.items())}
            usage = (await engine.minds.look(name)).usage
            found[f"{name} asked"] = (usage.reports, usage.words.snapshot())
        return found

    return play(main)


@lru_cache(maxsize=1)
def undisturbed() -> tuple[Night, dict[str, Any]]:
    night = slept()
    return night, learned(night)


def test_the_night_teaches_what_it_should_and_has_fewer_awaits_than_are_tried() -> None:
    night, kept = undisturbed()
    assert night.processes == 1
    assert 50 < night.gates.passed < GATES
    assert len(kept["dead"]) == 2
    served = kept[ANA][keys(ANA, 0)[0]]
    assert (served["useful_count"], served["access_count"]) == (5, 7)
    assert kept["ana asked"][0] == 5
    assert len(served["associations"]) == 4


@pytest.mark.parametrize("first", range(1, GATES, STRIDE))
def test_a_crash_at_any_await_loses_and_doubles_nothing(first: int) -> None:
    night, expected = undisturbed()
    for gate in range(first, min(first + STRIDE, night.gates.passed + 1)):
        crashed = slept(at({gate: Fault.CRASH}))
        assert crashed.processes == 2
        assert learned(crashed) == expected, f"crash at {gate}"


@pytest.mark.parametrize("fault", [Fault.FAILS, Fault.AGAIN, Fault.AMNESIA])
def test_other_faults_here_and_there_lose_and_double_nothing(fault: Fault) -> None:
    night, expected = undisturbed()
    for gate in range(3, night.gates.passed + 1, 11):
        assert learned(slept(at({gate: fault}))) == expected, f"{fault} at {gate}"


@pytest.mark.parametrize("gate", range(5, 300, 24))
def test_a_holder_that_lost_its_lease_without_noticing_changes_nothing(gate: int) -> None:
    """It stops in the middle of a fold, its successor does everything, then it goes on."""
    _, expected = undisturbed()

    async def main(clock: ManualClock) -> Night:
        night = Night(clock)
        for message in percepts()[:12]:
            night.perceive(message)
        await night._encode()
        for message in percepts()[12:]:
            night.perceive(message)
        night.tell()
        go_on, reached, opened = anyio.Event(), anyio.Event(), 10**9
        paused = Gates(night.dream, clock, random.Random(1), never)
        passes = paused.gate

        async def stop_there(verb: str, where: str) -> None:
            await passes(verb, where)
            if paused.passed >= opened + gate:
                reached.set()
                await go_on.wait()

        paused.gate = stop_there  # type: ignore[method-assign]
        old = await night.engine(paused)
        opened = paused.passed
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(old.intake.run)
            tasks.start_soon(old.consolidation.run)
            with anyio.move_on_after(600):
                await reached.wait()
            await night.process()
            assert not night.dream.outstanding
            go_on.set()
            await anyio.sleep(30)
            tasks.cancel_scope.cancel()
        return night

    assert learned(play(main)) == expected
