"""For tests: a private server in a temporary directory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio

from streams.embedded import EmbeddedServer


@contextmanager
def running_valkey(binary: Path | None = None) -> Iterator[str]:
    """A fresh server while the body runs; yields its URL. Not for use inside a running event loop."""
    with tempfile.TemporaryDirectory(prefix="tmi-valkey-") as directory:
        server = EmbeddedServer(Path(directory), binary=binary)
        anyio.run(server.start)
        try:
            yield server.url
        finally:
            anyio.run(server.stop)
