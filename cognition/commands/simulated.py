"""`cognition sleep --simulate`: what the nights of the next weeks would do, on a copy."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec

from cognition.cli import DONE
from cognition.commands.minds import the_mind
from cognition.commands.progress import Progress
from cognition.commands.running import UsageError, loaded_settings, mind_of, print_json
from cognition.commands.words import when
from cognition.daemon import SystemClock
from cognition.data_directory import directory_of, find_holder
from cognition.settings import Settings
from cognition.simulating import DAYS_MAX, SERVER, Week, copied, is_here, simulate, taken

UNITS_DAYS = {"d": 1.0, "w": 7.0, "m": 30.0, "y": 365.0}
_SPAN = re.compile(r"(\d+)\s*([dwmy])\Z")


def days_of(span: str) -> float:
    """How many days a span says, for example ``30d`` or ``8w``."""
    found = _SPAN.match(span.strip().lower())
    days = int(found[1]) * UNITS_DAYS[found[2]] if found else 0.0
    if not 1.0 <= days <= DAYS_MAX:
        raise UsageError(
            f"--simulate {span!r} is no span of 1 to {DAYS_MAX:,} days", remedy="Write --simulate 30d."
        )
    return days


async def simulated(options: argparse.Namespace) -> int:
    """Sleep the nights of so many days on a copy, and show what each week would do."""
    name, days = mind_of(options), days_of(options.simulate)
    if options.cycles is not None:
        raise UsageError(
            "--simulate sleeps as the settings say: --cycles does not belong to it",
            remedy=f"Write --set sleep.cycles={options.cycles} instead.",
        )
    if options.plan or options.no_wait:
        other = "--plan" if options.plan else "--no-wait"
        raise UsageError(f"--simulate and {other} exclude each other", remedy="Give one of them.")
    if not options.within > 0:
        raise UsageError(f"--within {options.within:g} is no time", remedy="Write --within 300.")
    settings = loaded_settings(options).settings
    now = SystemClock().now()
    source = await source_of(settings, options, name, now)
    progress = Progress("days simulated", round(days))
    began = time.monotonic()
    passed = 0.0

    def told(day: float, _: Week) -> None:
        nonlocal passed
        passed = day
        progress.set(round(day))

    weeks = await simulate(settings, source, name, days, now=now, within_s=options.within, told=told)
    progress.close()
    whole = passed > days - 1.0
    if options.json:
        took = round(time.monotonic() - began, 1)
        print_json({"mind": name, "days": passed, "whole": whole, "took_s": took,
                    "weeks": msgspec.to_builtins(weeks)})  # fmt: skip
        return DONE
    for week in weeks:
        print(line(week))
    if not whole:
        print(f"Only {passed:.0f} of {days:.0f} days in {options.within:g} s: give it more with --within.",
              file=sys.stderr)  # fmt: skip
    return DONE


async def source_of(
    settings: Settings, options: argparse.Namespace, name: str, now: float
) -> AbstractAsyncContextManager[Path]:
    """What gives the copy: the server on which minds are kept, the daemon that there is, or the data."""
    directory = directory_of(settings.data, os.environ)
    asked = settings.streams.url or find_holder(directory) is not None
    if settings.store.engine == SERVER or not asked:
        return copied(settings, directory, name, now)
    progress: Progress | None = None

    def told(done: int, points: int) -> None:
        nonlocal progress
        progress = progress or Progress("copied", points)
        progress.set(done)

    async with the_mind(options) as mind:
        answer = await mind.copied(told)
        if progress is not None:
            progress.close()
        if not is_here(answer):
            await mind.drop_copy(answer.called)
    return taken(answer)


def line(week: Week) -> str:
    """One week on one line."""
    back = f", {week.rolled_back} of them rolled back" if week.rolled_back else ""
    return (
        f"week {week.week:3} to {when(week.until)}: {week.remembered:,} remembered, {week.merged:,} merged, "
        f"{week.strengthened:,} strengthened, {week.archived:,} archived ({week.in_archive:,} in all); "
        f"{week.formed:,} associations formed, {week.pruned:,} pruned; "
        f"{week.nights} nights of {week.cycles} cycles{back}"
    )
