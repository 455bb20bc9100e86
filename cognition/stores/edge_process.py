"""Starting and ending the child processes of the embedded engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

import anyio
from anyio.abc import Process

PATIENCE_S: Final = 5.0
"""How long a process that closed its output may take to end by itself."""


async def spawn(module: str, *arguments: str, pass_fds: Sequence[int] = ()) -> Process:
    """``python -m module arguments... PARENT`` in a session of its own: a Ctrl-C at the terminal is
    for the daemon, which then ends its children in order."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return await anyio.open_process(
        [sys.executable, "-m", module, *arguments, str(os.getpid())],
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
