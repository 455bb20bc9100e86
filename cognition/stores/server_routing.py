"""Which shard the points of a mind are in, where a collection keeps minds apart.

Minds share a few shards, each with a key; a mind that was promoted has a shard for itself. Every request for
a mind names both keys, and the server goes to the mind's own shard once that is whole, else to the shared
one: nobody has to be told who was promoted. Pure. Must not know what is asked.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from qdrant_client import models

from cognition.stores.backend import Owner, Point

Selector = models.ShardKeyWithFallback | list[int | str] | None
"""Where a request goes: to a mind's shard, to the shards of these keys, or where the server thinks."""

SHARED: Final = "shared-"
OWN: Final = "mind:"
"""How keys begin: of a shard that minds share, and of a mind's own."""


def shared_keys(shared: int) -> list[str]:
    """The keys of the shards that minds share."""
    return [f"{SHARED}{number}" for number in range(shared)]


def shared_key(mind: str, shared: int) -> str:
    """The key of the shared shard in which a mind's points are until it is promoted."""
    return f"{SHARED}{zlib.crc32(mind.encode()) % shared}"


def own_key(mind: str) -> str:
    """The key of a promoted mind's shard."""
    return f"{OWN}{mind}"


def mind_of_key(key: str) -> str | None:
    """Whose shard this is; None of one that is shared."""
    return key.removeprefix(OWN) if key.startswith(OWN) else None


def selector(mind: str | None, shared: int) -> Selector:
    """Where a mind's points are. Without a mind, or where minds are not kept apart, the server decides."""
    if mind is None or not shared:
        return None
    return models.ShardKeyWithFallback(target=own_key(mind), fallback=shared_key(mind, shared))


def points_by_place(points: Sequence[Point], shared: int) -> list[tuple[Selector, list[Point]]]:
    """The points with where each goes, in their order within a mind."""
    if not shared:
        return [(None, list(points))]
    apart: dict[str, list[Point]] = {}
    for point in points:
        apart.setdefault(str(point.payload.get("mind", "")), []).append(point)
    return [(selector(mind, shared), some) for mind, some in apart.items()]


def ids_by_place(ids: Iterable[str], owner: Owner, shared: int) -> list[tuple[Selector, list[str]]]:
    """The ids with where each is looked for."""
    if not isinstance(owner, Mapping) or not shared:
        named = owner if isinstance(owner, str) else None
        return [(selector(named, shared), list(ids))]
    apart: dict[str | None, list[str]] = {}
    for point_id in ids:
        apart.setdefault(owner.get(point_id), []).append(point_id)
    return [(selector(mind, shared), some) for mind, some in apart.items()]
