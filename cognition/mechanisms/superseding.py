"""Superseding: which memory says how things are now, and which says how they were.

A fact gives one attribute of one subject one value. A newer value of the same attribute supersedes the older
one: the old memory is marked and stays, for whoever asks how it was. Knows statements and times; no store.

Reference: Johnson, Hashtroudi & Lindsay 1993 (which source is believed); Bjork 1978 (updating memory).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

SLOTS = ("slot", "attribute", "property")
"""Keys of a structured percept that name the attribute; its value is under ``value``."""

COPULAS = frozenset({"is", "are", "=", ":", "ist", "sind", "es", "son", "est", "sont"})
"""Words that say of what stands before them how it is now; past tense says nothing of now."""

SLOT_WORDS_MAX = 8
"""Words before the copula of a plain statement: beyond it a sentence is a story."""

SENTENCE_LENGTH_MAX = 400
"""Characters of a plain statement, for the same reason."""

TRUST_GAP = 0.3
"""A source that is trusted less by more than this does not overrule (a choice)."""

DEMOTION = 3.0
"""What a superseded memory loses in the ranking, in units of z: it answers where nothing current does."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[=:]")
_SMALL = frozenset(
    {
        "the",
        "a",
        "an",
        "my",
        "your",
        "his",
        "her",
        "its",
        "our",
        "their",
        "der",
        "die",
        "das",
        "mein",
        "dein",
        "el",
        "la",
        "le",
        "mi",
        "mon",
        "ma",
        "of",
    }
)


class Fact(NamedTuple):
    """One statement: which attribute of which subject has which value (all normalised), since when, how far
    its source is trusted, and a place among equals (the stream entry, or any order that stays)."""

    memory_id: str
    subject: str
    slot: str
    value: str
    at: float
    trust: float = 1.0
    entry: str = ""


class Conflict(NamedTuple):
    """Values of one attribute of which none is the current one: stated at one time, or by one too little
    trusted. Recorded, never blended. `memory_ids` in the order in which they came."""

    subject: str
    slot: str
    memory_ids: tuple[str, ...]


def stated(subject: str, content: str, data: Mapping[str, Any] | None = None) -> tuple[str, str, str] | None:
    """(subject, slot, value) of a memory, normalised; None where it does not state one plainly.

    From ``data`` with a slot and a value, or from one short sentence "ATTRIBUTE of SUBJECT is VALUE",
    "SUBJECT's ATTRIBUTE is VALUE" with a subject given by the caller. A sentence without an attribute beside
    the subject ("Ana is tall", "Ana is a doctor") states nothing that another would contradict.
    """
    about = _normal(subject)
    if not about:
        return None
    if data is not None:
        slot = next((data[name] for name in SLOTS if isinstance(data.get(name), str)), None)
        value = data.get("value")
        if slot and isinstance(value, str | int | float):
            return about, _normal(slot), _normal(str(value))
    return _sentence(about, content)


def _sentence(about: str, content: str) -> tuple[str, str, str] | None:
    if len(content) > SENTENCE_LENGTH_MAX:
        return None
    found = [word.casefold() for word in _WORD.findall(content)]
    place = next((n for n, word in enumerate(found) if word in COPULAS), 0)
    if not 0 < place <= SLOT_WORDS_MAX or re.search(r"[.!?;]\s+\S", content) or "?" in content:
        return None
    named = set(about.split())
    head = [re.sub(r"['’]s?$", "", word) for word in found[:place]]
    slot = [word for word in head if word not in named and word not in _SMALL]
    value = found[place + 1 :]
    if not slot or not value or not named.issubset(head):
        return None
    return about, " ".join(slot), " ".join(value)


def superseded(facts: Iterable[Fact]) -> dict[str, str]:
    """Which memories are superseded, and by which: old -> the current one.

    Of each attribute the newest value is the current one, unless its source is trusted less by more than
    `TRUST_GAP` than that of another value; who said the current value before is not superseded.

    Invariants: a function of the set of facts; nobody supersedes itself; what supersedes is not superseded;
    of facts about one attribute at one time, or about different attributes, none supersedes another.
    """
    marks: dict[str, str] = {}
    for group in _groups(facts):
        current = _current(group)
        for fact in group:
            older = fact.at < current.at and fact.value != current.value
            if older and fact.trust - current.trust <= TRUST_GAP:
                marks[fact.memory_id] = current.memory_id
    return marks


def succession(facts: Iterable[Fact]) -> dict[str, tuple[str, float]]:
    """Of each memory that is superseded (`superseded`) which ended its time, and when: the first one after
    it that gives its attribute another value and is trusted enough to say so.

    Invariants: the same memories as `superseded`; a function of the set; nobody is ended before it began.
    """
    ends: dict[str, tuple[str, float]] = {}
    for group in _groups(facts):
        marks = superseded(group)
        for place, fact in enumerate(group):
            if fact.memory_id in marks:
                later = (f for f in group[place + 1 :] if f.at > fact.at and f.value != fact.value)
                first = next(f for f in later if fact.trust - f.trust <= TRUST_GAP)
                ends[fact.memory_id] = first.memory_id, first.at
    return ends


def conflicts(facts: Iterable[Fact]) -> list[Conflict]:
    """Attributes with values that contradict the current one and are not superseded by it."""
    found = []
    for group in _groups(facts):
        current = _current(group)
        marks = superseded(group)
        against = [f for f in group if f.value != current.value and f.memory_id not in marks]
        if against:
            ids = tuple(f.memory_id for f in group if f is current or f in against)
            found.append(Conflict(current.subject, current.slot, ids))
    return found


def holds(superseded_at: float | None, as_of: float | None) -> bool:
    """Whether a memory says how things are: at `as_of`, or now where that is None.

    `superseded_at` : when what supersedes it was, None where nothing does.
    """
    return superseded_at is None or (as_of is not None and as_of < superseded_at)


def _groups(facts: Iterable[Fact]) -> list[list[Fact]]:
    """The facts of each attribute in the order in which they came."""
    groups: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        groups.setdefault((fact.subject, fact.slot), []).append(fact)
    return [sorted(group, key=lambda f: (f.at, f.entry, f.memory_id)) for _, group in sorted(groups.items())]


def _current(group: list[Fact]) -> Fact:
    """The newest fact that nobody of another value is trusted too much more than."""
    for fact in reversed(group):
        if all(other.trust - fact.trust <= TRUST_GAP for other in group if other.value != fact.value):
            return fact
    return max(group, key=lambda f: (f.trust, f.at))


def _normal(text: str) -> str:
    words = [word.casefold() for word in _WORD.findall(text.replace("_", " "))]
    return " ".join(word for word in words if word not in _SMALL)
