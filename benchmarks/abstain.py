"""`abstain SET|DIR`: does the best score tell what a mind remembers from what it does not?

Every cue is asked of its own mind, and of another mind of the set that never heard of it, with the
names of the people exchanged, so that a strange name does not give it away. A cue counts as
answerable where its gold comes back among the first ten; where it does not, neither answering nor
silence is right, and it counts as neither. Cues of the set with an empty gold are a class of their own.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from numpy.typing import NDArray

from benchmarks import calibration
from benchmarks.data import Dataset, Question
from benchmarks.engine import EngineChoice, opened
from benchmarks.loaders import load
from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from benchmarks.recall import feed
from schemas.recollection import Recollection

DEPTH = 10
"""An answer is found where its gold is among this many, the default limit of a cue."""

STEP = 2
"""A cue is asked of the mind this many further on: even ones of even ones, odd ones of odd ones,
so that what is fitted on one half never saw the other."""

SILENCED_MAX = 0.05
"""A threshold is sensible while it silences at most this share of what is answered rightly (a choice)."""

FOUND, MISSED, STRANGE, EMPTY = "found", "missed", "strange", "empty"


@dataclass(frozen=True, slots=True)
class Best:
    """The best that came back to one cue: its evidence and score, and whether that was right."""

    kind: str
    mind: str
    content: str
    evidence: float
    score: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("set", metavar="SET|DIR", help="a named set, or a folder in the documented form")
    EngineChoice.add_arguments(parser)
    parser.add_argument("--per-question", type=Path, metavar="FILE", help="write one JSON line a cue")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and report."""
    dataset = load(options.set)
    choice = EngineChoice.from_options(options)
    asked = replace(dataset, questions=[*dataset.questions, *strangers(dataset)])
    best = anyio.run(measure, asked, len(dataset.questions), choice)
    if options.per_question:
        lines = (json.dumps(asdict(b), ensure_ascii=False) + "\n" for b in best)
        options.per_question.write_text("".join(lines), encoding="utf-8")
    report = abstain_report(dataset, best)
    report["provenance"] = provenance(
        seed=0, data_sha256=dataset.sha256, backend=choice.backend, settings=choice.overrides
    )
    return report


def strangers(dataset: Dataset) -> list[Question]:
    """Every cue that has an answer, put to another mind in the names of its people; none for a lone mind."""
    minds = dataset.minds
    step = STEP if len(minds) > STEP else 1
    other = {mind: minds[(place + step) % len(minds)] for place, mind in enumerate(minds)}
    people = {mind: _people(dataset, mind) for mind in minds}
    return [
        Question(
            mind=other[q.mind],
            content=renamed(q.content, people[q.mind], people[other[q.mind]]),
            gold=[],
            actor=q.actor,
            at=q.at,
        )
        for q in dataset.questions
        if q.gold and other[q.mind] != q.mind
    ]


def renamed(content: str, known: Sequence[str], strange: Sequence[str]) -> str:
    """`content` with each name of `known` replaced by that of `strange` at the same place."""
    names = {old: new for old, new in zip(known, strange, strict=False) if old != new}
    if not names:
        return content
    pattern = re.compile(r"\b(?:" + "|".join(re.escape(name) for name in names) + r")\b")
    return pattern.sub(lambda found: names[found[0]], content)


def _people(dataset: Dataset, mind: str) -> list[str]:
    """Actors of a mind in order of first appearance."""
    return list(dict.fromkeys(s.percept.actor for s in dataset.sensed if s.percept.mind == mind))


async def measure(dataset: Dataset, own: int, choice: EngineChoice) -> list[Best]:
    """Feed every percept, then ask the first `own` cues as the set's, the rest as strange ones."""
    async with opened(choice, dataset) as bench:
        memory_ids = await feed(bench, dataset)
        await bench.embed_ahead([q.content for q in dataset.questions])
        asking = Progress("cues", len(dataset.questions))
        best = []
        for place, question in enumerate(dataset.questions):
            recollection = await bench.recollect(question, limit=DEPTH, explain=True)
            wanted = {memory_ids[question.mind, key] for key in question.gold}
            found = not wanted.isdisjoint(r.memory.id for r in recollection.recalled)
            kind = STRANGE if place >= own else EMPTY if not wanted else FOUND if found else MISSED
            best.append(_best(kind, question, recollection))
            asking.step()
        return best


def _best(kind: str, question: Question, recollection: Recollection) -> Best:
    first = recollection.recalled[0] if recollection.recalled else None
    evidence = sum(p.contribution for p in first.parts) if first is not None else float("-inf")
    score = first.score if first is not None else 0.0
    return Best(kind, question.mind, question.content, evidence, score)


def abstain_report(dataset: Dataset, best: Sequence[Best]) -> dict[str, Any]:
    """The documented object without its provenance."""
    even = set(dataset.minds[::2])
    halves = {
        "all": list(best),
        "even": [b for b in best if b.mind in even],
        "odd": [b for b in best if b.mind not in even],
    }
    return {
        "set": dataset.name,
        "cues": {kind: sum(b.kind == kind for b in best) for kind in (FOUND, MISSED, STRANGE, EMPTY)},
        "halves": {name: part for name, half in halves.items() if (part := _figures(half))},
    }


def _figures(best: Sequence[Best]) -> dict[str, Any]:
    """Curve, fit and reliability of one half; nothing where one of the classes is empty."""
    found, strange = _of(best, FOUND), _of(best, STRANGE)
    none = strange if len(strange) else _of(best, EMPTY)
    if not len(found) or not len(none):
        return {}
    score, evidence = 0, 1
    rows = calibration.curve(found[:, score], none[:, score])
    for row in rows:
        for kind in (MISSED, EMPTY):
            if len(scores := _of(best, kind)):
                row[kind] = round(float(np.mean(scores[:, score] < row["abstain_below"])), 4)
    midpoint, scale = calibration.fit_logistic(found[:, evidence], none[:, evidence])
    return {
        "curve": rows,
        "sensible": calibration.sensible(rows, SILENCED_MAX),
        "separation": calibration.separation(found[:, evidence], none[:, evidence]),
        "fit": {"midpoint": round(midpoint, 3), "scale": round(scale, 3)},
        "reliability": calibration.reliability(found[:, score], none[:, score]),
    }


def _of(best: Sequence[Best], kind: str) -> NDArray[np.float64]:
    """(n, 2): score and evidence of the cues of a kind that had a candidate at all."""
    rows = [(b.score, b.evidence) for b in best if b.kind == kind and np.isfinite(b.evidence)]
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    counts = ", ".join(f"{count:,} {kind}" for kind, count in report["cues"].items() if count)
    lines = [f"{report['set']}: {counts}"]
    for name, half in report["halves"].items():
        fit, rows = half["fit"], half["curve"]
        lines.append(
            f"\n{name} minds: separation {half['separation']:.3f}, "
            f"fit of this half midpoint {fit['midpoint']:.2f} scale {fit['scale']:.2f}"
        )
        columns = list(rows[0])
        lines.append("".join(f"{column:>15s}" for column in columns))
        for row in rows:
            mark = "  <- sensible" if row["abstain_below"] == half["sensible"] else ""
            lines.append("".join(f"{row[column]:15.3f}" for column in columns) + mark)
        lines += [
            f"  scores from {part['from']:.1f}: mean {part['score']:.3f}, "
            f"answerable {part['answerable']:.3f} ({part['cues']:,} cues)"
            for part in half["reliability"]
        ]
    return "\n".join(lines)
