"""`cognition schema`: are the collections as this version needs them, and what can be put right at once."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import anyio
import msgspec

from cognition.adapters import open_server, repartition
from cognition.cli import DONE, NO
from cognition.commands.running import UsageError, loaded_settings, print_json
from cognition.daemon import SystemClock
from cognition.data_directory import directory_of, held, prepare
from cognition.settings import Settings
from cognition.stores.backend import CollectionSpec
from cognition.stores.collections import ALL

if TYPE_CHECKING:
    from cognition.stores.qdrant_server import ServerBackend

PARTITIONS_MAX = 1_024
LOOKED_FOR_S = 5.0
"""How long `schema check` looks for a server that does not answer."""

PROMOTE = "Run `cognition mind promote` for it: it goes on where it was."


class Row(msgspec.Struct, frozen=True):
    """A collection, or one thing that has drifted of it."""

    collection: str
    there: bool
    problem: str = ""
    remedy: str = ""
    stops: bool = False


async def schema_check(options: argparse.Namespace) -> int:
    """What has drifted; changes nothing."""
    settings = loaded_settings(options).settings
    if settings.store.engine != "server":
        return _embedded(options, settings)
    async with AsyncExitStack() as stack:
        backend = await open_server(_looking(settings), stack, SystemClock(), model=_model(settings))
        return _tell(options, await look(backend))


def _looking(settings: Settings) -> Settings:
    """The settings of who only looks: a server that is away is told, and not waited for as a daemon does."""
    soon = min(settings.store.wait_s, LOOKED_FOR_S)
    return msgspec.structs.replace(settings, store=msgspec.structs.replace(settings.store, wait_s=soon))


async def schema_migrate(options: argparse.Namespace) -> int:
    """Make what is missing and can be made; then what `check` says."""
    settings = loaded_settings(options).settings
    if options.partitions is not None:
        settings = await _repartitioned(options, settings)
    if settings.store.engine != "server":
        return _embedded(options, settings)
    async with AsyncExitStack() as stack:
        backend = await open_server(settings, stack, SystemClock(), model=_model(settings))
        there = [spec for spec in ALL if await backend.exists(spec)]
        for spec in there:
            if options.partitions is not None:
                await backend.repartition(spec)
            for drift in await backend.drifts(spec):
                if drift.mends:
                    await backend.mend(drift, spec)
        await _replicate(backend, there, options.within)
        return _tell(options, await look(backend))


async def _replicate(backend: ServerBackend, specs: list[CollectionSpec], within_s: float) -> None:
    """Make the replicas that are missing, or say that it takes longer: of what every mind needs first, of
    memories, the most of it, last."""
    with anyio.move_on_after(within_s) as scope:
        for spec in reversed(specs):
            await backend.replicate(spec, _told)
    if scope.cancelled_caught:
        _told(f"not all copied within {within_s:g} s; give the command again, it goes on")


async def look(backend: ServerBackend) -> list[Row]:
    """Each collection, and of each what has drifted; the cluster, where it is too small for its copies."""
    rows = [Row(d.collection, True, d.problem, d.remedy, d.stops) for d in await backend.cluster_drifts()]
    for spec in ALL:
        if not await backend.exists(spec):
            rows.append(Row(spec.name, False))
            continue
        drifts = await backend.drifts(spec)
        found = [Row(spec.name, True, d.problem, d.remedy, d.stops) for d in drifts]
        if spec.by_mind and not any(d.stops for d in drifts):
            found += [Row(spec.name, True, left, PROMOTE) for left in await backend.unfinished(spec)]
        rows += found or [Row(spec.name, True)]
    return rows


async def _repartitioned(options: argparse.Namespace, settings: Settings) -> Settings:
    """The settings with the new number, once the streams have it."""
    if not 1 <= options.partitions <= PARTITIONS_MAX:
        raise UsageError(
            f"--partitions {options.partitions} is out of range", remedy=f"Give 1 to {PARTITIONS_MAX}."
        )
    directory = directory_of(settings.data, os.environ)
    async with AsyncExitStack() as stack:
        if not settings.streams.url:
            prepare(directory)
            stack.enter_context(held(directory, SystemClock().now()))
        before = await repartition(settings, directory, stack, options.partitions)
    if not options.json:
        print(
            f"There were {before} partitions, there are {options.partitions} now. "
            f"Set streams.partitions = {options.partitions} for every daemon and publisher."
        )
    streams = msgspec.structs.replace(settings.streams, partitions=options.partitions)
    return msgspec.structs.replace(settings, streams=streams)


def _embedded(options: argparse.Namespace, settings: Settings) -> int:
    if options.json:
        print_json([])
    else:
        print(f"store.backend = {settings.store.engine!r}: its collections are checked at every start.")
    return DONE


def _tell(options: argparse.Namespace, rows: list[Row]) -> int:
    if options.json:
        print_json(rows)
    else:
        for row in rows:
            said = row.problem or ("well" if row.there else "not there yet; the daemon makes it")
            print(f"{'BAD' if row.problem else 'ok':4} {row.collection:14} {said}")
            if row.remedy:
                print(f"     -> {row.remedy}")
    return NO if any(row.problem for row in rows) else DONE


def _told(what: str) -> None:
    print(what, file=sys.stderr)


def _model(settings: Settings) -> str:
    return settings.embedding.model if settings.embedding.enabled else ""
