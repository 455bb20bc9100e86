"""What a hand has spoiled in a payload, read with care: one wrong number must not hide a memory.

A weight beyond 0..1 is clamped, what is no number counts for nothing, and `Association.repaired` says
so; what is not an association at all, or leads to no id, is passed over. Sound payloads are handed on as
they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from cognition.stores.backend import Payload
from schemas.association import AS_IT_COMES, Association, Route
from schemas.memory import Memory

_TARGET: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ONE: Final = re.compile(rf"{_TARGET}\Z")
_LINES: Final = re.compile(rf"(?:{_TARGET}\n)*\Z")


def mended(payload: Payload) -> Payload:
    """The payload of a memory with what was learned made sound; the same object where nothing is wrong."""
    associations, routes = payload.get("associations"), payload.get("routes")
    spoiled: Payload = {}
    if associations and not all(map(_sound_association, associations)):
        spoiled["associations"] = [msgspec.to_builtins(a) for a in sound_associations(associations)]
    if routes and not all(map(_sound_route, routes)):
        spoiled["routes"] = [msgspec.to_builtins(r) for r in sound_routes(routes)]
    for name in ("unused_count", "learned_at"):
        if name in payload and not _count(payload[name]):
            spoiled[name] = 0.0
    return {**payload, **spoiled} if spoiled else payload


def sound(memory: Memory) -> bool:
    """Whether every learned number of a memory is one and every target an id, after it was read with its
    bounds checked: what is no number passes every comparison. In one sum, which is none if any is none, and
    one look at all targets."""
    total = sum([a.weight for a in memory.associations])
    total += sum([r.used + r.unused + r.weight for r in memory.routes])
    targets = "".join([f"{a.target_id}\n" for a in memory.associations])
    return math.isfinite(total + memory.unused_count + memory.learned_at) and bool(_LINES.match(targets))


def sound_associations(raw: Iterable[Any]) -> list[Association]:
    """Those that are associations, in their order."""
    found = (_association(each) for each in raw)
    return [each for each in found if each is not None]


def spreading(raw: Iterable[Any]) -> list[Association]:
    """Those that activation passes along, in their order. What each memory forms as it comes is passed over
    before it is read: most of what is stored is that, and a cue waits meanwhile."""
    return [each for each in sound_associations(a for a in raw if not _as_it_comes(a)) if each.spreads]


def _as_it_comes(raw: Any) -> bool:
    return isinstance(raw, Mapping) and not raw.get("given") and raw.get("type") in AS_IT_COMES


def sound_routes(raw: Iterable[Any]) -> list[Route]:
    """Those that are routes, in their order."""
    found = (_route(each) for each in raw)
    return [each for each in found if each is not None]


def sound_count(value: object) -> float:
    """The count, 0 for what is none."""
    return float(value) if _count(value) else 0.0  # type: ignore[arg-type]


def _sound_association(raw: Any) -> bool:
    return isinstance(raw, Mapping) and _unit(raw.get("weight")) and _association(raw) is not None


def _sound_route(raw: Any) -> bool:
    counted = isinstance(raw, Mapping) and all(_count(raw.get(name, 0.0)) for name in ("used", "unused"))
    return counted and _unit(raw.get("weight", 0.0)) and _route(raw) is not None


def _association(raw: Any) -> Association | None:
    if not isinstance(raw, Mapping) or not _id(raw.get("target_id")):
        return None
    weight, said = raw.get("weight"), {}
    if not _unit(weight):
        read = _clamped(weight)
        said = {"weight": read, "repaired": f"the stored weight {weight!r} is read as {read:g}"}
    try:
        return msgspec.convert({**raw, **said}, Association)
    except msgspec.ValidationError:
        return None


def _id(value: Any) -> bool:
    """Whether a store can be asked for it."""
    return isinstance(value, str) and _ONE.match(value) is not None


def _route(raw: Any) -> Route | None:
    if not isinstance(raw, Mapping):
        return None
    counts = {name: sound_count(raw.get(name, 0.0)) for name in ("used", "unused")}
    try:
        return msgspec.convert({**raw, **counts, "weight": _clamped(raw.get("weight", 0.0))}, Route)
    except msgspec.ValidationError:
        return None


def _clamped(value: Any) -> float:
    """Into 0..1; what is no number is 0."""
    if _number(value) and not math.isnan(value):
        return min(1.0, max(0.0, float(value)))
    return 0.0


def _unit(value: Any) -> bool:
    return _number(value) and 0.0 <= value <= 1.0


def _count(value: Any) -> bool:
    return _number(value) and 0.0 <= value < math.inf


def _number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)
