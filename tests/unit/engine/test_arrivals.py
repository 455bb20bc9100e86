"""Each bad entry is refused with its value and a remedy; a vector for all others."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cognition.errors import EmbeddingError, UnavailableError
from cognition.testing.embedder import HashEmbedder, hash_vectors
from schemas.base import Message
from schemas.percept import Forget, Mark, Percept
from tests.unit.engine.bench import ANA, START_MS, bench, vector

NAN = np.full(768, np.nan, "<f4").tobytes()
INF = np.where(np.arange(768) == 3, np.inf, 1.0).astype("<f4").tobytes()
BAD: list[tuple[Message, str, str]] = [
    (Percept(mind=ANA), "content is missing", "Give content, or data"),
    (Percept(mind=ANA, content=" \n\t "), "blank", "Give content, or data"),
    (Percept(mind=ANA, data={"n": {}}), "content is missing", "text in it"),
    (Percept(mind=ANA, content="x", vector=b"\0" * 12), "12 bytes", "leave the vector out"),
    (Percept(mind=ANA, content="x", vector=NAN), "nan at position 0", "leave the vector out"),
    (Percept(mind=ANA, content="x", vector=INF), "inf at position 3", "leave the vector out"),
    (Percept(mind=ANA, content="x", vector=bytes(4 * 768)), "zero norm", "leave the vector out"),
    (Percept(mind=ANA, content="x", occurred_at=9e9), "9000000000.0", "at most 86400 s in the future"),
    (Mark(mind=ANA, occurred_at=float(START_MS)), str(float(START_MS)), "divided by 1000"),
    (Percept(mind=ANA, content="x", occurred_at=-2e11), "lies 6,338 years before 1970", "divided by 1000"),
    (Percept(mind=ANA, content="x", occurred_at=float("nan")), "nan is not a moment", "seconds since 1970"),
    (Forget(mind=ANA, memory_ids=["the tea"]), "memory_ids[0] = 'the tea'", "36 characters"),
]


@pytest.mark.parametrize(("message", "value", "remedy"), BAD)
async def test_a_bad_entry_is_refused_with_its_value_and_a_remedy(
    message: Message, value: str, remedy: str
) -> None:
    on = await bench()
    bad, good = await on.prepare(message, Percept(mind=ANA, content="sound"))
    assert value in bad.rejection
    assert remedy in bad.rejection
    assert good.rejection == ""
    assert good.vector is not None


async def test_without_an_embedder_only_percepts_with_a_vector_are_taken() -> None:
    on = await bench(blind=True)
    without, given = await on.prepare(
        Percept(mind=ANA, content="x"), Percept(mind=ANA, content="x", vector=vector(1))
    )
    assert "no vector" in without.rejection
    assert "embedding.enabled" in without.rejection
    assert given.rejection == ""


async def test_a_percept_without_a_time_happened_when_it_arrived() -> None:
    on = await bench()
    on.clock.jump(-10 * 86_400.0)
    entry = dataclasses.replace(on.entry(Percept(mind=ANA, content="x")), id=f"{START_MS}-0")
    (arrival,) = await on.engine.senses.prepare([entry])
    assert arrival.at == START_MS / 1e3
    assert arrival.rejection == "", "the daemon's clock was set back, which is not the percept's fault"


async def test_data_stands_for_content() -> None:
    on = await bench()
    (arrival,) = await on.prepare(Percept(mind=ANA, data={"weather": "rain in the harbour"}))
    assert "rain in the harbour" in arrival.content


async def test_what_is_known_is_not_embedded_again() -> None:
    on = await bench()
    await on.say("the tea is green", key="tea")
    before = on.embedder.embedded
    (arrival,) = await on.prepare(Percept(mind=ANA, content="the tea is green", key="tea"))
    assert (arrival.vector, arrival.rejection) == (None, "")
    assert on.embedder.embedded == before


# --- embedding that fails -------------------------------------------------------------------


class Fragile(HashEmbedder):
    """Fails by a script: one entry a call, None for success; then it is well."""

    def __init__(self, *script: Any) -> None:
        super().__init__()
        self.script = list(script)
        self.calls = 0

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls += 1
        fault = self.script.pop(0) if self.script else None
        if fault is not None:
            raise fault
        return await super().embed(texts)


class Dead(HashEmbedder):
    """Fails on everything."""

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise EmbeddingError("the worker is gone", failed=dict.fromkeys(range(len(texts)), "gone"))


def percepts(*words: str) -> list[Percept]:
    return [Percept(mind=ANA, content=word) for word in words]


async def test_one_bad_text_is_refused_alone() -> None:
    on = await bench(refuses=lambda text: "bad" in text)
    first, bad, last = await on.prepare(*percepts("first", "bad one", "last"))
    assert first.vector is not None
    assert last.vector is not None
    assert "embedding failed 3 times: refused by the test" in bad.rejection
    assert "give a vector" in bad.rejection


@pytest.mark.parametrize("count", [1, 3])
async def test_an_embedder_that_is_down_holds_the_line(count: int) -> None:
    on = await bench(embedder=Dead())
    with pytest.raises(UnavailableError, match="the embedder fails on every text: gone"):
        await on.prepare(*percepts("one", "two", "three")[:count])


async def test_an_embedder_that_was_down_for_a_moment_is_asked_again() -> None:
    down = EmbeddingError("busy", failed={0: "busy", 1: "busy"})
    on = await bench(embedder=Fragile(down, down))
    arrivals = await on.prepare(*percepts("one", "two"))
    assert all(a.vector is not None and not a.rejection for a in arrivals)


async def test_a_failure_that_names_nobody_is_looked_at_text_by_text() -> None:
    nobody = EmbeddingError("the batch fails")
    on = await bench(embedder=Fragile(nobody))
    arrivals = await on.prepare(*percepts("one", "two", "three"))
    for arrival, row in zip(arrivals, hash_vectors(["one", "two", "three"]), strict=True):
        assert arrival.vector is not None
        np.testing.assert_allclose(arrival.vector, row)


async def test_the_rest_of_a_batch_may_fail_too() -> None:
    script = [EmbeddingError(reason, failed={0: reason}) for reason in ("a", "b")]
    on = await bench(embedder=Fragile(*script))
    arrivals = await on.prepare(*percepts("one", "two", "three"))
    assert all(a.vector is not None and not a.rejection for a in arrivals)
