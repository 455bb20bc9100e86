"""What the engine asks for a copy of a mind on which things are tried."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol


class Size(NamedTuple):
    """How much there is to copy, and how much room that takes with what is tried on it."""

    points: int
    bytes: int


class Copier(Protocol):
    """Makes copies of minds, each in a folder of its own beside the data, of one mind alone.

    What is copied is read page by page while the mind goes on, first what it knows of itself, then what it
    remembers: what came in between is there too, and whoever opens the copy leaves it out.
    """

    async def size(self, mind: str) -> Size:
        """How large a copy is. Raises `StoreUnavailableError` where there is no room for it."""
        ...

    async def copy(self, mind: str, name: str, told: Callable[[int], Awaitable[None]]) -> str:
        """Copy all that is stored of this mind; the folder, as a data directory. `told` hears after each page
        how much is copied. What fails leaves nothing behind."""
        ...

    async def drop(self, name: str) -> None:
        """Remove that copy. Safe to repeat."""
        ...

    async def sweep(self) -> None:
        """Remove what copies nobody holds any more. Never raises what the disk refuses."""
        ...
