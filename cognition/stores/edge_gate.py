"""A gate that writers pass together and that can be closed to hold them all for a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio


class Gate:
    """Writers go through in the order in which they came, also after it was closed."""

    def __init__(self) -> None:
        self._inside = 0
        self._opened: anyio.Event | None = None
        self._left: anyio.Event | None = None

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait until the gate is open and count as inside."""
        while self._opened is not None:
            await self._opened.wait()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            if self._inside == 0 and self._left is not None:
                self._left.set()

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Let nobody in, wait until those inside have left. One closer at a time."""
        assert self._opened is None, "the gate is closed already"
        self._opened = anyio.Event()
        try:
            if self._inside:
                self._left = anyio.Event()
                await self._left.wait()
            yield
        finally:
            self._left = None
            self._opened.set()
            self._opened = None
