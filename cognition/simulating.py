"""Simulating: what nights would do to a mind, on a copy of its store and a calendar of its own.

A data directory that nobody holds is copied as it is, and held meanwhile; of a server one mind is read; a
daemon copies the mind while it goes on. Nothing of the original is changed. What still waits in the streams
is not part of the copy. Must not know how a simulation is shown, nor how a daemon is asked.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.lowlevel
import anyio.to_thread
import msgspec

from cognition import data_directory as directories
from cognition.adapters import open_backend, stores_over
from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.mind import later
from cognition.errors import BadCueError, StoreUnavailableError
from cognition.ports.timetable import Timetable
from cognition.service import timetable_of
from cognition.settings import Settings
from cognition.stores.backend import VectorBackend
from cognition.stores.copying import ORDER, copy_mind, points_of, room_for
from cognition.testing.line import MemoryStreams
from schemas.events import AnyEvent
from schemas.identifiers import sleep_cycle_id
from schemas.sleep import SleepReport, SleepStatus
from schemas.sleeping import MindCopyAnswer

DAY_S = 86_400.0
WEEK_S = 7 * DAY_S

DAYS_MAX = 3_660
"""Ten years: beyond it every figure has long settled."""

NIGHTS_A_DAY_MAX = 24
"""Of a schedule; one that is due more often is simulated by the hour."""

EPOCH = 1 << 52
"""Above that of any lease, which are milliseconds: nobody else writes the copy."""

ON_DISK = ("edge", "inline")
"""Backends that keep what they hold."""

SERVER = "server"
"""The backend that is read from wherever one is."""

WALKED_AT_ONCE = 256
"""Memories of a copy that are looked at together."""

PREFIX = "cognition-simulation-"
"""Of the folder of a copy; the process that made it follows."""

ROOM_FACTOR = 2
"""So many times the size of the store must be free: nights write, and indexes are built anew."""


class Week(msgspec.Struct, kw_only=True):
    """A week of nights: what is there at its end, and what its cycles did."""

    week: int
    until: float
    nights: int = 0
    cycles: int = 0
    rolled_back: int = 0
    remembered: int = 0
    in_archive: int = 0
    replayed: int = 0
    strengthened: int = 0
    consolidated: int = 0
    formed: int = 0
    pruned: int = 0
    merged: int = 0
    superseded: int = 0
    archived: int = 0

    def add(self, report: SleepReport) -> None:
        """One more cycle."""
        self.cycles += 1
        self.rolled_back += report.status is SleepStatus.ROLLED_BACK
        if report.status is not SleepStatus.ROLLED_BACK:
            for name in DONE:
                setattr(self, name, getattr(self, name) + getattr(report, name))
            self.merged += report.abstracted


DONE = ("replayed", "strengthened", "consolidated", "formed", "pruned", "superseded", "archived")


STEP_S = 1.0
"""How long each step of a night takes on the calendar, whatever the machine: what cycles do is told apart by
when they began."""


class Calendar:
    """`Clock` of a simulation: days pass when they are turned, a second passes with the nap after each step,
    and nobody waits for it."""

    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        self._now += STEP_S
        await anyio.lowlevel.checkpoint()

    def turn(self, moment: float) -> None:
        """It is this moment now."""
        self._now = max(self._now, moment)


class Unheard:
    """`Sink` of a simulation: what happens in it has not happened."""

    def publish(self, event: AnyEvent) -> None:
        """Nothing."""


class Fleeting:
    """A backend over a copy that nobody keeps: nothing of it need survive the power."""

    def __init__(self, inner: VectorBackend) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def flush(self, collection: str) -> None:
        """Nothing is forced onto the disk."""


@asynccontextmanager
async def copied(settings: Settings, directory: Path, mind: str, now: float) -> AsyncIterator[Path]:
    """A copy that is gone afterwards: of a data directory that nobody holds its files, of a server this mind
    alone. Raises `StoreLockedError` where the directory is held."""
    await anyio.to_thread.run_sync(sweep)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        if settings.store.engine == SERVER:
            await _from_server(settings, mind, Path(folder))
        else:
            await _files(settings, directory, Path(folder), now)
        yield Path(folder)


def sweep() -> None:
    """Remove the copies of processes that were killed: they hold all that the minds remember."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        made_by = folder.name.removeprefix(PREFIX).partition("-")[0]
        if made_by.isdecimal() and not runs(int(made_by)):
            shutil.rmtree(folder, ignore_errors=True)


