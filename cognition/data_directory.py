"""The data directory: its version, its one holder, and where its daemon listens.

Knows files and locks only, nothing of what is kept in them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from cognition.errors import DataVersionError, StoreLockedError, StoreUnavailableError
from schemas.mechanism import Lives

FORMAT_VERSION = 2
"""Layout of a data directory; any other is refused. 1 had the term ids of all minds in common."""
VERSION_FILE = "VERSION"
LOCK_FILE = "daemon.lock"
ADDRESS_FILE = "daemon.json"
LIVES_FILE = "mechanisms.json"
SCHEDULE_FILE = "schedule.json"
STREAMS_FOLDER = "streams"
STORE_FOLDER = "store"
COPIES_FOLDER = "copies"


LOCK_ATTEMPTS = 5
LOCK_PAUSE_S = 0.02
"""Looking at a lock takes microseconds; five looks in a row at the wrong moment do not happen."""


class Holder(msgspec.Struct):
    """Who holds a data directory."""

    pid: int
    host: str
    started_at: float
    url: str = ""
    namespace: str = "tmi"
    partitions: int = 16
    ready: bool = False


def default_directory(environment: Mapping[str, str]) -> Path:
    """``$XDG_DATA_HOME/cognition``, else ``~/.local/share/cognition``."""
    base = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "cognition"


def directory_of(data: str, environment: Mapping[str, str]) -> Path:
    """The data directory of this name (the setting ``data``); the default where it is empty."""
    return Path(data).expanduser() if data else default_directory(environment)


def is_prepared(directory: Path) -> bool:
    """Whether this is a data directory, of whatever version."""
    return (directory / VERSION_FILE).exists()


def prepare(directory: Path) -> None:
    """Create the directory, or check that this version can read it.

    Raises `DataVersionError` for one of another format and `StoreUnavailableError` when it cannot be made.
    """
    version_file = directory / VERSION_FILE
    with _usable(directory):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not version_file.exists():
            write_atomically(version_file, f"{FORMAT_VERSION}\n".encode())
        found = version_file.read_text("ascii", errors="replace").strip()
    if found != str(FORMAT_VERSION):
        raise DataVersionError(
            f"data directory {directory} has format {found!r}, this version reads {FORMAT_VERSION}",
            remedy="Use the version of cognition that wrote it, or choose another with --data.",
        )


def usable(directory: Path) -> Path:
    """Check a directory that is there as `prepare` does, and of one that is not that it could be made; what
    is there: the directory, or the nearest above it. Makes nothing. Raises as `prepare` does."""
    whole = directory.absolute()
    there = next(path for path in (whole, *whole.parents) if path.exists())
    if there == whole:
        prepare(directory)
    elif not (there.is_dir() and os.access(there, os.W_OK)):
        raise StoreUnavailableError(
            f"data directory {directory} cannot be made in {there}", remedy="Choose another with --data."
        )
    return there


@contextlib.contextmanager
def _usable(directory: Path) -> Iterator[None]:
    """What the file system refuses, in our words."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailableError(
            f"data directory {directory} cannot be used: {error.strerror or error}",
            remedy="Free space or correct its permissions, or choose another with --data.",
        ) from error


@contextlib.contextmanager
def held(directory: Path, started_at: float) -> Iterator[Path]:
    """Hold the directory while the block runs; gives the address file to announce oneself in.

    Raises `StoreLockedError` naming the holder. The lock goes with the process, however it ends.
    """
    with _usable(directory):
        descriptor = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, directory)
        address = directory / ADDRESS_FILE
        with _usable(directory):
            announce(address, Holder(pid=os.getpid(), host=socket.gethostname(), started_at=started_at))
        try:
            yield address
        finally:
            address.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, directory: Path) -> None:
    """Take the lock. Whoever merely looks (`is_held`) has it for an instant: that is waited for."""
    for attempt in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if attempt == LOCK_ATTEMPTS - 1:
                raise StoreLockedError(
                    f"data directory {directory} is held by {holder_name(directory)}",
                    remedy="Talk to that daemon (same --data), stop it, or choose another directory.",
                ) from error
            time.sleep(LOCK_PAUSE_S)


def is_held(directory: Path) -> bool:
    """Whether a living process holds the directory."""
    try:
        descriptor = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def announce(address: Path, holder: Holder) -> None:
    """Write down who holds the directory and where it listens."""
    write_atomically(address, msgspec.json.encode(holder))


def find_holder(directory: Path) -> Holder | None:
    """The announced holder, None when there is none or it is gone."""
    if not is_held(directory):
        return None
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode((directory / ADDRESS_FILE).read_bytes(), type=Holder)
    return None


def find_lives(directory: Path) -> Lives | None:
    """What each mechanism did in this store, as it was last written down; None where that is nowhere. It
    is no part of what is remembered: one that cannot be read is begun anew."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode((directory / LIVES_FILE).read_bytes(), type=Lives)
    return None


def keep_lives(directory: Path, lives: Lives) -> None:
    """Write it down."""
    write_atomically(directory / LIVES_FILE, msgspec.json.encode(lives))


def daemon_name(name: str, directory: Path) -> str:
    """What the daemon of this directory is called among those that share its streams."""
    return f"{name}@{socket.gethostname()}:{directory.resolve()}"


def holder_name(directory: Path) -> str:
    """The holder in words, for messages."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        holder = msgspec.json.decode((directory / ADDRESS_FILE).read_bytes(), type=Holder)
        return f"process {holder.pid} on {holder.host}"
    return "another process"


def _private(path: str, flags: int) -> int:
    """Open for this user alone: an address may hold a password."""
    return os.open(path, flags, 0o600)


def write_atomically(path: Path, body: bytes) -> None:
    """Replace a file in one step, durable when it returns."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb", opener=_private) as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
