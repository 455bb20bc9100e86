"""`precision [SET|DIR]`: the right memories and only those, and silence where nothing fits.

A cue passes when what is answered is exactly its gold. Five ways to answer: the ten best by meaning alone,
as a plain vector search does; the ten best of the whole rule, as if no memory superseded another; those of
them that stand out (`mechanisms.outstanding`); and the exact answer of the engine itself (`Cue.exact`),
before a night and after it.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio

from benchmarks.data import Dataset, Question
from benchmarks.engine import Bench, EngineChoice, opened
from benchmarks.loaders import load
from benchmarks.night import CYCLES, ON_REQUEST, UNHURRIED, sleep
from benchmarks.night_ablation import WHOLE
from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from benchmarks.recall import feed
from cognition.engine.weighing import DENSE, MECHANISMS, SUPERSEDED
from cognition.mechanisms.outstanding import LEAST, SHARE, outstanding
from schemas.sleep import SleepReport

DEPTH = 10
SESSIONS = "Session"
"""Cues of this category are turns of a long talk, and counted apart."""

VECTOR, BEST, APART = "vector alone", "the ten best", "what stands out"
EXACT, SLEPT = "exact, before sleep", "exact, after a night"

Figures = dict[str, Any]


@dataclass(slots=True)
class Passes:
    """How many cues of each kind got exactly their gold."""

    active: int = 0
    sessions: int = 0
    silent: int = 0
    answered: list[int] = field(default_factory=list)

    def count(self, question: Question, answer: Collection[str]) -> None:
        """One more cue."""
        passed = set(answer) == set(question.gold)
        self.answered.append(len(answer))
        if not question.gold:
            self.silent += passed
        elif question.category == SESSIONS:
            self.sessions += passed
        else:
            self.active += passed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    text = "a named set, or a folder in the documented form (default precision-membench)"
    parser.add_argument("set", metavar="SET|DIR", nargs="?", default="precision-membench", help=text)
    EngineChoice.add_arguments(parser)
    parser.add_argument("--least", type=float, default=LEAST, help=f"lowest score (default {LEAST})")
    parser.add_argument("--share", type=float, default=SHARE, help=f"of the best score (default {SHARE})")


def run(options: argparse.Namespace) -> Figures:
    """Measure and report."""
    dataset = load(options.set)
    choice = EngineChoice.from_options(options)
    passes, reports = anyio.run(measure, dataset, choice, options.least, options.share)
    gold = [q for q in dataset.questions if q.gold]
    return {
        "set": dataset.name,
        "cues": {
            "active": sum(q.category != SESSIONS for q in gold),
            "sessions": sum(q.category == SESSIONS for q in gold),
            "silent": len(dataset.questions) - len(gold),
        },
        "passes": {
            way: {
                "active": each.active,
                "sessions": each.sessions,
                "silent": each.silent,
                "answered": round(sum(each.answered) / max(1, len(each.answered)), 2),
            }
            for way, each in passes.items()
        },
        "night": {name: sum(getattr(r, name) for r in reports) for name in ("superseded", "abstracted")},
        "provenance": provenance(
            seed=0,
            data_sha256=dataset.sha256,
            backend=choice.backend,
            settings=choice.overrides,
            least=options.least,
            share=options.share,
        ),
    }


async def measure(
    dataset: Dataset, choice: EngineChoice, least: float, share: float
) -> tuple[dict[str, Passes], list[SleepReport]]:
    """Feed everything, answer each cue in every way, let every mind sleep a night, and ask again."""
    passes = {way: Passes() for way in (VECTOR, BEST, APART, EXACT, SLEPT)}
    async with opened(choice.overridden(ON_REQUEST, UNHURRIED, WHOLE), dataset) as bench:
        memory_ids = await feed(bench, dataset)
        await bench.linked(dataset.minds)
        keys = {memory_id: key for (_, key), memory_id in memory_ids.items()}
        asking = Progress("cues", len(dataset.questions))
        for question in dataset.questions:
            plain = await _scored(bench, question, keys, without=sorted(MECHANISMS - {DENSE}))
            scored = await _scored(bench, question, keys, without=[SUPERSEDED])
            passes[VECTOR].count(question, list(plain))
            passes[BEST].count(question, list(scored))
            passes[APART].count(question, _apart(scored, least, share))
            passes[EXACT].count(question, await _scored(bench, question, keys, exact=True))
            asking.step()
        reports = await sleep(bench, dataset, "night", CYCLES)
        for question in dataset.questions:
            passes[SLEPT].count(question, await _scored(bench, question, keys, exact=True))
    return passes, reports


async def _scored(
    bench: Bench,
    question: Question,
    keys: Mapping[str, str],
    *,
    without: Sequence[str] = (),
    exact: bool = False,
) -> dict[str, float]:
    """The best keys with their scores, best first."""
    answer = await bench.recollect(question, limit=DEPTH, without=without, exact=exact)
    return {keys[r.memory.id]: r.score for r in answer.recalled}


def _apart(scored: Mapping[str, float], least: float, share: float) -> list[str]:
    return list(scored)[: outstanding(list(scored.values()), least=least, share=share)]


def table(report: Figures) -> str:
    """The same for a person to read."""
    cues = report["cues"]
    lines = [f"{report['set']}: cues that got exactly their gold"]
    heads = [f"{kind} ({count})" for kind, count in cues.items()]
    lines.append(f"{'':20s}" + "".join(f"{head:>16s}" for head in heads) + f"{'answered':>12s}")
    for way, row in report["passes"].items():
        cells = "".join(f"{row[kind]:16d}" for kind in cues)
        lines.append(f"{way:20s}{cells}{row['answered']:12.1f}")
    night = ", ".join(f"{name} {count}" for name, count in report["night"].items())
    lines.append(f"in the night: {night}")
    return "\n".join(lines)
