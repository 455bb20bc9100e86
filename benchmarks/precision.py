"""`precision [SET|DIR]`: the right memories and only those, and silence where nothing fits.

A cue passes when what is answered is exactly its gold. Four ways to answer: the ten best by meaning alone,
as a plain vector search does; the ten best of the whole rule; those of them that stand out
(`mechanisms.outstanding`); and of those what no newer memory supersedes by what its caller said
(`mechanisms.superseding`).
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
from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from benchmarks.recall import feed
from cognition.engine.weighing import DENSE, MECHANISMS
from cognition.mechanisms.outstanding import LEAST, SHARE, outstanding
from cognition.mechanisms.superseding import told
from schemas.association import AssociationType
from schemas.percept import seconds

DEPTH = 10
SESSIONS = "Session"
"""Cues of this category are turns of a long talk, and counted apart."""

VECTOR, BEST, APART, CURRENT = "vector alone", "the ten best", "what stands out", "and is current"

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
    passes = anyio.run(measure, dataset, choice, options.least, options.share)
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
        "provenance": provenance(
            seed=0,
            data_sha256=dataset.sha256,
            backend=choice.backend,
            settings=choice.overrides,
            least=options.least,
            share=options.share,
        ),
    }


async def measure(dataset: Dataset, choice: EngineChoice, least: float, share: float) -> dict[str, Passes]:
    """Feed everything, and answer each cue in every way."""
    passes = {way: Passes() for way in (VECTOR, BEST, APART, CURRENT)}
    old = outdated(dataset)
    async with opened(choice.overridden("sleep.enabled=false"), dataset) as bench:
        memory_ids = await feed(bench, dataset)
        await bench.linked(dataset.minds)
        keys = {memory_id: key for (_, key), memory_id in memory_ids.items()}
        asking = Progress("cues", len(dataset.questions))
        for question in dataset.questions:
            plain = await _scored(bench, question, keys, without=sorted(MECHANISMS - {DENSE}))
            scored = await _scored(bench, question, keys)
            fresh = {key: score for key, score in scored.items() if (question.mind, key) not in old}
            passes[VECTOR].count(question, list(plain))
            passes[BEST].count(question, list(scored))
            passes[APART].count(question, _apart(scored, least, share))
            passes[CURRENT].count(question, _apart(fresh, least, share))
            asking.step()
    return passes


def outdated(dataset: Dataset) -> set[tuple[str, str]]:
    """(mind, key) of what a caller said that another percept supersedes."""
    found: set[tuple[str, str]] = set()
    for mind in dataset.minds:
        percepts = [s.percept for s in dataset.sensed if s.percept.mind == mind]
        relations = {
            p.key: [r.target for r in p.relations if r.type is AssociationType.SUPERSEDES] for p in percepts
        }
        times = {p.key: seconds(p.occurred_at) if p.occurred_at is not None else 0.0 for p in percepts}
        found |= {(mind, key) for key in told(relations, times)}
    return found


async def _scored(
    bench: Bench, question: Question, keys: Mapping[str, str], *, without: Sequence[str] = ()
) -> dict[str, float]:
    """The best keys with their scores, best first."""
    answer = await bench.recollect(question, limit=DEPTH, without=without)
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
    return "\n".join(lines)
