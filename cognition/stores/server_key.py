"""The key of a Qdrant server, which may be exchanged while we run: its file is read anew where it is refused.

Must not know a client.
"""

from __future__ import annotations

from typing import Final

import anyio
import anyio.to_thread

from cognition.errors import SettingsError, StoreDeniedError, problem_of
from cognition.stores.server_addresses import key_of
from cognition.stores.server_options import ServerOptions

READ_AGAIN_S: Final = 1.0
"""How often a file is read while its key is refused."""


class Key:
    """What lets us in."""

    def __init__(self, options: ServerOptions) -> None:
        """Raises `SettingsError`."""
        self.file = options.api_key_file
        self._held = key_of(options) or ""
        self._options = options
        self._again_at = 0.0
        self._reading = anyio.Lock()

    def now(self) -> str:
        """As it is shown with the next request."""
        return self._held

    async def exchange(self, refused: str, error: StoreDeniedError) -> bool:
        """Hold another key than the one that was refused with this error; whether it was read just now.
        Raises `StoreDeniedError`, which names the file, where there is no other."""
        if not self.file:
            raise error
        async with self._reading:
            if self._held != refused:
                return False
            problem = f"{self.file} holds no other"
            if anyio.current_time() >= self._again_at:
                self._again_at = anyio.current_time() + READ_AGAIN_S
                try:
                    found = await anyio.to_thread.run_sync(key_of, self._options)
                    self._held = found or ""
                except SettingsError as unread:
                    problem = problem_of(unread)
            if self._held != refused:
                return True
        raise StoreDeniedError(
            f"{problem_of(error)}; {problem}",
            remedy=f"Write a key that the server takes and that may write into {self.file} "
            "(store.api_key_file): it is read anew, nothing has to be started again.",
        ) from error
