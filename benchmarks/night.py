"""`night SET|DIR`: the same cues after no night, one, three, ten: what sleep is worth, and what it harms.

Associations by what memories speak of form in sleep alone here, from nothing, unless a setting says
otherwise. Every night is a day after the one before, on the engine's own clock; cues are asked on the day
on which everything was perceived, for a stream server has a clock of its own.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import msgspec

from benchmarks.data import Dataset
from benchmarks.engine import ANSWERED_WITHIN_S, Bench, EngineChoice, opened
from benchmarks.loaders import load
from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from benchmarks.recall import SEED, ask, feed, keys_by_memory
from benchmarks.report import Answer, recall_report
from cognition.daemon import Daemon, SystemClock
from schemas.sleep import SleepReport, SleepStatus
from schemas.sleeping import SleepAnswer, SleepInquiry, SleepLogAnswer, SleepLogInquiry

NIGHTS = "0,1,3,10"
CYCLES = 4
"""Of an ordinary night."""

DAY_S = 86_400.0
LOOK_S = 0.2
"""Between two looks at whether a night has ended."""

LONG_LEASE = "streams.lease_s=3600"
"""Nobody else wants these partitions, and a machine that stands still for a minute is no failure here."""

ON_REQUEST = "sleep.enabled=false"
"""A day that passes makes every mind fall asleep by itself; here each sleeps as many cycles as it is told."""

UNHURRIED = "sleep.turn=0"
"""Nobody else wants a turn here while minds sleep."""

IN_SLEEP_ALONE = "sleep.while_awake=false"
SETTINGS = (LONG_LEASE, ON_REQUEST, UNHURRIED, IN_SLEEP_ALONE)
"""Of a benchmark in which all comes of sleep."""

REPORTED = (
    *("number", "status", "replayed", "strengthened", "consolidated", "formed", "pruned", "abstracted"),
    *("superseded", "archived", "retold", "calls", "canary_before", "canary_after", "stage_s", "notes"),
)


class Calendar(SystemClock):
    """The machine's clock, some days on."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("set", metavar="SET|DIR", help="a named set, or a folder in the documented form")
    EngineChoice.add_arguments(parser)
    parser.add_argument("--nights", default=NIGHTS, metavar="N,...", help=f"after how many ({NIGHTS})")
    parser.add_argument("--cycles", type=int, default=CYCLES, metavar="N", help=f"of a night ({CYCLES})")
    parser.add_argument("--without", default="", metavar="NAME,...", help="what is left out of a night")
    parser.add_argument("--also", default="", metavar="NAME,...", help="what a night does beyond the rest")
    parser.add_argument("--awake", action="store_true", help="associations form while awake, too")
    parser.add_argument("--limit-minds", type=int, metavar="N", help="only the first N minds")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw it (needs matplotlib)")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and report."""
    nights = sorted({int(n) for n in options.nights.split(",")})
    if not nights or nights[0] < 0:
        raise SystemExit(f"--nights {options.nights!r} is no list of numbers, for example --nights {NIGHTS}")
    dataset = load(options.set).limited(options.limit_minds)
    choice = EngineChoice.from_options(options).overridden(LONG_LEASE, ON_REQUEST, UNHURRIED)
    if not options.awake:
        choice = choice.overridden(IN_SLEEP_ALONE)
    for name in ("without", "also"):
        if given := getattr(options, name):
            choice = choice.overridden(f"sleep.{name}={given}")
    began = time.monotonic()
    rows = anyio.run(measure, dataset, choice, nights, options.cycles, not options.awake)
    if options.png:
        from benchmarks.night_plot import draw

        draw({dataset.name: {"nights": rows}}, options.png)
    return {
        "set": dataset.name,
        "nights": rows,
        "provenance": provenance(
            seed=SEED,
            data_sha256=dataset.sha256,
            backend=choice.backend,
            without=options.without.split(",") if options.without else [],
            also=options.also.split(",") if options.also else [],
            settings=choice.overrides,
            minds=len(dataset.minds),
            percepts=len(dataset.sensed),
            cycles=options.cycles,
            took_s=round(time.monotonic() - began, 1),
        ),
    }


