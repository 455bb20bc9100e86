"""`ablate --nights N`: what each stage of sleep is worth, left out alone and alone, on every set.

A set is fed once; then each variant sleeps its nights on a copy of that store. *Hybrid* is here the mind that
has not slept, *alone* is on top of it. Associations by what memories speak of form in sleep alone.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from benchmarks.ablate import STAGES, Keys, Pass, asked_all
from benchmarks.ablation import compared
from benchmarks.data import Dataset
from benchmarks.engine import Bench, EngineChoice, opened
from benchmarks.night import DAY_S, Calendar, sleep
from benchmarks.night import SETTINGS as AT_NIGHT_ALONE
from benchmarks.progress import Progress
from benchmarks.recall import feed
from cognition.engine.sleep_options import EXTRA
from cognition.ports.calls import counted

CYCLES = 2
"""Of a night: the second finds what the first has made."""

WHOLE = f"sleep.also={','.join(EXTRA)}"
"""What is on by default, and what is not: both have to show what they are worth."""


async def ablated_nights(
    dataset: Dataset, choice: EngineChoice, chosen: Collection[str], nights: int, seed: int
) -> dict[str, Any]:
    """All variants over one set, compared."""
    stages = [name for name in STAGES if name in chosen]
    steps = Progress(f"{dataset.name}: nights", 2 + 2 * len(stages))
    with tempfile.TemporaryDirectory(prefix="cognition-nights-") as name:
        fed = Path(name) / "fed"
        keys = await _fed(dataset, choice, fed)

        async def after(without: Sequence[str], count: int) -> Pass:
            done = await _after(dataset, choice, fed, keys, without, count)
            steps.step()
            return done

        whole = await after((), nights)
        bare = await after((), 0)
        without = {stage: await after((stage,), nights) for stage in stages}
        only = {stage: await after([s for s in STAGES if s != stage], nights) for stage in stages}
    return compared(whole, bare, without, only, seed=seed)


async def _fed(dataset: Dataset, choice: EngineChoice, folder: Path) -> Keys:
    """Take everything in, and close."""
    async with opened(choice.overridden(*AT_NIGHT_ALONE), dataset, folder=folder) as bench:
        return await feed(bench, dataset)


async def _after(
    dataset: Dataset, choice: EngineChoice, fed: Path, keys: Keys, without: Sequence[str], nights: int
) -> Pass:
    """All cues after so many nights of a copy that leave these stages out."""
    clock, folder = Calendar(), fed.with_name("asleep")
    chosen = choice.overridden(*AT_NIGHT_ALONE, WHOLE)
    if without:
        chosen = chosen.overridden(f"sleep.without={','.join(without)}")
    shutil.copytree(fed, folder, ignore=shutil.ignore_patterns("*.lock"))
    try:
        with counted():
            return await _asked(
                opened(chosen, dataset, folder=folder, clock=clock), dataset, keys, nights, clock
            )
    finally:
        shutil.rmtree(folder)


async def _asked(
    engine: AbstractAsyncContextManager[Bench], dataset: Dataset, keys: Keys, nights: int, clock: Calendar
) -> Pass:
    """So many nights of what is opened, then all cues, on the day before them."""
    async with engine as bench:
        for night in range(1, nights + 1):
            clock.ahead_s = DAY_S * night
            await sleep(bench, dataset, f"night {night}", CYCLES)
        clock.ahead_s = 0.0
        return await asked_all(bench, dataset, keys, ())
