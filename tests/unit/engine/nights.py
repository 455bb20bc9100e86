"""Single steps of nights on a bench: what is archived, brought back and erased, by key."""

from __future__ import annotations

import itertools

import numpy as np

from cognition.engine.archiving import Archiving, Returning
from cognition.engine.night_forgetting import DECAY
from cognition.engine.night_journal import Journal
from cognition.mechanisms.lexicon import Lexicon
from cognition.ports.stores import Scope
from cognition.stores.backend import Match
from schemas.identifiers import memory_id, sleep_cycle_id
from schemas.percept import Forget
from schemas.sleep import PlannedWork, SleepCursor, SleepReport, SleepStage, SleepWork
from tests.unit.engine.bench import ANA, Bench

NIGHTS = itertools.count()


def report_of(night: str, step: int = 1) -> SleepReport:
    """A cycle at a step of its work."""
    return SleepReport(
        id=sleep_cycle_id(ANA, night, 1),
        mind=ANA,
        night=night,
        nth=1,
        cycles=1,
        number=1,
        trigger="request",
        started_at=1_800_000_000.0,
        cursor=SleepCursor(stage="deep", step=step),
    )


def forgets(*keys: str) -> PlannedWork:
    ids = [memory_id(ANA, key) for key in keys]
    return PlannedWork(work=SleepWork.FORGET, stage=SleepStage.DEEP, memory_ids=ids, why=DECAY)


def archiving(on: Bench) -> Archiving:
    minds = on.engine.minds
    return Archiving(on.stores, minds, Journal(on.stores, minds))


async def archive(on: Bench, *keys: str) -> None:
    """One step of a night takes these to the archive."""
    await step(on, report_of(f"night {next(NIGHTS)}"), *keys)


async def step(on: Bench, report: SleepReport, *keys: str) -> None:
    """This very step, once more or for the first time."""
    await archiving(on).step(report, forgets(*keys), epoch=on.epoch)


async def bring_back(on: Bench, *keys: str) -> None:
    ids = [memory_id(ANA, key) for key in keys]
    async with on.engine.minds.sleeping(ANA, epoch=on.epoch):
        await Returning(on.stores, on.engine.minds).back(ANA, ids, at=None, epoch=on.epoch)


async def erase(on: Bench, key: str) -> None:
    await on.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, key)]))


async def assert_lexicon_exact(on: Bench) -> None:
    """The lexicon counts what is awake, and nothing else."""
    counted, mind = Lexicon(), await on.engine.minds.look(ANA)
    memories, _ = await on.stores.memories.walk(ANA, None, limit=1_000)
    for each in (await on.stores.memories.get_traces(ANA, [m.id for m in memories])).values():
        counted.add(each.lexical, each.memory.length, each.context)
    assert mind.lexicon._moments == counted._moments
    assert (mind.lexicon.n, mind.living) == (counted.n, len(memories))
    np.testing.assert_allclose(mind.lexicon.mean_vector, counted.mean_vector, atol=1e-3)


async def assert_counts_exact(on: Bench) -> None:
    """Each memory lies in one place, and is counted as lying there."""
    await assert_lexicon_exact(on)
    awake = set(await on.stores.memories.select(ANA, Scope(), limit=1_000))
    page = await on.backend.scroll("unconscious", condition=Match("mind", ANA), limit=1_000)
    archived = {hit.id for hit in page.hits}
    assert not awake & archived
    assert (await on.engine.minds.look(ANA)).sleep.archived == len(archived)
