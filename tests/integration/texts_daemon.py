"""The daemon as a process that takes texts without the weights: the embedder is the shipped double.

    python -m tests.integration.texts_daemon DIR

All else is as in ``cognition daemon``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from cognition.commands.daemon import wait_for_signal
from cognition.daemon import running
from cognition.settings import Settings
from cognition.testing.embedder import HashEmbedder


async def serve(directory: Path) -> None:
    """Run until told to stop."""
    async with running(Settings(), directory, embedder=HashEmbedder()):
        await wait_for_signal()


if __name__ == "__main__":
    anyio.run(serve, Path(sys.argv[1]))
