"""Copies of minds in folders of their own, each a small embedded store for whoever asked to open and remove.

Copies that nobody holds any more are swept away: what was left behind by a process that died lies here for
minutes, not for good. Must not know what is tried on a copy.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from collections.abc import Awaitable, Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import anyio
import anyio.to_thread

from cognition.errors import CognitionError, StoreLockedError, StoreUnavailableError
from cognition.ports.clock import Clock
from cognition.ports.copying import Size
from cognition.stores import edge_directory
from cognition.stores.backend import VectorBackend
from cognition.stores.copying import copy_mind, points_of, room_for
from cognition.stores.edge import open_edge

TAKEN_WITHIN_S = 60.0
"""A copy that nobody holds is left alone for so long after it was made: who asked for it is about to."""

FOLDER_BYTES = 16
"""Of the hash that a copy's folder is called by: whoever asks chooses the name of a copy, not a path."""

MIB = 2**20


class MindCopies:
    """`Copier` into the folders of `base`; `store` names the folder of a store in a data directory."""

    def __init__(self, backend: VectorBackend, base: Path, store: str, clock: Clock) -> None:
        self._backend = backend
        self._base = base
        self._store = store
        self._clock = clock

    async def size(self, mind: str) -> Size:
        points = await points_of(self._backend, mind)
        need = room_for(points)
        with self._usable():
            self._base.mkdir(parents=True, exist_ok=True, mode=0o700)
            await self.sweep()
            free = shutil.disk_usage(self._base).free
        if free < need:
            raise StoreUnavailableError(
                f"a copy of mind {mind!r} ({points:,} points) needs {need / MIB:,.0f} MiB in {self._base}, "
                f"where {free / MIB:,.0f} are free",
                remedy="Free space there, or stop the daemon meanwhile: then TMPDIR says where a copy is.",
            )
        return Size(points, need)

    async def copy(self, mind: str, name: str, told: Callable[[int], Awaitable[None]]) -> str:
        folder = self._folder(name)
        with self._usable():
            self._base.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(mode=0o700)  # one that is there belongs to who asked for it
        try:
            with self._usable():
                await self._fill(folder, mind, told)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.drop(name)
            raise
        return str(folder)

    def _folder(self, name: str) -> Path:
        """Where the copy of this name lies: in `base`, whatever characters a name has."""
        return self._base / blake2b(name.encode(), digest_size=FOLDER_BYTES).hexdigest()

    async def _fill(self, folder: Path, mind: str, told: Callable[[int], Awaitable[None]]) -> None:
        store = folder / self._store
        store.mkdir(mode=0o700)
        async with open_edge(store, started_at=self._clock.now(), role="copy") as target:
            await copy_mind(self._backend, target, mind, told)
        now = self._clock.now()
        os.utime(folder, (now, now))

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        """What the file system refuses, in our words."""
        try:
            yield
        except OSError as error:
            if isinstance(error, CognitionError):
                raise
            raise StoreUnavailableError(
                f"no copy can be made in {self._base}: {error.strerror or error}",
                remedy="Free space there, or correct its permissions.",
            ) from error

    async def drop(self, name: str) -> None:
        await anyio.to_thread.run_sync(shutil.rmtree, self._folder(name), True)

    async def sweep(self) -> None:
        """Remove the copies that nobody holds. What the disk refuses is left for the next time."""
        with contextlib.suppress(OSError):
            await anyio.to_thread.run_sync(sweep, self._base, self._store, self._clock.now())


def sweep(base: Path, store: str, now: float) -> None:
    """Remove the copies in this folder that nobody holds, and that are not quite new."""
    for folder in sorted(base.iterdir()) if base.is_dir() else []:
        with contextlib.suppress(FileNotFoundError):  # who held it has removed it meanwhile
            if now - folder.stat().st_mtime > TAKEN_WITHIN_S and not is_held(folder / store, now):
                shutil.rmtree(folder, ignore_errors=True)


def is_held(store: Path, now: float) -> bool:
    """Whether a living process has this store open."""
    if not store.is_dir():
        return False
    holder = edge_directory.Holder(pid=os.getpid(), host=platform.node(), role="sweep", started_at=now)
    try:
        os.close(edge_directory.lock(store, holder))
    except StoreLockedError:
        return True
    return False
