"""Events become lines and counters, on this machine only."""

from __future__ import annotations

import io
import json
from typing import get_args

import pytest

from cognition.telemetry import LEVEL_OF, LogSink
from schemas.events import (
    AnyEvent,
    DaemonStarted,
    EntryBuried,
    EpisodeOpened,
    LeaseLost,
    OperationRetried,
    PerceptsEncoded,
)

STARTED = DaemonStarted(at=1_767_225_600.0, version="1", partitions=16, backend="edge")
OPENED = EpisodeOpened(at=1.0, mind="ana", episode_id="e")
BURIED = EntryBuried(at=1.0, partition=3, entry="1-0", reason="not JSON")
LOST = LeaseLost(at=1.0, partition=3, epoch=5, reason="gone")


def test_every_event_has_a_level() -> None:
    assert set(get_args(AnyEvent)) == set(LEVEL_OF)


def test_a_line_for_machines_is_one_json_object_with_level_and_type() -> None:
    stream = io.StringIO()
    LogSink(stream).publish(STARTED)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line) == {
        "level": "info", "type": "DaemonStarted", "at": 1_767_225_600.0, "version": "1", "partitions": 16,
        "backend": "edge",
    }  # fmt: skip


def test_a_line_for_people_says_the_same_in_words() -> None:
    stream = io.StringIO()
    LogSink(stream, form="human").publish(BURIED)
    assert stream.getvalue().endswith(" warning EntryBuried        partition=3  entry=1-0  reason=not JSON\n")


def test_a_line_for_people_stays_one_line() -> None:
    stream = io.StringIO()
    LogSink(stream, form="human").publish(EntryBuried(at=1.0, partition=0, entry="1-0", reason="two\nlines"))
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize(("level", "lines"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_what_is_below_the_level_is_counted_but_not_written(level: str, lines: int) -> None:
    stream = io.StringIO()
    sink = LogSink(stream, level=level)
    for event in (OPENED, STARTED, BURIED, LOST):
        sink.publish(event)
    assert len(stream.getvalue().splitlines()) == lines
    assert sum(sink.counts.values()) == 4


def test_counters_say_what_was_encoded_and_the_last_error() -> None:
    sink = LogSink(io.StringIO())
    for encoded in (3, 4):
        sink.publish(
            PerceptsEncoded(at=1.0, partition=0, encoded=encoded, strengthened=1, rejected=0, took_s=0.1)
        )
    sink.publish(OperationRetried(at=1.0, operation="intake", error="gone", attempt=1, retry_in_s=0.1))
    assert (sink.encoded, sink.strengthened, sink.last_error) == (7, 2, "gone")
    assert sink.counts == {"PerceptsEncoded": 2, "OperationRetried": 1}


def test_nobody_reading_the_log_ends_nothing() -> None:
    stream = io.StringIO()
    sink = LogSink(stream)
    stream.close()
    sink.publish(STARTED)
    assert sink.counts == {"DaemonStarted": 1, "lines_lost": 1}
