"""From answered questions to the figures of recall: one JSON object, one table.

It must not know how the answers came about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import metrics

DEPTH = 20
"""How many memories each cue asks for: the largest k of the figures. MRR is over these."""

_FIGURES: dict[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    "R@1": lambda ranked, gold: metrics.recall_at(ranked, gold, 1),
    "R@5": lambda ranked, gold: metrics.recall_at(ranked, gold, 5),
    "R@10": lambda ranked, gold: metrics.recall_at(ranked, gold, 10),
    "R@20": lambda ranked, gold: metrics.recall_at(ranked, gold, 20),
    "all@5": lambda ranked, gold: metrics.all_at(ranked, gold, 5),
    "MRR": metrics.reciprocal_rank,
    "hit@5": lambda ranked, gold: metrics.hit_at(ranked, gold, 5),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with what came back: keys best first, and how long it took."""

    mind: str
    content: str
    category: str
    gold: list[str]
    ranked: list[str]
    took_ms: float

    def figures(self) -> dict[str, float]:
        """Every figure of a question that has gold."""
        return {name: figure(self.ranked, self.gold) for name, figure in _FIGURES.items()}

    def row(self) -> dict[str, Any]:
        """The line of a per-question file."""
        scored = {k: round(v, 6) for k, v in self.figures().items()} if self.gold else {}
        return {
            "mind": self.mind,
            "content": self.content,
            "category": self.category,
            "gold": self.gold,
            "ranked": self.ranked,
            "took_ms": round(self.took_ms, 3),
            **scored,
        }


def recall_report(name: str, answers: Sequence[Answer], *, seed: int) -> dict[str, Any]:
    """The documented object without its provenance. Questions without gold count for `silence`
    (answered with nothing) and `precision`, never for R@k."""
    categories = dict.fromkeys(a.category for a in answers)
    return {
        "set": name,
        "overall": _means(answers),
        "by_category": {c: _means([a for a in answers if a.category == c]) for c in categories if c},
        "intervals": _intervals(answers, seed),
        "latency_ms": percentiles(np.array([a.took_ms for a in answers])),
    }


def percentiles(values: NDArray[np.float64]) -> dict[str, float]:
    """p50, p95 and p99, to the microsecond."""
    if len(values) == 0:
        return {}
    return {f"p{p}": round(float(np.percentile(values, p)), 3) for p in (50, 95, 99)}


def _means(answers: Sequence[Answer]) -> dict[str, float]:
    with_gold = [a.figures() for a in answers if a.gold]
    means: dict[str, float] = {
        name: round(float(np.mean([f[name] for f in with_gold])), 4) for name in _FIGURES if with_gold
    }
    without_gold = [a for a in answers if not a.gold]
    if without_gold:
        means["silence"] = round(float(np.mean([not a.ranked for a in without_gold])), 4)
        means["precision"] = round(float(np.mean([metrics.precision(a.ranked, a.gold) for a in answers])), 4)
    means["cues"] = len(answers)
    return means


def _intervals(answers: Sequence[Answer], seed: int) -> dict[str, list[float]]:
    figures = [a.figures() for a in answers if a.gold]
    intervals = {}
    for name in _FIGURES if figures else ():
        low, high = metrics.interval(np.array([f[name] for f in figures]), seed)
        intervals[name] = [round(low, 4), round(high, 4)]
    return intervals


def recall_table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    names = [n for n in report["overall"] if n != "cues"]
    lines = [f"{report['set']:24s}" + "".join(f"{n:>10s}" for n in [*names, "cues"])]
    rows = {"overall": report["overall"], **report["by_category"]}
    for label, row in rows.items():
        cells = [f"{row[n]:10.3f}" if n in row else f"{'':10s}" for n in names]
        lines.append(f"{label[:24]:24s}" + "".join(cells) + f"{row['cues']:10d}")
    bounds = report["intervals"]
    for end, label in enumerate(("95 % low", "95 % high")):
        cells = [f"{bounds[n][end]:10.3f}" if n in bounds else f"{'':10s}" for n in names]
        lines.append(f"{label:24s}" + "".join(cells))
    latency = ", ".join(f"{k} {v:.2f} ms" for k, v in report["latency_ms"].items())
    return "\n".join([*lines, f"latency: {latency}"])
