"""Episode: a bounded event with a begin and an end."""

import enum
from typing import Any

from schemas.base import Message


class BoundaryType(enum.StrEnum):
    """Why an episode ended."""

    EXPLICIT = "explicit"
    PREDICTION_ERROR = "prediction_error"
    TEMPORAL = "temporal"
    CONTEXT_SHIFT = "context_shift"
    TASK_COMPLETION = "task_completion"
    SOURCE_CHANGE = "source_change"


class EpisodeScale(enum.StrEnum):
    """How large an event an episode is: a coarse one holds fine ones."""

    FINE = "fine"
    COARSE = "coarse"


class Boundary(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A cut in the flow: why, and how strongly, in units of z. `strength` is its score, `parts` what each
    cause has in that, `threshold` what a score has to exceed (0 where a cause was enough by itself); of one
    by its score, `scores` are those around it (up to two before, its own, up to two after)."""

    type: BoundaryType
    trigger: str = ""
    strength: float = 1.0
    scores: list[float] = []
    parts: dict[str, float] = {}
    threshold: float = 0.0


class EmotionalSummary(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The feeling of an episode: peak (of largest magnitude) and mean values."""

    peak_valence: float = 0.0
    peak_arousal: float = 0.0
    mean_valence: float = 0.0
    dominant_emotion: str = "neutral"


class Pause(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A stretch of an episode that does not count to its duration."""

    started_at: float
    ended_at: float | None = None


class Episode(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One bounded event of one mind, without its vector (the centroid of its members). A fine one belongs to
    the coarse one `parent_id`, which has it among its `child_ids`.

    `prediction_errors` and `arousals` are its course: for each member in order how unexpected it was (of the
    gap before it, in units of z) and how aroused; None where that is not known.
    """

    id: str
    mind: str
    scale: EpisodeScale = EpisodeScale.FINE
    parent_id: str | None = None
    child_ids: list[str] = []
    label: str = ""
    started_at: float = 0.0
    ended_at: float | None = None
    boundary_type: BoundaryType | None = None
    boundary_trigger: str = ""
    boundary_strength: float = 0.0
    boundary_scores: list[float] = []
    prediction_errors: list[float | None] = []
    arousals: list[float | None] = []
    boundary_parts: dict[str, float] = {}
    boundary_threshold: float = 0.0
    previous_id: str | None = None
    next_id: str | None = None
    memory_count: int = 0
    emotional_summary: EmotionalSummary = EmotionalSummary()
    gist: str = ""
    consolidated: bool = False
    consolidated_at: float | None = None
    category: str = ""
    attributes: dict[str, Any] = {}
    pauses: list[Pause] = []
    schema_version: int = 1
    epoch: int = 0
    rev: int = 0
