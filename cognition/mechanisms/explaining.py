"""Explaining a boundary: why an episode ended there, in words and numbers, from what is stored of it.

Knows an episode's record alone; what it says of the parts of a score is the sum that was decided by.
"""

from __future__ import annotations

from cognition.mechanisms.causes import BEGUN, CUE, LENGTH, MARK, MEANING, SILENCE
from schemas.episode import Episode, EpisodeScale

_SAID = {
    MEANING: "the meaning changed",
    CUE: "what closes and opens episodes",
    MARK: "a mark",
    SILENCE: "silence",
    BEGUN: "what was begun has not been ended",
}

SHOWN_MIN = 0.005
"""Parts of a score below this are not worth a word."""


def explain(episode: Episode) -> list[str]:
    """Why this episode ended where it did: the cause, then what was added up, then the scores around it."""
    if episode.boundary_type is None:
        return ["It has not ended."]
    lines = [f"It ended {_by(episode)}."]
    if episode.boundary_parts and LENGTH not in episode.boundary_parts:
        lines.append(_sum(episode))
    if len(episode.boundary_scores) > 1:
        lines.append(_around(episode))
    if episode.scale is EpisodeScale.COARSE:
        lines.append("The fine episode that ended there ended this coarse one, too.")
    return lines


def _by(episode: Episode) -> str:
    cause, trigger = str(episode.boundary_type), episode.boundary_trigger
    said = {
        "explicit": "by an explicit mark",
        "prediction_error": "where what came next was least expected",
        "temporal": "by time",
        "context_shift": "by a change of situation",
        "task_completion": "with a task",
        "source_change": "by a change of source",
    }[cause]
    plain = cause == "prediction_error" and trigger == _SAID[MEANING]
    return f"{said} ({trigger})" if trigger and not plain else said


def _sum(episode: Episode) -> str:
    parts = sorted(episode.boundary_parts.items(), key=lambda part: -part[1])
    parts = [part for part in parts if abs(part[1]) >= SHOWN_MIN]
    added = ", ".join(f"{_SAID.get(name, name)} {value:+.2f}" for name, value in parts)
    total = f"Score {episode.boundary_strength:.2f} in units of z: {added}."
    if not episode.boundary_threshold:
        return f"{total} The cause is enough by itself, whatever the score."
    return f"{total} It had to exceed {episode.boundary_threshold:.2f}."


def _around(episode: Episode) -> str:
    scores = episode.boundary_scores
    own = min(range(len(scores)), key=lambda n: abs(scores[n] - episode.boundary_strength))
    shown = [f"[{s:+.2f}]" if n == own else f"{s:+.2f}" for n, s in enumerate(scores)]
    return f"Scores of the gaps around it: {' '.join(shown)}."
