"""One recording with what people marked and what was found. The only door to matplotlib of `segment`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.data import Dataset
from benchmarks.segmenting import Told
from cognition.commands.timeline import COLOURS, CURVE_MAX, MEANINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GOLD = "#f1c40f"
TEXTS_MAX = 80
"""Percepts up to which each is written out beside the curve; a longer recording is a curve alone."""
TEXT_WIDTH = 100
ROW = 0.23
"""Inches of a percept that is written out."""


def draw(dataset: Dataset, told: Told, inside: range, file: str) -> None:
    """The percepts of `inside`: their words or their curve from above to below, or from left to right."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    gold = [i for i in inside if dataset.sensed[i].gold_boundary]
    found = [i for i in inside if i in told.ends and i != inside.start]
    errors = [told.errors[i] for i in inside]
    right = len(set(gold) & set(found))
    about = f"{len(gold)} marked by people, {len(found)} found, {right} of them the same"
    drawn = [float("nan") if error is None else min(CURVE_MAX, error) for error in errors]
    if len(inside) <= TEXTS_MAX:
        figure, axes = pyplot.subplots(figsize=(12.0, 1.4 + ROW * len(inside)), layout="constrained")
        texts = [_line(dataset, i) for i in inside]
        _written(axes, texts, drawn, [i - inside.start for i in gold], _ends(told, found, inside))
    else:
        figure, rows = pyplot.subplots(2, 1, figsize=(14.0, 5.2), sharex=True, height_ratios=(1, 4),
                                       layout="constrained")  # fmt: skip
        _strip(rows[0], [i - inside.start for i in gold], _ends(told, found, inside))
        _curve(rows[1], drawn, [i - inside.start for i in gold], _ends(told, found, inside))
    figure.suptitle(f"{dataset.name}, percepts {inside.start + 1} to {inside.stop}: {about}", fontsize=10)
    figure.legend(handles=_handles(told, found), loc="outside lower center", ncols=5, fontsize=8)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def _ends(told: Told, found: list[int], inside: range) -> list[tuple[int, str, float]]:
    """(place, colour, strength) of each boundary that was found."""
    ends = [(i, told.ends[i]) for i in found]
    return [(i - inside.start, COLOURS[end.cause], min(CURVE_MAX, end.strength)) for i, end in ends]


def _written(
    axes: Axes, texts: list[str], errors: list[float], gold: list[int], ends: list[tuple[int, str, float]]
) -> None:
    """The words from above to below, the curve to the left of them."""
    low, high = -3.0, CURVE_MAX
    for place in gold:
        axes.axhspan(place - 0.62, place - 0.38, color=GOLD, alpha=0.9, linewidth=0)
    for place, colour, strength in ends:
        axes.axhline(place - 0.5, color=colour, linewidth=1.4)
        axes.plot([strength], [place], "o", color=colour, markersize=6, zorder=4)
    axes.plot(errors, range(len(errors)), color="#555555", linewidth=1.0, marker=".", markersize=4, zorder=3)
    for place, text in enumerate(texts):
        axes.text(high + 0.3, place, text, fontsize=8, va="center", parse_math=False)
    axes.axvline(0.0, color="#cccccc", linewidth=0.8)
    axes.set_xlim(low, high + 22.0)
    axes.set_xticks(range(int(low), int(high) + 1))
    axes.set_ylim(len(texts) - 0.4, -0.6)
    axes.set_xlabel("prediction error before the percept (z)", loc="left", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.set_yticks([])


def _strip(axes: Axes, gold: list[int], ends: list[tuple[int, str, float]]) -> None:
    """What people marked above what was found."""
    axes.vlines([place - 0.5 for place in gold], 1.05, 1.95, color=GOLD, linewidth=3)
    for place, colour, _ in ends:
        axes.vlines(place - 0.5, 0.05, 0.95, color=colour, linewidth=1.6)
    axes.set_yticks([0.5, 1.5], ["found", "marked by people"], fontsize=8)
    axes.set_ylim(0.0, 2.0)


def _curve(axes: Axes, errors: list[float], gold: list[int], ends: list[tuple[int, str, float]]) -> None:
    """The curve from left to right."""
    for place in gold:
        axes.axvspan(place - 1.5, place + 0.5, color=GOLD, alpha=0.55, linewidth=0)
    axes.plot(range(len(errors)), errors, color="#777777", linewidth=0.7, zorder=2)
    for place, colour, strength in ends:
        axes.plot([place], [strength], "o", color=colour, markersize=4, zorder=3)
    axes.axhline(0.0, color="#cccccc", linewidth=0.8)
    axes.set_xlim(-0.5, len(errors) - 0.5)
    axes.set_ylabel("prediction error (z)", fontsize=8)
    axes.set_xlabel("percepts, in the order in which they came", fontsize=8)
    axes.tick_params(labelsize=8)


def _handles(told: Told, found: list[int]) -> list[object]:
    """What the colours mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    causes = list(dict.fromkeys(told.ends[i].cause for i in found))
    lines = [Line2D([], [], color=COLOURS[c], marker="o", label=f"found: {MEANINGS[c]}") for c in causes]
    return [Patch(color=GOLD, label="marked by people"), *lines]


def _line(dataset: Dataset, number: int) -> str:
    """The words of a percept, on one line."""
    percept = dataset.sensed[number].percept
    text = " ".join(f"{percept.actor}: {percept.content}".removeprefix(": ").split())
    return text if len(text) <= TEXT_WIDTH else text[: TEXT_WIDTH - 1] + "…"
