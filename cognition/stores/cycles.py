"""Cycles of sleep and their undo pages over any vector backend."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

import msgspec

from cognition.stores import payloads
from cognition.stores.backend import MatchAny, Point, Range, VectorBackend
from cognition.stores.collections import SLEEP_CYCLES
from cognition.stores.rising import NUMBER, Rising
from cognition.stores.tenancy import for_mind, not_newer, of_anyone, owned, payload_of
from schemas.identifiers import undo_id
from schemas.sleep import UNFINISHED, SleepReport, UndoPage

_UNFINISHED: Final = MatchAny("status", tuple(status.value for status in UNFINISHED))


class VectorCycles:
    """`CycleStore` over a `VectorBackend`. Undo pages have neither number nor status: no order and no
    search ever meets them."""

    def __init__(self, backend: VectorBackend) -> None:
        self._backend = backend
        self._rising = Rising()

    async def get(self, mind: str, cycle_id: str) -> SleepReport | None:
        hits = owned(mind, await self._backend.retrieve(SLEEP_CYCLES.name, [cycle_id]))
        self._rising.seen([cycle_id], map(payload_of, hits.values()))
        found = {i: payloads.decode(SleepReport, i, payload_of(hit)) for i, hit in hits.items()}
        return found.get(cycle_id)

    async def save(self, report: SleepReport, *, epoch: int) -> None:
        number, guard = self._rising.guarded([report.id], epoch)
        point = Point(report.id, {**payloads.encode(report), "epoch": epoch, NUMBER: number})
        condition = for_mind(report.mind, *guard)
        await self._backend.upsert(SLEEP_CYCLES.name, [point], condition=condition)

    async def latest(self, mind: str, *, limit: int, below: int | None = None) -> list[SleepReport]:
        older = [] if below is None else [Range("number", lt=float(below))]
        page = await self._backend.scroll(
            SLEEP_CYCLES.name,
            condition=for_mind(mind, *older),
            limit=limit,
            order_by="number",
            descending=True,
        )
        self._rising.seen([hit.id for hit in page.hits], map(payload_of, page.hits))
        return [payloads.decode(SleepReport, hit.id, payload_of(hit)) for hit in page.hits]

    async def unfinished(self, *, limit: int) -> list[tuple[str, str]]:
        page = await self._backend.scroll(
            SLEEP_CYCLES.name, condition=of_anyone(_UNFINISHED), limit=limit, with_payload=("mind", "number")
        )
        found = sorted(page.hits, key=lambda hit: payload_of(hit).get("number", 0))
        return [(payload_of(hit)["mind"], hit.id) for hit in found]

    async def keep(self, page: UndoPage, *, epoch: int) -> None:
        body = base64.b64encode(msgspec.msgpack.encode(page)).decode("ascii")
        point = Point(
            undo_id(page.mind, page.cycle_id, page.step), {"mind": page.mind, "epoch": epoch, "body": body}
        )
        condition = for_mind(page.mind, not_newer(epoch))
        await self._backend.upsert(SLEEP_CYCLES.name, [point], condition=condition)

    async def pages(self, mind: str, cycle_id: str, steps: Sequence[int]) -> dict[int, UndoPage]:
        ids = {undo_id(mind, cycle_id, step): step for step in steps}
        hits = owned(mind, await self._backend.retrieve(SLEEP_CYCLES.name, list(ids)))
        bodies = {ids[i]: base64.b64decode(payload_of(hit)["body"]) for i, hit in hits.items()}
        return {step: msgspec.msgpack.decode(body, type=UndoPage) for step, body in bodies.items()}

    async def drop(self, mind: str, cycle_id: str, steps: Sequence[int]) -> None:
        await self._backend.delete(SLEEP_CYCLES.name, [undo_id(mind, cycle_id, step) for step in steps])
