"""From passes with and without each mechanism to what each is worth: one object, one table a set.

It must not know how the passes came about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from benchmarks import metrics
from benchmarks.report import Answer

FIGURES = ("R@1", "R@5", "R@10", "all@5", "MRR")
HARM = ("R@1", "R@10")
"""A mechanism that is on by default lowers neither of these on any set beyond noise."""

Figures = dict[str, Any]


class Asked(Protocol):
    """One pass over all cues."""

    @property
    def answers(self) -> list[Answer]: ...
    @property
    def store_calls(self) -> float: ...


def compared(
    whole: Asked, bare: Asked, without: Mapping[str, Asked], only: Mapping[str, Asked], *, seed: int
) -> Figures:
    """All passes of one set. `difference` of a pass without a mechanism is against everything on, of a
    pass with it alone against the bare hybrid: mean and 95 % interval, paired over the cues."""
    return {
        "all": figures(whole),
        "hybrid": figures(bare),
        "without": {n: {**figures(p), "difference": differences(whole, p, seed)} for n, p in without.items()},
        "only": {n: {**figures(p), "difference": differences(bare, p, seed)} for n, p in only.items()},
        "cues": sum(bool(a.gold) for a in whole.answers),
    }


def figures(asked: Asked) -> Figures:
    """Means over the cues that have gold; the median time of a cue; its calls to the store."""
    rows = [a.figures() for a in asked.answers if a.gold]
    means = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in FIGURES}
    took = float(np.median([a.took_ms for a in asked.answers]))
    return {**means, "ms": round(took, 3), "store_calls": round(asked.store_calls, 2)}


def differences(before: Asked, after: Asked, seed: int) -> dict[str, list[float]]:
    """After minus before: [mean, low, high] of each figure."""
    found = {}
    for name in FIGURES:
        pairs = [
            (a.figures()[name], b.figures()[name])
            for a, b in zip(before.answers, after.answers, strict=True)
            if a.gold
        ]
        values = np.array(pairs, float)
        change = metrics.paired(values[:, 0], values[:, 1], seed)
        found[name] = [round(x, 4) for x in (change.mean, change.low, change.high)]
    return found


def harmful(sets: Mapping[str, Figures]) -> list[dict[str, Any]]:
    """Where leaving a mechanism out raises R@1 or R@10 beyond noise: it should not be on."""
    return [
        {"set": name, "mechanism": mechanism, "figure": figure, "difference": row["difference"][figure]}
        for name, found in sets.items()
        for mechanism, row in found["without"].items()
        for figure in HARM
        if row["difference"][figure][1] > 0.0
    ]


def markdown(report: Figures) -> str:
    """A table for each set, and what should not be on."""
    parts = [_table(name, found) for name, found in report["sets"].items()]
    harms = [f"{h['mechanism']} on {h['set']} ({h['figure']})" for h in report["harmful"]]
    parts.append("Left out, it would raise R@1 or R@10 beyond noise: " + (", ".join(harms) or "none") + ".")
    return "\n\n".join(parts)


def _table(name: str, found: Figures) -> str:
    heads = [*FIGURES, "ms", "store calls"]
    lines = [
        f"**{name}** ({found['cues']:,} cues; in brackets the difference to `all`, or of *alone* to "
        "`hybrid`; bold: 0 lies outside its 95 % interval)",
        "",
        "| | " + " | ".join(heads) + " |",
        "| --- " * (len(heads) + 1) + "|",
        _row("all", found["all"]),
        _row("hybrid", found["hybrid"]),
        *(_row(f"without {n}", row) for n, row in sorted(found["without"].items())),
        *(_row(f"{n} alone", row) for n, row in sorted(found["only"].items())),
    ]
    return "\n".join(lines)


def _row(label: str, row: Figures) -> str:
    cells = [_cell(row[name], row.get("difference", {}).get(name)) for name in FIGURES]
    return f"| {label} | " + " | ".join([*cells, f"{row['ms']:.1f}", f"{row['store_calls']:.1f}"]) + " |"


def _cell(value: float, difference: Sequence[float] | None) -> str:
    shown = f"{value:.3f}".replace("0.", ".", 1)
    if difference is None:
        return shown
    mean, low, high = difference
    change = f"{mean:+.3f}".replace("0.", ".", 1)
    return f"{shown} (**{change}**)" if low > 0.0 or high < 0.0 else f"{shown} ({change})"
