"""Sleep: which minds sleep when, what is asked about it, and the one task in which they do, one by one.

A night is begun by writing its first cycle down; from then on it is slept, by whoever holds the mind. What
was begun and not ended is found in the store when this starts, and when a lease is new. Must not know what
a cycle does, nor what a schedule is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

import anyio

from cognition.engine.archiving import Returning
from cognition.engine.association import left
from cognition.engine.mind import Mind
from cognition.engine.minds import Minds, served
from cognition.engine.night import KEPT, Night, where
from cognition.engine.night_plan import Planner
from cognition.engine.rhythm import Rhythm
from cognition.engine.sleep_options import SleepOptions
from cognition.engine.sleepers import Sleepers
from cognition.engine.sleepiness import Sleepiness
from cognition.engine.surfacing import Surfacing
from cognition.errors import (
    BadCueError,
    CognitionError,
    ErasingError,
    LeaseLostError,
    MindStoppedError,
    StepFailedError,
    UnavailableError,
)
from cognition.mechanisms.pressure import HIGH, falls_asleep, pressure
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from cognition.ports.stores import Stores
from cognition.ports.timetable import Timetable
from schemas.events import MemoriesSurfaced, OperationRetried
from schemas.identifiers import is_identifier, sleep_cycle_id
from schemas.sleep import SleepPlan, SleepReport, SleepStatus
from schemas.sleeping import (
    LOG_MAX,
    SleepAnswer,
    SleepCycleInquiry,
    SleepInquiry,
    SleepLogAnswer,
    SleepLogInquiry,
    SleepPauseInquiry,
    SleepPlanAnswer,
    SleepPlanInquiry,
    SleepUndoInquiry,
)

SleepingInquiry = (
    SleepInquiry
    | SleepPlanInquiry
    | SleepLogInquiry
    | SleepCycleInquiry
    | SleepUndoInquiry
    | SleepPauseInquiry
)

REQUEST, SCHEDULE = "request", "schedule"
"""What may cause a night, beside the pressure."""

MINDS_AT_ONCE = 256
"""Minds whose names are read together."""

UNFINISHED_MAX = 1_000
"""Cycles that are taken up again in one look."""

RETRY_S = 5.0
PREVIEW_LENGTH = 100

ASIDE_S = 600.0
"""For how long a mind that cannot sleep is left alone: one that is stopped, or whose cycle cannot go on for
a reason that waiting does not mend. Other minds sleep meanwhile."""

PASSING = (LeaseLostError, UnavailableError, MindStoppedError)
"""What does not count against a cycle: it goes on elsewhere, when the store is back, or when a person has
looked. Anything else is the step's own, and comes again with it (`Night.failed`)."""

ERASING_S = 5.0
"""The same of a mind of which memories are being erased: that takes moments, but for a store that is away."""

NOTHING_NEW = "nothing has happened since the last night and no time has passed: there is nothing to do"


