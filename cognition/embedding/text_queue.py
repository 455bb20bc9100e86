"""Texts that wait to be embedded, and which of them go together into the next batch.

Thread-safe and synchronous: event loops put requests in, worker threads take batches out.
This module must not know what a model or an event loop is.

Order: requests take turns, so that one cue does not wait for a long import. The request whose turn
it is gives its oldest text; the rest of the batch are the texts nearest to it in length, whoever
asked for them, so that hardly any of the computation is padding.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from itertools import chain

import msgspec
import numpy as np
from numpy.typing import NDArray

SHARE_TOKENS_MIN = 128  # below this, splitting work over workers costs more than it gains (measured)
FULL_TOKENS = 256  # from here on a batch is efficient (measured), and texts that would pad it may wait
PADDING_MAX = 1.15  # padded over read tokens of a batch that is efficient already
TOKENS_MAX = 384  # what the model reads of a text (its sentence_bert_config.json)
CHARS_READ = 4_000  # more characters than TOKENS_MAX tokens of any prose
CHARS_PER_TOKEN_MAX = 8  # keys and other strings without spaces are cut into pieces shorter than this
# Words, single marks, and single signs of scripts that are written without spaces. On LoCoMo the
# correlation with the model's own count is .998 (with characters only: .979, which pads 9 % more).
WORD = re.compile(r"[^\W\u2e80-\uffff]+|[^\w\s]|[\u2e80-\uffff]")


def estimate_tokens(text: str) -> int:
    """About how many tokens the model will read; exact counts would cost a tokenisation."""
    read = text[:CHARS_READ]
    return min(TOKENS_MAX, 2 + max(len(WORD.findall(read)), len(read) // CHARS_PER_TOKEN_MAX))


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of a queue. `batch_tokens` counts padding: longest text times number of texts."""

    batch_texts: int = 64
    batch_tokens: int = 1_024
    queue_texts: int = 1_024
    queue_chars: int = 4_000_000
    linger_s: float = 0.003


class Job:
    """One text of one request."""

    __slots__ = ("index", "request", "text", "tokens")

    def __init__(self, request: Request, index: int, text: str) -> None:
        self.request = request
        self.index = index
        self.text = text
        self.tokens = estimate_tokens(text)


class Request:
    """Some texts of one caller; `done` is called once, from any thread, when all have an outcome."""

    def __init__(self, texts: list[str], done: Callable[[], None]) -> None:
        self.waiting = deque(Job(self, i, text) for i, text in enumerate(texts))
        self.rows: list[NDArray[np.float32] | None] = [None] * len(texts)
        self.failed: dict[int, str] = {}
        self.error: BaseException | None = None
        self.chars = sum(map(len, texts))
        self.unfinished = len(texts)
        self.done = done


