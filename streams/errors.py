"""Errors of delivery. Each says what happened to whom, and what to do about it.

This module must not know Redis: only the names of what can go wrong.
"""

from __future__ import annotations

from collections.abc import Sequence


class StreamsError(Exception):
    """Base of every error of this package. `remedy` says what to do."""

    remedy: str = ""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        self.remedy = remedy or self.remedy
        super().__init__(f"{message}. {self.remedy}" if self.remedy else message)


class StreamsUrlError(StreamsError, ValueError):
    """The URL of the server is malformed."""


class StreamsUnavailableError(StreamsError, ConnectionError):
    """The server cannot be reached or cannot write just now; trying again is safe to do later."""


class StreamsDeniedError(StreamsError, PermissionError):
    """The server refuses this user: wrong password, or no right to a command or key."""


class StreamsVersionError(StreamsError, RuntimeError):
    """The server is too old."""


class StreamsRefusedError(StreamsError):
    """The server says that the command is wrong. `code` is the first word of what it said."""

    def __init__(self, message: str, *, code: str = "", remedy: str = "") -> None:
        self.code = code
        super().__init__(message, remedy=remedy)


class BackpressureError(StreamsError, BlockingIOError):
    """The line is full. Nothing was dropped; what was not taken is for the publisher to repeat.

    Attributes
    ----------
    stream, length, bound : which line, how long it is, how long it may be.
    retry_after_s : when trying again makes sense.
    entry_ids : one a message, in the order given; None where it was not taken.
    """

    def __init__(
        self, stream: str, length: int, bound: int, retry_after_s: float, entry_ids: Sequence[str | None]
    ) -> None:
        self.stream = stream
        self.length = length
        self.bound = bound
        self.retry_after_s = retry_after_s
        self.entry_ids = list(entry_ids)
        waiting = sum(entry_id is None for entry_id in entry_ids)
        super().__init__(
            f"{stream} is full: {length:,} entries wait, {bound:,} may; {waiting:,} not taken",
            remedy=f"Try again in {retry_after_s:g} s, or wait; only a running daemon shortens it.",
        )


class PartitionsChangedError(StreamsError, RuntimeError):
    """The minds of a namespace are spread over another number of partitions than this process was told."""

    def __init__(
        self, namespace: str, told: int, there: int, *, so: str = "a mind would have two writers"
    ) -> None:
        super().__init__(
            f"partitions = {told}: the namespace {namespace!r} has {there}, and {so}",
            remedy=f"Set streams.partitions = {there}, or stop every daemon and run "
            f"`cognition schema migrate --partitions {told}`.",
        )


class DeadLettersFullError(StreamsError, BlockingIOError):
    """The dead letters of a partition reached their bound; nothing more can be buried."""

    remedy = "Look at them with `cognition dead list`, then retry or drop them."


class NoSuchDeadLetterError(StreamsError, LookupError):
    """There is no dead letter of this id."""

    remedy = "List them with `cognition dead list`."


class AnswerTimeoutError(StreamsError, TimeoutError):
    """No answer came before the deadline."""

    remedy = "See that a daemon serves this mind (`cognition status`), or allow more time."


class EmbeddedServerError(StreamsError, RuntimeError):
    """The private Valkey cannot be started."""
