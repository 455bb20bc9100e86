"""Copying one mind from a store to another, collection by collection, page by page.

Each point is copied whole and as it is; nothing of any other mind is read. The mind goes on meanwhile: what
it knows of itself is read first, what it remembers afterwards, what is archived last, so that a memory that
moves to the archive in between is found in one of both. Must not know what a copy is for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from cognition.stores.backend import Hit, Point, VectorBackend
from cognition.stores.collections import (
    ABSTRACTIONS,
    CHECKPOINTS,
    EPISODES,
    IDENTITY,
    MEMORIES,
    SLEEP_CYCLES,
    TOMBSTONES,
    UNCONSCIOUS,
)
from cognition.stores.tenancy import for_mind, owned

ORDER: Final = (
    *(CHECKPOINTS, IDENTITY, TOMBSTONES, SLEEP_CYCLES, EPISODES, ABSTRACTIONS, MEMORIES, UNCONSCIOUS),
)
"""All collections, in the order in which they are copied."""

PAGE = 128
"""Points of one page: about a megabyte with their vectors."""

TURN_MAX_S = 0.5
"""After a page everybody else has the store for as long as the page took, at most."""

EMPTY_BYTES = 96 * 2**20
"""Of a store that holds hardly anything: logs and the segments of eight collections (measured: 46 MiB, and a
log segment of 32 MiB that is being written; `capacity.constants`)."""

POINT_BYTES = 24_000
"""Of a point with its log and its index, twice: nights write it anew, and indexes are built beside the old
ones (measured: 8 to 11 KB a memory of 200 characters at rest; `capacity.constants`)."""


async def points_of(backend: VectorBackend, mind: str) -> int:
    """How many points are this mind's."""
    return sum([await backend.count(spec.name, condition=for_mind(mind)) for spec in ORDER])


def room_for(points: int) -> int:
    """Bytes that a copy of so many points needs, with what nights write into it."""
    return EMPTY_BYTES + POINT_BYTES * points


async def copy_mind(
    source: VectorBackend, target: VectorBackend, mind: str, told: Callable[[int], Awaitable[None]]
) -> int:
    """Copy all points of this mind; how many. `told` hears the number after each page."""
    copied = 0
    for spec in ORDER:
        await target.ensure(spec)
        offset: str | None = None
        while True:
            began = anyio.current_time()
            page = await source.scroll(
                spec.name,
                condition=for_mind(mind),
                limit=PAGE,
                offset=offset,
                with_vectors=(*spec.dense, *spec.sparse),
            )
            points = [_point(hit) for hit in owned(mind, page.hits).values()]
            if points:
                await target.upsert(spec.name, points)
            copied += len(points)
            await told(copied)
            if (offset := page.next_offset) is None:
                break
            await anyio.sleep(min(TURN_MAX_S, anyio.current_time() - began))
        await target.flush(spec.name)
    return copied


def _point(hit: Hit) -> Point:
    assert hit.payload is not None, f"point {hit.id} came without its payload"
    return Point(hit.id, hit.payload, hit.vectors or {})
