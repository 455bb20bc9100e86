"""What segmentation is shown of a percept, and what it answers: where an episode ended.

Knows values alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cognition.mechanisms.vectors import Dense
from schemas.episode import Boundary, EpisodeScale
from schemas.percept import BoundaryMark


class Observation(NamedTuple):
    """What segmentation sees of a percept. `at` is event time in seconds, `vector` (d,) of unit length;
    `name` is what it can be looked up by when there is something to learn from it."""

    entry: str
    at: float
    vector: Dense
    source: str = ""
    context: Mapping[str, str] = {}
    mark: BoundaryMark | None = None
    label: str = ""
    name: str = ""


class Cut(NamedTuple):
    """Where an episode ended: `boundary` lies before the percept that came as `entry`. `back` : how many
    percepts ago that was, 0 for the one just observed; `label` names the episode that begins. A cut of the
    coarse `scale` says that the fine episode which begins there begins a coarse one too."""

    boundary: Boundary
    entry: str
    back: int = 0
    label: str = ""
    scale: EpisodeScale = EpisodeScale.FINE
