"""The cache stands before the embedder and never calls it twice for one text."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.cache import CachedEmbedder, VectorCache
from cognition.ports.embedder import DIMENSION


class CountingEmbedder:
    """Gives each text a vector of its length, and remembers what it was asked."""

    model = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.closed = False

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([np.full(DIMENSION, len(t)) for t in texts], dtype=np.float32)

    async def aclose(self) -> None:
        self.closed = True


async def test_a_text_is_embedded_once_across_processes_of_the_cache(tmp_path: Path) -> None:
    first, second = CountingEmbedder(), CountingEmbedder()
    for inner in (first, second):
        embedder = CachedEmbedder(inner, VectorCache(tmp_path, "counting"))
        vectors = await embedder.embed(["one", "three", "one"])
        assert vectors[:, 0].tolist() == [3.0, 5.0, 3.0]
        await embedder.aclose()
    assert first.asked == ["one", "three"]
    assert first.closed
    assert second.asked == []


async def test_known_texts_do_not_reach_the_real_embedder(tmp_path: Path) -> None:
    cache, inner = VectorCache(tmp_path, "m"), CountingEmbedder()
    cache.keep(["a", "b"], np.ones((2, DIMENSION), dtype=np.float32))
    embedder = CachedEmbedder(inner, cache)
    await embedder.preload(["a"])
    assert (await embedder.embed(["a"])).shape == (1, DIMENSION)
    assert (await embedder.embed(["b", "a"])).shape == (2, DIMENSION)
    assert (await embedder.embed([])).shape == (0, DIMENSION)
    assert (embedder.embedded, inner.asked) == (0, [])


def test_many_texts_are_found_whatever_the_number(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, "m")
    texts = [str(i) for i in range(1_203)]
    cache.keep(texts, np.arange(1_203, dtype=np.float32)[:, None] * np.ones(DIMENSION, dtype=np.float32))
    found = cache.find(texts)
    assert all(found[t][0] == float(t) for t in texts)
    assert len(cache) == 1_203


def test_models_do_not_share_vectors(tmp_path: Path) -> None:
    VectorCache(tmp_path, "org/one").keep(["a"], np.ones((1, DIMENSION), dtype=np.float32))
    assert VectorCache(tmp_path, "org/two").find(["a"]) == {}
