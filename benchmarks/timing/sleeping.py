"""What a cycle of sleep costs in minds of different size, and how long recall takes while a mind sleeps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any

import anyio

from benchmarks.engine import ANSWERED_WITHIN_S, Bench, EngineChoice, opened
from benchmarks.night import slept_to_the_end
from benchmarks.timing.figures import figure, percentile
from benchmarks.timing.filling import fill_directly
from benchmarks.timing.materials import Materials
from benchmarks.timing.recalling import WARM_UP, cues_near, in_process
from schemas.cue import Cue
from schemas.sleep import SleepReport
from schemas.sleeping import SleepAnswer, SleepInquiry

MIND = "mind-0"
"""All memories are one mind's: it is its size that a cycle must not depend on."""

CYCLES = 5
"""Cycles that are timed; the median counts. The first of all, which finds nothing cached, does not."""

SIZES = "10000,100000"
SETTINGS = ("embedding.enabled=false", "sleep.enabled=false", "sleep.rest_s=0", "streams.lease_s=3600")
UNHURRIED = "sleep.turn=0"
PAUSE_S = 0.005
"""Between two cues: others have a turn."""


async def sleep(folder: Path, sizes: Sequence[int], seed: int) -> list[dict[str, Any]]:
    """Cycles in minds of these sizes, held against those of the smallest; then recall in each."""
    ordered = sorted(sizes)
    materials = {size: Materials(seed, 1) for size in ordered}
    reports: dict[int, list[SleepReport]] = {size: [] for size in ordered}
    async with AsyncExitStack() as stack:
        benches: dict[int, Bench] = {}
        for size in ordered:
            benches[size] = bench = await stack.enter_async_context(_opened(folder, size, UNHURRIED))
            await fill_directly(bench, materials[size], MIND, size, seed=seed)
        for n in range(1 + CYCLES):  # in turns: the machine's own speed drifts
            for size, bench in benches.items():
                reports[size].append(await cycle(bench, f"night {n}"))
    first = reports[ordered[0]][1:]
    figures = [each for size in ordered for each in costs(size, ordered[0], reports[size][1:], first)]
    for size in ordered:
        async with _opened(folder, size) as bench:
            figures += await recalls(bench, materials[size], size)
    return figures


def _opened(folder: Path, size: int, *settings: str) -> AbstractAsyncContextManager[Bench]:
    return opened(EngineChoice(overrides=(*SETTINGS, *settings)), folder=folder / f"of {size}")


def costs(
    size: int, smallest: int, reports: Sequence[SleepReport], first: Sequence[SleepReport]
) -> list[dict[str, Any]]:
    """Seconds and calls of a cycle, beside those of the smallest mind."""
    beside = f"the same in a mind of {smallest:,}"
    return [
        figure(f"sleep_cycle_{size}_s", median(map(took, reports)), median(map(took, first)), "s", beside),
        figure(
            f"sleep_cycle_{size}_calls",
            median(r.calls for r in reports),
            median(r.calls for r in first),
            "store calls",
            beside,
        ),
    ]


def took(report: SleepReport) -> float:
    """From its beginning to its end, in seconds."""
    assert report.ended_at is not None, "a cycle that has ended"
    return report.ended_at - report.started_at


async def begin(bench: Bench, night: str) -> SleepReport:
    """Ask for a cycle."""
    daemon = bench.session.daemon
    assert daemon is not None, "a benchmark runs the engine in its own process"
    asked = SleepInquiry(id=night, mind=MIND, cycles=1, deadline_s=ANSWERED_WITHIN_S)
    begun = await daemon.answering.answer(asked)
    assert isinstance(begun, SleepAnswer), begun
    return begun.report


async def cycle(bench: Bench, night: str) -> SleepReport:
    """One cycle to its end."""
    daemon = bench.session.daemon
    assert daemon is not None, "a benchmark runs the engine in its own process"
    return (await slept_to_the_end(daemon, await begin(bench, night)))[0]


async def recalls(bench: Bench, materials: Materials, size: int) -> list[dict[str, Any]]:
    """The same cues while the mind is awake and while it sleeps, one at a time."""
    cues = cues_near(materials)
    awake = (await in_process(bench, cues))[WARM_UP:]
    asleep: list[float] = []
    night = 0
    while len(asleep) < len(awake):
        night += 1
        asleep += await while_asleep(bench, cues, f"asked in its sleep {night}")
    what = f"the same cues awake, {size:,} memories"
    return [
        figure(f"recall_asleep_{size}_p{p}", percentile(asleep, p), percentile(awake, p), "ms", what)
        for p in (50, 95)
    ]


async def while_asleep(bench: Bench, cues: Sequence[Cue], night: str) -> list[float]:
    """How long cues take from the beginning of a cycle to its end, in ms, with pauses as a person makes."""
    times: list[float] = []
    ended = anyio.Event()

    async def asking() -> None:
        while not ended.is_set():
            for cue in cues:
                times.extend(await in_process(bench, [cue]))
                await anyio.sleep(PAUSE_S)
                if ended.is_set():
                    return

    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(asking)
        await cycle(bench, night)
        ended.set()
    assert times, f"nothing was asked in {time.perf_counter() - began:.1f} s"
    return times
