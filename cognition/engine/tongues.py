"""Tongues: which language each mind speaks, and one analyzer for each language that is spoken.

Knows the settings and no mind: what a mind was encoded in is its own to know.
"""

from __future__ import annotations

from cognition.engine.options import MindOptions
from cognition.mechanisms.text import Analyzer


class Tongues:
    """The analyzers of all minds, made on first need: one a language, with its words at hand."""

    def __init__(self, options: MindOptions) -> None:
        self._options = options
        self._analyzers: dict[str, Analyzer] = {}

    def of(self, mind: str) -> Analyzer:
        """How the texts of this mind are read."""
        language = self._options.language_of(mind)
        found = self._analyzers.get(language)
        if found is None:
            found = self._analyzers[language] = Analyzer(language)
        return found
