"""Where the socket of a private server lies, and whether anybody answers on it.

This module must not know how a server is started.
"""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

SOCKET_PATH_MAX: Final = 100
"""Bytes. `sun_path` holds 108 on Linux and 104 on macOS, with its terminator."""

PING_TIMEOUT_S: Final = 0.5
_RECORD: Final = "url"


def socket_path(data_dir: Path) -> Path:
    """Where the socket of a directory lies: in it, or, where that name would be too long, in a short one."""
    path = data_dir / "valkey.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_MAX:
        return path
    digest = hashlib.blake2b(os.fsencode(data_dir), digest_size=8).hexdigest()
    short = Path(tempfile.gettempdir()) / f"tmi-{os.getuid()}-{digest}"
    if len(os.fsencode(short / path.name)) > SOCKET_PATH_MAX:
        short = Path("/tmp") / short.name
    return short / path.name


def url_of(path: Path) -> str:
    """The URL of a socket."""
    return f"unix://{quote(str(path))}"


def record_url(data_dir: Path, url: str) -> None:
    """Leave a note in the directory, for who wants to reach its server."""
    (data_dir / _RECORD).write_text(url)


def recorded_url(data_dir: Path) -> str | None:
    """Where the server of this directory is or was reached; None when there never was one."""
    record = data_dir / _RECORD
    return record.read_text().strip() if record.exists() else None


def is_running(url: str) -> bool:
    """Whether a server answers on the socket of a ``unix://`` URL, be it only that it is loading."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(PING_TIMEOUT_S)
        try:
            line.connect(unquote(urlsplit(url).path))
        except OSError:
            return False
        return True


def answer(path: Path) -> bytes | None:
    """The first word of the answer to PING on this socket; None when nobody answers."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(PING_TIMEOUT_S)
        try:
            line.connect(str(path))
            line.sendall(b"PING\r\n")
            return line.recv(64).split(b"\r\n")[0].split(b" ")[0] or None
        except OSError:
            return None


def make_private(directory: Path) -> None:
    """Make a directory of our own; one that belongs to somebody else is refused."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_uid != os.getuid():
        raise PermissionError(1, f"{directory} belongs to another user")
