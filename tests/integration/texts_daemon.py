"""The daemon as a process that takes texts without the weights: the embedder is the shipped double.

    python -m tests.integration.texts_daemon DIR

All else is as in ``cognition daemon``; settings come from the environment.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio

from cognition.commands.daemon import wait_for_signal
from cognition.daemon import running
from cognition.settings import load
from cognition.testing.embedder import HashEmbedder


async def serve(directory: Path) -> None:
    """Run until told to stop."""
    settings = load(environment=os.environ).settings
    async with running(settings, directory, embedder=HashEmbedder()):
        await wait_for_signal()


if __name__ == "__main__":
    anyio.run(serve, Path(sys.argv[1]))
