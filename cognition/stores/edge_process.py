"""Starting and ending the child processes of the embedded engine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import anyio
from anyio.abc import Process

PIPE_BYTES: Final = 2**20
"""What a pipe to a host holds, the most that Linux gives to everybody: two requests of 32 memories, so that
the host has work at hand while the daemon is busy (with 64 KiB it stood still a third of the time)."""

PATIENCE_S: Final = 5.0
"""How long a process that closed its output may take to end by itself."""


class Outlet:
    """The writing end of a pipe to a process, and its reading end until the process has it."""

    def __init__(self) -> None:
        self.source, self._sink = os.pipe()
        os.set_blocking(self._sink, False)
        with contextlib.suppress(AttributeError, OSError):  # not Linux, or it gives less: then as it is
            fcntl.fcntl(self._sink, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    async def send(self, content: bytes) -> None:
        """All of it. Raises `OSError` once nobody reads any more, or this end is closed."""
        rest = memoryview(content)
        while rest:
            if self._sink < 0:
                raise BrokenPipeError("this end is closed")
            try:
                rest = rest[os.write(self._sink, rest) :]
            except BlockingIOError:
                with contextlib.suppress(anyio.ClosedResourceError):
                    await anyio.wait_writable(self._sink)

    def taken(self) -> None:
        """The process has its end."""
        os.close(self.source)

    def close(self) -> None:
        """Nothing more comes. Idempotent."""
        if self._sink >= 0:
            sink, self._sink = self._sink, -1
            anyio.notify_closing(sink)
            os.close(sink)


async def spawn(
    module: str, *arguments: str, pass_fds: Sequence[int] = (), stdin: int = subprocess.PIPE
) -> Process:
    """``python -m module arguments... PARENT`` in a session of its own: a Ctrl-C at the terminal is
    for the daemon, which then ends its children in order."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return await anyio.open_process(
        [sys.executable, "-m", module, *arguments, str(os.getpid())],
        stdin=stdin,
        stderr=None,
        env=environment,
        start_new_session=True,
        pass_fds=tuple(pass_fds),
    )


async def end(process: Process, *, patience_s: float = 0.0) -> None:
    """See the process out, also when we are cancelled: wait a little for it, then kill it."""
    with anyio.CancelScope(shield=True):
        if patience_s:
            with anyio.move_on_after(patience_s):
                await process.wait()
        if process.returncode is None:
            process.kill()
        await process.aclose()
