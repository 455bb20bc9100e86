"""Which points may answer: from a cue's filter to neutral conditions, and what a condition means.

Pure: no store is known here. The mind is joined elsewhere (`tenancy`).

Maps are walked by quoted paths (``context."place"``) and not indexed: the mind narrows
first, and what is left of one mind is scanned. A mood is a disc, which an engine cannot
express: the box around it is pushed down, and `Mood.holds` decides on what comes back.
"""

from __future__ import annotations

from collections.abc import Iterator

from cognition.errors import BadCueError
from cognition.ports.stores import Scope
from cognition.stores import times
from cognition.stores.backend import (
    Both,
    Condition,
    Either,
    HasId,
    IsNull,
    Match,
    MatchAny,
    Not,
    Payload,
    Range,
    TimeRange,
)
from schemas.cue import CueFilter, Mood
from schemas.percept import seconds


def of_scope(scope: Scope) -> list[Condition]:
    """Everything that a scope asks of a memory's payload, pushed down (a mood as its box)."""
    kept: list[Condition] = [MatchAny("episode_id", scope.episodes)] if scope.episodes else []
    return kept + list(_of_filter(scope.filter))


def _of_filter(cue: CueFilter) -> Iterator[Condition]:
    if cue.occurred_from is not None or cue.occurred_to is not None:
        yield TimeRange(
            "occurred_at",
            None if cue.occurred_from is None else seconds(cue.occurred_from),
            None if cue.occurred_to is None else seconds(cue.occurred_to),
        )
    lists = (
        ("kind", [kind.value for kind in cue.kinds]),
        ("content_type", [kind.value for kind in cue.content_types]),
        ("source", cue.sources),
        ("actor", cue.actors),
        ("subject", cue.subjects),
    )
    yield from (MatchAny(key, tuple(values)) for key, values in lists if values)
    scopes = (("session", cue.session), ("agent", cue.agent), ("run", cue.run), ("user", cue.user))
    yield from (Match(key, value) for key, value in scopes if value is not None)
    yield from (Match(path("context", name), value) for name, value in cue.context.items())
    yield from (Match(path("metadata", name), value) for name, value in cue.metadata.items())
    if cue.mood is not None:
        yield from _box(cue.mood)


def _box(mood: Mood) -> tuple[Condition, Condition]:
    return (
        Range("valence", gte=mood.valence - mood.radius, lte=mood.valence + mood.radius),
        Range("arousal", gte=mood.arousal - mood.radius, lte=mood.arousal + mood.radius),
    )


def path(field: str, name: str) -> str:
    """The path of an entry of a map. A name with a double quote cannot be written in any engine."""
    if '"' in name:
        raise BadCueError(
            f"Cannot filter by {field} {name!r}", remedy=f'Use {field} names without double quotes (").'
        )
    return f'{field}."{name}"'


# --- what a condition means -------------------------------------------------------------


def matches(payload: Payload, condition: Condition | None, point_id: str = "") -> bool:
    """Whether a point satisfies a condition: the meaning that every backend agrees on."""
    match condition:
        case None:
            return True
        case Both(conditions):
            return all(matches(payload, each, point_id) for each in conditions)
        case Either(conditions):
            return any(matches(payload, each, point_id) for each in conditions)
        case Not(inner):
            return not matches(payload, inner, point_id)
        case HasId(ids):
            return point_id in ids
        case IsNull(key):
            return lookup(payload, key) in (None, [])
    values = lookup(payload, condition.key)
    return any(_one(value, condition) for value in (values if isinstance(values, list) else [values]))


def _one(value: object, condition: Match | MatchAny | Range | TimeRange) -> bool:
    match condition:
        case Match(_, wanted):
            return type(value) is type(wanted) and value == wanted
        case MatchAny(_, several):
            return any(type(value) is type(wanted) and value == wanted for wanted in several)
        case TimeRange():
            return isinstance(value, str) and _in_time(value, condition)
    return type(value) in (int, float) and _in_range(value, condition)  # type: ignore[arg-type]


def _in_range(value: float, bounds: Range) -> bool:
    return (
        (bounds.gte is None or value >= bounds.gte)
        and (bounds.gt is None or value > bounds.gt)
        and (bounds.lte is None or value <= bounds.lte)
        and (bounds.lt is None or value < bounds.lt)
    )


def _in_time(text: str, bounds: TimeRange) -> bool:
    try:
        at = times.microseconds(text)
    except ValueError:
        return False
    first = None if bounds.gte is None else times.microseconds(times.to_text(times.clamped(bounds.gte)))
    last = None if bounds.lte is None else times.microseconds(times.to_text(times.clamped(bounds.lte)))
    return (first is None or at >= first) and (last is None or at <= last)


def lookup(payload: Payload, key: str) -> object:
    """The value at a path through maps (see `path`), None where there is none."""
    head, quote, name = key.partition('."')
    value: object = payload
    for step in [*head.split("."), *([name[:-1]] if quote else [])]:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
