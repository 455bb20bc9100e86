"""`learn SET|DIR`: what reports of use are worth, through the engine as its users get it.

Of each mind's cues one half is asked in order and reported on (gold among the ten shown served, the
rest was shown in vain), as an agent would; the other half is asked before and after. Then everything
again from the beginning with ten passes over the reported half and one report in five naming a wrong
memory. LoCoMo's adversarial category is left out: its cues have no right answer to report.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import numpy as np

from benchmarks import metrics
from benchmarks.data import Dataset, Question
from benchmarks.engine import ANSWERED_WITHIN_S, Bench, EngineChoice, opened
from benchmarks.loaders import load
from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from benchmarks.recall import feed
from schemas.recollection import Recollection

SEED = 20_260_101
"""Of the halves, of the wrong reports and of the bootstrap."""

SHOWN = 10
"""Memories that a cue shows, and that a report speaks of."""

PASSES = 10
WRONG_SHARE = 0.2
FIFTHS = 5
HUBS = 0.01
"""The share of a mind's memories that are called hubs: those that come back most often."""

ADVERSARIAL = "adversarial"

FIGURES: dict[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    "R@1": lambda ranked, gold: metrics.recall_at(ranked, gold, 1),
    "R@5": lambda ranked, gold: metrics.recall_at(ranked, gold, 5),
    "R@10": lambda ranked, gold: metrics.recall_at(ranked, gold, 10),
    "MRR": metrics.reciprocal_rank,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One cue with what came back: ids of memories, best first, and those that are right."""

    question: Question
    gold: list[str]
    ranked: list[str]


Half = list[tuple[Question, list[str]]]
"""Cues with the memories that answer them."""


@dataclass(slots=True)
class Run:
    """Everything that was asked of one life."""

    before: list[Asked] = field(default_factory=list)
    after: list[Asked] = field(default_factory=list)
    again_before: list[Asked] = field(default_factory=list)
    again_after: list[Asked] = field(default_factory=list)
    online: list[Asked] = field(default_factory=list)
    memories: int = 0
    reports: int = 0
    reporting_s: float = 0.0
    embedded: int | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("set", metavar="SET|DIR", help="a named set, or a folder in the documented form")
    EngineChoice.add_arguments(parser)
    parser.add_argument("--limit-minds", type=int, metavar="N", help="only the first N minds")
    parser.add_argument(
        "--passes", type=int, default=PASSES, metavar="N", help="with wrong reports (10; 0: none)"
    )
    parser.add_argument("--with-adversarial", action="store_true", help="also cues without a right answer")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="of the halves")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and report."""
    dataset = load(options.set).limited(options.limit_minds)
    kept = [
        q for q in dataset.questions if q.gold and (options.with_adversarial or q.category != ADVERSARIAL)
    ]
    if not kept:
        raise SystemExit(f"{options.set} has no cues with gold: there is nothing to report. Add cues.jsonl.")
    choice = EngineChoice.from_options(options)
    right = anyio.run(live, dataset, kept, choice, options.seed, 1, 0.0)
    wrong = None
    if options.passes:
        wrong = anyio.run(live, dataset, kept, choice, options.seed, options.passes, WRONG_SHARE)
    report = {"sets": {dataset.name: figures(right, wrong, options.seed)}}
    report["provenance"] = provenance(
        seed=options.seed,
        data_sha256=dataset.sha256,
        backend=choice.backend,
        settings=choice.overrides,
        minds=len(dataset.minds),
        percepts=len(dataset.sensed),
        cues=len(kept),
        adversarial=options.with_adversarial,
        passes=options.passes,
        reports_per_s=round(right.reports / max(1e-9, right.reporting_s), 1),
        texts_embedded_now=right.embedded,
    )
    return report


# --- a life -----------------------------------------------------------------------------


async def live(
    dataset: Dataset,
    questions: Sequence[Question],
    choice: EngineChoice,
    seed: int,
    passes: int,
    wrong_share: float,
) -> Run:
    """Feed everything, ask both halves, report on one of them, ask both again."""
    chance = np.random.default_rng(seed)
    async with opened(choice, dataset) as bench:
        memory_ids = await feed(bench, dataset)
        await bench.linked(dataset.minds)
        cues = [(q, list(dict.fromkeys(memory_ids[q.mind, k] for k in q.gold))) for q in questions]
        taught, held = halves(cues, chance)
        result = Run(memories=len(set(memory_ids.values())))
        result.before = await _ask_all(bench, held, "held back, before")
        result.again_before = await _ask_all(bench, taught, "reported half, before")
        began = time.monotonic()
        for nth in range(passes):
            online = await _report_all(bench, taught, chance, wrong_share, f"reports, pass {nth + 1}")
            result.online = result.online or online
            result.reports += len(taught)
        result.reporting_s = time.monotonic() - began
        result.after = await _ask_all(bench, held, "held back, after")
        result.again_after = await _ask_all(bench, taught, "reported half, after")
        result.embedded = bench.embedded()
        return result


def halves(cues: Half, chance: np.random.Generator) -> tuple[Half, Half]:
    """Of each mind's cues a random half to report on, and the others; both in random order."""
    by_mind: dict[str, Half] = {}
    for cue in cues:
        by_mind.setdefault(cue[0].mind, []).append(cue)
    taught: Half = []
    held: Half = []
    for own in by_mind.values():
        order = chance.permutation(len(own))
        taught += [own[i] for i in order[: len(own) // 2]]
        held += [own[i] for i in order[len(own) // 2 :]]
    return taught, held


async def _ask_all(bench: Bench, cues: Half, label: str) -> list[Asked]:
    asking = Progress(label, len(cues))
    found = []
    for question, gold in cues:
        recollection = await bench.recollect(question, limit=SHOWN)
        found.append(Asked(question, gold, _ids(recollection)))
        asking.step()
    return found


async def _report_all(
    bench: Bench, cues: Half, chance: np.random.Generator, wrong_share: float, label: str
) -> list[Asked]:
    """Ask each cue, report what served, and wait until it is learned before the next is asked."""
    reporting = Progress(label, len(cues))
    found = []
    for question, gold in cues:
        recollection = await bench.recollect(question, limit=SHOWN)
        shown = _ids(recollection)
        found.append(Asked(question, gold, shown))
        if shown:
            useful = [i for i in shown if i in gold]
            if wrong_share and chance.random() < wrong_share:
                useful = [shown[int(chance.integers(len(shown)))]]
            mind = bench.session.mind(question.mind)
            report = await mind.feedback(recollection, useful=useful, within_s=ANSWERED_WITHIN_S)
            await report.wait(within_s=ANSWERED_WITHIN_S)
        reporting.step()
    return found


def _ids(recollection: Recollection) -> list[str]:
    return [recalled.memory.id for recalled in recollection.recalled]


# --- figures ----------------------------------------------------------------------------


def figures(right: Run, wrong: Run | None, seed: int) -> dict[str, Any]:
    """The documented object of one set."""
    sharing = shares(right)
    told: dict[str, Any] = {
        "frozen": means(right.before),
        "learned": {**means(right.after), **gains(right.before, right.after, seed)},
        "sharing": split(right, sharing, seed),
        "unrelated": split(right, ~sharing, seed),
        "fifths": fifths(right),
        "again": {
            "before": means(right.again_before),
            "after": means(right.again_after),
            **gains(right.again_before, right.again_after, seed),
        },
    }
    if wrong is not None:
        apart = ~shares(wrong)
        told["wrong20"] = {
            **means(wrong.after),
            **gains(wrong.before, wrong.after, seed),
            "unrelated": split(wrong, apart, seed),
            "hub_share": {
                "before": hub_share([*wrong.before, *wrong.again_before], wrong.memories),
                "after": hub_share([*wrong.after, *wrong.again_after], wrong.memories),
            },
            "reports": wrong.reports,
        }
    return told


def shares(run: Run) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Of each held back cue, whether it shares a memory with the reported half."""
    known = {i for asked in run.again_before for i in asked.gold}
    return np.array([not known.isdisjoint(asked.gold) for asked in run.before], np.bool_)


def split(run: Run, chosen: np.ndarray[Any, np.dtype[np.bool_]], seed: int) -> dict[str, Any]:
    """Figures of some of the held back cues."""
    before = [a for a, kept in zip(run.before, chosen, strict=True) if kept]
    after = [a for a, kept in zip(run.after, chosen, strict=True) if kept]
    return {"frozen": means(before), **means(after), **gains(before, after, seed)}


def means(asked: Sequence[Asked]) -> dict[str, float]:
    """Mean figures; only the number where there is nothing to mean."""
    values = {n: round(float(np.mean(each(asked, n))), 4) for n in FIGURES} if asked else {}
    return {**values, "cues": len(asked)}


def each(asked: Sequence[Asked], name: str) -> metrics.Figures:
    """One figure of every cue (n,)."""
    return np.array([FIGURES[name](a.ranked, a.gold) for a in asked], np.float64)


def gains(before: Sequence[Asked], after: Sequence[Asked], seed: int) -> dict[str, Any]:
    """How much better the same cues are answered, with paired bootstrap intervals."""
    if not before:
        return {"gain": {}, "intervals": {}}
    found = {n: metrics.paired(each(before, n), each(after, n), seed) for n in FIGURES}
    return {
        "gain": {n: round(d.mean, 4) for n, d in found.items()},
        "intervals": {n: [round(d.low, 4), round(d.high, 4)] for n, d in found.items()},
    }


def fifths(run: Run) -> list[float]:
    """Gain of R@5 along the stream, each cue before its own report, by fifths of each mind's stream."""
    before, online = each(run.again_before, "R@5"), each(run.online, "R@5")
    place = np.zeros(len(before), np.int64)
    minds = [asked.question.mind for asked in run.online]
    for mind in dict.fromkeys(minds):
        own = np.array([i for i, name in enumerate(minds) if name == mind])
        place[own] = np.arange(len(own)) * FIFTHS // len(own)
    gained = [(online - before)[place == n] for n in range(FIFTHS)]
    return [round(float(part.mean()), 4) if len(part) else 0.0 for part in gained]


def hub_share(asked: Sequence[Asked], memories: int) -> float:
    """Share of all places shown that the top 1 % of the memories hold: those shown most often. Of all cues,
    both halves: of fewer cues the share is larger by chance."""
    shown = Counter(i for a in asked for i in a.ranked)
    if not shown:
        return 0.0
    top = max(1, round(HUBS * memories))
    held = sum(n for _, n in shown.most_common(top))
    return round(held / sum(shown.values()), 4)


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    lines = []
    for name, told in report["sets"].items():
        lines.append(f"{name:26s}{'frozen':>9s}{'learned':>9s}{'gain':>9s}  95 % interval     cues")
        for label, row in (
            ("other half", told["learned"] | {"frozen": told["frozen"]}),
            ("  sharing a memory", told["sharing"]),
            ("  sharing nothing", told["unrelated"]),
        ):
            shown = ("R@1", "R@5") if row["gain"] else ()
            lines += [_line(f"{label} {n}", row["frozen"], row, row, n) for n in shown]
        again = told["again"]
        lines.append(_line("the same cue again R@1", again["before"], again["after"], again, "R@1"))
        lines.append("along the stream, R@5: " + " ".join(f"{gain:+.3f}" for gain in told["fifths"]))
        if wrong := told.get("wrong20"):
            low, high = wrong["intervals"]["R@5"]
            hubs = wrong["hub_share"]
            lines.append(
                f"one report in five wrong, {wrong['reports']:,} reports: R@5 {wrong['gain']['R@5']:+.3f} "
                f"[{low:+.3f}, {high:+.3f}]; hubs hold {hubs['before']:.3f} -> {hubs['after']:.3f}"
            )
    return "\n".join(lines)


def _line(
    label: str, before: Mapping[str, Any], after: Mapping[str, Any], row: Mapping[str, Any], name: str
) -> str:
    low, high = row["intervals"][name]
    return (
        f"{label:26s}{before[name]:9.3f}{after[name]:9.3f}{row['gain'][name]:+9.3f}  "
        f"[{low:+.3f}, {high:+.3f}]  {after['cues']:6d}"
    )
