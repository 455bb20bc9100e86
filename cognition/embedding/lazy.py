"""An embedder that loads with its first text, so that what needs no text starts at once.

Knows how to open the real one; nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import anyio
import numpy as np
from numpy.typing import NDArray

from cognition.ports.embedder import Embedder

Open = Callable[[], AbstractAsyncContextManager[Embedder]]


class LazyEmbedder:
    """Opens another embedder on first need and closes it in the end."""

    def __init__(self, open_it: Open, model: str) -> None:
        self._open = open_it
        self._model = model
        self._opened: Embedder | None = None
        self._opening = anyio.Lock()
        self._stack = AsyncExitStack()

    @property
    def model(self) -> str:
        """Name of the model, known before it is loaded."""
        return self._model

    async def load(self) -> Embedder:
        """Open it now. Raises `ModelUnavailableError`."""
        async with self._opening:
            if self._opened is None:
                self._opened = await self._stack.enter_async_context(self._open())
            return self._opened

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `Embedder.embed`; the first call waits for the model to load."""
        embedder = self._opened or await self.load()
        return await embedder.embed(texts)

    async def aclose(self) -> None:
        """Close what was opened."""
        await self._stack.aclose()
        self._opened = None
