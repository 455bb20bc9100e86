"""A memory engine for agents: percepts in, memories kept, memories recalled.

`open_mind` is the way in. Everything else that a caller may name is listed here; it is
imported when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cognition.client import Mind, Recent, Report, Session, Ticket
    from cognition.errors import (
        BadCueError,
        BadPerceptError,
        BadReportError,
        CognitionError,
        DeadlineError,
        LineFullError,
        MindStoppedError,
        ModelUnavailableError,
        SettingsError,
        StoreLockedError,
        UnavailableError,
    )
    from cognition.opening import open_engine, open_mind
    from cognition.settings import Settings
    from schemas.base import SchemaError
    from schemas.cue import CueFilter, EpisodeFilter, FilterMode, Mood
    from schemas.percept import Percept
    from schemas.recollection import Recalled, Recollection

_HOMES = {
    "Mind": "cognition.client",
    "Recent": "cognition.client",
    "Report": "cognition.client",
    "Session": "cognition.client",
    "Ticket": "cognition.client",
    "open_engine": "cognition.opening",
    "open_mind": "cognition.opening",
    "BadCueError": "cognition.errors",
    "BadPerceptError": "cognition.errors",
    "BadReportError": "cognition.errors",
    "CognitionError": "cognition.errors",
    "DeadlineError": "cognition.errors",
    "LineFullError": "cognition.errors",
    "MindStoppedError": "cognition.errors",
    "ModelUnavailableError": "cognition.errors",
    "SettingsError": "cognition.errors",
    "StoreLockedError": "cognition.errors",
    "UnavailableError": "cognition.errors",
    "Settings": "cognition.settings",
    "SchemaError": "schemas.base",
    "CueFilter": "schemas.cue",
    "EpisodeFilter": "schemas.cue",
    "FilterMode": "schemas.cue",
    "Mood": "schemas.cue",
    "Percept": "schemas.percept",
    "Recalled": "schemas.recollection",
    "Recollection": "schemas.recollection",
}

__all__ = [
    "BadCueError",
    "BadPerceptError",
    "BadReportError",
    "CognitionError",
    "CueFilter",
    "DeadlineError",
    "EpisodeFilter",
    "FilterMode",
    "LineFullError",
    "Mind",
    "MindStoppedError",
    "ModelUnavailableError",
    "Mood",
    "Percept",
    "Recalled",
    "Recent",
    "Recollection",
    "Report",
    "SchemaError",
    "Session",
    "Settings",
    "SettingsError",
    "StoreLockedError",
    "Ticket",
    "UnavailableError",
    "open_engine",
    "open_mind",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
