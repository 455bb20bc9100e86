"""How every command runs: settings read, errors told, exit code chosen."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec

from cognition.cli import NO, UNREACHABLE, WRONG_USE
from cognition.data_directory import directory_of, is_prepared
from cognition.errors import (
    CognitionError,
    DataVersionError,
    MindStoppedError,
    ModelUnavailableError,
    SettingsError,
    StoreLockedError,
    StoreVersionError,
    UnavailableError,
)
from cognition.settings import Loaded, Settings, load
from schemas.base import SchemaError

Run = Callable[[argparse.Namespace], Awaitable[int]]


OUT_OF_REACH = (
    UnavailableError,
    ModelUnavailableError,
    StoreLockedError,
    DataVersionError,
    StoreVersionError,
    ConnectionError,
    TimeoutError,
)


class UsageError(CognitionError, ValueError):
    """The command line asks for something that makes no sense."""


class NothingKeptError(CognitionError):
    """Nothing was ever kept where this command is to look."""


def run_command(run: Run, options: argparse.Namespace) -> int:
    """Run the command to its exit code; expected errors become one message on stderr. Told to end, it ends as
    if interrupted: what it has put aside for its work is removed."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return anyio.run(run, options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return unheard()
    except BaseExceptionGroup as group:
        if group.subgroup(BrokenPipeError) is not None:
            return unheard()
        error = first_expected(group)
        if error is None:
            raise
        return told(error, options)
    except (CognitionError, SchemaError, ConnectionError, TimeoutError) as error:
        return told(error, options)


def unheard() -> int:
    """Nobody reads standard output any more (``cognition recall ... | head``): that is no failure of ours.

    What is still buffered must go nowhere, or the interpreter complains when it ends.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return NO


def first_expected(group: BaseExceptionGroup[BaseException]) -> Exception | None:
    """The one expected error inside a group, None when anything unexpected is in it too."""
    expected, rest = group.split((CognitionError, SchemaError, ConnectionError, TimeoutError))
    if rest is not None or expected is None:
        return None
    leaf: BaseException = expected
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf if isinstance(leaf, Exception) else None


def told(error: Exception, options: argparse.Namespace) -> int:
    """Say what went wrong; the exit code that fits."""
    if getattr(options, "json", False):
        print(msgspec.json.encode({"error": type(error).__name__, "message": str(error)}).decode())
    print(f"cognition: {error}", file=sys.stderr)
    if isinstance(error, SettingsError | UsageError | SchemaError):
        return WRONG_USE
    if isinstance(error, MindStoppedError):
        return NO
    return UNREACHABLE if isinstance(error, OUT_OF_REACH) else NO


def show_help(options: argparse.Namespace) -> Awaitable[int]:
    """A family without a verb shows its verbs."""

    async def shown() -> int:
        options.parser.print_help()
        return WRONG_USE

    return shown()


def loaded_settings(options: argparse.Namespace, **flags: Any) -> Loaded:
    """The settings of this command: flags over environment over file over defaults."""
    file = options.config or os.environ.get("COGNITION_CONFIG")
    given: dict[str, Any] = dict(flags)
    given["data"] = options.data
    given["streams.url"] = options.url
    for item in options.settings or []:
        key, separator, value = item.partition("=")
        if not separator:
            raise UsageError(f"--set {item!r} is not KEY=VALUE", remedy="Write --set recall.candidates=50.")
        given[key] = value
    return load(Path(file) if file else None, os.environ, given)


def looked_in(settings: Settings) -> None:
    """That a command which only looks has somewhere to look: it makes no data directory, least of all of a
    name that was mistyped. Raises `NothingKeptError`."""
    if settings.streams.url or settings.store.engine == "server":
        return
    directory = directory_of(settings.data, os.environ)
    if not is_prepared(directory):
        raise NothingKeptError(
            f"nothing is kept in {directory}",
            remedy=f"Name another with --data, or begin there: `cognition perceive --data {directory} "
            "--mind NAME TEXT`.",
        )


def mind_of(options: argparse.Namespace) -> str:
    """The mind that the command is for; commands about a mind insist on one."""
    if not options.mind:
        raise UsageError("no mind is named", remedy="Add --mind NAME.")
    return str(options.mind)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(msgspec.json.format(msgspec.json.encode(value)).decode())
