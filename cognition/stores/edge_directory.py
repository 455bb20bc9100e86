"""The directory of the embedded engine: who holds it, which generation of a collection is live,
and whether there is room.

    DIR/LOCK                    held by flock, its text says by whom
    DIR/FORMAT                  version of this layout
    DIR/<collection>/CURRENT    name of the live generation, replaced atomically
    DIR/<collection>/g000001/   one shard

A generation that CURRENT does not name is the remains of something interrupted. This
module must not know what is inside a shard.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from cognition.errors import DataVersionError, StoreLockedError, StoreUnavailableError
from schemas.quantization import Quantization, QuantizationKind

FORMAT: Final = 1
"""Version of the layout above."""

RESERVE_BYTES: Final = 128 * 2**20
"""Free space below which nothing is written. The engine maps its files: on a full disk it is not
told of an error but killed (SIGBUS, measured with Edge 0.9), so the last two log segments
(2 x 32 MiB) and one vector chunk (32 MiB) are kept clear, and as much again for other writers."""

COPY_FACTOR: Final = 2.5
"""Room that rebuilding needs, in sizes of the generation: the copy, its new segments, their log."""

_FICLONE: Final = 0x40049409
"""Linux ioctl that shares the blocks of a file (btrfs, xfs)."""

_BLOCK: Final = 4 * 2**20
MAKING: Final = ".making-"
MADE_WITHIN_S: Final = 3_600.0
"""What is older of passing directories is nobody's any more: a shard is made in seconds."""

_META: Final = "generation.json"


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a directory, as written into its lock file."""

    pid: int
    host: str
    role: str
    started_at: float


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a generation: its vectors, how many points its indexes covered when they were
    built, how its searched vectors are to be kept, how they are, and how they were before that."""

    dense: dict[str, int] = {}
    sparse: list[str] = []
    optimised: int = 0
    quantization: Quantization | None = None
    built: Quantization | None = None
    before: QuantizationKind | None = None


def lock(directory: Path, holder: Holder) -> int:
    """Take the directory, or raise `StoreLockedError` at once. The file descriptor is the lock:
    it lasts until the last process that inherited it is gone."""
    directory.mkdir(parents=True, exist_ok=True)
    fd = os.open(directory / "LOCK", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(fd, 4096, 0)
        os.close(fd)
        raise StoreLockedError(
            f"{directory} is held by {_described(text)}",
            remedy="Ask that process, stop it, or choose another data directory.",
        ) from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, msgspec.json.encode(holder), 0)
    return fd


def _described(text: bytes) -> str:
    try:
        held = msgspec.json.decode(text, type=Holder)
    except msgspec.DecodeError:
        return "another process that has not said its name"
    return f"{held.role} (process {held.pid} on {held.host}, since {held.started_at:.0f})"


def require_format(directory: Path) -> None:
    """Refuse a directory that a newer version wrote; mark a new one."""
    path = directory / "FORMAT"
    if not path.exists():
        write_atomically(path, str(FORMAT).encode())
        return
    text = path.read_text().strip()
    if not text.isdigit() or int(text) > FORMAT:
        raise DataVersionError(
            f"{directory} has format {text!r}, this version reads up to {FORMAT}",
            remedy="Use the version that wrote it, or another data directory.",
        )


def require_space(path: Path, size: int = 0) -> None:
    """Raise `StoreUnavailableError` when the disk of `path` has no room for `size` more bytes."""
    free = _free(path)
    if free < RESERVE_BYTES + size:
        raise StoreUnavailableError(
            f"The disk of {path} is full: {free:,} bytes free, {RESERVE_BYTES + size:,} needed",
            remedy="Free some space; nothing that was stored is lost.",
        )


def _free(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def size_of(directory: Path) -> int:
    """Bytes that a directory tree takes on disk (holes in files do not count)."""
    return sum(
        os.lstat(os.path.join(base, name)).st_blocks * 512
        for base, _, names in os.walk(directory)
        for name in names
    )


# --- generations ----------------------------------------------------------------------------


def current(collection: Path) -> str | None:
    """Name of the live generation."""
    try:
        return (collection / "CURRENT").read_text()
    except FileNotFoundError:
        return None


def next_after(generation: str | None) -> str:
    """Name of the generation that comes after this one."""
    return f"g{int(generation[1:]) + 1 if generation else 1:06d}"


def point_at(collection: Path, generation: str) -> None:
    """Make a generation the live one: after this returns it is so, also after loss of power."""
    write_atomically(collection / "CURRENT", generation.encode())


def remove_all_but(collection: Path, generation: str | None) -> None:
    """Clear away what interrupted work left behind."""
    if not collection.is_dir():
        return
    for entry in collection.iterdir():
        if entry.is_dir() and entry.name != generation:
            shutil.rmtree(entry, ignore_errors=True)


def read_meta(generation: Path) -> Meta:
    """What is remembered of a generation."""
    return msgspec.json.decode((generation / _META).read_bytes(), type=Meta)


def write_meta(generation: Path, meta: Meta) -> None:
    write_atomically(generation / _META, msgspec.json.encode(meta))


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file: whoever looks, also after loss of power, sees the old one or the new one whole."""
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(partial, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# --- copies ------------------------------------------------------------------------------------


def copy_tree(source: Path, target: Path) -> None:
    """A real copy, shared blocks where the file system knows how, holes kept as holes."""
    for base, folders, names in os.walk(source):
        into = target / os.path.relpath(base, source)
        into.mkdir(exist_ok=True)
        for name in names:
            _copy_file(os.path.join(base, name), into / name)
        folders.sort()


def _copy_file(source: str, target: Path) -> None:
    with open(source, "rb") as read, open(target, "wb") as write:
        if _cloned(read.fileno(), write.fileno()):
            return
        size = os.fstat(read.fileno()).st_size
        os.truncate(write.fileno(), size)
        at = 0
        while at < size:
            try:
                at = os.lseek(read.fileno(), at, os.SEEK_DATA)
            except OSError:
                return
            hole = os.lseek(read.fileno(), at, os.SEEK_HOLE)
            while at < hole:
                block = os.pread(read.fileno(), min(_BLOCK, hole - at), at)
                os.pwrite(write.fileno(), block, at)
                at += len(block)


def _cloned(source: int, target: int) -> bool:
    if sys.platform != "linux":
        return False
    with contextlib.suppress(OSError):
        fcntl.ioctl(target, _FICLONE, source)
        return True
    return False


def _sweep_before(made: Path) -> None:
    """Remove what others left beside it who were killed while they made something."""
    now = made.lstat()
    for path in made.parent.glob(f"{MAKING}*"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if found.st_uid == now.st_uid and now.st_mtime - found.st_mtime > MADE_WITHIN_S:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def scratch(beside: Path) -> Iterator[Path]:
    """A passing directory in memory where there is one, else beside the data: what is made of many
    small synchronised files is made there and copied (measured: 8 s against 0.1 s for all shards)."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK) and _free(memory) > RESERVE_BYTES
    path = Path(tempfile.mkdtemp(prefix=MAKING, dir=memory if usable else beside))
    _sweep_before(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
