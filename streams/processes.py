"""A child process that must not outlive its parent, and its bounded end.

This module must not know which program it is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Final

import anyio

POLL_S: Final = 0.005
STOP_WITHIN_S: Final = 10.0
_PR_SET_PDEATHSIG: Final = 1
_ARRANGE: Final = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, {int(signal.SIGTERM)}, 0, 0, 0)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def dies_with_parent(words: Sequence[str]) -> list[str]:
    """The command as it is to be started: it first asks the kernel for SIGTERM at its parent's death, then
    becomes the program, under the same process number (10 ms more).

    Not done between fork and exec: a fork runs the handlers of every library in the parent, and those of gRPC
    were seen to end the child (SIGSEGV, SIGABRT).
    """
    if sys.platform != "linux":
        return list(words)
    return [sys.executable, "-I", "-S", "-c", _ARRANGE, str(os.getpid()), *words]


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
