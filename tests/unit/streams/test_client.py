import pytest
from redis import exceptions

from streams.client import connect, pairs, streams_of, translated
from streams.errors import (
    StreamsDeniedError,
    StreamsError,
    StreamsRefusedError,
    StreamsUnavailableError,
    StreamsVersionError,
)

SAID = [
    (exceptions.ConnectionError("Connection refused"), StreamsUnavailableError, "See that it runs"),
    (exceptions.TimeoutError("no answer within 15 s"), StreamsUnavailableError, "See that it runs"),
    (exceptions.BusyLoadingError("loading the dataset"), StreamsUnavailableError, "loading"),
    (
        exceptions.ResponseError("MISCONF Errors writing to the AOF file"),
        StreamsUnavailableError,
        "free space",
    ),
    (exceptions.OutOfMemoryError("command not allowed"), StreamsUnavailableError, "maxmemory"),
    (exceptions.ReadOnlyError("You can't write"), StreamsUnavailableError, "URL of the primary"),
    (exceptions.AuthenticationError("invalid"), StreamsDeniedError, "user and password"),
    (exceptions.NoPermissionError("no permissions"), StreamsDeniedError, "ACL"),
    (exceptions.ResponseError("unknown command `HELLO`"), StreamsVersionError, "Redis 7.0"),
    (exceptions.NoScriptError("No matching script"), StreamsRefusedError, "script"),
    (exceptions.ResponseError("WRONGTYPE Operation"), StreamsRefusedError, "WRONGTYPE"),
]


@pytest.mark.parametrize(("said", "kind", "text"), SAID, ids=[str(row[0]) for row in SAID])
def test_what_the_server_says_becomes_an_error_with_a_remedy(
    said: Exception, kind: type[StreamsError], text: str
) -> None:
    error = translated(connect("redis://somewhere:1/2"), said)
    assert type(error) is kind
    assert "redis://somewhere:1/2" in str(error)
    assert text in str(error)


def test_the_reason_behind_a_failed_connection_counts() -> None:
    outer = exceptions.ConnectionError("cannot connect")
    outer.__cause__ = exceptions.AuthenticationError("invalid username-password pair")
    assert isinstance(translated(connect("redis://"), outer), StreamsDeniedError)


def test_both_protocols_are_read_alike() -> None:
    entries = [[b"1-1", [b"a", b"b"]]]
    assert pairs({b"a": b"b"}) == pairs([b"a", b"b"])
    assert list(streams_of({b"s": entries})) == list(streams_of([[b"s", entries]])) == [(b"s", entries)]
    assert list(streams_of(None)) == []
