"""The languages that a mind may speak. Data; knows no text of anybody."""

from __future__ import annotations

from cognition.mechanisms.languages.english import ENGLISH
from cognition.mechanisms.languages.french import FRENCH
from cognition.mechanisms.languages.german import GERMAN
from cognition.mechanisms.languages.language import Bound, Calendar, Extent, Form, Language
from cognition.mechanisms.languages.plain import PLAIN
from cognition.mechanisms.languages.spanish import SPANISH

LANGUAGES: dict[str, Language] = {
    language.name: language for language in (ENGLISH, GERMAN, SPANISH, FRENCH, PLAIN)
}
"""By the name that the settings use."""


def language_of(name: str) -> Language:
    """The language of this name; one that is not known is `plain`."""
    return LANGUAGES.get(name, PLAIN)


__all__ = ["LANGUAGES", "Bound", "Calendar", "Extent", "Form", "Language", "language_of"]
