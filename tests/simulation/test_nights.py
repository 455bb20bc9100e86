"""A night, and a process that dies at each place where it waits: whoever goes on comes to the same end."""

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
from cognition.engine.sleep_options import EXTRA, SleepOptions
from cognition.errors import StoreUnavailableError
from cognition.stores.stores import VectorStores, open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend, _Collection
from cognition.testing.sink import RecordingSink
from schemas.episode import EpisodeScale
from schemas.identifiers import memory_id, sleep_cycle_id
from schemas.percept import BoundaryMark, Percept
from schemas.sleep import SleepStatus
from schemas.sleeping import SleepAnswer, SleepCycleInquiry, SleepUndoInquiry
from tests.simulation.faults import Fault, Gates, Plan, at, never
from tests.simulation.life import STARTS_MS, TopicEmbedder, vector_of
from tests.simulation.virtual_time import play

ANA = "ana"
STRIDE = 16
GATES = 1_800
"""More than an undisturbed night has."""

UNDO_GATES = 160
"""More than undoing has."""

TOPICS = ("garden", "harbour", "kitchen", "violin", "engine")
APART = ("rev", "epoch", "last_replayed", "stability_s")
TIMED = ("rev", "epoch", "formed_at", "derived_at")
"""What orders the writes, and what depends on the second in which the night began."""


def percepts() -> list[Percept]:
    """Twenty-five memories that name each other, some of them moving; what comes up in four episodes, and
    what an attribute was and is."""
    return [*lived(), *recurring(), *stated()]


def recurring() -> list[Percept]:
    """Four times the same kind of thing, each an episode of its own."""
    return [
        Percept(
            mind=ANA,
            content=f"grandmother bakes walnut bread beside every lighthouse this autumn morning {n}",
            key=f"r{n}",
            vector=(vector_of("bread") + 0.3 * vector_of(f"bread {n}")).astype("<f4").tobytes(),
            boundary=BoundaryMark.BEGIN,
        )
        for n in range(4)
    ]


def stated() -> list[Percept]:
    """Three values of one attribute, in an episode that has ended."""
    cities = ("Porto", "Lisbon", "Faro")
    values = [Percept(mind=ANA, content=f"Ana's city is {c}", key=f"s{c}", subject="Ana") for c in cities]
    return [*values, Percept(mind=ANA, content="the kettle sings", key="on", boundary=BoundaryMark.BEGIN)]


def lived() -> list[Percept]:
    """Twenty-five memories that name each other, some of them moving."""
    return [
        Percept(
            mind=ANA,
            content=f"{TOPICS[n % 5]} and {TOPICS[(n + 2) % 5]} note {n * 7919}",
            key=f"k{n}",
            subject=TOPICS[n % 5] if n < 5 else "",
            valence=0.9 if n % 6 == 0 else 0.0,
            arousal=0.9 if n % 6 == 0 else 0.5,
            importance=0.9 if n % 4 == 0 else 0.5,
        )
        for n in range(25)
    ]


