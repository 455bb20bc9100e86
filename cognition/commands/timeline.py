"""Drawing the episodes of a mind: when each was, how strongly it ended, how it felt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cognition.errors import UnavailableError
from schemas.episode import Episode

COLOURS = {
    "explicit": "#444444",
    "prediction_error": "#c0392b",
    "temporal": "#2980b9",
    "context_shift": "#27ae60",
    "task_completion": "#8e44ad",
    "source_change": "#d35400",
    "open": "#aaaaaa",
}
LABEL_WIDTH = 42


def draw(episodes: Sequence[Episode], path: str) -> None:
    """Write the timeline as an image. Raises `UnavailableError` where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UnavailableError(
            "drawing needs matplotlib, which is not installed",
            remedy="Install it (pip install matplotlib), or leave --plot out.",
        ) from None
    ordered = sorted(episodes, key=lambda e: e.started_at)
    figure = Figure(figsize=(11.0, 1.6 + 0.28 * len(ordered)), layout="constrained")
    axes, strength = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    for row, episode in enumerate(ordered):
        cause = str(episode.boundary_type or "open")
        start = datetime.fromtimestamp(episode.started_at, UTC)
        end = datetime.fromtimestamp(episode.ended_at or episode.started_at, UTC)
        felt = 0.25 + 0.75 * episode.emotional_summary.peak_arousal
        axes.barh(row, end - start, left=start, height=0.7, color=COLOURS[cause], alpha=felt)
        axes.plot([start], [row], "|", color=COLOURS[cause], markersize=10)
        strength.barh(row, episode.boundary_strength, height=0.7, color=COLOURS[cause])
    axes.set_yticks(range(len(ordered)), [name(e) for e in ordered], fontsize=8)
    axes.invert_yaxis()
    axes.set_title("episodes (UTC); the stronger the colour, the more aroused")
    strength.set_title("strength of the boundary at its end")
    for cause in dict.fromkeys(str(e.boundary_type or "open") for e in ordered):
        axes.plot([], [], "s", color=COLOURS[cause], label=cause.replace("_", " "))
    figure.legend(loc="outside lower center", ncols=len(COLOURS), fontsize=8)
    axes.tick_params(axis="x", labelrotation=20, labelsize=8)
    figure.savefig(path)


def name(episode: Episode) -> str:
    """Its label and how many memories it holds, on one short line."""
    label = " ".join(episode.label.split()) or "without words"
    label = label if len(label) <= LABEL_WIDTH else label[: LABEL_WIDTH - 1] + "…"
    return f"{label} ({episode.memory_count})"
