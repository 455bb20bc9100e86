"""Opaque states of minds, each written whole, over any vector backend."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Final

from cognition.errors import StoreRefusedError
from cognition.stores.backend import Point, VectorBackend
from cognition.stores.collections import CHECKPOINTS
from cognition.stores.rising import NUMBER, Rising
from cognition.stores.tenancy import for_minds, paired, payload_of
from schemas.identifiers import checkpoint_id

STATE_BYTES_MAX: Final = 16 * 2**20
"""Largest state: with its text form it stays below one segment of the engine's log (32 MiB)."""


class VectorCheckpoints:
    """`CheckpointStore` over a `VectorBackend`."""

    def __init__(self, backend: VectorBackend) -> None:
        self._backend = backend
        self._rising = Rising()

    async def load(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        ids = {checkpoint_id(mind, slot): (mind, slot) for mind, slot in keys}
        hits = await self._backend.retrieve(CHECKPOINTS.name, list(ids))
        mine = paired([(mind, point_id) for point_id, (mind, _) in ids.items()], hits)
        self._rising.seen(ids, map(payload_of, mine.values()))
        return {ids[i]: base64.b64decode(payload_of(hit)["state"]) for i, hit in mine.items()}

    async def save(self, states: Mapping[tuple[str, str], bytes], *, epoch: int) -> None:
        if not states:
            return
        ids = [checkpoint_id(mind, slot) for mind, slot in states]
        number, guard = self._rising.guarded(ids, epoch)
        points = [_point(mind, slot, state, epoch, number) for (mind, slot), state in states.items()]
        condition = for_minds((mind for mind, _ in states), *guard)
        await self._backend.upsert(CHECKPOINTS.name, points, condition=condition)


def _point(mind: str, slot: str, state: bytes, epoch: int, number: int) -> Point:
    if len(state) > STATE_BYTES_MAX:
        raise StoreRefusedError(
            f"The state {slot!r} of {mind!r} has {len(state):,} bytes",
            remedy=f"At most {STATE_BYTES_MAX:,} fit; split it into slots.",
        )
    text = base64.b64encode(state).decode("ascii")
    payload = {"mind": mind, "slot": slot, "epoch": epoch, NUMBER: number, "state": text}
    return Point(checkpoint_id(mind, slot), payload)