@dataclass
class Nights:
    """A store that outlives processes, and the night that they sleep."""

    clock: ManualClock
    plan: Plan = never
    undone: bool = False
    seed: int = 1
    backend: OracleBackend = field(default_factory=OracleBackend)
    streams: MemoryStreams = field(default_factory=lambda: MemoryStreams(deliveries_max=10**6))
    processes: int = 0

    def __post_init__(self) -> None:
        self.gates = Gates(self.streams, self.clock, random.Random(self.seed), never)

    async def engine(self) -> Engine:
        """A new process over the same store, with a greater epoch."""
        self.processes += 1
        epoch, gate = self.processes, self.gates.gate
        options = Options(
            minds=MindOptions(checkpoint_s=0.01, checkpoint_entries=100),
            sleep=SleepOptions(also=EXTRA, batch=20, canary=4, check_s=1.0, memory_max=28, tolerance=1.0),
        )
        return assemble(
            await open_stores(self.backend.beside(gate)),
            self.streams.hold(batch=64, gate=gate),
            self.clock,
            RecordingSink(),
            TopicEmbedder(),
            options,
            epoch_of=lambda _: epoch,
        )

    async def live(self) -> None:
        """Everything that is slept on; nothing goes wrong yet."""
        for message in percepts():
            self.clock.jump(1.0)
            entry = f"{STARTS_MS + round(self.clock.now() * 1e3)}-0"
            self.streams.publish(ANA, message, entry=entry)
        engine = await self.engine()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            await self.streams.settled()
            engine.intake.stop()

    async def process(self) -> bool:
        """One process; whether it came to the end of the night."""
        with anyio.CancelScope() as scope:
            self.gates.crash = scope.cancel
            try:
                engine = await self.engine()
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(engine.sleep.run)
                    await self.sleep(engine)
                    engine.sleep.stop()
            except (StoreUnavailableError, BaseExceptionGroup) as error:
                if isinstance(error, BaseExceptionGroup):
                    _, rest = error.split(StoreUnavailableError)
                    if rest is not None:
                        raise
                return False
        return not scope.cancelled_caught

    async def sleep(self, engine: Engine) -> None:
        """Ask for the same night until it has ended, and have it undone if that is what is tried."""
        report, _ = await engine.sleep.fall_asleep(ANA, "request", cause="one", cycles=2)
        cycles = [report.id, sleep_cycle_id(ANA, "one", 2)]
        for cycle in cycles:
            await ended(engine, cycle)
        for cycle in reversed(cycles) if self.undone else ():
            await engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=cycle))
            await ended(engine, cycle)

    async def run(self) -> Nights:
        if LIVED:
            self.backend, moment = copied(LIVED[0][0]), LIVED[0][1]
            self.clock.jump(moment - self.clock.now())
            self.processes = 1
        else:
            await self.live()
            LIVED.append((copied(self.backend), self.clock.now()))
        before = await stored(self)
        self.gates.plan, self.gates.passed = self.plan, 0
        while not await self.process():
            assert self.processes < 100, "every process dies"
        assert self.undone == (await stored(self) == before)
        return self


LIVED: list[tuple[OracleBackend, float]] = []
"""What every night here is slept on, and when: lived once."""


def copied(backend: OracleBackend) -> OracleBackend:
    """A store with the same points, which are never changed but replaced."""
    other = backend.beside()
    other._collections = {
        name: _Collection(each.spec, dict(each.points), {m: dict(ids) for m, ids in each.minds.items()})
        for name, each in backend._collections.items()
    }
    return other


async def ended(engine: Engine, cycle: str) -> None:
    """Return once this cycle has ended."""
    step = -1
    while True:
        asked = SleepCycleInquiry(id="look", mind=ANA, cycle=cycle, through=step)
        answer = await engine.sleep.answer(asked)
        assert isinstance(answer, SleepAnswer)
        if answer.report.finished:
            return
        step = answer.report.cursor.step


async def stored(nights: Nights) -> dict[str, Any]:
    """What is stored of the memories, and what the mind knows of its nights."""
    stores = await open_stores(nights.backend.beside())
    ids = [memory_id(ANA, percept.key) for percept in percepts()]
    memories = await stores.memories.get(ANA, ids)
    archived = await stores.archive.get(ANA, ids)
    mind = await assembled(stores).minds.look(ANA)
    counted: dict[str, Any] = {
        "archived": sorted(archived),
        "counted": mind.sleep.archived,
        "living": mind.living,
        "known": mind.lexicon.n,
        "downscaled": len(mind.sleep.downscaled),
    }
    rows = {i: msgspec.to_builtins(m) for i, m in memories.items()}
    for row in rows.values():
        row["associations"] = [
            (a["target_id"], a["type"], round(a["weight"], 6), a.get("coactivation_count"))
            for a in row["associations"]
        ]
    kept = {i: {k: v for k, v in row.items() if k not in APART} for i, row in sorted(rows.items())}
    known, _ = await stores.abstractions.page(ANA, None, limit=100)
    derived = {a.id: {k: v for k, v in msgspec.to_builtins(a).items() if k not in TIMED} for a in known}
    episodes = [
        each for scale in EpisodeScale for each in await stores.episodes.latest(ANA, limit=100, scale=scale)
    ]
    named = {e.id: msgspec.to_builtins(msgspec.structs.replace(e, epoch=0)) for e in episodes}
    return {**kept, **counted, "abstractions": derived, "episodes": named}


