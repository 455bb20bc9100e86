"""What a cue says beside its words: whom it names and who speaks. When it means is `dates`.

Knows the text of a cue and plain facts about a memory; knows no scores of others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from cognition.mechanisms.languages import Language
from cognition.mechanisms.text import ideographic, words


@dataclass(frozen=True, slots=True)
class Said:
    """A cue as it is heard in a language: its casefolded words, elisions undone, and its casefolded text."""

    words: frozenset[str]
    text: str
    language: Language


def heard(content: str, language: Language) -> Said:
    """The words of a cue. What an apostrophe binds in front (French *l'*) counts as a word of its own."""
    said = set(words(content))
    for word in [w for w in said if "'" in w] if language.elisions else []:
        bound, _, rest = word.partition("'")
        if bound in language.elisions:
            said |= {bound, rest}
    return Said(frozenset(said), unicodedata.normalize("NFKC", content).casefold(), language)


def speaks_first_person(said: Said) -> bool:
    """Whether a cue speaks of its own speaker ("what did I say")."""
    return not said.language.first_person.isdisjoint(said.words)


def named_actors(said: Said, actors: Collection[str]) -> frozenset[str]:
    """The mind's actors whom a cue names: those of whom a word of the name occurs in it.

    A word counts with the endings of owning that the language has ("Ana's", German "Anas"); a name in a
    script without blanks must occur whole. Empty if the cue names none or all of them: a name that
    everyone answers to tells nothing apart.
    """
    spoken = set(said.words)
    for ending in said.language.genitives:
        spoken.update(word.removesuffix(ending) for word in said.words)
    named = frozenset(actor for actor in actors if _is_named(actor, spoken, said.text))
    return named if len(named) < len(actors) else frozenset()


def _is_named(actor: str, spoken: set[str], text: str) -> bool:
    if actor.isascii() or not ideographic(actor):
        return not spoken.isdisjoint(words(actor))
    name = unicodedata.normalize("NFKC", actor).casefold().strip()
    return any(part in text for part in name.split())


def actor_match(actor: str, named: Collection[str], asker: str, first_person: bool) -> float:
    """1.0 if the cue names the memory's actor, or its asker is that actor and speaks of himself; else 0.0."""
    if not actor:
        return 0.0
    return 1.0 if actor in named or (first_person and actor == asker) else 0.0
