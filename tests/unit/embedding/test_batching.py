"""One front for many callers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import anyio.to_thread
import numpy as np
import pytest
from numpy.typing import NDArray

from cognition.embedding.batching import SLICE_TEXTS, BatchingEmbedder, encode_apart
from cognition.embedding.text_queue import Limits
from cognition.errors import EmbeddingError, ModelUnavailableError
from cognition.testing.embedder import hash_vectors
from tests.unit.embedding.support import WAIT_S, Gate

LONG_LINGER = Limits(linger_s=WAIT_S)
NO_LINGER = Limits(linger_s=0.0)


@asynccontextmanager
async def front(gate: Gate, limits: Limits = NO_LINGER, workers: int = 1) -> AsyncIterator[BatchingEmbedder]:
    embedder = BatchingEmbedder(gate.encode, model="gate", limits=limits, workers=workers)
    try:
        yield embedder
    finally:
        gate.open()
        await embedder.aclose()


async def batch_came(gate: Gate) -> None:
    await anyio.to_thread.run_sync(gate.wait_for_batch)


async def queued(embedder: BatchingEmbedder, texts: int) -> None:
    """Wait until so many texts are in the queue or outside it."""
    with anyio.fail_after(WAIT_S):
        while (now := embedder.statistics()).queued + now.waiting_outside != texts:
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("workers", [1, 3])
async def test_rows_come_back_in_the_order_asked(workers: int) -> None:
    texts = [f"{'word ' * (i % 17)}{i}" for i in range(SLICE_TEXTS * 2 + 5)]
    async with front(Gate(), workers=workers) as embedder:
        rows = await embedder.embed(texts)
    np.testing.assert_allclose(rows, hash_vectors(texts), atol=1e-6)
    assert rows.dtype == np.float32


async def test_nothing_asked_gives_no_rows() -> None:
    async with front(Gate()) as embedder:
        assert (await embedder.embed([])).shape == (0, 768)


async def test_a_lone_text_does_not_linger() -> None:
    async with front(Gate(), LONG_LINGER) as embedder:
        with anyio.fail_after(WAIT_S / 2):
            await embedder.embed(["alone"])


async def test_callers_that_come_while_work_runs_share_a_batch() -> None:
    gate = Gate(opened=False)
    async with front(gate, Limits(linger_s=0.001)) as embedder, anyio.create_task_group() as tasks:
        tasks.start_soon(embedder.embed, ["first"])
        await batch_came(gate)
        for name in ("second", "third", "fourth"):
            tasks.start_soon(embedder.embed, [name])
        await queued(embedder, 4)
        gate.open()
    assert gate.batches[0] == ["first"]
    assert sorted(gate.batches[1]) == ["fourth", "second", "third"]


async def test_work_waits_a_little_for_others_while_a_worker_is_busy() -> None:
    gate = Gate(opened=False)
    limits = Limits(linger_s=WAIT_S, batch_texts=2)
    async with front(gate, limits, workers=2) as embedder, anyio.create_task_group() as tasks:
        tasks.start_soon(embedder.embed, ["first"])
        await batch_came(gate)
        tasks.start_soon(embedder.embed, ["second"])
        await queued(embedder, 2)
        tasks.start_soon(embedder.embed, ["third"])
        await batch_came(gate)
        assert sorted(gate.batches[1]) == ["second", "third"]
        gate.open()


async def test_one_bad_text_fails_alone_and_is_named_by_its_index() -> None:
    gate = Gate(bad=["bad"])
    texts = ["good", "bad", "fine", "well"]
    async with front(gate) as embedder:
        with pytest.raises(EmbeddingError, match="failed on 1 of 4 texts; text 1") as caught:
            await embedder.embed(texts)
        assert caught.value.failed == {1: "ValueError: cannot read ['bad']"}
        gate.batches.clear()
        rows = await embedder.embed([texts[0], *texts[2:]])
    assert gate.batches == []  # the good ones were remembered
    np.testing.assert_allclose(rows, hash_vectors(["good", "fine", "well"]), atol=1e-6)


async def test_a_bad_text_of_one_caller_does_not_touch_another() -> None:
    gate = Gate(opened=False, bad=["bad"])
    answers: list[NDArray[np.float32]] = []

    async def good() -> None:
        answers.append(await embedder.embed(["good", "fine"]))

    async with front(gate) as embedder, anyio.create_task_group() as tasks:
        tasks.start_soon(embedder.embed, ["blocker"])
        await batch_came(gate)
        tasks.start_soon(good)
        await queued(embedder, 3)
        gate.open()
        with pytest.raises(EmbeddingError):
            await embedder.embed(["bad"])
    np.testing.assert_allclose(answers[0], hash_vectors(["good", "fine"]), atol=1e-6)


async def test_a_cancelled_caller_takes_its_unstarted_texts_back() -> None:
    gate = Gate(opened=False)
    async with front(gate) as embedder:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(embedder.embed, ["running"])
            await batch_came(gate)
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as inner:
                    inner.start_soon(embedder.embed, ["gone"])
                    await queued(embedder, 2)
                    scope.cancel()
            await queued(embedder, 1)
            gate.open()
        await embedder.embed(["after"])
    assert gate.encoded == ["running", "after"]


async def test_a_caller_cancelled_in_the_middle_of_its_batch_hurts_no_one() -> None:
    gate = Gate(opened=False)
    async with front(gate) as embedder:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(embedder.embed, ["running"])
                await batch_came(gate)
                scope.cancel()
        gate.open()
        assert (await embedder.embed(["after"])).shape == (1, 768)


async def test_the_queue_never_holds_more_than_its_bound() -> None:
    gate = Gate(opened=False)
    limits = Limits(queue_texts=4, batch_texts=2, linger_s=0.0)
    async with front(gate, limits) as embedder, anyio.create_task_group() as tasks:
        for i in range(7):
            tasks.start_soon(embedder.embed, [f"{i} a", f"{i} b"])
        await queued(embedder, 14)
        assert embedder.statistics().queued == 4
        gate.open()
    assert sorted(gate.encoded) == sorted(f"{i} {half}" for i in range(7) for half in "ab")


async def test_closing_fails_what_waits_and_what_comes_later() -> None:
    gate = Gate(opened=False)
    errors: list[EmbeddingError] = []

    async def pending(text: str) -> None:
        try:
            await embedder.embed([text])
        except EmbeddingError as error:
            errors.append(error)
        if len(errors) == 2:
            gate.open()  # only now may the running batch end

    embedder = BatchingEmbedder(gate.encode, model="gate", limits=NO_LINGER)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pending, "running")
        await batch_came(gate)
        tasks.start_soon(pending, "waiting")
        await queued(embedder, 2)
        await embedder.aclose()
    await embedder.aclose()
    assert len(errors) == 2
    with pytest.raises(EmbeddingError, match="closed"):
        await embedder.embed(["late"])


async def test_a_repeated_text_is_not_encoded_again() -> None:
    gate = Gate()
    async with front(gate) as embedder:
        first = await embedder.embed(["cue", "other"])
        first[:] = 0.0  # what a caller does with its rows is its own business
        again = await embedder.embed(["cue"])
        assert embedder.statistics().cache_hits == 1
    np.testing.assert_allclose(again, hash_vectors(["cue"]), atol=1e-6)
    assert len(gate.encoded) == 2


async def test_missing_weights_are_told_as_they_are_and_blame_no_text() -> None:
    calls: list[int] = []

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        calls.append(len(texts))
        if len(calls) == 1:
            raise ModelUnavailableError("no weights", remedy="Install them")
        return hash_vectors(texts)

    embedder = BatchingEmbedder(encode, model="absent", limits=NO_LINGER)
    with pytest.raises(ModelUnavailableError, match="Install them"):
        await embedder.embed(["a", "b", "c"])
    assert calls == [3]
    assert (await embedder.embed(["a"])).shape == (1, 768)
    await embedder.aclose()


async def test_the_event_loop_goes_on_while_the_model_works() -> None:
    gate = Gate(opened=False)
    async with front(gate) as embedder, anyio.create_task_group() as tasks:
        tasks.start_soon(embedder.embed, ["held"])
        await batch_came(gate)
        await anyio.lowlevel.checkpoint()
        assert embedder.statistics().texts == 0
        gate.open()  # had the loop been held, the gate would have timed out and the text failed


def broken_rows(kind: str, texts: Sequence[str]) -> NDArray[np.float32]:
    rows = hash_vectors(texts)
    for i, text in enumerate(texts):
        if text == "bad":
            rows[i] = {"zero": 0.0, "nan": np.nan, "inf": np.inf}[kind]
    return rows


@pytest.mark.parametrize("kind", ["zero", "nan", "inf"])
def test_a_row_that_points_nowhere_is_never_returned(kind: str) -> None:
    outcomes = encode_apart(lambda texts: broken_rows(kind, texts), ["a", "bad", "b"])
    assert isinstance(outcomes[1], EmbeddingError)
    assert all(isinstance(outcomes[i], np.ndarray) for i in (0, 2))


@pytest.mark.parametrize("shape", [(2, 384), (1, 768)])
def test_rows_of_the_wrong_shape_are_refused(shape: tuple[int, int]) -> None:
    outcomes = encode_apart(lambda texts: np.ones(shape, dtype=np.float32)[: len(texts)], ["a", "b"])
    expected = [EmbeddingError, EmbeddingError] if shape[1] == 384 else [np.ndarray, np.ndarray]
    assert [type(outcome) for outcome in outcomes] == expected


@pytest.mark.parametrize("bad", [{0}, {6}, {1, 5}, set(range(7))])
def test_halving_finds_exactly_the_bad_ones(bad: set[int]) -> None:
    gate = Gate(bad=[f"text {i}" for i in bad])
    outcomes = encode_apart(gate.encode, [f"text {i}" for i in range(7)])
    assert {i for i, outcome in enumerate(outcomes) if isinstance(outcome, ValueError)} == bad
