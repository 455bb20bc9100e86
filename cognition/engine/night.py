"""Night: one cycle of sleep as a transaction.

Plan, ask the canary, do the works step by step, ask the canary again; then it is a night, or all of it is
taken back and the report says why. How far a cycle has come is written down after each step, and each step
may be repeated: whoever holds the mind after a crash goes on where the last one stopped, and comes to the
same end. Must not know when minds sleep.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from cognition.engine.mind import Mind
from cognition.engine.minds import Minds, served
from cognition.engine.night_canary import Canary, fell, lost, share
from cognition.engine.night_journal import RESTORED_AT_ONCE
from cognition.engine.night_plan import WAKING_SHARE, Planner
from cognition.engine.night_undo import Undoing
from cognition.engine.night_works import Done, Work
from cognition.engine.rhythm import Rhythm
from cognition.engine.sleep_options import SleepOptions
from cognition.engine.sleepers import everybody_paused
from cognition.errors import StepFailedError
from cognition.mechanisms.pressure import asleep, wakes
from cognition.ports.calls import account, counted
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from cognition.ports.stores import Stores
from schemas.events import SleepBegan, SleepEnded, SleepProgressed
from schemas.identifiers import sleep_cycle_id
from schemas.sleep import (
    PlannedWork,
    SleepCursor,
    SleepReport,
    SleepStage,
    SleepStatus,
    SleepWork,
)

PLANNING, BEFORE, WORKING, AFTER = "planning", "canary before", "working", "canary after"
"""Where a cycle is, in its cursor; while it works, that names the stage instead."""

LEFT_NAMED = 100
"""Memories that are named which undoing left as they are; of more it says how many."""

STAYS_AWAKE = "the night ended with this cycle: the mind is told to stay awake (`cognition sleep resume`)"

KEPT, DROPPING = "kept", "dropping"
"""What a report says of its pages: they are there; they go, whoever finishes it."""

LOOKED_AT_ONCE = 4
DROPPED_MAX = 64
"""Cycles too old to be undone that are read together, and whose pages go after one cycle at most: many are
due only where `sleep.undo_kept` was more before."""

FAILURES_MAX = 3
"""How often in a row a step may fail for a reason that waiting does not mend; then its cycle ends as it is.
As often as an entry that kills its reader is delivered."""

LIVES_MAX = 100
"""How many processes in a row may take a cycle up without doing a step of it; the next one ends it as it is.
A step that kills its process (of too little memory, say) would be tried for ever. Twenty were reached by
SIGKILL alone, a second after readiness on a machine that needed longer for a step (measured)."""

NAP_MIN_S = 0.02
NAP_MAX_S = 1.0
"""Between two steps everybody else gets a turn, for as long as `sleep.turn` says, within these bounds."""


class Night:
    """Takes cycles from one step to the next."""

    def __init__(
        self,
        stores: Stores,
        minds: Minds,
        planner: Planner,
        canary: Canary,
        undoing: Undoing,
        works: Mapping[SleepWork, Work],
        clock: Clock,
        sink: Sink,
        options: SleepOptions,
        rhythm: Rhythm,
    ) -> None:
        self._stores = stores
        self._minds = minds
        self._planner = planner
        self._canary = canary
        self._undoing = undoing
        self._works = works
        self._clock = clock
        self._sink = sink
        self._options = options
        self._rhythm = rhythm

    async def begin(
        self, name: str, night: str, *, nth: int, cycles: int, trigger: str, epoch: int
    ) -> SleepReport:
        """The n-th cycle of this night, written down: whatever happens from now on, it will be slept. One
        that was begun before stays as it is."""
        cycle_id = sleep_cycle_id(name, night, nth)
        known = await self._stores.cycles.get(name, cycle_id)
        if known is not None:
            return known
        async with self._minds.writing:
            mind = await self._minds.awake(name, epoch=epoch)
            number = mind.sleep.cycles + 1
            paused = await self._stays_awake(mind)
        report = SleepReport(
            id=cycle_id,
            mind=name,
            night=night,
            nth=nth,
            cycles=cycles,
            paused=paused,
            number=number,
            trigger=trigger,
            started_at=self._clock.now(),
            cursor=SleepCursor(stage=PLANNING),
            undo_log=KEPT,
        )
        await self._stores.cycles.save(report, epoch=epoch)
        self._sink.publish(
            SleepBegan(at=report.started_at, mind=name, cycle=cycle_id, number=number, trigger=trigger)
        )
        return report

    def nap_s(self, took_s: float) -> float:
        """How long everybody else has a turn after a step that took so long."""
        turn = self._options.turn
        return min(NAP_MAX_S, max(NAP_MIN_S, turn * took_s)) if turn else 0.0

    async def step(self, report: SleepReport, epoch: int) -> SleepReport:
        """The next step, and the report after it, which is in the store, with the calls that it took."""
        with counted():
            cursor = replace(report.cursor, failures=0, lives=0)
            return await self._next(replace(report, cursor=cursor), epoch)

    async def taken_up(self, report: SleepReport, epoch: int) -> SleepReport:
        """A process that has just begun finds this cycle: it is counted, and the report after that. One whose
        next step too many processes have not survived ends as it is."""
        if (await self._minds.look(report.mind)).stopped:
            return report
        lives = report.cursor.lives + 1
        report = replace(report, cursor=replace(report.cursor, lives=lives))
        if lives <= LIVES_MAX:
            await self._stores.cycles.save(report, epoch=epoch)
            return report
        note = f"{given_up(report)}: {LIVES_MAX} processes in a row ended in step {report.cursor.step}"
        return await self._end(replace(report, notes=[*report.notes, note]), SleepStatus.INTERRUPTED, epoch)

    async def failed(self, report: SleepReport, error: Exception, epoch: int) -> StepFailedError:
        """A step has failed for a reason that waiting does not mend: it is counted, and the last time ends
        its cycle. What the step changed in memory is void, as after a crash. What to say of it."""
        async with self._minds.writing:
            self._minds.discard()
        report = await self._stores.cycles.get(report.mind, report.id) or report
        cursor = replace(report.cursor, failures=report.cursor.failures + 1)
        report = replace(report, cursor=cursor)
        times = f"step {cursor.step} of cycle {report.number} failed {cursor.failures} times"
        told = f"{times} of {FAILURES_MAX}: {where(error)}"
        if report.finished:
            return StepFailedError(f"what follows cycle {report.number} failed: {where(error)}")
        if cursor.failures < FAILURES_MAX:
            await self._save(report, epoch)
            return StepFailedError(told)
        note = f"{given_up(report)}: {times}, the last time with {where(error)}"
        await self._end(replace(report, notes=[*report.notes, note]), SleepStatus.INTERRUPTED, epoch)
        return StepFailedError(f"{told}; the cycle is given up")

    async def _next(self, report: SleepReport, epoch: int) -> SleepReport:
        if report.status is SleepStatus.UNDOING:
            return await self._undo(report, epoch)
        if report.cursor.stage == PLANNING:
            return await self._plan(report, epoch)
        if report.cursor.stage == BEFORE:
            return await self._ask_before(report, epoch)
        if report.cursor.stage == AFTER:
            return await self._judge(report, epoch)
        return await self._work(report, epoch)

    async def _save(self, report: SleepReport, epoch: int) -> SleepReport:
        """Write it down, with the calls since it was written last and this one."""
        report = replace(report, calls=report.calls + account().take() + 1)
        await self._stores.cycles.save(report, epoch=epoch)
        account().take()
        self._sink.publish(
            SleepProgressed(
                at=self._clock.now(),
                mind=report.mind,
                cycle=report.id,
                stage=report.cursor.stage,
                step=report.cursor.step,
                replayed=report.replayed,
                formed=report.formed,
                left_s=report.left_s,
            )
        )
        return report

    # --- before --------------------------------------------------------------------------------

    async def _plan(self, report: SleepReport, epoch: int) -> SleepReport:
        async with self._minds.writing:
            mind = await self._minds.awake(report.mind, epoch=epoch)
            if not mind.stopped:
                mind.sleep.plan(mind.through, mind.usage.through)
                await self._minds.write_down()
        if mind.stopped:
            notes = [*report.notes, f"the mind is stopped: {mind.stopped}"]
            return await self._end(replace(report, notes=notes), SleepStatus.INTERRUPTED, epoch)
        plan = await self._planner.plan(mind, report)
        cursor = replace(report.cursor, stage=BEFORE)
        planned = replace(report, plan=plan, pressure_before=plan.pressure, cursor=cursor)
        return await self._save(planned, epoch)

    async def _ask_before(self, report: SleepReport, epoch: int) -> SleepReport:
        probes = await self._canary.draw(report.mind, report.id, self._options.canary)
        cursor = replace(report.cursor, stage=WORKING, step=report.cursor.step + 1)
        asked = replace(report, canary=probes, canary_before=share([p.before for p in probes]), cursor=cursor)
        return await self._save(asked, epoch)

    # --- works ---------------------------------------------------------------------------------

    async def _work(self, report: SleepReport, epoch: int) -> SleepReport:
        assert report.plan is not None, "a cycle works by its plan"
        works = report.plan.works
        if report.cursor.work >= len(works):
            return await self._save(replace(report, cursor=replace(report.cursor, stage=AFTER)), epoch)
        planned = works[report.cursor.work]
        if why := self._spent(report, planned.stage):
            note = f"{planned.work} was cut short: {why}"
            return await self._save(self._onward(replace(report, notes=[*report.notes, note])), epoch)
        began = self._clock.monotonic()
        done = await self._works[planned.work].step(report, planned, epoch=epoch)
        took = self._clock.monotonic() - began
        return await self._save(self._counted(report, planned, done, took), epoch)

    def _spent(self, report: SleepReport, stage: SleepStage) -> str:
        """What is used up, if anything is. A step that has begun is done to its end."""
        most = self._options.calls_max
        if stage is not SleepStage.WAKING:
            most -= round(WAKING_SHARE * most)
        if report.calls >= most:
            return f"the cycle had used up its {most:,} calls to the store"
        if report.stage_s.get(stage, 0.0) > self._budget_of(report, stage):
            return f"the {stage} stage had used up its time"
        return ""

    def _budget_of(self, report: SleepReport, stage: SleepStage) -> float:
        """The most that the works of this stage may take together."""
        assert report.plan is not None
        return max((w.budget_s for w in report.plan.works if w.stage is stage), default=0.0)

    def _counted(self, report: SleepReport, planned: PlannedWork, done: Done, took: float) -> SleepReport:
        """The report after a step of this work."""
        spent = {**report.stage_s, planned.stage: report.stage_s.get(planned.stage, 0.0) + took}
        counts = {name: getattr(report, name) + count for name, count in done.did.items()}
        acted = done.acted or {planned.work.value: sum(done.did.values())}
        did = {**report.did, **{name: report.did.get(name, 0) + n for name, n in acted.items()}}
        cursor = replace(
            report.cursor, stage=planned.stage.value, step=report.cursor.step + 1, offset=done.offset
        )
        notes = [*report.notes, *done.notes]
        downscaled = report.downscaled * done.downscaled
        report = replace(
            report, stage_s=spent, cursor=cursor, notes=notes, downscaled=downscaled, did=did, **counts
        )
        return report if done.more else self._onward(report)

    def _onward(self, report: SleepReport) -> SleepReport:
        """On to the next piece of the plan."""
        cursor = replace(report.cursor, work=report.cursor.work + 1, offset="")
        return replace(report, cursor=cursor)

    # --- after ---------------------------------------------------------------------------------

    async def _judge(self, report: SleepReport, epoch: int) -> SleepReport:
        """Ask the canary again. Too many answers are missing: take everything back."""
        probes = await self._canary.again(report.mind, report.canary)
        before, after = share([p.before for p in probes]), share([bool(p.after) for p in probes])
        asked = replace(report, canary=probes, canary_before=before, canary_after=after)
        if not fell(probes, self._options.tolerance):
            return await self._end(asked, SleepStatus.COMPLETED, epoch)
        missing = [p.expected for p in lost(probes)]
        why = (
            f"rolled back: {len(missing)} of the canary's {len(probes)} cues bring back no more what they "
            f"should and did before ({before:.0%} did, {after:.0%} do); missing {', '.join(missing[:3])}"
        )
        return await self.take_back(
            replace(asked, notes=[*asked.notes, why]), ends_as=SleepStatus.ROLLED_BACK, epoch=epoch
        )

    async def take_back(self, report: SleepReport, *, ends_as: SleepStatus, epoch: int) -> SleepReport:
        """From now on this cycle is being undone, whatever happens."""
        cursor = replace(report.cursor, stage="undoing", offset="", failures=0, lives=0)
        undoing = replace(report, status=SleepStatus.UNDOING, ends_as=ends_as, cursor=cursor)
        return await self._save(undoing, epoch)

    async def _undo(self, report: SleepReport, epoch: int) -> SleepReport:
        """The next part of it gets back what it was before this cycle."""
        begin = int(report.cursor.offset or 0)
        done = await self._undoing.part(report, begin, epoch=epoch)
        report = replace(
            report,
            restored=report.restored + done.restored,
            left=[*report.left, *done.left][:LEFT_NAMED],
            cursor=replace(report.cursor, step=report.cursor.step + 1, offset=str(begin + RESTORED_AT_ONCE)),
        )
        if done.more:
            return await self._save(report, epoch)
        async with self._minds.writing:
            await self._minds.checkpoint()
        return await self._end(report, report.ends_as, epoch)

    async def _forget_how(self, mind: str, epoch: int) -> None:
        """Keep what is needed to undo the latest cycles alone. Of the others the oldest go first: what is
        left when this is interrupted lies next to those that are kept, where the next cycle finds it."""
        kept = self._options.undo_kept
        due: deque[SleepReport] = deque(maxlen=DROPPED_MAX)
        older = (await self._stores.cycles.latest(mind, limit=kept + LOOKED_AT_ONCE))[kept:]
        while older:
            due.extend(old for old in older if old.undo_log and old.finished)
            if not older[-1].undo_log:
                break
            older = await self._stores.cycles.latest(mind, limit=LOOKED_AT_ONCE, below=older[-1].number)
        for old in reversed(due):
            await self._stores.cycles.save(shorter(old, DROPPING), epoch=epoch)
            await self._stores.cycles.drop(mind, old.id, range(old.cursor.step + 1))
            await self._stores.cycles.save(shorter(old, ""), epoch=epoch)

    @staticmethod
    def _left(mind: Mind, report: SleepReport) -> float:
        """The pressure after a cycle: it falls from what was there before. What came after that counts from
        the next waking on (`Sleepiness.slept`)."""
        before = report.plan.pressure if report.plan is not None else mind.sleep.left
        return asleep(before, 1.0)

    async def _stays_awake(self, mind: Mind) -> bool:
        """Whether this mind, or everybody, is told to sleep on request only."""
        return mind.sleep.paused or await everybody_paused(self._stores)

    async def _slept(self, report: SleepReport, status: SleepStatus, now: float, epoch: int) -> SleepReport:
        """The mind knows that the cycle has ended, then what follows in the same night is begun."""
        async with self._minds.writing:
            mind = await self._minds.awake(report.mind, epoch=epoch)
            if status is not SleepStatus.INTERRUPTED:
                served(mind)
            pressure = self._left(mind, report)
            mind.sleep.slept(
                report.number,
                now,
                mind.through,
                mind.usage.through,
                pressure,
                replayed=report.replayed,
            )
            await self._minds.checkpoint()
        report = replace(report, pressure_after=pressure)
        if status is not SleepStatus.COMPLETED or not goes_on(report, pressure, self._rhythm.of(report.mind)):
            return report
        if not report.paused and await self._stays_awake(mind):
            return replace(report, notes=[*report.notes, STAYS_AWAKE])
        await self.begin(
            report.mind,
            report.night,
            nth=report.nth + 1,
            cycles=report.cycles,
            trigger=report.trigger,
            epoch=epoch,
        )
        return report

    async def _end(self, report: SleepReport, status: SleepStatus, epoch: int) -> SleepReport:
        """The mind knows of it, then what follows in the same night is begun, then it has ended."""
        now = self._clock.now()
        if report.ended_at is None:
            report = await self._slept(report, status, now, epoch)
        ended = replace(
            report,
            status=status,
            ended_at=now if report.ended_at is None else report.ended_at,
            cursor=replace(report.cursor, stage="", offset=""),
        )
        ended = await self._save(ended, epoch)
        self._sink.publish(
            SleepEnded(
                at=now,
                mind=report.mind,
                cycle=report.id,
                status=status,
                replayed=ended.replayed,
                formed=ended.formed,
                archived=ended.archived,
                abstracted=ended.abstracted,
                did=ended.did,
                took_s=max(0.0, (ended.ended_at or now) - ended.started_at),
            )
        )
        await self._forget_how(report.mind, epoch)
        return ended


def given_up(report: SleepReport) -> str:
    """What is given up: the cycle, or taking it back."""
    if report.status is not SleepStatus.UNDOING:
        return "given up"
    return (
        f"taking it back was given up, {report.restored:,} memories and episodes are as they were before it"
    )


def where(error: Exception) -> str:
    """An error, and the line of the code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{at}"


def shorter(report: SleepReport, undo_log: str) -> SleepReport:
    """A report that cannot be undone any more, without the ids of all that was planned and asked: what is
    told of it is kept for good."""
    plan = report.plan
    if plan is not None:
        plan = replace(plan, works=[replace(w, memory_ids=[], episode_ids=[]) for w in plan.works])
    return replace(report, undo_log=undo_log, plan=plan, canary=[])


def goes_on(report: SleepReport, pressure: float, c: float) -> bool:
    """Whether another cycle follows in the same night: as many as were asked for, else until rested, which is
    sooner at the usual hour's other side (`c`, process C)."""
    if report.cycles:
        return report.nth < report.cycles
    return wakes(pressure, report.nth, c=c) is None
