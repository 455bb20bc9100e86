"""How long a node searches, by mind and by what searches keep to: where that outweighs a trip, a search is
made once in two trips, elsewhere once for each vector in one.

A mind of 500 memories is searched in under a millisecond; a filter that is looked up in 50,000 takes 7. What
is read in one trip counts as searched, so that near the threshold both take turns; what is found is the same.
Must not know what is searched.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from cognition.stores.backend import Both, Condition, Either, Gather, HasId, Not, Search
from cognition.stores.tenancy import only_mind_of

TRIP_S: Final = 0.002
"""What another trip costs, with what is asked in it: 1.0 ms of 7.3 (10,000 memories of 20 minds, two busy
cores), and as much again, since what is read in one trip counts as searched."""

KNOWN_MAX: Final = 4_096
"""Kinds of searches of which it is known. Beyond it those that were not made for longest are forgotten."""

Kind = tuple[str, str | None, tuple[str, ...]]
"""The collection, whose memories, and the fields that are looked at."""


class Pace:
    """Seconds that a node takes for the searches of a gathering, each made once. The last time is half."""

    def __init__(self) -> None:
        self._seconds: OrderedDict[Kind, float] = OrderedDict()

    def took(self, kind: Kind, seconds: float) -> None:
        """They took so long."""
        before = self._seconds.get(kind, seconds)
        self._seconds[kind] = (before + seconds) / 2
        self._seconds.move_to_end(kind)
        if len(self._seconds) > KNOWN_MAX:
            self._seconds.popitem(last=False)

    def is_slow(self, kind: Kind, vectors: int) -> bool:
        """Whether searching for each of so many vectors anew takes longer than another trip."""
        return (vectors - 1) * self._seconds.get(kind, 0.0) > TRIP_S


def kind_of(collection: str, asked: Gather) -> Kind:
    """What is alike in how long it takes."""
    return collection, only_mind_of(asked.within.condition), tuple(sorted(_fields(asked.searches)))


def _fields(searches: Sequence[Search]) -> set[str]:
    return {field for search in searches for field in _looked_at(search.condition)}


def _looked_at(condition: Condition | None) -> set[str]:
    match condition:
        case None | HasId():
            return set()
        case Not(inner):
            return _looked_at(inner)
        case Both(parts) | Either(parts):
            return {field for part in parts for field in _looked_at(part)}
        case _:
            return {condition.key}
