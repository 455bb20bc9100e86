"""`ablate`: what each mechanism is worth, switched off alone and on alone, on every set.

What acts at the cue is switched by the cue itself (`Cue.without`) over one store that was fed once
with everything on, and over one that was fed with nothing on; what acts at encoding
(`minds.without`) has a store of its own for each of both, where it did anything at all. *Alone*
means on top of the bare hybrid: dense and lexical likeness with nothing else. Differences are paired
over the same cues. With `--nights` the stages of sleep are switched instead (`night_ablation`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import anyio

from benchmarks.ablation import compared, harmful, markdown
from benchmarks.data import Dataset
from benchmarks.engine import Bench, EngineChoice, opened
from benchmarks.loaders import load
from benchmarks.night import LONG_LEASE, ON_REQUEST
from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from benchmarks.recall import ask, feed, keys_by_memory
from benchmarks.report import Answer
from cognition.engine.liveness import AT_ENCODING
from cognition.engine.sleep_options import AtNight
from cognition.engine.weighing import (
    CONTEXT_MATCH,
    DENSE,
    EPISODE,
    LEXICAL,
    MECHANISMS,
    MENTION,
    MOOD,
    ROUTES,
    WORKING_MEMORY,
)
from cognition.ports.calls import account, counted

SEED = 20_260_101
"""Seed of the bootstrap."""

STAGES: tuple[str, ...] = get_args(AtNight)
"""What a night may do, or leave out: every name that `sleep.without` takes."""

SETS = ("locomo", "beam-100k", "multihop-2wiki", "madial-bench", "precision-membench")

BASE = frozenset({DENSE, LEXICAL})
"""The bare hybrid."""

UNASKED = frozenset({EPISODE, ROUTES, WORKING_MEMORY, MOOD, CONTEXT_MATCH})
"""Left out of the passes: no cue of a set prefers an episode or states a mood or surroundings, nothing was
reported (`learn` does), and working memory is only about what is newer than the search can see."""

Figures = dict[str, Any]

Keys = Mapping[tuple[str, str], str]
"""(mind, key of a percept) -> the memory that holds it."""


@dataclass(frozen=True, slots=True)
class Pass:
    """All cues asked once: the answers, and the calls to the store that one of them took on average."""

    answers: list[Answer]
    store_calls: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("--sets", default=",".join(SETS), metavar="NAME,...", help="named sets, or folders")
    parser.add_argument("--only", default="", metavar="NAME,...", help="these mechanisms alone")
    parser.add_argument("--limit-minds", type=int, metavar="N", help="only the first N minds of each set")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there as well")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the differences (needs matplotlib)")
    parser.add_argument(
        "--nights", type=int, default=0, metavar="N", help="the stages of sleep instead, after so many nights"
    )
    EngineChoice.add_arguments(parser)


def run(options: argparse.Namespace) -> Figures:
    """Measure, write what is to be written, and report."""
    chosen = [name for name in options.only.split(",") if name]
    known = sorted(STAGES if options.nights else at_cue() | at_encoding())
    if unknown := set(chosen) - set(known):
        raise SystemExit(f"--only {sorted(unknown)} names no mechanism. Mechanisms: {', '.join(known)}.")
    choice = EngineChoice.from_options(options)
    sets: dict[str, Figures] = {}
    hashes: dict[str, str] = {}
    began = time.monotonic()
    for name in options.sets.split(","):
        dataset = load(name).limited(options.limit_minds)
        if not dataset.questions:
            raise SystemExit(f"{name} has no cues: there is nothing to recall.")
        mechanisms = frozenset(chosen or known)
        if options.nights:
            sets[dataset.name] = anyio.run(slept, dataset, choice, mechanisms, options.nights)
        else:
            sets[dataset.name] = anyio.run(ablated, dataset, choice, mechanisms)
        hashes[dataset.name] = dataset.sha256
    report = {
        "sets": sets,
        "harmful": harmful(sets),
        "provenance": provenance(
            seed=SEED,
            data_sha256=" ".join(hashes.values()),
            backend=choice.backend,
            settings=choice.overrides,
            limit_minds=options.limit_minds,
            nights=options.nights,
            took_s=round(time.monotonic() - began, 1),
        ),
    }
    if options.markdown:
        options.markdown.write_text(markdown(report) + "\n", encoding="utf-8")
    if options.png:
        from benchmarks.ablation_plot import draw

        draw(report, options.png)
    return report


table = markdown


def at_cue() -> frozenset[str]:
    """What a cue can switch off and the sets can tell."""
    return MECHANISMS - UNASKED


def at_encoding() -> frozenset[str]:
    """What a mind can be told to leave out when it encodes."""
    return frozenset(AT_ENCODING)


async def _acting(bench: Bench) -> frozenset[str]:
    """What did anything at all as the set was encoded; without the rest every memory is the same."""
    lives = (await bench.session.status()).mechanisms
    return frozenset(life.name for life in lives if life.did)


def _idle(dataset: Dataset) -> frozenset[str]:
    """What cannot act on a set: nothing is about a subject, so that none can be named."""
    return frozenset() if any(s.percept.subject for s in dataset.sensed) else frozenset({MENTION})


async def ablated(dataset: Dataset, choice: EngineChoice, chosen: frozenset[str]) -> Figures:
    """All passes over one set, compared."""
    cue, encoding = sorted((at_cue() & chosen) - _idle(dataset)), sorted(at_encoding() & chosen)
    everything = at_encoding()
    label = f"{dataset.name}: {2 + 2 * len(encoding)} stores"
    steps = Progress(label, 2 + 2 * len(cue) + 2 * len(encoding))

    async def asked(bench: Bench, keys: Keys, without: Collection[str]) -> Pass:
        done = await asked_all(bench, dataset, keys, without)
        steps.step()
        return done

    without: dict[str, Pass] = {}
    only: dict[str, Pass] = {}
    extras = at_cue() - BASE
    async with _fed(dataset, choice, ()) as (bench, keys):
        acting = await _acting(bench)
        whole = await asked(bench, keys, ())
        for name in cue:
            without[name] = await asked(bench, keys, [name])
    async with _fed(dataset, choice, everything) as (bench, keys):
        bare = await asked(bench, keys, extras)
        for name in cue:
            left = (MECHANISMS - UNASKED) - ({name} if name in BASE else BASE | {name})
            only[name] = await asked(bench, keys, left)
    for name in encoding:
        if name not in acting:
            without[name], only[name] = whole, bare
            steps.step(2)
            continue
        async with _fed(dataset, choice, [name]) as (bench, keys):
            without[name] = await asked(bench, keys, ())
        async with _fed(dataset, choice, everything - {name}) as (bench, keys):
            only[name] = await asked(bench, keys, extras)
    return compared(whole, bare, without, only, seed=SEED)


async def slept(dataset: Dataset, choice: EngineChoice, chosen: frozenset[str], nights: int) -> Figures:
    """All variants of a night over one set, compared."""
    from benchmarks.night_ablation import ablated_nights

    return await ablated_nights(dataset, choice, chosen, nights, SEED)


@asynccontextmanager
async def _fed(
    dataset: Dataset, choice: EngineChoice, without: Collection[str]
) -> AsyncIterator[tuple[Bench, Keys]]:
    """A fresh engine that encoded the whole set without these mechanisms. Nobody falls asleep between two
    passes."""
    chosen = choice.overridden(LONG_LEASE, ON_REQUEST)
    if without:
        chosen = chosen.overridden(f"minds.without={','.join(sorted(without))}")
    with counted():
        async with opened(chosen, dataset) as bench:
            memory_ids = await feed(bench, dataset)
            await bench.linked(dataset.minds)
            yield bench, memory_ids


async def asked_all(bench: Bench, dataset: Dataset, memory_ids: Keys, without: Collection[str]) -> Pass:
    """All cues of a set asked once, without these mechanisms; in a context whose calls are counted."""
    names, calls = keys_by_memory(memory_ids), account()
    calls.take()
    answers = [await ask(bench, q, sorted(without), memory_ids, names) for q in dataset.questions]
    made = calls.take()
    assert made, "cues that ask no store measure nothing"
    return Pass(answers, made / len(answers))
