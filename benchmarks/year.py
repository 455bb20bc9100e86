"""`year`: a simulated year of days and nights, on virtual time and the oracle: what stays, and what fades.

Every day some percepts come: some ordinary, some that move us, some that are met again and again. After each
day there is a night. At the end the same vague cue asks for each memory that is old enough to have lapsed.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import anyio
import msgspec
import numpy as np

from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from cognition.engine.arrivals import Entry
from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.sleep_options import AtNight, SleepOptions
from cognition.mechanisms.keeping import ARCHIVED_A_YEAR_MAX
from cognition.mechanisms.synapses import LEARNED
from cognition.mechanisms.synapses import strength as weight_of
from cognition.ports.stores import Scope
from cognition.stores.stores import open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from schemas.cue import Cue
from schemas.identifiers import memory_id, sleep_cycle_id
from schemas.percept import Percept

SEED = 20_260_101
MIND = "ana"
DAY_S = 86_400.0
DAYS = 365
A_DAY = 4
"""Percepts: one in four moves, one in four is met again."""

CYCLES = 1
"""Of a night: a day of four percepts makes nobody very tired."""

MOVING, REHEARSED, ORDINARY = "moving", "rehearsed", "ordinary"
AGAIN_DAYS = (1, 4, 12, 30, 75, 150)
"""Days after which a rehearsed memory is met again: ever longer gaps."""

OLD_DAYS = 60
"""Memories of the last two months have not had the time to lapse."""

TOPICS = 12
SPREAD, VAGUE = 0.9, 1.6
"""Noise around a topic; and of a cue around its memory, so that it brings others to mind, too."""

DIMENSION = 768
ASKED_MAX = 400
WITHOUT: tuple[AtNight, ...] = ("associate", "rare_terms", "index")
"""What a night does with words: these percepts have none that tell. Nor is a canary asked here."""


@dataclass
class Life:
    """What was perceived: kinds and vectors by key, and what was seen of it month by month."""

    kinds: dict[str, str] = field(default_factory=dict)
    vectors: dict[str, Any] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    months: list[dict[str, float]] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("--days", type=int, default=DAYS, metavar="N", help=f"days and nights ({DAYS})")
    parser.add_argument("--a-day", type=int, default=A_DAY, metavar="N", help=f"percepts a day ({A_DAY})")
    parser.add_argument("--seed", type=int, default=SEED, help="of what is perceived and asked")
    parser.add_argument("--without", default="", metavar="NAME,...", help="what is left out of every night")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Live, and report."""
    left_out = [name for name in options.without.split(",") if name]
    if unknown := set(left_out) - set(get_args(AtNight)):
        raise SystemExit(f"--without {sorted(unknown)} names nothing that a night does.")
    found = anyio.run(lived, options.days, options.a_day, options.seed, OLD_DAYS, left_out)
    return {**found, "provenance": provenance(seed=options.seed, without=left_out)}


async def lived(
    days: int, a_day: int, seed: int, old_days: int = OLD_DAYS, without: Sequence[str] = ()
) -> dict[str, Any]:
    """So many days and nights; what stayed."""
    rng, clock, life = np.random.default_rng(seed), ManualClock(), Life()
    engine = await awake(clock, without)
    topics = rng.standard_normal((TOPICS, DIMENSION))
    entries = itertools.count()
    progress = Progress("days", days)
    for day in range(days):
        percepts = [*new(life, day, a_day, topics, rng), *again(life, day)]
        arrivals = []
        for percept in percepts:
            clock.advance(600.0)
            arrivals.append(Entry(0, f"{round(clock.now() * 1e3)}-{next(entries)}", percept))
        await engine.encoder.commit(await engine.senses.prepare(arrivals), {0: 1})
        await engine.minds.checkpoint()
        clock.advance(DAY_S - 600.0 * len(percepts))
        await night(engine, f"night {day}")
        if day % 30 == 29 or day == days - 1:
            life.months.append({"day": day + 1, **await looked(engine)})
        progress.step()
    return {
        "days": days,
        "percepts": len(life.kinds),
        "archived_a_year_planned": ARCHIVED_A_YEAR_MAX,
        "months": life.months,
        "recalled": await recalled(engine, life, days - old_days, rng),
    }


async def awake(clock: ManualClock, without: Sequence[str]) -> Engine:
    """An engine over the oracle, with nights as they are but for what needs words, and for these."""
    off = msgspec.convert((*WITHOUT, *without), tuple[AtNight, ...])
    chosen = Options(sleep=SleepOptions(turn=0.0, canary=0, without=off))
    line = MemoryStreams(partitions=1).hold()
    stores = await open_stores(OracleBackend())
    return assemble(stores, line, clock, RecordingSink(), None, chosen, epoch_of=lambda _: 1)


