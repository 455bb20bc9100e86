"""One edge host process as seen from the daemon: requests out, replies back, restarted when it dies.

Many calls are in flight at once; the host answers in order. This module must not know
which collections lie where.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.abc
from anyio.abc import Process, TaskStatus

from cognition.errors import StoreUnavailableError
from cognition.stores import edge_process
from cognition.stores import edge_wire as wire
from cognition.stores.backend import CollectionSpec

T = TypeVar("T")

PATIENCE_S: Final = 10.0
"""How long a call waits for a host that is being started again before it gives up."""

BACKOFF_MIN_S: Final = 0.1
BACKOFF_MAX_S: Final = 5.0
"""Wait before a dead host is started again: doubled each time it dies young."""

YOUNG_S: Final = 10.0
"""A host that lived longer is started again at once."""

CLOSE_S: Final = 15.0
"""How long a host may take to flush and close its shards (measured: 1.5 s for 20 k points)."""

READ_BYTES: Final = 2**20


class _Slot:
    """Where one call waits for its reply."""

    __slots__ = ("arrived", "reply")

    def __init__(self) -> None:
        self.arrived = anyio.Event()
        self.reply: wire.Reply | None = None


class HostLink:
    """A supervised edge host. `run` is its life; `call` speaks to it.

    Attributes
    ----------
    specs : what the host serves, opened again whenever it is started again.
    restarts : how often it died so far.
    supervised : whether it is started again when it dies.
    """

    def __init__(self, directory: Path, lock_fd: int, *, supervised: bool = True) -> None:
        self.specs: dict[str, CollectionSpec] = {}
        self.restarts = 0
        self.supervised = supervised
        self._directory = directory
        self._lock_fd = lock_fd
        self._process: Process | None = None
        self._outlet: edge_process.Outlet | None = None
        self._ready = anyio.Event()
        self._sending = anyio.Lock()
        self._waiting: dict[int, _Slot] = {}
        self._numbers = 0
        self._ended = False
        self._reason = "it has not been started"

    @property
    def pid(self) -> int | None:
        """Process id of the host that runs now."""
        return self._process.pid if self._process is not None else None

    @property
    def over(self) -> bool:
        """Whether no host runs, nor will be started."""
        return self._ended

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Keep a host running until `close`. Ready calls are answered as soon as it has started."""
        delay = BACKOFF_MIN_S
        try:
            while not self._ended:
                began = anyio.current_time()
                await self._live(task_status if self.restarts == 0 else anyio.TASK_STATUS_IGNORED)
                if self._ended or not self.supervised:
                    return
                self.restarts += 1
                delay = BACKOFF_MIN_S if anyio.current_time() - began > YOUNG_S else delay
                await anyio.sleep(delay)
                delay = min(delay * 2, BACKOFF_MAX_S)
        finally:
            self._ended = True
            self._ready.set()  # whoever still waits for a start need not

    async def call(self, body: wire.Request, expected: type[T]) -> T:
        """Ask and wait. Raises what the host raised, or `StoreUnavailableError` when it died."""
        await self._reach()
        return await self._ask(body, expected)

    async def gather(
        self, body: wire.WireGather
    ) -> tuple[wire.WireGathered, Callable[[], Awaitable[wire.Hits]]]:
        """What was found; and how to wait for what is read ahead, where that was asked for."""
        await self._reach()
        ahead = _Slot()
        found = await self._ask(body, wire.WireGathered, ahead if body.ahead is not None else None)

        async def read() -> wire.Hits:
            return await self._reply(ahead, wire.Hits)

        return found, read

    async def close(self) -> None:
        """Let the host flush and end; after a while it is ended. Idempotent."""
        if self._ended:
            return
        self._ended = True
        with anyio.move_on_after(CLOSE_S, shield=True):
            if self._ready.is_set():
                await self._closed_by_request()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _closed_by_request(self) -> None:
        try:
            await self._ask(wire.Close(), wire.Done)
        except StoreUnavailableError:
            return
        if self._process is not None:
            await self._process.wait()

    # --- one process ----------------------------------------------------------------------

    async def _live(self, task_status: TaskStatus[None]) -> None:
        outlet = edge_process.Outlet()
        try:
            process = await edge_process.spawn(
                "cognition.stores.edge_host",
                str(self._directory),
                pass_fds=(self._lock_fd,),
                stdin=outlet.source,
            )
        except BaseException:
            outlet.close()
            raise
        finally:
            outlet.taken()
        self._process, self._outlet = process, outlet
        patience_s = 0.0
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._open_all, task_status)
                await self._read(process)
                patience_s = edge_process.PATIENCE_S
                group.cancel_scope.cancel()
        finally:
            outlet.close()
            await self._bury(process, patience_s)

    async def _open_all(self, task_status: TaskStatus[None]) -> None:
        try:
            for spec in list(self.specs.values()):
                await self._ask(wire.Ensure(spec), wire.Done)
        except Exception as error:
            self._reason = str(error)
            assert self._process is not None
            self._process.kill()
            return
        self._ready.set()
        task_status.started()

    async def _bury(self, process: Process, patience_s: float) -> None:
        """Every call in flight learns that its host is gone; what it wrote may or may not be there."""
        if self._ready.is_set():
            self._ready = anyio.Event()
        await edge_process.end(process, patience_s=patience_s)
        code = process.returncode or 0
        if not self._ended and code:
            name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            self._reason = f"the engine's process ended ({name})"
        for slot in self._waiting.values():
            slot.arrived.set()
        self._waiting.clear()

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        buffer = bytearray()
        while True:
            try:
                buffer += await process.stdout.receive(READ_BYTES)
            except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
                return
            at = 0
            while len(buffer) - at >= wire.HEADER_BYTES:
                end = at + wire.HEADER_BYTES + int.from_bytes(buffer[at : at + wire.HEADER_BYTES], "big")
                if len(buffer) < end:
                    break
                self._deliver(bytes(buffer[at + wire.HEADER_BYTES : end]))
                at = end
            del buffer[:at]

    def _deliver(self, content: bytes) -> None:
        number, reply = wire.reply_of(content)
        slot = self._waiting.pop(number, None)
        if slot is not None:
            slot.reply = reply
            slot.arrived.set()

    async def _reach(self) -> None:
        """Wait a while for a host that is being started."""
        if not self._ready.is_set():
            with anyio.move_on_after(PATIENCE_S):
                await self._ready.wait()
        if self._ended or not self._ready.is_set():
            raise self._unavailable()

    async def _ask(self, body: wire.Request, expected: type[T], following: _Slot | None = None) -> T:
        """Send and wait for the reply; `following` is where the next one after it goes."""
        number, slot = self._numbers + 1, _Slot()
        self._numbers += 1 if following is None else 2
        frame = wire.frame(number, body)
        async with self._sending:
            self._waiting[number] = slot
            if following is not None:
                self._waiting[number + 1] = following
            await self._send(frame)
        try:
            return await self._reply(slot, expected)
        finally:
            self._waiting.pop(number, None)

    async def _reply(self, slot: _Slot, expected: type[T]) -> T:
        await slot.arrived.wait()
        if slot.reply is None:
            raise self._unavailable()
        if isinstance(slot.reply, wire.Failure):
            raise wire.raised(slot.reply)
        assert isinstance(slot.reply, expected), f"{type(slot.reply).__name__} is no {expected.__name__}"
        return slot.reply

    async def _send(self, frame: bytes) -> None:
        """A frame goes out whole or the host is gone: half of one would garble all that follow."""
        if self._outlet is None:
            raise self._unavailable()
        try:
            with anyio.CancelScope(shield=True):
                await self._outlet.send(frame)
        except OSError as error:
            raise self._unavailable() from error

    def _unavailable(self) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"The embedded engine of {self._directory} does not answer: {self._reason}",
            remedy="It is started again; trying again is safe.",
        )
