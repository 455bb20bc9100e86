"""Kill -9 at random moments of nights, then look at what is left: `faults --nights`.

Two copies of one life sleep the same nights, one of them undisturbed. A night replays all there is here:
which memories are most urgent depends on the minute, and the two do not sleep in the same one. Vectors are
given: no model is needed.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from benchmarks.faults import NO_MODEL, drained, memories
from benchmarks.processes import DaemonFailedError, DaemonProcess
from benchmarks.progress import Progress
from cognition.client import Session
from cognition.data_directory import STORE_FOLDER
from cognition.engine.assembly import assemble
from cognition.engine.sleep_options import EXTRA
from cognition.opening import connected, open_engine
from cognition.stores.collections import MEMORIES, UNCONSCIOUS
from cognition.stores.edge import open_inline
from cognition.stores.stores import open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.line import MemoryStreams
from cognition.testing.sink import RecordingSink
from schemas.identifiers import sleep_cycle_id
from schemas.memory import Memory
from schemas.percept import Percept
from schemas.sleep import SleepReport
from schemas.sleeping import SleepAnswer, SleepInquiry, SleepLogAnswer, SleepLogInquiry
from streams.keys import StreamKeys

MIND = "ana"
MEMORIES_MADE, KEPT = 150, 120
"""So many memories, of which so many stay awake: nights archive as well."""

CYCLES = 2
DIMENSION = 768
SUBJECTS = ("Aldo Brenner", "Lake Merrow", "The Long Ferry", "Ida Colm", "Port Anselm")
SPREAD_S = 1.0
"""Kills fall from readiness until so long after it: a night of two cycles takes some seconds."""

LOOK_S = 0.1
ENDS_WITHIN_S = 120.0
SETTINGS = (
    *("sleep.check_s=0.1", "sleep.rest_s=0", "sleep.enabled=false", "sleep.turn=0.2", "sleep.tolerance=1"),
    f"sleep.also={','.join(EXTRA)}",
    *(f"sleep.memory_max={KEPT}", "sleep.while_awake=false", f"sleep.batch={2 * MEMORIES_MADE}"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """What the kills did, counted in memories, and in what the mind knows of itself (`Known`)."""

    lost: int
    doubled: int
    strengthened_twice: int
    different: int
    miscounted: int


@dataclass(frozen=True, slots=True)
class Known:
    """What a mind knows of itself after its nights: how many memories, awake and archived, with how many it
    has learned its words, and how often it was scaled down."""

    living: int
    archived: int
    learned: int
    downscaled: int


def percepts(seed: int) -> list[Percept]:
    """What is slept on: memories about subjects that name each other, some of them moving."""
    rng = np.random.default_rng(seed)
    return [
        Percept(
            mind=MIND,
            key=f"percept-{n}",
            content=f"note {n} about {SUBJECTS[n % 5]} and {SUBJECTS[(n + 1) % 5]}, number {n % 40 * 7919}",
            subject=SUBJECTS[n % 5] if n < 5 else "",
            importance=n % 10 / 10,
            vector=rng.standard_normal(DIMENSION).astype("<f4").tobytes(),
        )
        for n in range(MEMORIES_MADE)
    ]


async def both(folder: Path, kills: int, seed: int) -> tuple[int, Difference]:
    """Live once, sleep twice: how many nights it took, and how the two differ."""
    calm, killed = folder / "calm", folder / "killed"
    await lived(calm, percepts(seed))
    shutil.copytree(calm, killed, ignore=shutil.ignore_patterns("*.lock"))
    nights = await slept_with_kills(killed, kills, np.random.default_rng(seed))
    await slept(calm, nights)
    known = await known_of(calm), await known_of(killed)
    return nights, compare(await remains(calm), await remains(killed), *known)


def daemon_on(folder: Path) -> DaemonProcess:
    """A daemon that sleeps on request alone."""
    chosen = [word for setting in SETTINGS for word in ("--set", setting)]
    return DaemonProcess(folder, NO_MODEL, *chosen)


async def lived(folder: Path, plan: Sequence[Percept]) -> None:
    """Everything is taken in, and the daemon ends."""
    daemon = daemon_on(folder)
    daemon.start()
    await daemon.ready()
    async with open_engine(data=folder) as session:
        await session.settled(await session.publish_many(plan))
        await drained(session.client)
    daemon.stop()


@asynccontextmanager
async def asked(daemon: DaemonProcess) -> AsyncIterator[Session]:
    """A session with this very daemon. Raises `DaemonFailedError` where it has ended by itself: whoever opens
    the directory instead would sleep on with settings of its own."""
    holder = await daemon.ready()
    async with connected(holder.url, StreamKeys(holder.namespace, holder.partitions)) as session:
        yield session


async def slept_with_kills(folder: Path, kills: int, rng: np.random.Generator) -> int:
    """Nights, one after the other, until the daemon has been killed so often in the middle of one."""
    progress, done, nights = Progress("kills", kills), 0, 0
    daemon = daemon_on(folder)
    daemon.start()
    try:
        while done < kills:
            nights += 1
            report = await fall_asleep(daemon, nights)
            while not report.finished and done < kills:
                await anyio.sleep(float(rng.uniform(0.0, SPREAD_S)))
                daemon.kill()
                done += 1
                progress.step()
                daemon.start()
                report = await last_of(daemon, nights)
            await ended(daemon, nights)
    finally:
        daemon.stop()
    return nights


async def slept(folder: Path, nights: int) -> None:
    """The same nights, undisturbed."""
    daemon = daemon_on(folder)
    daemon.start()
    try:
        for night in range(1, nights + 1):
            await fall_asleep(daemon, night)
            await ended(daemon, night)
    finally:
        daemon.stop()


async def fall_asleep(daemon: DaemonProcess, night: int) -> SleepReport:
    """Ask for a night by its name."""
    inquiry = SleepInquiry(id=f"night {night}", mind=MIND, cycles=CYCLES, deadline_s=ENDS_WITHIN_S)
    async with asked(daemon) as session:
        return (await session.ask(inquiry, SleepAnswer)).report


async def last_of(daemon: DaemonProcess, night: int) -> SleepReport:
    """The last cycle of a night: as it is now, or as it will be found when its turn comes."""
    wanted = [sleep_cycle_id(MIND, f"night {night}", nth + 1) for nth in range(CYCLES)]
    async with asked(daemon) as session:
        log = await session.ask(SleepLogInquiry(id=f"log {time.monotonic()}", mind=MIND), SleepLogAnswer)
    known = {c.id: c for c in log.cycles if c.id in wanted}
    return known.get(wanted[-1]) or known[wanted[0]]


async def ended(daemon: DaemonProcess, night: int) -> None:
    """Return once the last cycle of a night has ended. Raises `DaemonFailedError` where it does not."""
    last = sleep_cycle_id(MIND, f"night {night}", CYCLES)
    report = None
    with anyio.move_on_after(ENDS_WITHIN_S):
        while True:
            report = await last_of(daemon, night)
            if report.finished and report.id == last:
                return
            await anyio.sleep(LOOK_S)
    known = report and (report.nth, report.status.value, report.cursor, report.notes)
    raise DaemonFailedError(f"night {night} did not end within {ENDS_WITHIN_S:g} s; its last cycle: {known}")


async def remains(folder: Path) -> dict[str, Memory]:
    """What is left: id and where it is -> memory. One that is in two places is there twice."""
    awake = await memories(folder, MEMORIES)
    asleep = await memories(folder, UNCONSCIOUS)
    return {**{m.id: m for m in awake}, **{f"{m.id} archived": m for m in asleep}}


async def known_of(folder: Path) -> Known:
    """What the mind of a data directory knows of itself once its daemon has stopped."""
    async with open_inline(folder / STORE_FOLDER, started_at=time.time()) as backend:
        stores = await open_stores(backend)
        engine = assemble(stores, MemoryStreams().hold(), ManualClock(), RecordingSink(), None)
        mind = await engine.minds.look(MIND)
    return Known(mind.living, mind.sleep.archived, mind.lexicon.n, len(mind.sleep.downscaled))


def compare(
    calm: Mapping[str, Memory], killed: Mapping[str, Memory], known: Known, after_kills: Known
) -> Difference:
    """Hold what was killed against what was not.

    lost: memories that are nowhere. doubled: awake and archived at once, or in another place than there.
    strengthened_twice: replayed more often, stronger, or bound more often. different: anything else.
    miscounted: what the mind knows of itself differs in so many of its counts.
    """
    shared = calm.keys() & killed.keys()
    places = [key.split()[0] for key in killed]
    more = [key for key in shared if _more(killed[key], calm[key])]
    other = [key for key in shared if key not in more and _state(killed[key]) != _state(calm[key])]
    return Difference(
        lost=len({key.split()[0] for key in calm} - set(places)),
        doubled=len(places) - len(set(places)) + len(killed.keys() - calm.keys()),
        strengthened_twice=len(more),
        different=len(other),
        miscounted=sum(getattr(known, f.name) != getattr(after_kills, f.name) for f in fields(Known)),
    )


def _state(memory: Memory) -> Any:
    """What must not depend on when the daemon died: all but moments, and what is made of them."""
    bonds = sorted((a.target_id, a.type.value, a.coactivation_count) for a in memory.associations)
    strength = round(memory.consolidation_strength, 6)
    return strength, memory.replay_count, memory.consolidation_tag, memory.content, memory.episode_id, bonds


def _more(memory: Memory, than: Memory) -> bool:
    """Whether a memory was replayed, or bound, more often than the other."""
    bonds = {(a.target_id, a.type): a.coactivation_count for a in than.associations}
    bound = any(a.coactivation_count > bonds.get((a.target_id, a.type), 0) for a in memory.associations)
    stronger = round(memory.consolidation_strength, 6) > round(than.consolidation_strength, 6)
    return memory.replay_count > than.replay_count or stronger or bound