def new(life: Life, day: int, count: int, topics: Any, rng: np.random.Generator) -> list[Percept]:
    """What is perceived for the first time on a day."""
    made = []
    for n in range(count):
        kind = (MOVING, REHEARSED, ORDINARY, ORDINARY)[n % 4]
        key = f"day {day} {n}"
        idea = topics[rng.integers(TOPICS)] + SPREAD * rng.standard_normal(DIMENSION)
        life.kinds[key], life.vectors[key], life.days[key] = kind, idea / np.linalg.norm(idea), day
        made.append(percept(life, key))
    return made


def again(life: Life, day: int) -> list[Percept]:
    """What is met again on a day."""
    return [
        percept(life, key)
        for key, kind in life.kinds.items()
        if kind == REHEARSED and day - life.days[key] in AGAIN_DAYS
    ]


def percept(life: Life, key: str) -> Percept:
    """What is perceived under a key: met again it is the same."""
    moving = life.kinds[key] == MOVING
    return Percept(
        mind=MIND,
        key=key,
        content=f"what came as {key}",
        vector=life.vectors[key].astype("<f4").tobytes(),
        importance=0.9 if moving else 0.3,
        valence=-0.8 if moving else 0.0,
        arousal=0.9 if moving else 0.4,
    )


async def night(engine: Engine, name: str) -> None:
    """One night to its end."""
    report, _ = await engine.sleep.fall_asleep(MIND, "request", cause=name, cycles=CYCLES)
    while report.id:
        report = await engine.sleep.slept(report)
        follows = await engine.stores.cycles.get(MIND, sleep_cycle_id(MIND, name, report.nth + 1))
        if follows is None:
            return
        report = follows


async def looked(engine: Engine) -> dict[str, float]:
    """How many memories there are where, and how strong what binds them is."""
    mind = await engine.minds.look(MIND)
    ids = await engine.stores.memories.select(MIND, Scope(), limit=1_000_000)
    memories = (await engine.stores.memories.get(MIND, ids)).values()
    now = mind.sleep.slept_at
    factor = mind.sleep.homeostasis
    weights = [
        factor.scaled(weight_of(a, now), a.last_coactivated)
        for m in memories
        for a in m.associations
        if a.type is LEARNED
    ]
    strengths = [m.consolidation_strength for m in memories]
    return {
        "awake": mind.living,
        "in_archive": mind.sleep.archived,
        "learned_associations": len(weights),
        "weight_mean": round(float(np.mean(weights)), 4) if weights else 0.0,
        "weight_max": round(max(weights, default=0.0), 4),
        "strength_mean": round(float(np.mean(strengths)), 4),
        "strength_max": round(max(strengths), 4),
    }


async def recalled(engine: Engine, life: Life, until: int, rng: np.random.Generator) -> dict[str, Any]:
    """Of each kind the share that a vague cue brings back among the first ten, and that is awake."""
    shares: dict[str, Any] = {}
    for kind in (MOVING, REHEARSED, ORDINARY):
        keys = [k for k, found in life.kinds.items() if found == kind and life.days[k] < until]
        asked = [keys[i] for i in rng.permutation(len(keys))[:ASKED_MAX]]
        found, there = 0, 0
        for n, key in enumerate(asked):
            wanted = memory_id(MIND, key)
            vague = life.vectors[key] + VAGUE * rng.standard_normal(DIMENSION) / np.sqrt(DIMENSION)
            vector = (vague / np.linalg.norm(vague)).astype("<f4").tobytes()
            answer = await engine.recall.answer(Cue(id=f"{kind} {n}", mind=MIND, vector=vector, limit=10))
            found += any(r.memory.id == wanted for r in answer.recalled)
            there += wanted in await engine.stores.memories.get(MIND, [wanted])
        shares[kind] = {"asked": len(asked), "R@10": found / len(asked), "awake": there / len(asked)}
    return shares


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    lines = [f"{report['days']} days, {report['percepts']:,} percepts"]
    for row in report["months"]:
        figures = "  ".join(f"{name} {value:g}" for name, value in row.items() if name != "day")
        lines.append(f"  day {row['day']:4}  {figures}")
    for kind, row in report["recalled"].items():
        lines.append(f"  {kind:10} R@10 {row['R@10']:.3f} of {row['asked']}, awake {row['awake']:.3f}")
    return "\n".join(lines)
