"""`cognition daemon`: the engine in the foreground, as a service."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import socket

import anyio
from anyio.abc import TaskStatus

from cognition.cli import DONE
from cognition.commands.running import loaded_settings
from cognition.daemon import running
from cognition.data_directory import directory_of


async def daemon(options: argparse.Namespace) -> int:
    """Run until the first SIGTERM or SIGINT, then finish what is in hand; a second one ends it at once."""
    flags = {"embedding.enabled": False} if options.no_model else {}
    settings = loaded_settings(options, **flags).settings
    ready, stop, starting = anyio.Event(), anyio.Event(), anyio.CancelScope()

    async def heed(*, task_status: TaskStatus[None]) -> None:
        await wait_for_signal(task_status)
        stop.set()
        if not ready.is_set():
            starting.cancel()

    async with anyio.create_task_group() as tasks:
        await tasks.start(heed)
        with starting:
            async with running(settings, directory_of(settings.data, os.environ), warm=True, lean=True):
                ready.set()
                gc.freeze()  # what is imported stays: the collector need not look through it again and again
                notify("READY=1")
                await stop.wait()
                notify("STOPPING=1")
        tasks.cancel_scope.cancel()
    return DONE


async def wait_for_signal(listening: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
    """Return at the first SIGTERM or SIGINT; says when none can be missed any more."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        listening.started()
        async for _ in signals:
            return


def notify(state: str) -> None:
    """Tell the service manager, if one asked to be told (sd_notify) and still listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier, contextlib.suppress(OSError):
        notifier.sendto(state.encode(), address)