class TextQueue:
    """A bounded queue of requests. Requests beyond the bound wait their turn outside it."""

    def __init__(self, limits: Limits, workers: int = 1) -> None:
        self.limits = limits
        self.workers = workers
        self._changed = threading.Condition()
        self._active: deque[Request] = deque()
        self._outside: deque[Request] = deque()
        self._texts = 0
        self._chars = 0
        self._running = 0
        self._closed: BaseException | None = None

    @property
    def queued_texts(self) -> int:
        """Texts inside the bound, those that are being embedded among them."""
        return self._texts

    @property
    def outside_texts(self) -> int:
        """Texts of callers that wait for room."""
        with self._changed:
            return sum(len(request.waiting) for request in self._outside)

    def put(self, request: Request) -> None:
        """Take a request in, now or as soon as there is room, in the order of asking."""
        with self._changed:
            if self._closed is not None:
                request.error = self._closed
                request.done()
                return
            self._outside.append(request)
            self._admit()
            self._changed.notify_all()

    def take(self) -> list[Job]:
        """Wait for the next batch; an empty one means that the queue is closed. Ends with `finish`."""
        with self._changed:
            while self._closed is None:
                self._changed.wait_for(lambda: self._closed is not None or self._pending())
                if self._company():
                    self._changed.wait_for(self._closed_or_full, timeout=self.limits.linger_s)
                if self._closed is None and (batch := self._cut()):
                    self._running += 1
                    return batch
        return []

    def finish(self, batch: list[Job], outcomes: list[NDArray[np.float32] | BaseException]) -> None:
        """Give each job its row or what went wrong."""
        with self._changed:
            self._running -= 1
            for job, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, BaseException):
                    job.request.failed[job.index] = f"{type(outcome).__name__}: {outcome}"
                else:
                    job.request.rows[job.index] = outcome
            self._account(batch)

    def fail(self, batch: list[Job], error: BaseException) -> None:
        """No text is to blame: every request of this batch ends with this error."""
        with self._changed:
            self._running -= 1
            for request in {id(job.request): job.request for job in batch}.values():
                self._withdraw(request)
                request.error = request.error or error
            self._account(batch)

    def cancel(self, request: Request) -> None:
        """The caller has gone: forget what has not been started."""
        with self._changed:
            self._withdraw(request)

    def close(self, error: BaseException) -> None:
        """End every request with this error; workers are told to stop. Idempotent."""
        with self._changed:
            if self._closed is not None:
                return
            self._closed = error
            ended = [*self._active, *self._outside]
            self._active.clear()
            self._outside.clear()
            for request in ended:
                request.error = error
                request.waiting.clear()
                request.done()
            self._changed.notify_all()

    def _admit(self) -> None:
        """Let requests in while they fit. One too large for the bound enters an empty queue."""
        while self._outside:
            request = self._outside[0]
            size = len(request.waiting)
            fits = (
                self._texts + size <= self.limits.queue_texts
                and self._chars + request.chars <= self.limits.queue_chars
            )
            if self._texts and not fits:
                return
            self._outside.popleft()
            self._active.append(request)
            self._texts += size
            self._chars += request.chars

    def _withdraw(self, request: Request) -> None:
        if request in self._outside:
            self._outside.remove(request)
            request.unfinished -= len(request.waiting)
        elif request in self._active:
            for job in request.waiting:
                self._texts -= 1
                self._chars -= len(job.text)
            request.unfinished -= len(request.waiting)
            if not request.unfinished:
                self._active.remove(request)
        request.waiting.clear()
        self._admit()
        self._changed.notify_all()

    def _account(self, batch: list[Job]) -> None:
        for job in batch:
            request = job.request
            self._texts -= 1
            self._chars -= len(job.text)
            request.unfinished -= 1
        for request in {id(job.request): job.request for job in batch}.values():
            if not request.unfinished and self._closed is None:
                if request in self._active:
                    self._active.remove(request)
                request.done()
        self._admit()
        self._changed.notify_all()

    def _pending(self) -> bool:
        return any(request.waiting for request in self._active)

    def _company(self) -> bool:
        """Others are about, so a short wait is likely to fill the batch; a lone caller never waits."""
        callers = sum(1 for request in self._active if request.waiting)
        return bool(callers) and (callers > 1 or self._running > 0) and not self._full()

    def _closed_or_full(self) -> bool:
        return self._closed is not None or self._full() or not self._pending()

    def _full(self) -> bool:
        jobs = self._jobs()
        return len(jobs) >= self.limits.batch_texts or _tokens(jobs) >= self.limits.batch_tokens

    def _jobs(self) -> list[Job]:
        return list(chain.from_iterable(request.waiting for request in self._active))

    def _budget(self, jobs: list[Job]) -> int:
        """Padded tokens of the next batch: idle workers share what there is."""
        idle = max(1, self.workers - self._running)
        return min(self.limits.batch_tokens, max(SHARE_TOKENS_MIN, -(-_tokens(jobs) // idle)))

    def _cut(self) -> list[Job]:
        """The next batch: the turn's oldest text and those nearest to it in length."""
        turn = next((request for request in self._active if request.waiting), None)
        if turn is None:
            return []
        self._active.remove(turn)
        self._active.append(turn)
        anchor = turn.waiting[0]
        jobs = self._jobs()
        budget = self._budget(jobs)
        near = sorted(jobs, key=lambda job: (job is not anchor, abs(job.tokens - anchor.tokens)))
        batch = _fill(near[: self.limits.batch_texts], budget)
        for job in batch:
            job.request.waiting.remove(job)
        return batch


def _tokens(jobs: list[Job]) -> int:
    return sum(job.tokens for job in jobs)


def _fill(near: list[Job], budget: int) -> list[Job]:
    """The first of these jobs that fit together; always at least one."""
    longest = read = 0
    for count, job in enumerate(near):
        longest = max(longest, job.tokens)
        read += job.tokens
        padded = longest * (count + 1)
        if count and (padded > budget or (padded > FULL_TOKENS and padded > PADDING_MAX * read)):
            return near[:count]
    return near
