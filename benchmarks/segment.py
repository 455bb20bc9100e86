"""`segment SET|DIR...`: the daemon's own segmenter, percepts in order as one mind.

A boundary was found where two percepts that follow each other belong to different episodes in the end,
when nothing moves any more. Gaps before an explicit mark are given, so they are not scored; they part the
stream into dialogues. `--ablate` leaves out each part of it, one at a time; `--plot` draws one recording.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from benchmarks import metrics, segment_ablation
from benchmarks.data import Dataset, Sensed
from benchmarks.engine import EngineChoice
from benchmarks.loaders import load
from benchmarks.provenance import provenance
from benchmarks.segmenting import COARSE, NO_ECHO, PARTS, Told, settings_without, told

SEED = 20_260_101
"""Seed of the bootstrap over dialogues; segmentation has no chance in it."""

SCALES = {"sherlock-events": "coarse"}
"""The scale on which a set's events lie, where that is not the fine one: scenes, not the shots of them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument(
        "sets", metavar="SET|DIR", nargs="+", help="named sets, or folders with gold_boundary"
    )
    EngineChoice.add_arguments(parser)
    parser.add_argument(
        "--late", type=int, choices=(0, 2, 4), help="percepts by which a boundary may be late"
    )
    parser.add_argument(
        "--scale", choices=("fine", "coarse"), help="of the episodes (fine; coarse for sherlock-events)"
    )
    parser.add_argument(
        "--without", default="", metavar="NAME,...", help=f"parts switched off: {', '.join(PARTS)}"
    )
    parser.add_argument("--ablate", action="store_true", help="leave out each part alone, paired intervals")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="with --ablate: write the tables there")
    parser.add_argument("--plot", metavar="FILE.png", help="draw one recording (needs matplotlib)")
    parser.add_argument(
        "--recording", type=int, default=1, metavar="N", help="which of the set's dialogues --plot draws (1)"
    )
    parser.add_argument("--limit-percepts", type=int, metavar="N", help="only the first N percepts")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and report; of several sets {"sets": {name: ...}}."""
    if options.plot and len(options.sets) > 1:
        raise SystemExit("--plot draws a recording of one set: name one.")
    reports = {}
    for name in options.sets:
        dataset = load(name)
        dataset = replace(dataset, sensed=dataset.sensed[: options.limit_percepts])
        _check(name, dataset.sensed)
        choice = EngineChoice.from_options(options).overridden(*settings_of(options, dataset.name))
        reports[dataset.name] = (
            _ablated(dataset, choice) if options.ablate else _one(dataset, choice, options)
        )
    if not options.ablate:
        return reports.popitem()[1] if len(reports) == 1 else {"sets": reports}
    report = {"sets": reports, "provenance": provenance(seed=SEED, settings=options.overrides)}
    if options.markdown:
        options.markdown.write_text(segment_ablation.markdown(report) + "\n", encoding="utf-8")
    return report


def settings_of(options: argparse.Namespace, name: str) -> list[str]:
    """The settings that the options stand for."""
    late = [] if options.late is None else [f"episodes.late={options.late}"]
    scale = [COARSE if (options.scale or SCALES.get(name)) == "coarse" else "episodes.scale=fine"]
    return [*late, *scale, *settings_without([name for name in options.without.split(",") if name])]


def _one(dataset: Dataset, choice: EngineChoice, options: argparse.Namespace) -> dict[str, Any]:
    found = anyio.run(told, dataset, choice)
    if options.plot:
        from benchmarks.segment_plot import draw

        draw(dataset, found, recording(dataset.sensed, options.recording), options.plot)
    return report(dataset, dialogues(dataset.sensed, found.episodes), choice.overridden(NO_ECHO))


def _ablated(dataset: Dataset, choice: EngineChoice) -> dict[str, Any]:
    def pairs(found: Told) -> segment_ablation.Pairs:
        return dialogues(dataset.sensed, found.episodes)

    return anyio.run(segment_ablation.ablated, dataset, choice, pairs, SEED)


def recording(sensed: Sequence[Sensed], number: int) -> range:
    """The percepts of the `number`th dialogue, from 1."""
    starts = [*stretches(sensed), len(sensed)]
    if not 1 <= number < len(starts):
        raise SystemExit(f"--recording {number}: there are 1 to {len(starts) - 1}.")
    return range(starts[number - 1], starts[number])


def stretches(sensed: Sequence[Sensed]) -> list[int]:
    """Where a dialogue begins: at the first percept, and at each explicit mark."""
    return [i for i, s in enumerate(sensed) if i == 0 or s.percept.boundary is not None]


def dialogues(sensed: Sequence[Sensed], episodes: Sequence[str]) -> list[tuple[metrics.Gaps, metrics.Gaps]]:
    """(gold, found) gaps of each stretch between explicit marks that has a gap at all."""
    starts = stretches(sensed)
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
    if "sets" in report:
        whole = all("parts" in found for found in report["sets"].values())
        return segment_ablation.markdown(report) if whole else "\n".join(map(table, report["sets"].values()))
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