def runs(process: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def _files(settings: Settings, directory: Path, folder: Path, now: float) -> None:
    """Copy the files of a store."""
    store = directory / directories.STORE_FOLDER
    if settings.store.engine not in ON_DISK:
        raise BadCueError(
            f"store.backend = {settings.store.engine!r} keeps nothing here that could be copied",
            remedy="Simulate where store.backend = 'edge'.",
        )
    if not store.is_dir():
        raise StoreUnavailableError(
            f"data directory {directory} holds no store", remedy="Name one that was used with --data."
        )
    with directories.held(directory, now):
        need = ROOM_FACTOR * sum(f.stat().st_size for f in store.rglob("*") if f.is_file())
        require_room(folder, need, f"a copy of {store}")
        await anyio.to_thread.run_sync(shutil.copytree, store, folder / directories.STORE_FOLDER)


async def _from_server(settings: Settings, mind: str, folder: Path) -> None:
    """Read this mind from the server into a store of its own; no point is written there."""
    clock = Calendar(0.0)
    async with AsyncExitStack() as stack:
        source = await open_backend(settings, folder, stack, clock)
        for spec in ORDER:
            await source.ensure(spec)
        points = await points_of(source, mind)
        require_room(folder, room_for(points), f"a copy of mind {mind!r} ({points:,} points)")
        target = await open_backend(embedded(settings), folder, stack, clock)
        await copy_mind(source, target, mind, unheard)


def require_room(folder: Path, need: int, what: str) -> None:
    """Raise `StoreUnavailableError` where the disk has too little room."""
    if (free := shutil.disk_usage(folder).free) < need:
        mib = 1 << 20
        raise StoreUnavailableError(
            f"{what} needs {need / mib:,.0f} MiB in {folder.parent}, where {free / mib:,.0f} are free",
            remedy="Free space there, or set TMPDIR to another disk.",
        )


async def unheard(_: int) -> None:
    """How much is copied is told nobody."""


@asynccontextmanager
async def taken(answer: MindCopyAnswer) -> AsyncIterator[Path]:
    """A copy that a daemon has made, gone afterwards. Raises `StoreUnavailableError` where it is not here."""
    folder = Path(answer.folder)
    if not is_here(answer):
        raise StoreUnavailableError(
            f"the daemon copied mind {answer.mind!r} to {folder} on {answer.host}, which is not seen here",
            remedy="Run it there as the user of the daemon; or name the server on which minds are kept "
            "(store.url): then they are read from there.",
        )
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(shutil.rmtree, folder, True)


def is_here(answer: MindCopyAnswer) -> bool:
    """Whether a daemon's copy lies on this machine, for this user."""
    return os.access(Path(answer.folder) / directories.STORE_FOLDER, os.R_OK | os.X_OK)


def embedded(settings: Settings) -> Settings:
    """These settings over an embedded store, whatever they say."""
    return msgspec.structs.replace(
        settings, store=msgspec.structs.replace(settings.store, url="", backend="edge")
    )


@asynccontextmanager
async def opened(settings: Settings, folder: Path, calendar: Calendar) -> AsyncIterator[Engine]:
    """An engine over the copy: it sleeps, nothing else."""
    chosen = Options(
        minds=settings.minds,
        attention=settings.attention,
        episodes=settings.episodes,
        recall=settings.recall,
        sleep=settings.sleep,
    )
    settings = embedded(settings)
    async with AsyncExitStack() as stack:
        backend = await open_backend(settings, folder, stack, calendar)
        stores = stores_over(settings, cast(VectorBackend, Fleeting(backend)), stack)
        await stores.ensure()
        line = MemoryStreams().hold()
        yield assemble(stores, line, calendar, Unheard(), None, chosen, epoch_of=lambda _: EPOCH)


def moments(timetable: Timetable | None, mind: str, start: float, days: float) -> Iterator[float]:
    """When this mind sleeps: by its schedule, else once a day. Each is kept once it was slept."""
    end, least = start + days * DAY_S, DAY_S / NIGHTS_A_DAY_MAX
    if timetable is None or timetable.next_at(mind) is None:
        yield from (start + day * DAY_S for day in range(1, int(days) + 1))
        return
    last = start
    while (at := timetable.next_at(mind)) is not None and at <= end:
        for due in timetable.due(at):
            timetable.keep(due, at)
        if at - last >= least or last == start:
            last = at
            yield at


async def simulate(
    settings: Settings,
    source: AbstractAsyncContextManager[Path],
    mind: str,
    days: float,
    *,
    now: float,
    within_s: float,
    told: Callable[[float, Week], None],
) -> list[Week]:
    """So many days of nights on a copy, which `source` gives, week by week; fewer where `within_s` is over
    before.

    `told` hears of each night: how many days have passed, and the week so far.
    """
    began = time.monotonic()
    calendar = Calendar(now)
    weeks: list[Week] = []
    async with source as folder, opened(settings, folder, calendar) as engine:
        await without_what_came_later(engine, mind)
        if not (await engine.minds.look(mind)).living:
            raise BadCueError(f"mind {mind!r} remembers nothing", remedy="Name one that does with --mind.")
        for at in moments(timetable_of(settings, folder, now), mind, now, days):
            if time.monotonic() - began > within_s:
                break
            number = int((at - now - 1.0) // WEEK_S) + 1
            if not weeks or weeks[-1].week != number:
                weeks.append(Week(week=number, until=min(now + number * WEEK_S, now + days * DAY_S)))
            calendar.turn(at)
            await night(engine, mind, f"simulated {at:.0f}", settings.sleep.cycles, weeks[-1])
            told((at - now) / DAY_S, weeks[-1])
    return weeks


async def without_what_came_later(engine: Engine, mind: str) -> None:
    """A copy of a mind that went on while it was made knows nothing of what it took in meanwhile."""
    through = (await engine.minds.look(mind)).through
    offset: str | None = None
    while True:
        page, offset = await engine.stores.memories.walk(mind, offset, limit=WALKED_AT_ONCE)
        if came := [m.id for m in page if later(m.entry, through)]:
            await engine.stores.memories.erase(mind, came)
        if offset is None:
            return


async def night(engine: Engine, mind: str, name: str, cycles: int, week: Week) -> None:
    """One night to its end, counted."""
    report, _ = await engine.sleep.fall_asleep(mind, "simulation", cause=name, cycles=cycles)
    week.nights += bool(report.id)
    while report.id:
        report = await engine.sleep.slept(report)
        week.add(report)
        follows = await engine.stores.cycles.get(mind, sleep_cycle_id(mind, name, report.nth + 1))
        if follows is None:
            break
        report = follows
    state = await engine.minds.look(mind)
    week.remembered, week.in_archive = state.living, state.sleep.archived
