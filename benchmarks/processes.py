"""A daemon as a process of its own, for benchmarks that start, kill and time it.

Knows the command line and the data directory; nothing of what the daemon does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio

from cognition.data_directory import Holder, find_holder

READY_WITHIN_S = 120.0
STOP_WITHIN_S = 60.0
POLL_S = 0.005
LOG_TAIL = 2_000


class DaemonFailedError(RuntimeError):
    """The daemon ended by itself, or did not become ready; the message holds the end of its log."""


class DaemonProcess:
    """One run of `cognition daemon` over a data directory; its log is kept beside the directory."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._arguments = arguments
        self._log = folder.with_name(folder.name + ".log")
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0

    def start(self) -> None:
        """Spawn it, the folder made where absent; returns at once."""
        self.folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "cognition", "daemon", "--data", str(self.folder), *self._arguments]
        environment = {**os.environ, "COGNITION_LOG__FORM": "json"}
        self.started = time.monotonic()
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
            )

    async def ready(self) -> Holder:
        """Wait until it says that it is ready; where it listens."""
        assert self.process is not None
        with anyio.move_on_after(READY_WITHIN_S):
            while self.process.poll() is None:
                holder = find_holder(self.folder)
                if holder is not None and holder.ready and holder.pid == self.process.pid:
                    return holder
                await anyio.sleep(POLL_S)
        raise DaemonFailedError(f"the daemon did not become ready: {self.log_tail()}")

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, as a service manager does; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=STOP_WITHIN_S)

    def log_tail(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-LOG_TAIL:] if self._log.exists() else "(no log)"
