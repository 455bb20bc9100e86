"""Commands about sleep: sleep now, plan, look at nights, take one back, stay awake."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TextIO

from cognition.cli import DONE, NO
from cognition.commands.minds import the_mind
from cognition.commands.running import UsageError, print_json
from cognition.commands.simulated import simulated
from cognition.commands.words import when
from schemas.sleep import PlannedWork, SleepReport, SleepStatus
from schemas.sleeping import CYCLES_MAX, SleepLogAnswer, SleepPlanAnswer

NAMED = 5
"""Memories of a piece of a plan that are shown; of the rest it says how many."""

WIDTH = 90

ANYBODY = "anybody"
"""Stands in for a mind where all are meant and none is named."""

COUNTS = (
    ("replayed", "memories were gone through once more"),
    ("strengthened", "of them are stronger for it"),
    ("consolidated", "became familiar"),
    ("formed", "associations are new"),
    ("pruned", "associations had faded and are gone"),
    ("abstracted", "semantic memories were made or refreshed"),
    ("superseded", "memories were marked as no longer current"),
    ("archived", "memories went to the archive"),
    ("retold", "episodes are named anew by the memories that are left of them"),
)

STATUS = {
    SleepStatus.IN_PROGRESS: "is being slept",
    SleepStatus.COMPLETED: "was slept to its end",
    SleepStatus.INTERRUPTED: "was broken off; what it did stands",
    SleepStatus.ROLLED_BACK: "was rolled back: all of it was taken back",
    SleepStatus.UNDOING: "is being taken back",
    SleepStatus.UNDONE: "was taken back",
}


def status_of(report: SleepReport) -> str:
    """How it ended, or that it has not."""
    halfway = report.status is SleepStatus.INTERRUPTED and report.ends_as is not SleepStatus.COMPLETED
    return "was being taken back, and that was given up" if halfway else STATUS[report.status]


class Watch:
    """Says on standard error how far a night is."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._terminal = self._stream.isatty()
        self._last = ""

    def __call__(self, report: SleepReport) -> None:
        stage = report.cursor.stage or report.status.value
        if not self._terminal and stage == self._last:
            return
        self._last = stage
        text = f"cycle {report.number} {stage:14} replayed {report.replayed}  formed {report.formed}"
        if report.left_s is not None:
            text += f"  at most {report.left_s:.0f} s left"
        print(f"\r\x1b[K{text}" if self._terminal else text, end="" if self._terminal else "\n",
              file=self._stream, flush=True)  # fmt: skip

    def close(self) -> None:
        """Leave the last line standing."""
        if self._terminal and self._last:
            print(file=self._stream, flush=True)


async def sleep(options: argparse.Namespace) -> int:
    """Sleep now and show the night; or say what would be done, now or in the next weeks."""
    cycles = 1 if options.cycles is None else options.cycles
    if not 0 <= cycles <= CYCLES_MAX:
        raise UsageError(f"--cycles {cycles} is not within 0 to {CYCLES_MAX}", remedy="Write --cycles 2.")
    if options.plan and (options.cycles is not None or options.no_wait):
        raise UsageError("--plan is of one cycle, which is not slept", remedy="Leave the rest out.")
    if options.simulate is not None:
        return await simulated(options)
    watch = Watch()
    async with the_mind(options) as mind:
        if options.plan:
            return show_plan(await mind.sleep_plan(), options)
        reports = await mind.sleep(cycles=cycles, told=watch, wait=not options.no_wait)
    watch.close()
    if options.json:
        print_json(reports)
    else:
        for report in reports:
            print("\n".join(page(report)))
    return NO if any(r.status is SleepStatus.ROLLED_BACK for r in reports) else DONE


def show_plan(answer: SleepPlanAnswer, options: argparse.Namespace) -> int:
    """What a cycle would do, with how the first memories begin."""
    plan = answer.plan
    if options.json:
        print_json(answer)
    elif plan.nothing:
        print(f"Nothing: {plan.nothing}.")
    else:
        print(f"Pressure {plan.pressure:.2f}; at most {plan.budget_s:g} s.")
        for reason in plan.reasons:
            print(f"  because {reason}")
        for work in plan.works:
            print(f"{work.stage:8} {work.work}{scope(work)}: {work.why}")
            for memory_id in work.memory_ids[:NAMED]:
                print(f"    {answer.previews.get(memory_id, memory_id)[:WIDTH]}")
            if len(work.memory_ids) > NAMED:
                print(f"    and {len(work.memory_ids) - NAMED} more")
    return DONE


def scope(work: PlannedWork) -> str:
    """Of how many memories or episodes a piece of a plan is; nothing where it goes through what is left."""
    if work.episode_ids:
        return f" of {len(work.episode_ids)} episodes"
    return f" of {len(work.memory_ids)} memories" if work.memory_ids else ""


