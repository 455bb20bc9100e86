"""`cognition mind promote`: a large mind gets shards of its own, while daemons write and read it."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import anyio

from cognition.adapters import open_server
from cognition.cli import DONE, NO
from cognition.commands.running import UsageError, loaded_settings, mind_of, print_json
from cognition.daemon import SystemClock
from cognition.stores.collections import ALL, IDENTITY

if TYPE_CHECKING:
    from cognition.stores.qdrant_server import ServerBackend


async def mind_promote(options: argparse.Namespace) -> int:
    """Move it, and say what is there then; 1 when that takes longer than --within."""
    mind = options.name or mind_of(options)
    settings = loaded_settings(options).settings
    if settings.store.engine != "server":
        raise UsageError(
            f"store.backend = {settings.store.engine!r}: an embedded store has no shards to share",
            remedy="Set store.url: on a Qdrant server a mind may have a shard of its own.",
        )
    began = time.monotonic()
    moved: dict[str, int] = {}
    async with AsyncExitStack() as stack:
        backend = await open_server(settings, stack, SystemClock())
        await _require_mind(backend, mind)
        with anyio.move_on_after(options.within) as scope:
            for spec in ALL:
                if spec.by_mind and await backend.exists(spec):
                    moved[spec.name] = await backend.promote(spec, mind, _told)
    if scope.cancelled_caught:
        print(f"not done within {options.within:g} s; give the command again, it goes on", file=sys.stderr)
        return NO
    took_s = round(time.monotonic() - began, 3)
    if options.json:
        print_json({"mind": mind, "points": moved, "took_s": took_s})
    else:
        points = ", ".join(f"{count:,} in {name}" for name, count in moved.items())
        print(f"{mind!r} has shards of its own: {points}, after {took_s:.1f} s.")
    return DONE


async def _require_mind(backend: ServerBackend, mind: str) -> None:
    from cognition.stores.identities import VectorIdentities

    known = False
    if await backend.exists(IDENTITY):
        await backend.ensure(IDENTITY)
        known = await VectorIdentities(backend).get(mind) is not None
    if not known:
        raise UsageError(
            f"there is no mind {mind!r}: it has perceived nothing yet", remedy="Name one that has."
        )


def _told(what: str) -> None:
    print(what, file=sys.stderr)
