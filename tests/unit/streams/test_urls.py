import pytest

from streams.client import connect, where
from streams.errors import StreamsUrlError
from streams.urls import normalised, shown


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("redis://host:1/2", "redis://host:1/2"),
        ("valkey://host", "redis://host"),
        ("valkeys://user:pw@host", "rediss://user:pw@host"),
        ("UNIX:///run/valkey.sock?db=1", "unix:///run/valkey.sock?db=1"),
        ("valkey+unix:///run/valkey.sock", "unix:///run/valkey.sock"),
    ],
)
def test_spellings_of_the_scheme(given: str, taken: str) -> None:
    assert normalised(given) == taken


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("localhost:6379", "no scheme"),
        ("", "no scheme"),
        ("http://host", "unknown scheme 'http'"),
        ("redis://host:port", "Port could not be cast"),
        ("redis://host:99999", "out of range"),
        ("unix://", "no path of a socket"),
        ("redis://host?socket_timeout=soon", "socket_timeout"),
    ],
)
def test_a_malformed_url_is_named_with_a_remedy(url: str, problem: str) -> None:
    with pytest.raises(StreamsUrlError, match=problem) as caught:
        connect(url)
    assert "redis://user:password@host:6379/0" in caught.value.remedy


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:secret@host:1/0",
        "redis://:secret@host",
        "unix:///a.sock?password=secret&db=1",
        "redis://user:secret@host:port",
        "redis://user:secret@[bad",
        "http://user:secret@host",
    ],
)
def test_no_message_shows_the_password(url: str) -> None:
    assert "secret" not in shown(url)
    assert "***" in shown(url)


@pytest.mark.parametrize("url", ["redis://user:secret@host:port", "http://user:secret@host"])
def test_a_refused_url_is_shown_without_its_password(url: str) -> None:
    with pytest.raises(StreamsUrlError) as caught:
        connect(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://", "redis://localhost:6379/0"),
        ("valkey://ada:secret@host:1/2", "redis://ada@host:1/2"),
        ("rediss://host", "rediss://host:6379/0"),
        ("unix:///run/my%20valkey.sock", "unix:///run/my valkey.sock"),
    ],
)
def test_where_a_client_speaks_to(url: str, place: str) -> None:
    assert where(connect(url)) == place
