"""The wall between minds: the one place where a mind is joined to what is asked of a store.

Fail closed: no mind, no request; a point of another mind is as good as absent.
This module must not know what the points hold beyond their mind and epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cognition.errors import StoreRefusedError
from cognition.ports.stores import Epoch
from cognition.stores.backend import Both, Condition, Either, Hit, Match, MatchAny, Payload, Range


def for_mind(mind: str, *conditions: Condition) -> Condition:
    """The point is this mind's, and all of the conditions hold."""
    return Both((Match("mind", _named(mind)), *conditions))


def for_minds(minds: Iterable[str], *conditions: Condition) -> Condition:
    """The point belongs to one of these minds, and all of the conditions hold."""
    return Both((MatchAny("mind", tuple(sorted({_named(mind) for mind in minds}))), *conditions))


def of_anyone(*conditions: Condition) -> Condition:
    """All of the conditions hold, whoever's the point is: for the daemon's own upkeep, which asks whose
    work is unfinished. What is answered to anybody never comes from here."""
    return Both(conditions)


def fenced(epoch: Epoch, minds: Iterable[str], bound: Callable[[int], Condition]) -> Condition:
    """The point belongs to one of these minds, and its epoch keeps to the bound, which is made of that
    mind's."""
    by_epoch: dict[int, list[str]] = {}
    for mind in minds:
        by_epoch.setdefault(epoch_of(epoch, mind), []).append(mind)
    parts = tuple(for_minds(some, bound(each)) for each, some in by_epoch.items())
    return parts[0] if len(parts) == 1 else Either(parts)


def minds_of(condition: Condition | None) -> frozenset[str] | None:
    """The minds whose points can satisfy the condition; None where it names none."""
    match condition:
        case Match("mind", value):
            return frozenset({str(value)})
        case MatchAny("mind", values):
            return frozenset(map(str, values))
        case Both(conditions):
            named = [found for each in conditions if (found := minds_of(each)) is not None]
            return frozenset.intersection(*named) if named else None
        case Either(conditions):
            parts = [minds_of(each) for each in conditions]
            known = [part for part in parts if part is not None]
            return frozenset().union(*known) if known and len(known) == len(parts) else None
        case _:
            return None


def only_mind_of(condition: Condition | None) -> str | None:
    """The one mind whose points can satisfy the condition, where it names one."""
    minds = minds_of(condition) or ()
    return next(iter(minds)) if len(minds) == 1 else None


def epoch_of(epoch: Epoch, mind: str) -> int:
    """The epoch under which this mind is written."""
    return epoch if isinstance(epoch, int) else epoch[mind]


def owned(mind: str, hits: Iterable[Hit]) -> dict[str, Hit]:
    """Those of the points that are this mind's, by id."""
    _named(mind)
    return {hit.id: hit for hit in hits if payload_of(hit).get("mind") == mind}


def paired(wanted: Sequence[tuple[str, str]], hits: Iterable[Hit]) -> dict[str, Hit]:
    """Those of the points whose (mind, id) is among the wanted pairs, by id."""
    pairs = {(_named(mind), point_id) for mind, point_id in wanted}
    return {hit.id: hit for hit in hits if (payload_of(hit).get("mind"), hit.id) in pairs}


def not_newer(epoch: int) -> Condition:
    """The stored point was written under this epoch or an older one."""
    return Range("epoch", lte=epoch)


def older(epoch: int) -> Condition:
    """The stored point was written under an older epoch."""
    return Range("epoch", lt=epoch)


def payload_of(hit: Hit) -> Payload:
    """The payload that was asked for; a hit without one is a mistake of the backend."""
    assert hit.payload is not None, f"point {hit.id} came without its payload"
    return hit.payload


def _named(mind: str) -> str:
    if not mind:
        raise StoreRefusedError("No mind was named", remedy="Every read and write is for one named mind.")
    return mind
