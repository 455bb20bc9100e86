"""Numbers that rise with each write of one process: what is applied late changes nothing newer.

A node may take a write, stall, and pass it on long after the same write and later ones went through another
node: of the same epoch, so the epoch does not stop it. Must not know what is written.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from cognition.stores.backend import Condition, Either, HasId, IsNull, Range
from cognition.stores.tenancy import not_newer, older

NUMBER: Final = "write"
"""The field of a point that says with which number it was written; points of before have none."""

KNOWN_MAX: Final = 65_536
"""Points of which it is known that their number is not above ours: 9 MB. Of others the next write goes
without this guard."""


class Rising:
    """The numbers of one store. A number is above all that were read or given before.

    Epoch 0 is under nobody's lease: several may write under it, each with numbers of its own, so there the
    last word counts.
    """

    def __init__(self) -> None:
        self._last = 0
        self._known: OrderedDict[str, None] = OrderedDict()

    def seen(self, ids: Iterable[str], payloads: Iterable[Mapping[str, Any]]) -> None:
        """These points were read; those that are there have these payloads."""
        self._last = max([self._last, *(int(payload.get(NUMBER) or 0) for payload in payloads)])
        self._know(ids)

    def guarded(self, ids: Collection[str], epoch: int) -> tuple[int, tuple[Condition, ...]]:
        """The number of the next write, and what has to hold of the points that it replaces."""
        self._last += 1
        fence = not_newer(epoch)
        if not epoch:
            return self._last, (fence,)
        strange = tuple(sorted(point_id for point_id in ids if point_id not in self._known))
        self._know(ids)
        earlier = Range(NUMBER, lt=self._last)
        late = (HasId(strange),) if strange else ()
        return self._last, (fence, Either((older(epoch), IsNull(NUMBER), earlier, *late)))

    def _know(self, ids: Iterable[str]) -> None:
        for point_id in ids:
            self._known[point_id] = None
            self._known.move_to_end(point_id)
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