class Sleep:
    """Runs until told to stop.

    Parameters
    ----------
    epoch_of : the lease epoch under which a mind is written here; raises `LeaseLostError`.
    """

    def __init__(
        self,
        stores: Stores,
        minds: Minds,
        night: Night,
        planner: Planner,
        clock: Clock,
        sink: Sink,
        options: SleepOptions,
        epoch_of: Callable[[str], int],
        timetable: Timetable | None,
        surfacing: Surfacing,
        returning: Returning,
        rhythm: Rhythm,
    ) -> None:
        self._rhythm = rhythm
        self._surfacing = surfacing
        self._returning = returning
        self._timetable = timetable
        self._stores = stores
        self._minds = minds
        self._sleepers = Sleepers(stores, minds, clock)
        self._all_awake = False
        self._night = night
        self._planner = planner
        self._clock = clock
        self._sink = sink
        self._options = options
        self._epoch_of = epoch_of
        self._asleep: dict[str, SleepReport] = {}
        self._waiting: dict[tuple[str, str], None] = {}
        self._aside: dict[str, float] = {}
        """Minds that are left alone -> until when."""
        self._news = anyio.Event()
        self._wake = anyio.Event()
        self._stopping = False
        self._looked = False
        self._met: set[str] = set()
        """Cycles that this process has begun or taken up, as long as they have not ended."""
        self._begun = anyio.Lock()

    # --- the task ------------------------------------------------------------------------------

    def stop(self) -> None:
        """Begin nothing more; a cycle stops after the step that it is in, and goes on with the next start."""
        self._stopping = True
        self._wake.set()

    def asleep(self, mind: str) -> SleepReport | None:
        """The cycle that this mind is in, as it was after its last step."""
        return self._asleep.get(mind)

    async def run(self) -> None:
        """Sleep what is begun, and look now and then who should begin."""
        while not self._stopping:
            try:
                self._try_again()
                if not self._looked:
                    self._looked = True
                    await self._look()
                await self.bring_back()
                self._all_awake = await self._sleepers.paused()
                await self._by_the_hour()
                await self._fall_asleep()
                while self._waiting and not self._stopping:
                    mind, cycle_id = next(iter(self._waiting))
                    async with self._alone(mind):
                        await self._sleep(mind, cycle_id)
                    self._waiting.pop((mind, cycle_id), None)
                    await self.bring_back()
            except LeaseLostError:
                self._waiting.clear()
                self._looked = False
            except UnavailableError as error:
                self._retried(error)
                self._waiting.clear()
                self._looked = False
            await self._pause(self._options.check_s if self._looked else RETRY_S)

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until there is something to do."""
        if self._stopping or self._waiting:
            return
        self._wake = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._until_woken, tasks.cancel_scope)
            await self._clock.sleep(seconds)
            tasks.cancel_scope.cancel()

    async def _until_woken(self, pause: anyio.CancelScope) -> None:
        await self._wake.wait()
        pause.cancel()

    @asynccontextmanager
    async def _alone(self, name: str) -> AsyncIterator[None]:
        """What keeps one mind from sleeping keeps no other: it is told, and this mind left alone for a while.
        Lost leases and stores that are away are everybody's, and go on."""
        try:
            yield
        except ErasingError as error:
            self._leave_alone(name, error, ERASING_S)
        except (LeaseLostError, UnavailableError):
            raise
        except CognitionError as error:
            self._leave_alone(name, error, ASIDE_S)

    def _leave_alone(self, name: str, error: CognitionError, seconds: float) -> None:
        self._aside[name] = self._clock.now() + seconds
        self._retried(error, f"sleep of {name}", seconds)

    def _try_again(self) -> None:
        """Those that were left alone for long enough may sleep: what was begun is looked for again."""
        now = self._clock.now()
        for name in [name for name, until in self._aside.items() if until <= now]:
            del self._aside[name]
            self._looked = False

    async def _look(self) -> None:
        """Find what was begun and has not ended; of minds that are somebody else's nothing."""
        found = await self._stores.cycles.unfinished(limit=UNFINISHED_MAX)
        self._met.intersection_update(cycle_id for _, cycle_id in found)
        for mind, cycle_id in found:
            if self._mine(mind) and mind not in self._aside:
                self._waiting[mind, cycle_id] = None

    def look_again(self) -> None:
        """The leases have changed: what another holder began may go on here."""
        self._looked = False
        self._wake.set()

    def _mine(self, mind: str) -> bool:
        try:
            self._epoch_of(mind)
        except LeaseLostError:
            return False
        return True

    async def _sleep(self, name: str, cycle_id: str) -> None:
        """One cycle to its end, and those that follow in the same night."""
        report = await self._stores.cycles.get(name, cycle_id)
        if report is not None and not report.finished and cycle_id not in self._met:
            report = await self._taken_up(report)
            self._met.add(cycle_id)
        while report is not None and not report.finished:
            report = await self.slept(report)
            if not report.finished:
                return
            self._met.discard(report.id)
            follows = sleep_cycle_id(name, report.night, report.nth + 1)
            report = await self._stores.cycles.get(name, follows)
            if report is not None:
                self._met.add(follows)

    async def _taken_up(self, report: SleepReport) -> SleepReport:
        """A cycle that another process had begun, counted; what fails there keeps this mind alone waiting."""
        try:
            return await self._night.taken_up(report, self._epoch_of(report.mind))
        except PASSING:
            raise
        except Exception as error:
            told = f"cycle {report.number} cannot be taken up: {where(error)}"
            raise StepFailedError(told) from error

    async def slept(self, report: SleepReport) -> SleepReport:
        """A cycle that was begun, as it is at its end, or when this is told to stop."""
        name = report.mind
        try:
            while not report.finished and not self._stopping:
                self._asleep[name] = report
                report = await self._one_step(report)
                self._advance()
        finally:
            self._asleep.pop(name, None)
            self._advance()
        return report

    async def _one_step(self, report: SleepReport) -> SleepReport:
        began, epoch = self._clock.monotonic(), self._epoch_of(report.mind)
        try:
            after = await self._night.step(report, epoch)
        except PASSING:
            raise
        except Exception as error:
            raise await self._night.failed(report, error, epoch) from error
        await self._clock.sleep(self._night.nap_s(self._clock.monotonic() - began))
        return after

    def _advance(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    def _retried(self, error: CognitionError, what: str = "sleep", after_s: float = RETRY_S) -> None:
        self._sink.publish(
            OperationRetried(
                at=self._clock.now(),
                operation=what,
                error=f"{type(error).__name__}: {error}",
                attempt=1,
                retry_in_s=after_s,
            )
        )

    # --- falling asleep ------------------------------------------------------------------------

    async def bring_back(self) -> None:
        """What cues have found in the archive becomes awake memory again."""
        for name, memory_ids in self._surfacing.waiting().items():
            if self._mine(name):
                now, epoch = self._clock.now(), self._epoch_of(name)
                async with self._alone(name), self._minds.sleeping(name, epoch=epoch):
                    back = await self._returning.back(name, memory_ids, at=now, epoch=epoch)
                    self._sink.publish(MemoriesSurfaced(at=now, mind=name, count=len(back)))

    async def _by_the_hour(self) -> None:
        """Who is to sleep now by the timetable. It is kept when every night of it is written down."""
        if self._timetable is None or not self._options.enabled:
            return
        for due in self._timetable.due(self._clock.now()):
            cause = f"{SCHEDULE} {due.at:.0f}"
            if due.mind:
                await self._if_mine(due.mind, cause)
            else:
                await self._everybody(cause, but=self._timetable.own())
            self._timetable.keep(due, self._clock.now())

    async def _everybody(self, cause: str, *, but: Collection[str]) -> None:
        """Every mind that there is."""
        offset: str | None = None
        while True:
            names, offset = await self._stores.identities.minds(offset, limit=MINDS_AT_ONCE)
            for name in names:
                if name not in but:
                    await self._if_mine(name, cause)
            if offset is None:
                return

    async def _if_mine(self, name: str, cause: str) -> None:
        """This mind, if it is written here and nobody has told it to stay awake."""
        if not self._mine(name) or name in self._aside:
            return
        async with self._alone(name):
            mind = await self._minds.look(name)
            if not self._all_awake and not mind.sleep.paused and not mind.stopped:
                await self.fall_asleep(name, SCHEDULE, cause=cause)

    async def _fall_asleep(self) -> None:
        """Those whose pressure is enough: of the minds in memory, and of the next that are not."""
        if not self._options.enabled or self._all_awake:
            return
        drowsy = {mind.name: self.drowsy(mind) for mind in self._minds.all()}
        drowsy |= {name: self._trigger(name, state) for name, state in await self._sleepers.absent()}
        for name, trigger in drowsy.items():
            if trigger and self._mine(name) and name not in self._aside:
                async with self._alone(name):
                    await self.fall_asleep(name, trigger, cause=f"{trigger} {self._clock.now():.3f}")

    def drowsy(self, mind: Mind) -> str:
        """Why this mind should sleep now; nothing where it should not."""
        return "" if mind.stopped or self._all_awake else self._trigger(mind.name, mind.sleep)

    def _trigger(self, name: str, state: Sleepiness) -> str:
        """The same, of what drives a mind's sleep."""
        now, options = self._clock.now(), self._options
        if state.paused or name in self._asleep:
            return ""
        cause = falls_asleep(
            state.waking(now),
            idle_s=state.idle_s(now),
            c=self._rhythm.of(name),
            idle_min_s=options.idle_s,
            awake_max_s=options.awake_max_s,
        )
        return cause.value if cause is not None else ""

    def pressure(self, mind: Mind) -> tuple[float, dict[str, float]]:
        """How strong the pressure is, 0..1, and what it is made of."""
        now, state = self._clock.now(), mind.sleep
        drivers = {
            "falls asleep at": HIGH,
            "awake_s": round(state.awake_s(now), 3),
            "idle_s": round(state.idle_s(now), 3) if state.last_at else 0.0,
            "tagged": float(state.tagged),
            "encoded": float(state.encoded),
            "taught": float(state.taught),
        }
        return pressure(state.waking(now)), drivers

    async def fall_asleep(
        self, name: str, trigger: str, *, cause: str, cycles: int | None = None
    ) -> tuple[SleepReport, str]:
        """Begin a night: its first cycle, and what is not as one might expect. Safe to repeat."""
        async with self._begun:
            epoch = self._epoch_of(name)
            known = await self._stores.cycles.get(name, sleep_cycle_id(name, cause, 1))
            if known is not None:
                return known, ""
            if (running := await self._running(name)) is not None:
                self._waiting.setdefault((name, running.id))
                self._wake.set()
                return running, "it is asleep already"
            mind = await self._minds.look(name)
            served(mind)
            if nothing := self._nothing(mind):
                return self._idle_report(mind, trigger, nothing), nothing
            wanted = self._options.cycles if cycles is None else cycles
            report = await self._night.begin(name, cause, nth=1, cycles=wanted, trigger=trigger, epoch=epoch)
            self._met.add(report.id)
        self._due(name, report.id, first=trigger == REQUEST)
        return report, ""

    def _due(self, name: str, cycle_id: str, *, first: bool) -> None:
        """This cycle is slept next where somebody waits for it, else after those that are due before it."""
        due = {(name, cycle_id): None}
        self._waiting = due | self._waiting if first else self._waiting | due
        self._wake.set()

    async def _running(self, name: str) -> SleepReport | None:
        """The cycle that this mind is in, or is to be in again, though it was left alone for a while."""
        if (running := self._asleep.get(name)) is not None:
            return running
        for mind, cycle in list(self._waiting):  # it grows and shrinks while this waits for the store
            if mind == name:
                found = await self._stores.cycles.get(name, cycle)
                if found is not None and not found.finished:
                    return found
        latest = await self._stores.cycles.latest(name, limit=1)
        return next((found for found in latest if not found.finished), None)

    def _nothing(self, mind: Mind) -> str:
        """Why there is nothing to sleep on."""
        if not mind.memories:
            return "it has no memories"
        if mind.sleep.rested(self._clock.now(), mind.through, mind.usage.through, self._options.rest_s):
            return NOTHING_NEW
        return ""

    def _idle_report(self, mind: Mind, trigger: str, why: str) -> SleepReport:
        """A night in which nothing is done: it is told, and not written down."""
        now = self._clock.now()
        plan = SleepPlan(mind=mind.name, nothing=why)
        status, number = SleepStatus.COMPLETED, mind.sleep.cycles
        return SleepReport(
            id="", mind=mind.name, started_at=now, ended_at=now, number=number, trigger=trigger,
            status=status, plan=plan, notes=[why],
        )  # fmt: skip

    # --- inquiries -----------------------------------------------------------------------------

    async def answer(self, request: SleepingInquiry) -> SleepAnswer | SleepPlanAnswer | SleepLogAnswer:
        """The answer to one of them."""
        if isinstance(request, SleepInquiry):
            report, note = await self.fall_asleep(
                request.mind, REQUEST, cause=request.id, cycles=request.cycles
            )
            return SleepAnswer(inquiry_id=request.id, mind=request.mind, report=report, note=note)
        if isinstance(request, SleepPlanInquiry):
            return await self._planned(request)
        if isinstance(request, SleepCycleInquiry):
            report = await self._progressed(request)
            return SleepAnswer(inquiry_id=request.id, mind=request.mind, report=report)
        if isinstance(request, SleepUndoInquiry):
            return await self._taken_back(request)
        if isinstance(request, SleepPauseInquiry):
            await self._paused(request)
        limit = request.limit if isinstance(request, SleepLogInquiry) else 1
        return await self._log(request.mind, request.id, limit)

    async def _planned(self, inquiry: SleepPlanInquiry) -> SleepPlanAnswer:
        mind = await self._minds.look(inquiry.mind)
        if nothing := self._nothing(mind):
            plan, previews = SleepPlan(mind=mind.name, nothing=nothing), {}
        else:
            as_if = SleepReport(id=inquiry.id, mind=mind.name, night=inquiry.id, started_at=self._clock.now())
            plan = await self._planner.plan(mind, as_if)
            ids = [i for work in plan.works for i in work.memory_ids]
            found = await self._stores.memories.get(mind.name, ids)
            previews = {i: found[i].content[:PREVIEW_LENGTH] for i in ids if i in found}
        return SleepPlanAnswer(inquiry_id=inquiry.id, mind=mind.name, plan=plan, previews=previews)

    async def _log(self, name: str, inquiry_id: str, limit: int) -> SleepLogAnswer:
        mind = await self._minds.look(name)
        pressure, drivers = self.pressure(mind)
        due = self._timetable.next_at(name) if self._timetable is not None else None
        return SleepLogAnswer(
            inquiry_id=inquiry_id,
            mind=name,
            cycles=await self._stores.cycles.latest(name, limit=limit),
            pressure=pressure,
            drivers={**drivers, "unlinked": float(left(mind))},
            paused=mind.sleep.paused,
            everyone_paused=self._all_awake,
            schedule=self._options.schedules.get(name, self._options.schedule),
            next_at=due,
        )

    async def _find(self, name: str, called: str) -> SleepReport:
        """A cycle by its id, its beginning, or its number."""
        if is_identifier(called) and (report := await self._stores.cycles.get(name, called)) is not None:
            return report
        found = await self._stores.cycles.latest(name, limit=LOG_MAX)
        for report in found:
            if called in (report.id, str(report.number)):
                return report
        begin = [r for r in found if len(called) >= 4 and r.id.startswith(called)]
        if len(begin) == 1:
            return begin[0]
        raise BadCueError(
            f"mind {name!r} has no cycle {called!r}",
            remedy=f"`cognition sleep log --mind {name}` lists them.",
        )

    async def _progressed(self, inquiry: SleepCycleInquiry) -> SleepReport:
        """A cycle, once it has gone on. The caller sets the deadline."""
        while True:
            report = await self._find(inquiry.mind, inquiry.cycle)
            if inquiry.through is None or report.finished or report.cursor.step > inquiry.through:
                return report
            await self._news.wait()

    async def _taken_back(self, inquiry: SleepUndoInquiry) -> SleepAnswer:
        """Begin to undo a cycle that has ended."""
        async with self._begun:
            report = await self._find(inquiry.mind, inquiry.cycle)
            if report.status in (SleepStatus.UNDONE, SleepStatus.ROLLED_BACK):
                note = f"cycle {report.number} was undone before: there is nothing to take back"
                return SleepAnswer(inquiry_id=inquiry.id, mind=inquiry.mind, report=report, note=note)
            if not report.finished:
                raise BadCueError(
                    f"cycle {report.number} of mind {inquiry.mind!r} is {report.status}",
                    remedy="Wait until it has ended.",
                )
            if report.undo_log != KEPT:
                raise BadCueError(
                    f"what cycle {report.number} of mind {inquiry.mind!r} changed is not kept any more",
                    remedy="Only the latest cycles can be undone (sleep.undo_kept).",
                )
            served(await self._minds.look(inquiry.mind))
            epoch = self._epoch_of(inquiry.mind)
            report = await self._night.take_back(report, ends_as=SleepStatus.UNDONE, epoch=epoch)
            self._met.add(report.id)
        self._due(inquiry.mind, report.id, first=True)
        return SleepAnswer(inquiry_id=inquiry.id, mind=inquiry.mind, report=report)

    async def _paused(self, inquiry: SleepPauseInquiry) -> None:
        if inquiry.everyone:
            await self._sleepers.pause(inquiry.paused)
            self._all_awake = inquiry.paused
            return
        if await self._stores.identities.get(inquiry.mind) is None:
            raise BadCueError(
                f"there is no mind {inquiry.mind!r}: it has perceived nothing yet",
                remedy="Name one that has, or all minds (`cognition sleep pause --all`).",
            )
        async with self._minds.writing:
            mind = await self._minds.awake(inquiry.mind, epoch=self._epoch_of(inquiry.mind))
            mind.sleep.paused = inquiry.paused
            await self._minds.checkpoint()
