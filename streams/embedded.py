"""A private Valkey: started with the daemon, in its data directory, reachable by a Unix socket only.

Never two on one append-only file: the server itself holds a lock on the directory (it inherits
the open file), so the lock lives exactly as long as the server, whatever became of its parent.
The parent holds a second lock; by it a later process sees whether a server it meets is an orphan.
On Linux an orphan is told to end by the kernel and is waited for; elsewhere it is adopted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Final

import anyio

from streams.binaries import find_binary
from streams.errors import EmbeddedServerError
from streams.processes import POLL_S, dies_with_parent, end, until
from streams.sockets import answer, make_private, record_url, socket_path, url_of

START_WITHIN_S: Final = 60.0
"""A long append-only file is read first; about 100 MB a second."""

TAKEOVER_AFTER_S: Final = 10.0
"""How long a server whose parent died is given to end by itself before it is adopted."""

WATCH_S: Final = 0.25
RESTART_EVERY_S: Final = 2.0
LOG_MAX: Final = 1 << 20
LOG_TAIL: Final = 2_000

OPTIONS: Final = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
    "logfile": "",
}
"""Everything acknowledged reaches the file within a second; nothing is ever evicted; no TCP port."""


class EmbeddedServer:
    """The server of one directory. `start`, then `stop`; or use `embedded_server`.

    Start it from a thread that lives as long as the server is needed (Linux ends the server
    with that thread).
    """

    def __init__(self, data_dir: Path, *, binary: Path | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.socket_path = socket_path(self.data_dir)
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None
        self._adopted_pid: int | None = None
        self._locks = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """Where it is reached."""
        return url_of(self.socket_path)

    @property
    def pid(self) -> int | None:
        """Of the server, if this process started or adopted it."""
        return self._process.pid if self._process is not None else self._adopted_pid

    async def start(self) -> None:
        """Start it, or join the one that serves this directory already; raises `EmbeddedServerError`."""
        self._prepare()
        try:
            if await self._take_lock():
                self._process = self._spawn()
                await self._wait_until_ready()
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.stop()
            raise

    async def stop(self) -> None:
        """End it and wait, at most `STOP_WITHIN_S`; what a living other process started goes on."""
        try:
            if self._process is not None:
                await end(self._process.pid, lambda: _exited(self._process))
            elif self._adopted_pid is not None:
                await end(self._adopted_pid, lambda: answer(self.socket_path) is None)
        finally:
            self._process = self._adopted_pid = None
            self._locks.close()

    async def keep_alive(self, on_restarted: Callable[[str], None]) -> None:
        """Start it again whenever it dies while it should run; tells why. Until cancelled."""
        while True:
            await until(lambda: self._process is not None and self._process.poll() is not None, WATCH_S)
            reason = f"the embedded server ended with status {self._process and self._process.returncode}"
            self._locks.close()
            await self._start_again(reason, on_restarted)
            on_restarted(reason)

    async def _start_again(self, reason: str, on_failed: Callable[[str], None]) -> None:
        """Until it starts: a full disk may be emptied meanwhile."""
        while True:
            try:
                await self.start()
            except EmbeddedServerError as error:
                on_failed(f"{reason}, and could not be started again: {error}")
                await anyio.sleep(RESTART_EVERY_S)
            else:
                return

    def _prepare(self) -> None:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            if self.socket_path.parent != self.data_dir:
                make_private(self.socket_path.parent)
            record_url(self.data_dir, self.url)
            log = self.data_dir / "valkey.log"
            if log.exists() and log.stat().st_size > LOG_MAX:
                os.truncate(log, 0)
        except OSError as error:
            raise EmbeddedServerError(
                f"{self.data_dir}: {error.strerror or error}",
                remedy="Give a data directory that may be written, on a disk with room.",
            ) from error

    async def _take_lock(self) -> bool:
        """True when this process is to start the server, False when it joined a running one."""
        self._server_lock = self._locks.enter_context((self.data_dir / "valkey.lock").open("ab"))
        self._owner_lock = self._locks.enter_context((self.data_dir / "valkey.owner").open("ab"))
        deadline = anyio.current_time() + TAKEOVER_AFTER_S
        while not _locked(self._server_lock):
            orphan = _locked(self._owner_lock)
            answers = answer(self.socket_path) == b"+PONG"
            if answers and not orphan:
                return False
            if anyio.current_time() > deadline:
                return self._adopt(orphan and answers)
            if orphan:
                fcntl.flock(self._owner_lock, fcntl.LOCK_UN)
            await anyio.sleep(POLL_S)
        fcntl.flock(self._owner_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True

    def _adopt(self, possible: bool) -> bool:
        pid_file = self.data_dir / "valkey.pid"
        if not possible or not pid_file.exists():
            raise EmbeddedServerError(
                f"another process holds {self.data_dir} and does not answer",
                remedy="End that process (its number is in valkey.pid), then start again.",
            )
        self._adopted_pid = int(pid_file.read_text())
        return False

    def _spawn(self) -> subprocess.Popen[bytes]:
        binary = self._binary or find_binary()
        if shutil.which(binary) is None:
            raise EmbeddedServerError(
                f"{binary} cannot be started: it is no program that may be run",
                remedy="Give the URL of a server instead.",
            )
        self.socket_path.unlink(missing_ok=True)
        words = [str(binary)]
        for name, value in (
            OPTIONS | {"dir": str(self.data_dir), "unixsocket": str(self.socket_path)}
        ).items():
            words += [f"--{name}", value]
        try:
            with (self.data_dir / "valkey.log").open("ab") as log:
                process = subprocess.Popen(
                    dies_with_parent(words),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.data_dir,
                    pass_fds=[self._server_lock.fileno()],
                    start_new_session=True,
                )
        except OSError as error:
            raise EmbeddedServerError(
                f"{binary} cannot be started: {error.strerror}", remedy="Give the URL of a server instead."
            ) from error
        (self.data_dir / "valkey.pid").write_text(str(process.pid))
        return process

    async def _wait_until_ready(self) -> None:
        deadline = anyio.current_time() + START_WITHIN_S
        while answer(self.socket_path) != b"+PONG":
            assert self._process is not None, "it was started just now"
            if self._process.poll() is not None:
                raise self._failure(f"ended with status {self._process.returncode}")
            if anyio.current_time() > deadline:
                raise self._failure(f"was not ready within {START_WITHIN_S:g} s")
            await anyio.sleep(POLL_S)

    def _failure(self, problem: str) -> EmbeddedServerError:
        log = (self.data_dir / "valkey.log").read_bytes()[-LOG_TAIL:].decode("utf-8", "replace")
        return EmbeddedServerError(
            f"the embedded server in {self.data_dir} {problem}; the end of its log:\n{log}",
            remedy="A full disk and a damaged append-only file are the usual causes.",
        )


@asynccontextmanager
async def embedded_server(data_dir: Path, *, binary: Path | None = None) -> AsyncIterator[str]:
    """A server of this directory while the body runs; yields its URL (``unix://...``)."""
    server = EmbeddedServer(data_dir, binary=binary)
    await server.start()
    try:
        yield server.url
    finally:
        with anyio.CancelScope(shield=True):
            await server.stop()


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _exited(process: subprocess.Popen[bytes] | None) -> bool:
    return process is None or process.poll() is not None