async def sleep_log(options: argparse.Namespace) -> int:
    """The latest nights."""
    async with the_mind(options) as mind:
        answer = await mind.sleep_log(options.limit)
    if options.json:
        print_json(answer)
        return DONE
    print("\n".join(standing(answer)))
    for report in answer.cycles:
        print(line(report))
    if not answer.cycles:
        print("It has not slept yet.")
    return DONE


def standing(answer: SleepLogAnswer) -> Iterator[str]:
    """How sleepy a mind is, and what comes next."""
    drivers = answer.drivers
    yield (
        f"pressure {answer.pressure:.2f} (falls asleep at {drivers['falls asleep at']:.2f} when idle): "
        f"{drivers['encoded']:.0f} memories since the last night, {drivers['tagged']:.0f} tagged, "
        f"{drivers['unlinked']:.0f} not linked yet"
    )
    if answer.paused:
        yield "paused: it sleeps on request only (`cognition sleep resume`)"
    if answer.everyone_paused:
        yield "all minds are paused: they sleep on request only (`cognition sleep resume --all`)"
    if answer.schedule:
        due = when(answer.next_at) if answer.next_at is not None else "never again"
        yield f"schedule {answer.schedule!r}: next {due}"


def line(report: SleepReport) -> str:
    """A cycle on one line."""
    did = ", ".join(f"{getattr(report, name)} {name}" for name, _ in COUNTS if getattr(report, name))
    return f"{report.number:4}  {when(report.started_at)}  {report.status:12} {report.trigger:10} {did}"


async def sleep_show(options: argparse.Namespace) -> int:
    """One cycle as a page."""
    async with the_mind(options) as mind:
        report = await mind.sleep_cycle(options.cycle)
    if options.json:
        print_json(report)
    else:
        print("\n".join(page(report)))
    return DONE


def page(report: SleepReport) -> Iterator[str]:
    """A cycle as a page that a person understands."""
    if not report.id:
        yield f"Nothing to do: {'; '.join(report.notes)}."
        return
    yield f"Cycle {report.number} of {report.mind} {status_of(report)}."
    end = f" to {when(report.ended_at)}" if report.ended_at is not None else ""
    yield f"  from {when(report.started_at)}{end}, because of {report.trigger}; id {report.id}"
    after = f" to {report.pressure_after:.2f}" if report.pressure_after is not None else ""
    yield f"  pressure {report.pressure_before:.2f}{after}"
    stages = ", ".join(f"{stage} {spent:.2f} s" for stage, spent in report.stage_s.items())
    yield f"  {report.cursor.step} steps, {report.calls:,} calls to the store: {stages or 'none yet'}"
    if report.status in (SleepStatus.UNDONE, SleepStatus.ROLLED_BACK):
        yield "  what it had done before that:"
    for name, words in COUNTS:
        if count := getattr(report, name):
            yield f"  {count:6,} {words}"
    if report.downscaled != 1.0:
        yield f"  what was learned is scaled to {report.downscaled:.2f} of what it was"
    if report.canary:
        yield f"  canary: {asked(report)}"
    if report.status in (SleepStatus.UNDONE, SleepStatus.ROLLED_BACK):
        yield f"  {report.restored:,} memories are as they were before"
        if report.left:
            yield f"  left as they are, touched since or gone: {', '.join(report.left)}"
    for note in report.notes:
        yield f"  note: {note}"


def asked(report: SleepReport) -> str:
    """How the canary fared."""
    before = f"{report.canary_before:.0%}" if report.canary_before is not None else "none"
    after = f", {report.canary_after:.0%} after" if report.canary_after is not None else ""
    return f"{len(report.canary)} of its own cues, {before} brought back what they should before{after}"


async def sleep_undo(options: argparse.Namespace) -> int:
    """Take a cycle back."""
    async with the_mind(options) as mind:
        answer = await mind.undo_sleep(options.cycle)
    if options.json:
        print_json({"report": answer.report, "note": answer.note})
        return DONE
    if answer.note:
        print(answer.note)
    print("\n".join(page(answer.report)))
    return DONE


async def sleep_pause(options: argparse.Namespace) -> int:
    """Stay awake."""
    return await _paused(options, paused=True)


async def sleep_resume(options: argparse.Namespace) -> int:
    """Sleep again when it is time."""
    return await _paused(options, paused=False)


async def _paused(options: argparse.Namespace, *, paused: bool) -> int:
    if options.all and not options.mind:
        options.mind = ANYBODY
    async with the_mind(options) as mind:
        answer = await mind.pause_sleep(paused, everyone=options.all)
    if options.json:
        print_json(answer)
    elif options.all:
        print("All minds stay awake." if paused else "All that are not paused sleep when it is time.")
    else:
        print("\n".join(standing(answer)))
        print("It stays awake." if answer.paused else "It sleeps when it is time.")
    return DONE
