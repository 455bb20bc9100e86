"""Drawing the episodes of a mind: how long each was, how strongly it ended, how it felt."""

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
    ordered = in_order(episodes)
    figure = Figure(figsize=(11.0, 1.6 + 0.28 * len(ordered)), layout="constrained")
    axes, strength = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    before = 0
    for row, episode in enumerate(ordered):
        cause = str(episode.boundary_type or "open")
        felt = 0.25 + 0.75 * episode.emotional_summary.peak_arousal
        axes.barh(row, episode.memory_count, left=before, height=0.7, color=COLOURS[cause], alpha=felt)
        before += episode.memory_count
        strength.barh(row, episode.boundary_strength, height=0.7, color=COLOURS[cause])
    axes.set_yticks(range(len(ordered)), [name(e) for e in ordered], fontsize=8)
    axes.invert_yaxis()
    axes.set_title("memories of each episode; the stronger the colour, the more aroused", fontsize=9)
    strength.set_title("strength of its end", fontsize=9)
    for cause in dict.fromkeys(str(e.boundary_type or "open") for e in ordered):
        axes.plot([], [], "s", color=COLOURS[cause], label=cause.replace("_", " "))
    figure.legend(loc="outside lower center", ncols=len(COLOURS), fontsize=8)
    figure.savefig(path)


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
