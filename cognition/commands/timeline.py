"""Drawing the episodes of a mind: how unexpected and how aroused each percept was, and where and why
episodes ended.

Knows episodes as they are told, newest or oldest first; it asks nobody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from cognition.errors import UnavailableError
from cognition.mechanisms.causes import CUE, MEANING
from cognition.mechanisms.context import SOURCE
from schemas.episode import Episode

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {
    "explicit": "#444444",
    "prediction_error": "#c0392b",
    "temporal": "#2980b9",
    "context_shift": "#27ae60",
    "task_completion": "#8e44ad",
    "source_change": "#d35400",
    "open": "#aaaaaa",
}
MEANINGS = {
    "explicit": "marked",
    "prediction_error": "the meaning changed",
    "temporal": "a silence",
    "context_shift": "another place, task or people",
    "task_completion": "a task ended",
    "source_change": "another source",
    "open": "still open",
}
LABEL_WIDTH = 72
ROW, CURVES, MARGIN, WIDTH = 0.2, 3.6, 1.0, 12.0
"""Inches: a line of the list, both curves, what is around them, the width."""
NUMBERS_MAX = 40
"""Episodes up to which each has its number over the curve; more would stand on each other."""
CURVE_MAX = 6.0
"""A larger prediction error is drawn at the upper edge: the first words of a subject can reach 20."""


TRIGGER_WIDTH = 44
SECONDS_APART = re.compile(r"(-?\d+) s apart")


class Boundary(NamedTuple):
    """Where an episode ends in the drawing: between two percepts, why, and how strongly."""

    at: float
    cause: str
    strength: float


def draw(episodes: Sequence[Episode], path: str) -> None:
    """Write the timeline as an image. Raises `UnavailableError` where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UnavailableError(
            "drawing needs matplotlib, which is not installed",
            remedy="Install it (pip install matplotlib), or leave --plot out.",
        ) from None
    ordered = in_order(episodes)
    listed = ROW * (len(ordered) + 1)
    figure = Figure(figsize=(WIDTH, CURVES + listed + MARGIN), layout="constrained")
    curve, arousal, lines = figure.subplots(3, 1, height_ratios=(CURVES * 0.68, CURVES * 0.32, listed))
    cuts, starts = boundaries(ordered), begins(ordered)
    errors = expected(ordered)
    aroused = [value for episode in ordered for value in _course(episode, episode.arousals)]
    show_errors(curve, errors, cuts)
    show_arousal(arousal, aroused, cuts)
    _shade((curve, arousal), spans(ordered))
    arousal.sharex(curve)
    _number(curve, starts, len(errors))
    about = f"{len(ordered)} of them, {len(errors)} percepts{_held(ordered)}"
    curve.set_title(f"episodes of {ordered[0].mind}: {about}", loc="left", pad=18)
    show_legend(figure, [cut.cause for cut in cuts])
    _list(lines, ordered)
    figure.savefig(path, dpi=110)


def boundaries(ordered: Sequence[Episode]) -> list[Boundary]:
    """The end of each episode; one that is open has none yet."""
    found, before = [], 0
    for episode in ordered:
        before += _length(episode)
        cause = str(episode.boundary_type or "open")
        found.append(Boundary(before - 0.5, cause, episode.boundary_strength))
    return found


def expected(ordered: Sequence[Episode]) -> list[float | None]:
    """Prediction error before each percept. Before one that was cut off by something else (a mark, a silence)
    it is what that boundary says of the meaning."""
    found: list[float | None] = []
    before: Episode | None = None
    for episode in ordered:
        course = _course(episode, episode.prediction_errors)
        said = before.boundary_parts if before is not None else {}
        if course and course[0] is None and MEANING in said:
            course[0] = said[MEANING] + said.get(CUE, 0.0)
        found += course
        before = episode
    return found


def spans(ordered: Sequence[Episode]) -> list[tuple[int, int]]:
    """The percepts of each coarse episode, from and to, as far as the episodes say which holds them."""
    starts, last = [], ""
    for start, episode in zip(begins(ordered), ordered, strict=True):
        holder = episode.parent_id or episode.id
        if holder != last:
            starts.append(start)
        last = holder
    return list(zip(starts, [*starts[1:], sum(map(_length, ordered))], strict=True))


def begins(ordered: Sequence[Episode]) -> list[int]:
    """The place of the first percept of each episode."""
    lengths = [_length(episode) for episode in ordered]
    return [sum(lengths[:number]) for number in range(len(lengths))]


def show_errors(axes: Axes, errors: Sequence[float | None], cuts: Sequence[Boundary]) -> None:
    """Prediction error by percept, and each boundary in the colour of its cause, up to its strength."""
    drawn = [float("nan") if error is None else min(CURVE_MAX, error) for error in errors]
    axes.axhline(0.0, color="#cccccc", linewidth=0.8, zorder=1)
    axes.plot(range(len(drawn)), drawn, color="#555555", linewidth=1.0, marker=".", markersize=3, zorder=3)
    for cut in cuts:
        if cut.cause != "open":
            axes.axvline(cut.at, color=COLOURS[cut.cause], linewidth=1.4, zorder=2)
            shown = min(CURVE_MAX, cut.strength)
            axes.plot([cut.at + 0.5], [shown], "o", color=COLOURS[cut.cause], markersize=5, zorder=4)
    axes.set_ylabel("prediction error (z)")
    axes.set_xlim(-0.5, max(1, len(errors)) - 0.5)
    axes.tick_params(labelbottom=False)


