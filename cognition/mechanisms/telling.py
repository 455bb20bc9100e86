"""Telling: which members name an episode, among those that are left of it, as they are now.

An episode's label and gist are openings of its members: nothing is composed. So they can be said by naming
members, and be said again exactly from those; and a label that no member says was given by a caller. Must
not know stores, nor when an episode is told anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cognition.mechanisms.episodes import GIST_MEMBERS, GIST_PARTED, aside, named, opening
from cognition.mechanisms.vectors import Dense
from schemas.sleep import Telling

WORTH = 0.5
"""Share of a member's merit that what it is worth has; the rest is how near it is to the middle of all, as
while an episode is open."""

BETTER_MIN = 0.05
"""By so much of merit another member has to be better than one that tells of the episode, before it takes its
place. Measured on LoCoMo, two minds after two nights: 3 % of the fine episodes that no caller named have
another label, who says it is as near to the middle of its episode as before (cosine .885, before .887), and
gists of coarse ones are nearer (.809, before .801). With no margin 15 % have another, at .874."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an episode: its words, its bare vector (d,) of unit length, how much it is worth 0..1, and
    whether it says how things are; else another superseded it."""

    memory_id: str
    content: str
    vector: Dense
    worth: float
    current: bool = True


def worth(salience: float, strength: float) -> float:
    """How much a member is worth that was encoded with this salience and is consolidated so far, 0..1.

    .. math:: w = 1 - (1 - s)(1 - c)

    Invariants: never less than either; replay never makes it less.
    """
    return 1.0 - (1.0 - salience) * (1.0 - strength)


def told_by(members: Sequence[Member], known: Telling) -> Telling:
    """Which of these members, in the order in which they came, tell of their episode; by those that tell of
    it now where none is better by `BETTER_MIN`.

    Members count by nearness to the mean of all and by their worth; asides come last; what was superseded
    says nothing where anything else has words. A label or gist that is nobody's stays: None.
    """
    speaking = [m for m in members if m.content and m.current] or [m for m in members if m.content]
    if not speaking:
        return known
    merits = _merits(members, speaking)
    order = {m.memory_id: n for n, m in enumerate(members)}
    label = None if known.label is None else _ranked(speaking, merits, [known.label])[0].memory_id
    if known.gist is None:
        return Telling(label=label, gist=None)
    said: dict[str, str] = {}
    for member in _ranked(speaking, merits, known.gist):
        said.setdefault(opening(member.content), member.memory_id)
        if len(said) == GIST_MEMBERS:
            break
    return Telling(label=label, gist=sorted(said.values(), key=order.__getitem__))


def telling(label: str, gist: str, members: Sequence[Member]) -> Telling:
    """Which members say this label and this gist; the first that do."""
    names: dict[str, str] = {}
    openings: dict[str, str] = {}
    for member in members:
        if member.content:
            names.setdefault(named(member.content), member.memory_id)
            openings.setdefault(opening(member.content), member.memory_id)
    return Telling(
        label="" if not label else names.get(label),
        gist=[] if not gist else _parts(gist, openings, GIST_MEMBERS),
    )


def label_said(told: Telling, contents: Mapping[str, str]) -> str | None:
    """The label that these memories say; None where that is nobody's, or the one who says it is gone."""
    if not told.label:
        return told.label
    return named(contents[told.label]) if told.label in contents else None


def gist_said(told: Telling, contents: Mapping[str, str]) -> str | None:
    """The gist that these memories say; None where that is nobody's, or one who says it is gone."""
    if told.gist is None or any(i not in contents for i in told.gist):
        return None
    return GIST_PARTED.join(opening(contents[i]) for i in told.gist)


def _merits(members: Sequence[Member], speaking: Sequence[Member]) -> list[float]:
    """The merit of each that speaks, beside the mean of all members."""
    mean = np.stack([m.vector for m in members]).mean(axis=0)
    length = float(np.linalg.norm(mean))
    centre = mean / length if length else mean
    return [(1.0 - WORTH) * float(m.vector @ centre) + WORTH * m.worth for m in speaking]


def _ranked(speaking: Sequence[Member], merits: Sequence[float], known: Sequence[str]) -> list[Member]:
    """The best first; those of `known` count a little more."""
    held = set(known)

    def place(n: int) -> tuple[bool, float, int]:
        member = speaking[n]
        return aside(member.content), -(merits[n] + BETTER_MIN * (member.memory_id in held)), n

    return [speaking[n] for n in sorted(range(len(speaking)), key=place)]


def _parts(gist: str, openings: Mapping[str, str], most: int) -> list[str] | None:
    """The members whose openings make this gist; None where they do not."""
    for text, memory_id in openings.items():
        if not text or not gist.startswith(text):
            continue
        rest = gist[len(text) :]
        if not rest:
            return [memory_id]
        if most > 1 and rest.startswith(GIST_PARTED):
            others = _parts(rest[len(GIST_PARTED) :], openings, most - 1)
            if others is not None:
                return [memory_id, *others]
    return None
