"""`keep SET|DIR`: what a mind still recalls when not all of its memories can be kept.

Percepts in; then, fraction after fraction, what is worth least by the engine's own order is archived, and the
same cues are asked. Gold that was archived counts as not found, and does not surface here: it is the loss
that is measured. `--by` keeps by something else, to compare with.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import anyio
import numpy as np

from benchmarks.data import Dataset
from benchmarks.engine import Bench, EngineChoice, opened
from benchmarks.loaders import load
from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from benchmarks.recall import ask, feed, keys_by_memory
from benchmarks.report import Answer, recall_report
from cognition.engine.appraisal import Appraising
from cognition.engine.night_forgetting import DISPLACEMENT
from cognition.engine.tongues import Tongues
from cognition.mechanisms.keeping import displaced

SEED = 20_260_101
FRACTIONS = "1,.75,.5,.25"
ARCHIVED_AT_ONCE = 64
POLICIES = ("worth", "recent", "random")
"""What is kept: what is worth most (`mechanisms.keeping`), what came last, anything."""

Figures = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("set", metavar="SET|DIR", help="a named set, or a folder in the documented form")
    text = f"of each mind's memories (default {FRACTIONS})"
    parser.add_argument("--fractions", default=FRACTIONS, metavar="F,...", help=text)
    parser.add_argument("--by", choices=POLICIES, default="worth", help="what is kept (default worth)")
    parser.add_argument("--limit-minds", type=int, metavar="N", help="only the first N minds")
    EngineChoice.add_arguments(parser)


def run(options: argparse.Namespace) -> Figures:
    """Measure and report."""
    fractions = fractions_of(options.fractions)
    dataset = load(options.set).limited(options.limit_minds)
    if not dataset.questions:
        raise SystemExit(f"{options.set} has no cues: there is nothing to recall. Add cues.jsonl.")
    choice = EngineChoice.from_options(options)
    kept = anyio.run(measure, dataset, choice, fractions, options.by)
    return {
        "set": dataset.name,
        "by": options.by,
        "fractions": kept,
        "provenance": provenance(
            seed=SEED,
            data_sha256=dataset.sha256,
            backend=choice.backend,
            settings=choice.overrides,
            minds=len(dataset.minds),
            percepts=len(dataset.sensed),
        ),
    }


def fractions_of(text: str) -> list[float]:
    """Fractions in falling order, so that what is archived for one stays archived for the next."""
    try:
        found = sorted({float(part) for part in text.split(",")}, reverse=True)
    except ValueError:
        found = []
    if not found or not all(0.0 < f <= 1.0 for f in found):
        raise SystemExit(f"--fractions {text!r}: give shares above 0 up to 1, for example {FRACTIONS}.")
    return found


async def measure(
    dataset: Dataset, choice: EngineChoice, fractions: Sequence[float], by: str
) -> list[Figures]:
    """Feed every percept, then archive and ask for each fraction."""
    async with opened(choice.overridden("sleep.enabled=false"), dataset) as bench:
        memory_ids = await feed(bench, dataset)
        await bench.linked(dataset.minds)
        keys = keys_by_memory(memory_ids)
        tongues = Tongues(choice.settings().minds)
        orders = {m: await _order(bench, tongues, m, own(dataset, m, memory_ids), by) for m in dataset.minds}
        kept = []
        for fraction in fractions:
            left = [await _leave(bench, mind, orders[mind], fraction) for mind in dataset.minds]
            asking = Progress(f"cues at {fraction:g}", len(dataset.questions))
            answers: list[Answer] = []
            for question in dataset.questions:
                answers.append(await ask(bench, question, (), memory_ids, keys))
                asking.step()
            report = recall_report(dataset.name, answers, seed=SEED)
            kept.append(
                {
                    "fraction": fraction,
                    "memories": sum(left),
                    "overall": report["overall"],
                    "intervals": report["intervals"],
                    "latency_ms": report["latency_ms"],
                }
            )
        return kept


def own(dataset: Dataset, mind: str, memory_ids: Mapping[tuple[str, str], str]) -> list[str]:
    """The memories of a mind in the order in which they came."""
    keys = [s.percept.key for s in dataset.sensed if s.percept.mind == mind]
    return list(dict.fromkeys(memory_ids[mind, key] for key in keys))


async def _order(bench: Bench, tongues: Tongues, mind: str, ids: Sequence[str], by: str) -> dict[str, float]:
    """Every memory of a mind with how much it is worth keeping."""
    if by == "recent":
        return {i: float(place) for place, i in enumerate(ids)}
    if by == "random":
        return dict(zip(ids, np.random.default_rng(SEED).random(len(ids)).tolist(), strict=True))
    daemon = bench.session.daemon
    assert daemon is not None, "a benchmark runs the engine in its own process"
    return await Appraising(daemon.stores, tongues).scores(await daemon.engine.minds.look(mind), ids)


async def _leave(bench: Bench, mind: str, order: Mapping[str, float], fraction: float) -> int:
    """Archive what is beyond this fraction of a mind; how many memories are left."""
    daemon = bench.session.daemon
    assert daemon is not None, "a benchmark runs the engine in its own process"
    limit = round(fraction * len(order))
    ids = list(order)
    gone = displaced(ids, np.array([order[i] for i in ids]), limit)
    stores, minds = daemon.stores, daemon.engine.minds
    async with minds.writing:
        resident = await minds.look(mind)
        for start in range(0, len(gone), ARCHIVED_AT_ONCE):
            traces = await stores.memories.get_traces(mind, gone[start : start + ARCHIVED_AT_ONCE])
            await stores.archive.deposit(list(traces.values()), reason=DISPLACEMENT, at=0.0, epoch=1)
            await stores.memories.erase(mind, list(traces))
            for i, trace in traces.items():
                resident.unlearn(dict(trace.lexical), trace.memory.length, trace.context)
                resident.working.forget(i)
            minds.facts.drop(mind, traces)
    return limit


def table(report: Figures) -> str:
    """The same for a person to read."""
    names = ("R@1", "R@5", "R@10", "MRR")
    lines = [f"{report['set']}, kept by {report['by']}"]
    lines.append(f"{'kept':>8s}{'memories':>10s}" + "".join(f"{n:>10s}" for n in names))
    for row in report["fractions"]:
        cells = "".join(f"{row['overall'][n]:10.3f}" for n in names)
        lines.append(f"{row['fraction']:8.2f}{row['memories']:10,d}{cells}")
    return "\n".join(lines)
