"""Holding the directory of the embedded engine, with a little patience for a predecessor that is ending."""

from __future__ import annotations

import os
import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio

from cognition.errors import StoreLockedError
from cognition.stores import edge_directory

LOCK_PATIENCE_S: Final = 5.0
"""How long a directory may be held before we say so: the children of a killed daemon end within
milliseconds, an orderly one flushes first."""

LOCK_POLL_S: Final = 0.05


@asynccontextmanager
async def held(
    directory: Path, *, started_at: float, role: str, patience_s: float = LOCK_PATIENCE_S
) -> AsyncIterator[int]:
    """Hold the directory; the file descriptor is to be inherited by every process that uses it."""
    holder = edge_directory.Holder(pid=os.getpid(), host=platform.node(), role=role, started_at=started_at)
    until = anyio.current_time() + patience_s
    while True:
        try:
            fd = edge_directory.lock(directory, holder)
            break
        except StoreLockedError:
            if anyio.current_time() >= until:
                raise
            await anyio.sleep(LOCK_POLL_S)
    try:
        edge_directory.require_format(directory)
        yield fd
    finally:
        os.close(fd)
