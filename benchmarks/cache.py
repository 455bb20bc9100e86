"""Embeddings of benchmark texts, kept outside the repository by model and hash of the text.

A CPU embeds only some thousand tokens a second, and every run embeds the same texts. The cache
stands before an `Embedder` that is asked only for new texts: before a lazy one, a run whose texts
are all known never loads the model. It must not know what the texts are for.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import anyio
import numpy as np
from numpy.typing import NDArray

from cognition.ports.embedder import DIMENSION, Embedder

LOOKUP_MAX = 500
"""Keys in one SQL statement; SQLite's oldest default limit of variables is 999."""

BUSY_S = 60.0
"""How long to wait for another process that writes the same cache."""

Vectors = NDArray[np.float32]

_TABLE = "CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB NOT NULL)"


def cache_root() -> Path:
    """`COGNITION_CACHE` (folder `bench` in it), else the user's cache directory."""
    given = os.environ.get("COGNITION_CACHE")
    base = Path(given) if given else Path.home() / ".cache" / "cognition"
    return base / "bench"


class VectorCache:
    """Vectors of one model in one SQLite file; several processes may read and write it at once."""

    def __init__(self, root: Path, model: str) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.path = root / f"{re.sub(r'[^A-Za-z0-9._-]', '_', model)}.sqlite3"
        with closing(self._connect()) as connection, connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_TABLE)

    def find(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """The known vectors, each (768,), by text."""
        by_key = {_key(text): text for text in texts}
        keys = list(by_key)
        found: dict[str, Vectors] = {}
        with closing(self._connect()) as connection:
            for start in range(0, len(keys), LOOKUP_MAX):
                part = keys[start : start + LOOKUP_MAX]
                marks = ",".join("?" * len(part))
                query = f"SELECT text, vector FROM vectors WHERE text IN ({marks})"
                for key, vector in connection.execute(query, part):
                    found[by_key[key]] = np.frombuffer(vector, dtype="<f4")
        return found

    def keep(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Add vectors (len(texts), 768); what is known already stays as it is."""
        rows = [
            (_key(text), np.ascontiguousarray(vector, dtype="<f4").tobytes())
            for text, vector in zip(texts, vectors, strict=True)
        ]
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)

    def __len__(self) -> int:
        with closing(self._connect()) as connection:
            count: int = connection.execute("SELECT count(*) FROM vectors").fetchone()[0]
        return count

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=BUSY_S)


class CachedEmbedder:
    """An `Embedder` that asks the cache first, and another one for what is new."""

    def __init__(self, inner: Embedder, cache: VectorCache) -> None:
        self._inner = inner
        self._cache = cache
        self._near: dict[str, Vectors] = {}
        self.embedded = 0
        """How many texts the other one had to embed."""

    @property
    def model(self) -> str:
        return self._inner.model

    async def preload(self, texts: Sequence[str]) -> None:
        """Hold the known ones of these in memory, so that a timed cue does not wait for the file."""
        self._near |= await anyio.to_thread.run_sync(self._cache.find, texts)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """As the port says; new vectors are kept."""
        if all(text in self._near for text in texts):
            known = self._near
        else:
            known = await anyio.to_thread.run_sync(self._cache.find, texts)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            vectors = await self._inner.embed(new)
            await anyio.to_thread.run_sync(self._cache.keep, new, vectors)
            known = {**known, **dict(zip(new, vectors, strict=True))}
            self.embedded += len(new)
        if not texts:
            return np.zeros((0, DIMENSION), dtype=np.float32)
        return np.stack([known[text] for text in texts])

    async def aclose(self) -> None:
        await self._inner.aclose()


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
