"""Which texts go together, in which order, within which bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.embedding.text_queue import (
    SHARE_TOKENS_MIN,
    TOKENS_MAX,
    Job,
    Limits,
    Request,
    TextQueue,
    estimate_tokens,
)

ROW = np.ones(3, dtype=np.float32)
QUICK = 0.0


def texts_of(batch: list[Job]) -> list[str]:
    return [job.text for job in batch]


def asked(queue: TextQueue, *texts: str) -> tuple[Request, list[bool]]:
    done: list[bool] = []
    request = Request(list(texts), lambda: done.append(True))
    queue.put(request)
    return request, done


def test_a_batch_takes_the_oldest_text_and_those_nearest_in_length() -> None:
    queue = TextQueue(Limits(batch_texts=3))
    asked(queue, "m" * 80, "long " * 60, "n" * 84, "o" * 76, "s")
    assert texts_of(queue.take()) == ["m" * 80, "n" * 84, "o" * 76]


def test_requests_take_turns_so_that_a_cue_overtakes_an_import() -> None:
    queue = TextQueue(Limits(batch_texts=2, linger_s=QUICK))
    asked(queue, *("import " * 20 + str(i) for i in range(6)))
    asked(queue, "cue")
    assert "cue" not in texts_of(queue.take())
    assert texts_of(queue.take())[0] == "cue"


def test_padding_counts_towards_the_tokens_of_a_batch() -> None:
    queue = TextQueue(Limits(batch_tokens=SHARE_TOKENS_MIN * 2))
    asked(queue, *("x" * 400 for _ in range(5)))
    assert len(queue.take()) == SHARE_TOKENS_MIN * 2 // estimate_tokens("x" * 400)


def test_texts_that_would_pad_a_batch_that_is_efficient_already_wait() -> None:
    queue = TextQueue(Limits(linger_s=QUICK))
    asked(queue, *("w " * 70 for _ in range(4)), *("w " * 20 for _ in range(4)))
    assert texts_of(queue.take()) == ["w " * 70] * 4
    assert texts_of(queue.take()) == ["w " * 20] * 4


def test_a_text_longer_than_the_budget_goes_alone() -> None:
    queue = TextQueue(Limits(batch_tokens=50))
    asked(queue, "x" * 10_000, "y")
    assert texts_of(queue.take()) == ["x" * 10_000]


def test_idle_workers_share_what_there_is() -> None:
    queue = TextQueue(Limits(batch_tokens=4_000, linger_s=QUICK), workers=2)
    asked(queue, *("x" * 400 for _ in range(20)))
    assert [len(queue.take()), len(queue.take())] == [10, 10]


def test_a_request_is_done_when_its_last_text_has_an_outcome() -> None:
    queue = TextQueue(Limits(batch_texts=1))
    request, done = asked(queue, "one", "other")
    queue.finish(queue.take(), [ROW])
    assert not done
    queue.finish(queue.take(), [ValueError("no")])
    assert done == [True]
    assert request.failed == {1: "ValueError: no"}
    assert request.rows[0] is ROW


def test_requests_beyond_the_bound_wait_outside_in_order() -> None:
    queue = TextQueue(Limits(queue_texts=3, batch_texts=2, linger_s=QUICK))
    asked(queue, "a", "b")
    asked(queue, "c", "d")
    asked(queue, "e")
    assert (queue.queued_texts, queue.outside_texts) == (2, 3)
    queue.finish(queue.take(), [ROW, ROW])
    assert (queue.queued_texts, queue.outside_texts) == (3, 0)


def test_the_bound_in_characters_holds_too() -> None:
    queue = TextQueue(Limits(queue_chars=10))
    asked(queue, "123456")
    asked(queue, "123456")
    assert (queue.queued_texts, queue.outside_texts) == (1, 1)


def test_a_request_larger_than_the_bound_enters_an_empty_queue() -> None:
    queue = TextQueue(Limits(queue_texts=1))
    asked(queue, "a", "b", "c")
    assert (queue.queued_texts, queue.outside_texts) == (3, 0)


def test_cancelling_forgets_what_has_not_been_started() -> None:
    queue = TextQueue(Limits(batch_texts=1, queue_texts=2))
    gone, _ = asked(queue, "started", "unstarted")
    asked(queue, "other")
    batch = queue.take()
    queue.cancel(gone)
    assert (queue.queued_texts, queue.outside_texts) == (2, 0)
    queue.finish(batch, [ROW])
    assert texts_of(queue.take()) == ["other"]


def test_cancelling_outside_leaves_the_others_in_place() -> None:
    queue = TextQueue(Limits(queue_texts=1))
    asked(queue, "inside")
    gone, _ = asked(queue, "gone")
    asked(queue, "stays")
    queue.cancel(gone)
    queue.finish(queue.take(), [ROW])
    assert texts_of(queue.take()) == ["stays"]


def test_an_error_of_the_embedder_ends_every_request_of_the_batch() -> None:
    queue = TextQueue(Limits())
    request, done = asked(queue, "a", "b")
    error = MemoryError("no weights")
    queue.fail(queue.take(), error)
    assert done == [True]
    assert request.error is error
    assert queue.queued_texts == 0


def test_closing_ends_waiting_and_running_requests_once() -> None:
    queue = TextQueue(Limits(queue_texts=1))
    running, running_done = asked(queue, "running")
    outside, outside_done = asked(queue, "outside")
    batch = queue.take()
    error = ConnectionAbortedError("closed")
    queue.close(error)
    queue.close(ValueError("again"))
    queue.finish(batch, [ROW])
    assert running_done == outside_done == [True]
    assert running.error is outside.error is error
    assert queue.take() == []
    late, late_done = asked(queue, "late")
    assert late_done == [True]
    assert late.error is error


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 2),
        ("Thanks, Ana!", 6),
        ("日本語です", 7),
        ("k" * 80, 12),
        ("word " * 10_000, TOKENS_MAX),
    ],
)
def test_tokens_are_estimated_from_words_up_to_what_the_model_reads(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(
    requests=st.lists(st.lists(st.integers(0, 900), min_size=1, max_size=9), min_size=1, max_size=9),
    batch_texts=st.integers(1, 5),
    queue_texts=st.integers(1, 12),
)
def test_every_text_is_taken_once_and_every_request_ends(
    requests: list[list[int]], batch_texts: int, queue_texts: int
) -> None:
    limits = Limits(batch_texts=batch_texts, batch_tokens=300, queue_texts=queue_texts, linger_s=QUICK)
    queue = TextQueue(limits)
    made = [asked(queue, *("x" * length for length in lengths)) for lengths in requests]
    taken = 0
    while queue.queued_texts:
        batch = queue.take()
        longest = max(job.tokens for job in batch)
        assert len(batch) == 1 or longest * len(batch) <= limits.batch_tokens
        assert len(batch) <= batch_texts
        taken += len(batch)
        queue.finish(batch, [ROW] * len(batch))
    assert taken == sum(map(len, requests))
    assert all(done == [True] and all(row is ROW for row in request.rows) for request, done in made)
