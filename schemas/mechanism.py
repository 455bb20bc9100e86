"""What a mechanism did in a store so far: figures that let a dead one be seen."""

from __future__ import annotations

from schemas.base import Message


class MechanismLife(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One mechanism: whether it is on, how often it did something out of how often it could have, and when
    it last did (epoch seconds).

    `unit` says what is counted: ``recalls`` whose first ten it changed (of those looked at), ``memories``
    that it touched when they were encoded, ``associations``, ``routes`` or ``episodes``. `of` is 0 where
    there is nothing to hold it against; `chances` says what it counts where that is something else.
    """

    name: str
    on: bool = True
    did: int = 0
    of: int = 0
    unit: str = "recalls"
    chances: str = ""
    last_at: float | None = None


class Lives(Message, frozen=True, kw_only=True):
    """All mechanisms of a store, as they are kept in the data directory."""

    since: float
    lives: list[MechanismLife] = []
