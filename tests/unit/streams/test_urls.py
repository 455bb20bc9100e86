import pytest

from streams.client import connect, where
from streams.cluster import slot_of
from streams.errors import StreamsUrlError
from streams.urls import normalised, several, shown


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


def test_several_nodes_are_read_with_their_service_and_secrets() -> None:
    found = several("valkey+sentinel://ana:p%40ss@a:1,b/store/2?sentinel_password=s&replicas=2")
    assert found is not None
    assert (found.nodes, found.service, found.db) == ((("a", 1), ("b", 26_379)), "store", 2)
    assert (found.username, found.password, found.sentinel_password) == ("ana", "p@ss", "s")
    assert (found.replicas, found.tls) == (2, False)
    found = several("rediss+cluster://[::1]:7000,c")
    assert found is not None
    assert (found.kind, found.nodes, found.tls) == ("cluster", (("::1", 7_000), ("c", 6_379)), True)
    assert several("redis://one") is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("redis+sentinel://a,b", "no service"),
        ("redis+cluster://a/service", "no path"),
        ("redis+cluster://a:port", "Port could not be cast"),
        ("redis+cluster://,", "no host"),
        ("redis+cluster://a?colour=red", "unknown option 'colour'"),
        ("redis+sentinel://a/s?replicas=few", "few"),
    ],
)
def test_several_nodes_that_are_none_are_named(url: str, problem: str) -> None:
    with pytest.raises(StreamsUrlError, match=problem):
        connect(url)


def test_secrets_of_several_nodes_are_hidden() -> None:
    told = shown("redis+sentinel://ana:secret@a,b/s?sentinel_password=hidden&replicas=1")
    assert told == "redis+sentinel://ana:***@a,b/s?sentinel_password=***&replicas=1"


def test_the_key_of_a_command_decides_its_slot() -> None:
    key = "{tmi:3}:awake"
    slot = slot_of((b"XADD", key))
    for words in [
        (b"EVAL", "return {1}", 1, key),
        (b"EVALSHA", "hash", 2, key, "{tmi:3}:lease"),
        (b"XGROUP", b"CREATE", key, "group"),
        (b"XREADGROUP", "GROUP", "g", "{n}", "COUNT", 1, "STREAMS", key.encode(), ">"),
        (b"XPENDING", key),
    ]:
        assert slot_of(words) == slot
    assert slot_of((b"PING",)) is None
