"""Which memories a night is about, over any vector backend: ordered and ranged by payload indexes.

Must not know what replay does with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cognition.ports.stores import Came, Keyed
from cognition.stores import payloads, times
from cognition.stores.backend import (
    Condition,
    Hit,
    Match,
    MatchAny,
    Range,
    TimeRange,
    VectorBackend,
)
from cognition.stores.collections import MEMORIES
from cognition.stores.tenancy import for_mind, payload_of
from schemas.memory import Memory

_FIRST_ID: Final = "00000000-0000-0000-0000-000000000000"
PAGE: Final = 512
"""Memories in one round trip of `newest`."""

STEP_S: Final = 1e-6
"""Between two moments that are stored."""

_CAME: Final = ("entry", "episode_id", "encoded_at")
_KEYED: Final = ("replay_priority_key", "encoded_at", "episode_id", "position", "slept_through")


class VectorReplay:
    """`ReplayStore` over a `VectorBackend`."""

    def __init__(self, backend: VectorBackend, *, collection: str = MEMORIES.name) -> None:
        self._backend = backend
        self._collection = collection

    async def novel(
        self, mind: str, *, below: float, after: float | None, until: float | None, limit: int
    ) -> list[Keyed]:
        page = await self._backend.scroll(
            self._collection,
            condition=for_mind(mind, Range("consolidation_strength", lt=below), *_between(after, until)),
            limit=limit,
            order_by="replay_priority_key",
            descending=True,
            with_payload=_KEYED,
        )
        return [_keyed(hit) for hit in page.hits]

    async def newest(self, mind: str, *, limit: int) -> list[Came]:
        found: dict[str, Came] = {}
        until: float | None = None
        size = PAGE
        while len(found) < limit:
            page = await self._backend.scroll(
                self._collection,
                condition=for_mind(mind, *_between(None, until)),
                limit=size,
                order_by="encoded_at",
                descending=True,
                with_payload=_CAME,
            )
            known = len(found)
            found.update({hit.id: _came(hit) for hit in page.hits})
            if len(page.hits) < size:
                break
            until = times.from_text(payload_of(page.hits[-1])["encoded_at"])
            size = PAGE if len(found) > known else 2 * size  # so many of one moment: take them all
        return list(found.values())[:limit]

    async def sample(
        self, mind: str, *, start: str, limit: int, strength: tuple[float, float] | None = None
    ) -> list[Keyed]:
        found: dict[str, Keyed] = {}
        within = [Range("consolidation_strength", gte=strength[0], lt=strength[1])] if strength else []
        for offset in (start, _FIRST_ID):
            page = await self._backend.scroll(
                self._collection,
                condition=for_mind(mind, *within),
                limit=limit,
                offset=offset,
                with_payload=_KEYED,
            )
            for hit in page.hits:
                found.setdefault(hit.id, _keyed(hit))
            if len(found) >= limit:
                break
        return list(found.values())[:limit]

    async def permanent(self, mind: str, *, strength: float) -> tuple[int, int]:
        strong = for_mind(mind, Range("consolidation_strength", gte=strength))
        milestones = for_mind(mind, Match("content_type", "milestone"))
        counts = [await self._backend.count(self._collection, condition=c) for c in (strong, milestones)]
        return counts[0], counts[1]

    async def moving(self, mind: str, *, limit: int) -> list[str]:
        page = await self._backend.scroll(
            self._collection,
            condition=for_mind(mind, Range("emotional_intensity", gt=0.0)),
            limit=limit,
            order_by="emotional_intensity",
            descending=True,
            with_payload=False,
        )
        return [hit.id for hit in page.hits]

    async def latest_about(self, mind: str, subject: str, *, limit: int) -> list[Memory]:
        page = await self._backend.scroll(
            self._collection,
            condition=for_mind(mind, Match("subject", subject)),
            limit=limit,
            order_by="occurred_at",
            descending=True,
        )
        return [payloads.decode(Memory, hit.id, payload_of(hit)) for hit in page.hits]

    async def superseded_by(self, mind: str, memory_ids: Sequence[str], *, limit: int) -> list[str]:
        page = await self._backend.scroll(
            self._collection,
            condition=for_mind(mind, MatchAny("superseded_by", tuple(memory_ids))),
            limit=limit,
            with_payload=False,
        )
        return [hit.id for hit in page.hits]


def _between(after: float | None, until: float | None) -> list[Condition]:
    """Encoded after the one moment (not at it) and until the other.

    One range, from the next moment that can be stored: of two conditions the engine does not see how few
    memories meet both, and goes through all of a mind (measured, 50,000 memories: 55 ms, and 1 ms so).
    """
    if after is None and until is None:
        return []
    return [TimeRange("encoded_at", gte=None if after is None else after + STEP_S, lte=until)]


def _came(hit: Hit) -> Came:
    payload = payload_of(hit)
    return Came(hit.id, payload.get("entry", ""), payload.get("episode_id", ""))


def _keyed(hit: Hit) -> Keyed:
    payload = payload_of(hit)
    return Keyed(
        memory_id=hit.id,
        key=payload.get("replay_priority_key", 0.0),
        encoded_at=times.from_text(payload["encoded_at"]),
        episode_id=payload.get("episode_id", ""),
        position=payload.get("position", 0),
        slept_through=payload.get("slept_through", ""),
    )
