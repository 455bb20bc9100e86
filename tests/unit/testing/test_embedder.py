"""The embedder for tests behaves like one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.errors import EmbeddingError
from cognition.testing.embedder import HashEmbedder, hash_vectors


@given(st.lists(st.text(max_size=40), max_size=5))
def test_every_text_gets_a_unit_row(texts: list[str]) -> None:
    rows = hash_vectors(texts)
    assert rows.shape == (len(texts), 768)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_texts_that_share_words_are_similar() -> None:
    cat, cats, train = hash_vectors(["The cat sat on the mat", "a cat on a mat", "trains leave at noon"])
    assert cat @ cats > 0.4
    assert abs(cat @ train) < 0.15


def test_another_process_gives_the_same_vector() -> None:
    program = (
        "from cognition.testing.embedder import hash_vectors as h; print(h(['same words'])[0, :5].tolist())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == str(hash_vectors(["same words"])[0, :5].tolist())


async def test_refused_texts_fail_alone_and_by_index() -> None:
    embedder = HashEmbedder(refuses=lambda text: "poison" in text)
    with pytest.raises(EmbeddingError) as caught:
        await embedder.embed(["fine", "poison", "fine"])
    assert list(caught.value.failed) == [1]
    assert (await embedder.embed(["fine"])).shape == (1, 768)


async def test_a_closed_embedder_refuses() -> None:
    embedder = HashEmbedder()
    await embedder.aclose()
    with pytest.raises(EmbeddingError, match="closed"):
        await embedder.embed(["late"])
