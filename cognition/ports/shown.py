"""What was shown to whom asked: kept for a while, so that an identifier is enough to report on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class ShownRing(Protocol):
    """A bounded place outside the process; the oldest give way. Both raise `UnavailableError`."""

    async def put(self, mind: str, records: Mapping[str, bytes]) -> None:
        """Keep these records of a mind, by cue id. One round trip."""
        ...

    async def get(self, mind: str, cue_id: str) -> bytes | None:
        """The record, None when there is none of this mind (any more)."""
        ...
