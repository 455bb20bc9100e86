"""What the client does before anything is sent and after anything went wrong."""

from __future__ import annotations

import pytest

from cognition.client import in_our_words, raised
from cognition.errors import (
    BadCueError,
    CognitionError,
    DeadlineError,
    LineFullError,
    SettingsError,
    UnavailableError,
)
from schemas.inquiry import Failure
from streams.errors import (
    AnswerTimeoutError,
    BackpressureError,
    NoSuchDeadLetterError,
    StreamsError,
    StreamsUnavailableError,
    StreamsUrlError,
)


def test_a_full_line_says_what_was_taken_and_when_to_come_again() -> None:
    told = in_our_words(BackpressureError("{tmi:3}:awake", 10_000, 10_000, 2.5, ["1-0", None, None]))
    assert isinstance(told, LineFullError)
    assert (told.entry_ids, told.retry_after_s) == (["1-0", None, None], 2.5)
    assert str(told) == (
        "{tmi:3}:awake is full: 10,000 entries wait, 10,000 may; 2 not taken. "
        "Try again in 2.5 s, or wait; only a running daemon shortens it."
    )
    assert told.remedy.startswith("Try again in 2.5 s")


def test_a_full_line_is_a_thing_that_will_pass() -> None:
    assert issubclass(LineFullError, UnavailableError)
    assert issubclass(LineFullError, ConnectionError)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AnswerTimeoutError("too late"), DeadlineError),
        (StreamsUrlError("a url"), SettingsError),
        (NoSuchDeadLetterError("no letter"), CognitionError),
        (StreamsUnavailableError("away"), UnavailableError),
        (StreamsError("something else"), UnavailableError),
    ],
)
def test_a_failure_of_delivery_is_told_as_ours(error: StreamsError, kind: type[CognitionError]) -> None:
    told = in_our_words(error)
    assert type(told) is kind
    assert str(told) == str(error)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("BadCueError", BadCueError),
        ("LineFullError", LineFullError),
        ("NoSuchError", CognitionError),
        ("Mapping", CognitionError),
    ],
)
def test_a_failure_is_raised_as_what_it_was(name: str, kind: type[CognitionError]) -> None:
    told = raised(Failure(inquiry_id="q", mind="ana", kind=name, message="It broke", remedy="Mend it."))
    assert type(told) is kind
    assert (str(told), told.remedy) == ("It broke. Mend it.", "Mend it.")
