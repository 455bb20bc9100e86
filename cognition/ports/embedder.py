"""Text to vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

DIMENSION = 768


class Embedder(Protocol):
    """Turns texts into unit vectors. Batches across callers; safe to cancel.

    The same text gives the same direction to within 1e-3, not the same bits:
    padding and batch size matter to the last digits.
    """

    @property
    def model(self) -> str:
        """Name of the model, stored with every memory and enforced on open."""
        ...

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), 768), float32, unit length, in order.

        Raises `EmbeddingError` when the model fails on any of them (a caller may
        then try them one by one) and never returns a zero, NaN or wrong-length row.
        """
        ...

    async def aclose(self) -> None:
        """Release the model. Pending calls end with `EmbeddingError`. Idempotent."""
        ...
