"""`segment SET|DIR`: the daemon's own segmenter, percepts in order as one mind.

A boundary was found where two percepts that follow each other belong to different episodes in the end,
when nothing moves any more. Gaps before an explicit mark are given, so they are not scored; they part the
stream into dialogues.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import anyio
import numpy as np

from benchmarks import metrics
from benchmarks.data import Dataset, Sensed
from benchmarks.engine import EngineChoice, opened
from benchmarks.loaders import load
from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from schemas.percept import BoundaryMark

SEED = 20_260_101
"""Seed of the bootstrap over dialogues; segmentation has no chance in it."""

PARTS = ("learned", "cue", "prediction_error")
"""What the stream teaches, whole; of it what closes and opens episodes; boundaries of meaning at all."""

NO_ECHO = "attention.echo_window_s=0"
"""Annotated dialogues repeat short utterances; each must stay a percept of its own to be placed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("set", metavar="SET|DIR", help="a named set, or a folder with gold_boundary")
    EngineChoice.add_arguments(parser)
    parser.add_argument(
        "--late", type=int, choices=(0, 2, 4), help="percepts by which a boundary may be late"
    )
    parser.add_argument("--scale", choices=("fine", "coarse"), help="of the episodes")
    parser.add_argument(
        "--without", default="", metavar="NAME,...", help=f"parts switched off: {', '.join(PARTS)}"
    )
    parser.add_argument("--limit-percepts", type=int, metavar="N", help="only the first N percepts")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and report."""
    dataset = load(options.set)
    sensed = dataset.sensed[: options.limit_percepts]
    _check(options.set, sensed)
    dataset = Dataset(name=dataset.name, sensed=sensed, sha256=dataset.sha256)
    choice = EngineChoice.from_options(options).overridden(NO_ECHO, *settings_of(options))
    episodes = anyio.run(measure, dataset, choice)
    return report(dataset, dialogues(sensed, episodes), choice)


def settings_of(options: argparse.Namespace) -> list[str]:
    """The settings that the options stand for."""
    off = [name for name in options.without.split(",") if name]
    unknown = [name for name in off if name not in PARTS]
    if unknown:
        raise SystemExit(f"--without {unknown[0]} is unknown; there are {', '.join(PARTS)}")
    late = [] if options.late is None else [f"episodes.late={options.late}"]
    scale = [] if options.scale is None else [f"episodes.scale={options.scale}"]
    return [*late, *scale, *(f"episodes.{name}=false" for name in off)]


async def measure(dataset: Dataset, choice: EngineChoice) -> list[str]:
    """The episode of each percept in the end, in order."""
    feeding = Progress("percepts", len(dataset.sensed))
    async with opened(choice, dataset) as bench:
        receipts = await bench.perceive_all([s.percept for s in dataset.sensed], feeding.step)
        mind = dataset.sensed[-1].percept.mind
        await (await bench.session.mind(mind).mark(BoundaryMark.END)).wait()
        return await bench.episodes_of(mind, [receipt.memory_id for receipt in receipts])


def dialogues(sensed: Sequence[Sensed], episodes: Sequence[str]) -> list[tuple[metrics.Gaps, metrics.Gaps]]:
    """(gold, found) gaps of each stretch between explicit marks that has a gap at all."""
    starts = [i for i, s in enumerate(sensed) if i == 0 or s.percept.boundary is not None]
    pairs = []
    for start, end in zip(starts, [*starts[1:], len(sensed)], strict=True):
        inside = range(start + 1, end)
        gold = np.array([bool(sensed[i].gold_boundary) for i in inside], dtype=np.bool_)
        found = np.array([episodes[i] != episodes[i - 1] for i in inside], dtype=np.bool_)
        if len(gold):
            pairs.append((gold, found))
    return pairs


def report(
    dataset: Dataset, pairs: Sequence[tuple[metrics.Gaps, metrics.Gaps]], choice: EngineChoice
) -> dict[str, Any]:
    """The documented object."""
    figures = metrics.segmentation(pairs)
    windows = [(g, f, metrics.window(g)) for g, f in pairs]
    windows = [(g, f, k) for g, f, k in windows if len(g) + 1 > k]
    low, high = metrics.interval(np.array([metrics.pk(g, f, k) for g, f, k in windows]), SEED)
    gold = np.concatenate([g for g, _ in pairs])
    found = np.concatenate([f for _, f in pairs])
    return {
        "set": dataset.name,
        "overall": {
            "Pk": round(figures.pk, 4),
            "WindowDiff": round(figures.window_diff, 4),
            "F1": round(figures.f1, 4),
            "precision": round(figures.precision, 4),
            "recall": round(figures.recall, 4),
            "F1_within_1": round(metrics.boundary_f1(gold, found, tolerance=1), 4),
        },
        "intervals": {"Pk": [round(low, 4), round(high, 4)]} if len(windows) > 1 else {},
        "counts": {
            "percepts": len(dataset.sensed),
            "dialogues": figures.dialogues,
            "gold_boundaries": int(gold.sum()),
            "found_boundaries": int(found.sum()),
        },
        "provenance": provenance(
            seed=SEED, data_sha256=dataset.sha256, backend=choice.backend, settings=choice.overrides
        ),
    }


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    figures = "  ".join(f"{name} {value:.3f}" for name, value in report["overall"].items())
    counts = ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in report["counts"].items())
    bounds = "".join(
        f"  {name} 95 % {low:.3f}-{high:.3f}" for name, (low, high) in report["intervals"].items()
    )
    return f"{report['set']}: {figures}{bounds}\n{counts}"


def _check(name: str, sensed: Sequence[Sensed]) -> None:
    if all(s.gold_boundary is None for s in sensed):
        raise SystemExit(f"{name} has no gold_boundary on any percept: there is nothing to score.")
    minds = {s.percept.mind for s in sensed}
    if len(minds) > 1:
        raise SystemExit(
            f"{name} has {len(minds)} minds; segmentation is scored over one stream of one mind."
        )
