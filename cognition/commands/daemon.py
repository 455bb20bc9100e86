"""`cognition daemon`: the engine in the foreground, as a service."""

from __future__ import annotations

import argparse
import os
import signal
import socket

import anyio

from cognition.cli import DONE
from cognition.commands.running import directory_of, loaded_settings
from cognition.daemon import running


async def daemon(options: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT, then finish what is in hand."""
    flags = {"embedding.enabled": False} if options.no_model else {}
    settings = loaded_settings(options, **flags).settings
    async with running(settings, directory_of(settings), warm=True):
        notify("READY=1")
        await wait_for_signal()
        notify("STOPPING=1")
    return DONE


async def wait_for_signal() -> None:
    """Return at the first SIGTERM or SIGINT."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            return


def notify(state: str) -> None:
    """Tell the service manager, if one asked to be told (sd_notify)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        notifier.sendto(state.encode(), address)
