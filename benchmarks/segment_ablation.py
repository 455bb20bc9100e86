"""What each part of segmentation is worth: left out alone, paired over the dialogues of a set.

Where a set is one recording, over stretches of it (block bootstrap, Kuensch 1989). It must not know how a
part is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import metrics
from benchmarks.data import Dataset
from benchmarks.engine import EngineChoice
from benchmarks.metrics import Gaps
from benchmarks.segmenting import PARTS, Told, idle, settings_without, told

Pairs = list[tuple[Gaps, Gaps]]
Rows = NDArray[np.float64]
"""(units, 5): Pk and WindowDiff of a unit, and its numbers of right, gold and found boundaries."""

FIGURES = ("Pk", "WindowDiff", "F1")
LOWER = frozenset({"Pk", "WindowDiff"})
"""Figures of error: less is better."""

DIALOGUES_MIN = 10
"""Below so many dialogues the units of the bootstrap are blocks of them."""
BLOCK = 40
"""Gaps of a block: several events each, and still some twenty blocks of a film."""


async def ablated(
    dataset: Dataset, choice: EngineChoice, pairs: Callable[[Told], Pairs], seed: int
) -> dict[str, Any]:
    """All passes over one set, compared: one whole, one without each part that can act on it."""
    still = idle(dataset.sensed)
    whole = units(pairs(await told(dataset, choice, f"{dataset.name}: whole")))
    parts: dict[str, Any] = {}
    for name in PARTS:
        if name in still:
            continue
        less = replace(choice, overrides=(*choice.overrides, *settings_without([name])))
        rows = units(pairs(await told(dataset, less, f"{dataset.name}: without {name}")))
        parts[name] = {**figures(rows), "difference": differences(whole, rows, seed)}
    return {
        "whole": figures(whole),
        "parts": parts,
        "idle": sorted(still),
        "percepts": len(dataset.sensed),
        "units": len(whole),
        "settings": list(choice.overrides),
        "sha256": dataset.sha256,
    }


def units(pairs: Pairs) -> Rows:
    """What is drawn again and again: dialogues, or blocks where there are few of them."""
    scored = [(g, f, metrics.window(g)) for g, f in pairs]
    scored = [(g, f, k) for g, f, k in scored if len(g) + 1 > k]
    rows = []
    for gold, found, k in scored:
        disagree, differ = metrics.window_errors(gold, found, k)
        length = len(gold) if len(scored) >= DIALOGUES_MIN else BLOCK
        for start in range(0, len(disagree), length):
            inside = slice(start, start + length)
            g, f = gold[inside], found[inside]
            errors = disagree[inside].mean(), differ[inside].mean()
            rows.append([*errors, float((g & f).sum()), float(g.sum()), float(f.sum())])
    return np.array(rows)


def figures(rows: Rows) -> dict[str, float]:
    """Means over the units; F1 of all boundaries together."""
    return {name: round(value, 4) for name, value in zip(FIGURES, _figures(rows).tolist(), strict=True)}


def differences(whole: Rows, less: Rows, seed: int) -> dict[str, list[float]]:
    """Without the part minus whole: [difference, low, high] of each figure, paired over the units."""
    chance = np.random.default_rng(seed)
    drawn = []
    for _ in range(metrics.RESAMPLES):
        chosen = chance.integers(0, len(whole), len(whole))
        drawn.append(_figures(less[chosen]) - _figures(whole[chosen]))
    low, high = np.quantile(np.array(drawn), (0.025, 0.975), axis=0)
    change = _figures(less) - _figures(whole)
    rows = zip(FIGURES, change.tolist(), low.tolist(), high.tolist(), strict=True)
    return {name: [round(x, 4) for x in values] for name, *values in rows}


def _figures(rows: Rows) -> Rows:
    right, gold, found = rows[:, 2:].sum(axis=0)
    f1 = 2.0 * right / (gold + found) if gold + found else 1.0
    return np.array([rows[:, 0].mean(), rows[:, 1].mean(), f1])


def markdown(report: dict[str, Any]) -> str:
    """A table for each set."""
    return "\n\n".join(_table(name, found) for name, found in report["sets"].items())


def _table(name: str, found: dict[str, Any]) -> str:
    about = f"{found['percepts']:,} percepts, {found['units']:,} units; {', '.join(found['settings'])}"
    lines = [
        f"**{name}** ({about}; in brackets the difference to the whole, bold where 0 lies outside its 95 % "
        "interval; less Pk and WindowDiff, more F1 is better)",
        "",
        "| | " + " | ".join(FIGURES) + " |",
        "| --- " * (len(FIGURES) + 1) + "|",
        "| whole | " + " | ".join(short(found["whole"][figure]) for figure in FIGURES) + " |",
        *(f"| without {part} | {_cells(row)} |" for part, row in found["parts"].items()),
    ]
    if found["idle"]:
        lines += ["", f"Nothing in this set speaks of {', '.join(found['idle'])}."]
    if spare := worthless(found):
        lines += ["", f"No figure is worse beyond noise without {', '.join(spare)}."]
    return "\n".join(lines)


def _cells(row: dict[str, Any]) -> str:
    cells = []
    for figure in FIGURES:
        change, low, high = row["difference"][figure]
        sure = "**" if low > 0.0 or high < 0.0 else ""
        cells.append(f"{short(row[figure])} ({sure}{short(change, sign=True)}{sure})")
    return " | ".join(cells)


def short(value: float, *, sign: bool = False) -> str:
    """Three places, without the 0 before the point."""
    return f"{value:{'+' if sign else ''}.3f}".replace("0.", ".", 1)


def sure(part: dict[str, Any], figure: str) -> bool:
    """Whether leaving the part out harms this figure beyond noise."""
    _, low, high = part["difference"][figure]
    return bool(low > 0.0 if figure in LOWER else high < 0.0)


def worthless(found: dict[str, Any]) -> Sequence[str]:
    """The parts without which no figure of a set is worse beyond noise."""
    return [name for name, part in found["parts"].items() if not any(sure(part, f) for f in FIGURES)]
