"""A child process that must not outlive its parent, and its bounded end.

This module must not know which program it is.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

import anyio

POLL_S: Final = 0.005
STOP_WITHIN_S: Final = 10.0
_PR_SET_PDEATHSIG: Final = 1


def dies_with_parent() -> Callable[[], None] | None:
    """What the child does before it becomes the server: ask the kernel for SIGTERM at its parent's death."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


async def end(pid: int, ended: Callable[[], bool]) -> None:
    """SIGTERM, then SIGKILL when that was not enough."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if ended():
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        with anyio.move_on_after(STOP_WITHIN_S):
            await until(ended)


async def until(true: Callable[[], bool], every_s: float = POLL_S) -> None:
    """Wait until it is true, by looking again and again; cancel to give up."""
    while True:
        if true():
            return
        await anyio.sleep(every_s)
