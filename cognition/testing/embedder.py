"""An embedder without a model, for tests: texts that share words get similar vectors.

Deterministic across processes and machines. It must never stand in for the real model
outside tests: nothing but tests imports it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import shake_256

import numpy as np
from numpy.typing import NDArray

from cognition.errors import EmbeddingError
from cognition.ports.embedder import DIMENSION

TOKEN = re.compile(r"\w+")
TOKENS_KEPT = 4_096  # distinct words whose signs are remembered, 3 KB each


class HashEmbedder:
    """Bag of words, each word a fixed row of +1 and -1, summed and normalised.

    `refuses` says of a text that the pretended model fails on it; such texts fail alone.
    """

    def __init__(self, *, model: str = "hash", refuses: Callable[[str], bool] | None = None) -> None:
        self._model = model
        self._refuses = refuses
        self._closed = False
        self.embedded = 0

    @property
    def model(self) -> str:
        """The name that is stored with the vectors."""
        return self._model

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), 768), float32, unit length, in order."""
        if self._closed:
            raise EmbeddingError("the embedder is closed")
        if self._refuses is not None:
            failed = {i: "refused by the test" for i, text in enumerate(texts) if self._refuses(text)}
            if failed:
                raise EmbeddingError(f"the embedder fails on {len(failed)} texts", failed=failed)
        self.embedded += len(texts)
        return hash_vectors(texts)

    async def aclose(self) -> None:
        """Refuse further calls."""
        self._closed = True


def hash_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """The same vectors without awaiting, for tests of pure code."""
    rows = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for token in TOKEN.findall(text.lower()) or [text]:
            row += _signs(token)
        if not row.any():  # words that cancel out exactly
            row += _signs(text)
        row /= np.float32(np.linalg.norm(row))
    return rows


@lru_cache(maxsize=TOKENS_KEPT)
def _signs(token: str) -> NDArray[np.float32]:
    digest = shake_256(token.encode("utf-8", "surrogatepass")).digest(DIMENSION // 8)
    bits = np.unpackbits(np.frombuffer(digest, dtype=np.uint8))
    return bits.astype(np.float32) * np.float32(2.0) - np.float32(1.0)
