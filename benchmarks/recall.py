"""`recall SET|DIR`: percepts in, cues out, through the engine as its users get it.

Gold is compared by memory: a percept that was an exact repeat of another (and strengthened it,
as its receipt says) is found where that memory is found.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import msgspec

from benchmarks.data import Dataset, Question
from benchmarks.engine import Bench, EngineChoice, opened
from benchmarks.loaders import load
from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from benchmarks.report import DEPTH, Answer, recall_report, recall_table
from cognition.engine.liveness import AT_ENCODING
from cognition.engine.weighing import MECHANISMS

SEED = 20_260_101
"""Seed of the bootstrap; recall itself has no chance in it."""


SESSIONS = 5
"""Sessions that a reader would open."""


@dataclass(frozen=True, slots=True)
class Run:
    """The answers, and how they were fed and asked."""

    answers: list[Answer]
    fed_s: float
    asked_s: float
    embedded: int | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("set", metavar="SET|DIR", help="a named set, or a folder in the documented form")
    EngineChoice.add_arguments(parser)
    parser.add_argument(
        "--without",
        default="",
        metavar="NAME,...",
        help="mechanisms to switch off: of the cue, and of what a memory takes in as it is encoded",
    )
    parser.add_argument(
        "--no-marks", action="store_true", help="leave out explicit boundaries: times and texts alone"
    )
    parser.add_argument("--limit-minds", type=int, metavar="N", help="only the first N minds")
    parser.add_argument("--per-question", type=Path, metavar="FILE", help="write one JSON line a question")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and report."""
    dataset = load(options.set).limited(options.limit_minds)
    if not dataset.questions:
        raise SystemExit(f"{options.set} has no cues: there is nothing to recall. Add cues.jsonl.")
    if options.no_marks:
        dataset = unmarked(dataset)
    without = [name for name in options.without.split(",") if name]
    at_cue, encoding = parted(without)
    choice = EngineChoice.from_options(options)
    if encoding:
        choice = choice.overridden(f"minds.without={','.join(encoding)}")
    measured = anyio.run(measure, dataset, choice, at_cue)
    if options.per_question:
        lines = (json.dumps(a.row(), ensure_ascii=False) + "\n" for a in measured.answers)
        options.per_question.write_text("".join(lines), encoding="utf-8")
    report = recall_report(dataset.name, measured.answers, seed=SEED)
    report["overall"] |= session_hits(measured.answers, sessions_of(dataset))
    report["provenance"] = provenance(
        seed=SEED,
        data_sha256=dataset.sha256,
        backend=choice.backend,
        without=without,
        settings=choice.overrides,
        marks=not options.no_marks,
        minds=len(dataset.minds),
        percepts=len(dataset.sensed),
        fed_s=round(measured.fed_s, 2),
        asked_s=round(measured.asked_s, 2),
        texts_embedded_now=measured.embedded,
        latency="recall of one cue at a time in process; a cached embedding costs nothing",
    )
    return report


table = recall_table


def parted(without: Sequence[str]) -> tuple[list[str], list[str]]:
    """What of this is left out at the cue, and what as a memory is encoded."""
    if unknown := set(without) - MECHANISMS - set(AT_ENCODING):
        known = ", ".join(sorted({*MECHANISMS, *AT_ENCODING}))
        raise SystemExit(f"--without {','.join(sorted(unknown))}: no such mechanism. Use any of {known}.")
    return [n for n in without if n in MECHANISMS], [n for n in without if n in AT_ENCODING]


def sessions_of(dataset: Dataset) -> dict[tuple[str, str], int]:
    """(mind, key of a percept) -> the number of its session, counted by the marks of the set."""
    number = 0
    found = {}
    for sensed in dataset.sensed:
        number += sensed.percept.boundary is not None
        found[sensed.percept.mind, sensed.percept.key] = number
    return found


def session_hits(answers: Sequence[Answer], sessions: Mapping[tuple[str, str], int]) -> dict[str, float]:
    """In how many of the answerable cues one of the first five sessions that came up is that of a right
    answer; nothing where the set marks none."""
    asked = [answer for answer in answers if answer.gold]
    if not asked or len(set(sessions.values())) < 2:
        return {}
    hits = []
    for answer in asked:
        ranked = [sessions[answer.mind, key] for key in answer.ranked if (answer.mind, key) in sessions]
        gold = {sessions[answer.mind, key] for key in answer.gold}
        hits.append(not gold.isdisjoint(list(dict.fromkeys(ranked))[:SESSIONS]))
    return {"session_hit@5": round(sum(hits) / len(hits), 4)}


def unmarked(dataset: Dataset) -> Dataset:
    """The same percepts without explicit boundaries."""
    sensed = [
        replace(s, percept=msgspec.structs.replace(s.percept, boundary=None, boundary_label=""))
        for s in dataset.sensed
    ]
    return replace(dataset, sensed=sensed)


async def measure(dataset: Dataset, choice: EngineChoice, without: Sequence[str]) -> Run:
    """Feed every percept in order, wait until all are recallable, ask every cue one at a time."""
    async with opened(choice, dataset) as bench:
        began = time.monotonic()
        memory_ids = await feed(bench, dataset)
        await bench.linked(dataset.minds)
        fed = time.monotonic()
        keys = keys_by_memory(memory_ids)
        asking = Progress("cues", len(dataset.questions))
        answers = []
        for question in dataset.questions:
            answers.append(await ask(bench, question, without, memory_ids, keys))
            asking.step()
        return Run(answers, fed - began, time.monotonic() - fed, bench.embedded())


async def feed(bench: Bench, dataset: Dataset) -> dict[tuple[str, str], str]:
    """Publish all percepts; (mind, key) -> the memory that holds it, by the receipts."""
    feeding = Progress("percepts", len(dataset.sensed))
    receipts = await bench.perceive_all([s.percept for s in dataset.sensed], feeding.step)
    return {
        (s.percept.mind, s.percept.key): r.memory_id
        for s, r in zip(dataset.sensed, receipts, strict=True)
        if s.percept.key
    }


def keys_by_memory(memory_ids: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """memory -> the first key that it holds: one name for each memory in the figures."""
    names: dict[str, str] = {}
    for (_, key), memory_id in memory_ids.items():
        names.setdefault(memory_id, key)
    return names


async def ask(
    bench: Bench,
    question: Question,
    without: Sequence[str],
    memory_ids: Mapping[tuple[str, str], str],
    keys: Mapping[str, str],
) -> Answer:
    """One cue, one at a time, timed."""
    began = time.perf_counter()
    recalled = await bench.recall(question, limit=DEPTH, without=without)
    took_ms = (time.perf_counter() - began) * 1e3
    gold = dict.fromkeys(keys[memory_ids[question.mind, key]] for key in question.gold)
    return Answer(
        mind=question.mind,
        content=question.content,
        category=question.category,
        gold=list(gold),
        ranked=[keys.get(memory_id, memory_id) for memory_id in recalled],
        took_ms=took_ms,
    )