async def measure(
    dataset: Dataset, choice: EngineChoice, nights: Sequence[int], cycles: int, from_nothing: bool
) -> list[dict[str, Any]]:
    """Feed everything, then sleep and ask by turns."""
    clock = Calendar()
    rows = []
    async with opened(choice, dataset, clock=clock) as bench:
        memory_ids = await feed(bench, dataset)
        if not from_nothing:
            await bench.linked(dataset.minds)
        slept = 0
        reports: list[SleepReport] = []
        for n in nights:
            while slept < n:
                slept += 1
                clock.ahead_s = DAY_S * slept
                reports += await sleep(bench, dataset, f"night {slept}", cycles)
                clock.ahead_s = 0.0
            asking = Progress(f"cues after {n} nights", len(dataset.questions))
            keys = keys_by_memory(memory_ids)
            answers: list[Answer] = []
            for question in dataset.questions:
                answers.append(await ask(bench, question, [], memory_ids, keys))
                asking.step()
            report = recall_report(dataset.name, answers, seed=SEED)
            rows.append({"n": n, "overall": report["overall"], "reports": [told(r) for r in reports]})
            reports = []
    return rows


async def sleep(bench: Bench, dataset: Dataset, night: str, cycles: int) -> list[SleepReport]:
    """One night of every mind, asked of the engine itself."""
    daemon = bench.session.daemon
    assert daemon is not None, "a benchmark runs the engine in its own process"
    sleeping = Progress("minds asleep", len(dataset.minds))
    reports: list[SleepReport] = []
    for name in dataset.minds:
        asked = SleepInquiry(id=night, mind=name, cycles=cycles, deadline_s=ANSWERED_WITHIN_S)
        begun = await daemon.answering.answer(asked)
        if not isinstance(begun, SleepAnswer):
            raise SystemExit(f"{name} cannot sleep: {begun}")
        reports += await slept_to_the_end(daemon, begun.report)
        sleeping.step()
    return reports


async def slept_to_the_end(daemon: Daemon, report: SleepReport) -> list[SleepReport]:
    """The cycles of a night, each once it has ended."""
    cycles: dict[int, SleepReport] = {}
    while True:
        asked = SleepLogInquiry(
            id="log", mind=report.mind, limit=report.cycles + 1, deadline_s=ANSWERED_WITHIN_S
        )
        log = await daemon.answering.answer(asked)
        if not isinstance(log, SleepLogAnswer):
            raise SystemExit(f"{report.mind} does not say how it sleeps: {log}")
        cycles |= {c.nth: c for c in log.cycles if c.night == report.night}
        ended = [c for c in cycles.values() if c.finished]
        broken = any(c.status is not SleepStatus.COMPLETED for c in ended)
        if not report.id or len(ended) == report.cycles or (broken and len(ended) == len(cycles)):
            return [cycles[nth] for nth in sorted(cycles)] or [report]
        await anyio.sleep(LOOK_S)


def told(report: SleepReport) -> dict[str, Any]:
    """What is shown of a cycle."""
    values = msgspec.to_builtins(report)
    return {"mind": report.mind, **{name: values[name] for name in REPORTED}}


def table(report: dict[str, Any]) -> str:
    """One line for each number of nights."""
    lines = [f"{report['set']}: the same cues after so many nights"]
    for row in report["nights"]:
        figures = {k: v for k, v in row["overall"].items() if isinstance(v, int | float | dict | list)}
        formed = sum(r["formed"] for r in row["reports"])
        replayed = sum(r["replayed"] for r in row["reports"])
        lines.append(f"  {row['n']:3} nights  {json.dumps(figures)}  formed {formed}  replayed {replayed}")
    return "\n".join(lines)
