"""What the plan of a cycle costs in minds of ten thousand to a million memories: it goes by indexes alone.

The memories have no vectors here but those of the page at which forgetting looks: no plan reads others.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.progress import Progress
from benchmarks.timing.figures import figure
from benchmarks.timing.filling import memories, traced, write_figures
from benchmarks.timing.materials import Materials
from cognition.engine.assembly import Engine, assemble
from cognition.engine.night_forgetting import LOOKED_AT_ONCE
from cognition.mechanisms.text import Analyzer
from cognition.ports.calls import counted
from cognition.stores.edge import open_inline
from cognition.stores.stores import over
from cognition.testing.clock import ManualClock
from cognition.testing.line import MemoryStreams
from cognition.testing.sink import RecordingSink
from schemas.identifiers import memory_id
from schemas.sleeping import SleepPlanAnswer, SleepPlanInquiry

MIND = "mind-0"
SIZES = "10000,100000,1000000"
NOW = 1_770_000_000.0
PLANS = 11
"""Plans that are timed; the median counts. The first of all, which finds nothing cached, does not."""


async def plans(folder: Path, sizes: Sequence[int], seed: int) -> list[dict[str, Any]]:
    """Plans in minds of these sizes, held against those of the smallest, in turns."""
    ordered = sorted(sizes)
    took: dict[int, list[float]] = {size: [] for size in ordered}
    calls: dict[int, list[int]] = {size: [] for size in ordered}
    async with AsyncExitStack() as stack:
        engines = {size: await filled(stack, folder / f"of {size}", size, seed) for size in ordered}
        for n in range(1 + PLANS):  # in turns: the machine's own speed drifts
            for size, engine in engines.items():
                seconds, made = await planned(engine, f"night {n}")
                took[size].append(seconds)
                calls[size].append(made)
    least = ordered[0]
    beside = f"the same in a mind of {least:,}"
    return [
        figure(f"sleep_plan_{size}_{what}", median(of[size][1:]), median(of[least][1:]), unit, beside)
        for size in ordered
        for what, of, unit in (("s", took, "s"), ("calls", calls, "store calls"))
    ]


async def filled(stack: AsyncExitStack, folder: Path, size: int, seed: int) -> Engine:
    """An engine over a mind of so many memories, formed a minute apart until now."""
    backend = await stack.enter_async_context(open_inline(folder, started_at=NOW))
    stores = over(backend)
    await stores.ensure()
    engine = assemble(stores, MemoryStreams().hold(), ManualClock(NOW), RecordingSink(), None)
    materials, filling = Materials(seed, 1), Progress(f"memories of {size:,}", size)
    looked_at = frozenset(sorted(memory_id(MIND, f"direct-{n}") for n in range(size))[:LOOKED_AT_ONCE])
    analyzer = Analyzer()
    state = await engine.minds.awake(MIND, epoch=1)
    for page in memories(materials, MIND, size, until=NOW, seed=seed):
        await write_figures(backend, [m for m in page if m.id not in looked_at])
        traces = [traced(m, materials.vectors(1)[0], analyzer) for m in page if m.id in looked_at]
        await stores.memories.insert(traces, epoch=1)
        for memory in page:
            state.sleep.note(memory)
        filling.step(len(page))
    state.memories = size
    return engine


async def planned(engine: Engine, night: str) -> tuple[float, int]:
    """How long one plan takes, with the openings that are shown, and how many calls to the store."""
    began = time.perf_counter()
    with counted() as calls:
        answer = await engine.sleep.answer(SleepPlanInquiry(id=night, mind=MIND))
        made = calls.take()
    assert isinstance(answer, SleepPlanAnswer)
    assert not answer.plan.nothing, answer.plan.nothing
    return time.perf_counter() - began, made