def show_arousal(axes: Axes, aroused: Sequence[float | None], cuts: Sequence[Boundary]) -> None:
    """Arousal by percept, under the same boundaries."""
    drawn = [float("nan") if value is None else value for value in aroused]
    axes.bar(range(len(drawn)), drawn, width=1.0, color="#e67e22", alpha=0.5)
    for cut in cuts:
        if cut.cause != "open":
            axes.axvline(cut.at, color=COLOURS[cut.cause], linewidth=0.8)
    axes.set_ylim(0.0, 1.0)
    axes.set_ylabel("arousal")
    axes.set_xlabel("percepts, in the order in which they came")


def _shade(rows: Sequence[Axes], spans: Sequence[tuple[int, int]]) -> None:
    """Every other coarse episode on a darker ground."""
    for start, end in spans[1::2]:
        for axes in rows:
            axes.axvspan(start - 0.5, end - 0.5, color="#2c3e50", alpha=0.09, linewidth=0, zorder=0)


def show_legend(figure: Any, causes: Sequence[str]) -> None:
    """What the colours mean, of those that occur."""
    from matplotlib.lines import Line2D

    seen = [cause for cause in COLOURS if cause in causes and cause != "open"]
    handles = [Line2D([], [], color=COLOURS[cause], marker="o", label=MEANINGS[cause]) for cause in seen]
    if handles:
        figure.legend(
            handles=handles, loc="outside upper right", ncols=len(handles), fontsize=8, title="ended since:"
        )


def in_order(episodes: Sequence[Episode]) -> list[Episode]:
    """The oldest first; those that began in the same moment as they followed each other."""
    by_id = {episode.id: episode for episode in episodes}
    depth: dict[str, int] = {}
    for episode in episodes:
        step, behind = episode, 0
        while step.previous_id in by_id and behind < len(episodes):
            step, behind = by_id[step.previous_id], behind + 1
        depth[episode.id] = behind
    return sorted(episodes, key=lambda e: (e.started_at, depth[e.id]))


def name(episode: Episode) -> str:
    """When it began and its label, on one short line."""
    began = datetime.fromtimestamp(episode.started_at, UTC).strftime("%Y-%m-%d %H:%M")
    label = " ".join(episode.label.split()) or "without words"
    label = label if len(label) <= LABEL_WIDTH else label[: LABEL_WIDTH - 1] + "…"
    return f"{began}  {label}"


def why(episode: Episode) -> str:
    """Why it ended, in a few words."""
    cause, trigger = str(episode.boundary_type or "open"), episode.boundary_trigger
    apart = SECONDS_APART.fullmatch(trigger)
    if apart and float(apart[1]) < 0:
        return f"{MEANINGS[cause]}, {lasting(-float(apart[1]))} back"
    if apart:
        long = lasting(float(apart[1]))
        return f"a silence of {long}" if cause == "temporal" else f"{MEANINGS[cause]}, after {long}"
    if cause == "prediction_error" and trigger.startswith(f"{SOURCE}: "):
        return f"{MEANINGS[cause]}, {trigger[:TRIGGER_WIDTH]}"
    if cause == "explicit" and trigger not in ("", "begin", "end"):
        return f"{MEANINGS[cause]}, {trigger[:TRIGGER_WIDTH]}"
    if cause in ("context_shift", "source_change") and trigger:
        return trigger[:TRIGGER_WIDTH]
    return MEANINGS[cause]


def lasting(seconds: float) -> str:
    """How long, in the unit that a person would take."""
    for unit, length in (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _number(axes: Axes, starts: Sequence[int], percepts: int) -> None:
    """Number the episodes over the curve, as in the list below it."""
    if len(starts) > NUMBERS_MAX:
        return
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], percepts], strict=True), 1):
        middle = (start + end - 1) / 2
        axes.text(middle, 1.01, str(number), transform=axes.get_xaxis_transform(), ha="center", fontsize=8)


def _list(axes: Axes, ordered: Sequence[Episode]) -> None:
    """A line for each episode: number, when, label, how many, why it ended."""
    axes.axis("off")
    axes.set_ylim(len(ordered), -1)
    axes.set_xlim(0, 100)
    for row, episode in enumerate(ordered):
        cause = str(episode.boundary_type or "open")
        many = f"{episode.memory_count} " + ("memory" if episode.memory_count == 1 else "memories")
        cells = ((1.5, str(row + 1), "right"), (3, name(episode), "left"), (71, many, "right"))
        for x, text, side in cells:
            axes.text(x, row, text, fontsize=8, ha=side, va="center")
        axes.text(73, row, why(episode), fontsize=8, va="center", color=COLOURS[cause])
        if row and episode.parent_id != ordered[row - 1].parent_id:
            axes.axhline(row - 0.5, color="#bbbbbb", linewidth=0.7)


def _held(ordered: Sequence[Episode]) -> str:
    """How many coarse ones hold them."""
    holders = {episode.parent_id for episode in ordered if episode.parent_id}
    return f"; shaded in turn: {len(holders)} coarse episodes that hold them" if len(holders) > 1 else ""


def _length(episode: Episode) -> int:
    """Members that it had, as far as the drawing knows: an older one tells only how many are left."""
    return max(len(episode.prediction_errors), episode.memory_count)


def _course(episode: Episode, curve: Sequence[float | None]) -> list[float | None]:
    return [*[None] * (_length(episode) - len(curve)), *curve]
