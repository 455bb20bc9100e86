"""Which recollections were shown lately: what was asked, and which memories came back in which order.

In this process, and in a ring outside it that survives a restart. Nothing of it is in the store:
recall itself writes nothing, and what is reported later than the ring keeps it (a day, and not more
than its last 1,024 of a partition) has to say itself what was asked and shown.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from cognition.errors import UnavailableError
from cognition.ports.shown import ShownRing
from schemas.cue import Cue
from schemas.recollection import Recollection

KEPT_MAX = 4_096
"""Recollections at hand in this process, a few hundred bytes each."""

UNSAVED_MAX = 1_024
"""Recollections that wait for the ring while it is away; the oldest are given up."""

CUE_KEPT = 2_000
"""Characters of a cue that are kept: its words are learned from, and no cue has more that matter."""

IDS_KEPT = 100
"""Memories of a recollection that are kept, best first."""


class Showing(msgspec.Struct, frozen=True, array_like=True):
    """One recollection as it was shown."""

    mind: str
    cue: str
    shown: list[str]


class Shown:
    """Remembers showings. `remember` neither waits nor fails; `flush` carries them to the ring."""

    def __init__(self, ring: ShownRing | None = None) -> None:
        self._ring = ring
        self._known: OrderedDict[tuple[str, str], Showing] = OrderedDict()
        self._unsaved: OrderedDict[tuple[str, str], Showing] = OrderedDict()

    def remember(self, cue: Cue, recollection: Recollection) -> None:
        """Keep what this cue brought back, if anything."""
        if not recollection.recalled:
            return
        ids = [r.memory.id for r in recollection.recalled[:IDS_KEPT]]
        showing = Showing(cue.mind, cue.content[:CUE_KEPT], ids)
        self._known[cue.mind, cue.id] = showing
        while len(self._known) > KEPT_MAX:
            self._known.popitem(last=False)
        if self._ring is not None:
            self._unsaved[cue.mind, cue.id] = showing
            while len(self._unsaved) > UNSAVED_MAX:
                self._unsaved.popitem(last=False)

    async def find(self, mind: str, cue_id: str) -> Showing | None:
        """What this cue brought back to this mind, None where nobody remembers."""
        known = self._known.get((mind, cue_id))
        if known is not None or self._ring is None:
            return known
        body = await self._ring.get(mind, cue_id)
        if body is None:
            return None
        try:
            showing = msgspec.msgpack.decode(body, type=Showing)
        except msgspec.MsgspecError:
            return None
        return showing if showing.mind == mind else None

    def latest(self, mind: str, count: int) -> dict[str, Showing]:
        """The last so many of this mind's recollections that this process has shown, by what was asked: of
        the same words the last."""
        found: dict[str, tuple[str, Showing]] = {}
        for (name, cue_id), showing in reversed(self._known.items()):
            if len(found) >= count:
                break
            if name == mind and showing.cue and showing.shown:
                found.setdefault(showing.cue, (cue_id, showing))
        return dict(found.values())

    async def flush(self) -> None:
        """Carry what is new to the ring; what cannot be carried now stays for the next time."""
        if self._ring is None or not self._unsaved:
            return
        taken, self._unsaved = self._unsaved, OrderedDict()
        by_mind: dict[str, dict[str, bytes]] = {}
        for (mind, cue_id), showing in taken.items():
            by_mind.setdefault(mind, {})[cue_id] = msgspec.msgpack.encode(showing)
        try:
            for mind, records in by_mind.items():
                await self._ring.put(mind, records)
        except UnavailableError:
            taken.update(self._unsaved)
            self._unsaved = taken
            raise