def assembled(stores: VectorStores) -> Engine:
    """An engine that only looks."""
    return assemble(stores, MemoryStreams().hold(), ManualClock(), RecordingSink(), None)


async def told(nights: Nights) -> list[tuple[object, ...]]:
    """What the reports say, but for times."""
    stores = await open_stores(nights.backend.beside())
    cycles = await stores.cycles.latest(ANA, limit=5)
    return [
        (
            c.number,
            c.status,
            c.replayed,
            c.strengthened,
            c.consolidated,
            c.formed,
            c.abstracted,
            c.superseded,
            c.archived,
            c.retold,
            c.left,
        )
        for c in cycles
    ]


def slept(plan: Plan = never, *, undone: bool = False, seed: int = 1) -> tuple[Nights, Any]:
    async def main(clock: ManualClock) -> tuple[Nights, Any]:
        nights = await Nights(clock, plan, undone, seed).run()
        return nights, (await stored(nights), await told(nights))

    return play(main)


@lru_cache(maxsize=2)
def undisturbed(undone: bool = False) -> tuple[Nights, Any]:
    return slept(undone=undone)


def test_the_night_does_something_and_has_fewer_awaits_than_are_tried() -> None:
    nights, (_, reports) = undisturbed()
    assert nights.processes == 2
    assert 100 < nights.gates.passed < GATES
    assert [report[2] for report in reports] == [14, 14]
    assert [report[6:9] for report in reports] == [(0, 0, 0), (1, 2, 5)]
    assert [report[9] for report in reports] == [0, 4]


@pytest.mark.parametrize("first", range(1, GATES, STRIDE))
def test_a_crash_here_and_there_in_a_night_changes_nothing(first: int) -> None:
    crashed_at(range(first + 3, first + STRIDE, STRIDE))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, GATES, STRIDE))
def test_a_crash_at_any_await_of_a_night_changes_nothing(first: int) -> None:
    crashed_at(range(first, first + STRIDE))


def crashed_at(gates: range) -> None:
    """A night that crashes at any one of these is the night that is not disturbed."""
    nights, expected = undisturbed()
    for gate in gates:
        if gate > nights.gates.passed:
            return
        crashed, found = slept(at({gate: Fault.CRASH}))
        assert crashed.processes >= 3
        assert found == expected, f"crash at {gate}"


@pytest.mark.parametrize("gate", range(3, GATES, 61))
def test_a_store_that_fails_once_during_a_night_changes_nothing(gate: int) -> None:
    nights, expected = undisturbed()
    if gate <= nights.gates.passed:
        assert slept(at({gate: Fault.FAILS}))[1] == expected


@pytest.mark.parametrize("gate", range(5, GATES, 61))
def test_a_crash_while_a_night_is_undone_changes_nothing(gate: int) -> None:
    if gate <= undisturbed(undone=True)[0].gates.passed:
        undone_with_a_crash_at(gate)


@pytest.mark.slow
@pytest.mark.parametrize("back", range(0, UNDO_GATES, STRIDE))
def test_a_crash_at_any_await_of_undoing_changes_nothing(back: int) -> None:
    last = undisturbed(undone=True)[0].gates.passed
    assert last - undisturbed()[0].gates.passed <= UNDO_GATES
    for gate in range(last - back - STRIDE + 1, last - back + 1):
        undone_with_a_crash_at(gate)


def undone_with_a_crash_at(gate: int) -> None:
    """Nights that are taken back with a crash here are taken back as those without one."""
    _, expected = undisturbed(undone=True)
    _, found = slept(at({gate: Fault.CRASH}), undone=True)
    assert found[0] == expected[0], f"crash at {gate}"
    assert [row[1] for row in found[1]] == [SleepStatus.UNDONE, SleepStatus.UNDONE]
    assert [row[-1] for row in found[1]] == [[], []]


@pytest.mark.parametrize("gate", range(10, GATES, 150))
@pytest.mark.parametrize("seed", [0, 2])
def test_a_clock_that_is_set_during_a_night_does_not_disturb_it(gate: int, seed: int) -> None:
    """Two hours back, or eleven forward."""
    nights, expected = undisturbed()
    if gate <= nights.gates.passed:
        assert slept(at({gate: Fault.CLOCK}), seed=seed)[1] == expected
