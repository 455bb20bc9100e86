"""One asynchronous front for a synchronous `encode`: callers from anywhere share its batches.

Dedicated threads do the work, so that no event loop ever waits for the model. A caller that is
cancelled takes its unstarted texts back; a text on which `encode` fails, fails alone.
This module must not know what a model is: `encode` is any function from texts to rows.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress

import anyio
import anyio.to_thread
import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.embedding.text_queue import Job, Limits, Request, TextQueue
from cognition.errors import EmbeddingError, ModelUnavailableError
from cognition.mechanisms.vectors import check_rows
from cognition.ports.embedder import DIMENSION

Rows = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Rows]

SLICE_TEXTS = 256  # a long call enters the queue in slices of so many texts, sorted by length
SLICES_AHEAD = 2  # slices of one call inside the queue: one call cannot fill it, and no worker idles
CACHE_TEXTS = 512  # vectors remembered; cues repeat
CACHE_CHARS = 2_000  # longer texts are not remembered


class EmbeddingStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What the front has done since it was made."""

    texts: int
    batches: int
    failed: int
    cache_hits: int
    queued: int
    waiting_outside: int


class BatchingEmbedder:
    """An `Embedder` over any synchronous `encode`, which must allow calls from `workers` threads."""

    def __init__(self, encode: Encode, *, model: str, limits: Limits | None = None, workers: int = 1) -> None:
        self._encode = encode
        self._model = model
        self._queue = TextQueue(limits or Limits(), workers)
        self._workers = workers
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, Rows] = OrderedDict()
        self._texts = self._batches = self._failed = self._hits = 0

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._model

    async def embed(self, texts: Sequence[str]) -> Rows:
        """Vectors of shape (len(texts), 768), float32, unit length, in order."""
        rows = np.empty((len(texts), DIMENSION), dtype=np.float32)
        missing = self._recollect(texts, rows)
        if not missing:
            return rows
        self._start()
        missing.sort(key=lambda i: -len(texts[i]))
        slices = [missing[i : i + SLICE_TEXTS] for i in range(0, len(missing), SLICE_TEXTS)]
        requests = await self._run_all([[texts[i] for i in part] for part in slices])
        failed: dict[int, str] = {}
        for part, request in zip(slices, requests, strict=True):
            if request.error is not None:
                raise request.error
            failed |= {part[i]: why for i, why in request.failed.items()}
            for i, row in zip(part, request.rows, strict=True):
                if row is not None:
                    rows[i] = row
                    self._remember(texts[i], row)
        if failed:
            raise _failure(failed, len(texts))
        return rows

    async def aclose(self) -> None:
        """End pending calls with `EmbeddingError`; wait for the batch that is running. Idempotent."""
        self._queue.close(EmbeddingError("the embedder was closed before these texts were embedded"))
        for thread in self._threads:
            await anyio.to_thread.run_sync(thread.join, abandon_on_cancel=True)

    def statistics(self) -> EmbeddingStatistics:
        """Counts since the start."""
        with self._lock:
            return EmbeddingStatistics(
                texts=self._texts,
                batches=self._batches,
                failed=self._failed,
                cache_hits=self._hits,
                queued=self._queue.queued_texts,
                waiting_outside=self._queue.outside_texts,
            )

    async def _run_all(self, slices: list[list[str]]) -> list[Request]:
        requests: list[Request] = []
        if len(slices) == 1:
            return [await self._run(slices[0])]
        ahead = anyio.Semaphore(SLICES_AHEAD)

        async def run(position: int) -> None:
            requests[position] = await self._run(slices[position])
            ahead.release()

        async with anyio.create_task_group() as tasks:
            for position in range(len(slices)):
                await ahead.acquire()
                requests.append(Request([], _nothing))
                tasks.start_soon(run, position)
        return requests

    async def _run(self, texts: list[str]) -> Request:
        ready = anyio.Event()
        request = Request(texts, _on_loop(ready.set))
        self._queue.put(request)
        try:
            await ready.wait()
        except BaseException:
            self._queue.cancel(request)
            raise
        return request

    def _start(self) -> None:
        with self._lock:
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._work, name=f"embedding-{i}", daemon=True)
                    for i in range(self._workers)
                ]
                for thread in self._threads:
                    thread.start()

    def _work(self) -> None:
        while batch := self._queue.take():
            try:
                outcomes = encode_apart(self._encode, [job.text for job in batch])
            except BaseException as error:  # not the fault of a text: every caller is told
                self._queue.fail(batch, error)
            else:
                self._count(batch, outcomes)
                self._queue.finish(batch, outcomes)

    def _count(self, batch: list[Job], outcomes: list[Rows | BaseException]) -> None:
        with self._lock:
            self._batches += 1
            self._texts += len(batch)
            self._failed += sum(isinstance(outcome, BaseException) for outcome in outcomes)

    def _recollect(self, texts: Sequence[str], rows: Rows) -> list[int]:
        missing: list[int] = []
        with self._lock:
            for i, text in enumerate(texts):
                row = self._remembered.get(text)
                if row is None:
                    missing.append(i)
                else:
                    self._remembered.move_to_end(text)
                    rows[i] = row
                    self._hits += 1
        return missing

    def _remember(self, text: str, row: Rows) -> None:
        if len(text) > CACHE_CHARS:
            return
        with self._lock:
            self._remembered[text] = row.copy()
            while len(self._remembered) > CACHE_TEXTS:
                self._remembered.popitem(last=False)


def encode_apart(encode: Encode, texts: Sequence[str]) -> list[Rows | BaseException]:
    """A row for each text, or what went wrong with it alone: a failing batch is halved until it works.

    Raises `ModelUnavailableError` as it is: no text is to blame for it.
    """
    try:
        rows = check_rows(encode(texts))
        if len(rows) != len(texts):
            raise EmbeddingError(f"the embedder returned {len(rows)} rows for {len(texts)} texts")
        return list(rows)
    except ModelUnavailableError:
        raise
    except Exception as error:
        if len(texts) == 1:
            return [error]
    middle = len(texts) // 2
    return encode_apart(encode, texts[:middle]) + encode_apart(encode, texts[middle:])


def _failure(failed: dict[int, str], count: int) -> EmbeddingError:
    index = min(failed)
    return EmbeddingError(
        f"the embedder failed on {len(failed)} of {count} texts; text {index}: {failed[index]}",
        failed=failed,
        remedy="Embed the others without them",
    )


def _on_loop(callback: Callable[[], None]) -> Callable[[], None]:
    """The callback, to be called from any thread, run soon on the present event loop.

    asyncio's own call: anyio's `from_thread` would make the worker wait for the loop's turn.
    """
    loop = asyncio.get_running_loop()

    def call() -> None:
        with suppress(RuntimeError):  # the loop is closed: the caller has gone, and with it the need
            loop.call_soon_threadsafe(callback)

    return call


def _nothing() -> None:
    """For a request that is not yet made."""
