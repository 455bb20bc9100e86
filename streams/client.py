"""The connection: one client a process, made here, with every limit spelled out.

Commands are sent under a bytes name, so that redis-py does not reshape the reply: this
package reads the two shapes (RESP 2 and 3) itself. What redis-py raises is translated to
`streams.errors` here and nowhere else. Nothing is retried here: whether repeating a
command is safe is known only to whoever sends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import anyio
from redis import exceptions as redis_errors
from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from streams.cluster import ClusterClient
from streams.errors import (
    StreamsDeniedError,
    StreamsError,
    StreamsRefusedError,
    StreamsUnavailableError,
    StreamsVersionError,
)
from streams.single import StreamsClient
from streams.urls import Several, bad_url, normalised, several

PROTOCOL: Final = 3
"""RESP 3, said aloud: reply shapes differ between protocols."""

RESPONSE_TIMEOUT_S: Final = 15.0
"""A server that is silent for longer is taken for gone. Must exceed every BLOCK."""

CONNECT_TIMEOUT_S: Final = 5.0
CONNECTIONS_MAX: Final = 64
"""A reader blocks one connection; 16 partitions with two readers each leave half for the rest."""

BLOCK_MS_MAX: Final = 5_000
OLDEST: Final = {"redis": (7, 0), "valkey": (7, 2)}
POLL_S: Final = 0.05

_UNAVAILABLE_CODES: Final = {"MISCONF", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "OOM", "TRYAGAIN"}
_UNAVAILABLE: Final = (
    redis_errors.OutOfMemoryError,
    redis_errors.ReadOnlyError,
    redis_errors.ClusterDownError,
)
_DENIED: Final = (
    redis_errors.AuthenticationError,
    redis_errors.AuthorizationError,
    redis_errors.NoPermissionError,
)
_DENIED_CODES: Final = {"NOAUTH", "WRONGPASS", "NOPERM"}
_CODE = re.compile(r"-?([A-Z]+)\b")


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What answers: ``redis`` or ``valkey``, and its version."""

    name: str
    version: str


def connect(
    url: str,
    *,
    response_timeout_s: float = RESPONSE_TIMEOUT_S,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    max_connections: int = CONNECTIONS_MAX,
) -> StreamsClient:
    """A client for this URL. Opens nothing yet; close it with `aclose`.

    ``redis://``, ``rediss://`` (TLS), ``unix://`` and their valkey spellings; user and
    password in the URL; TLS and database options as query parameters.
    """
    place = several(url)
    if place is not None:
        return _connect_several(place, response_timeout_s, connect_timeout_s, max_connections)
    known = normalised(url)
    try:
        pool = ConnectionPool.from_url(
            known,
            protocol=PROTOCOL,
            decode_responses=False,
            socket_timeout=None,
            socket_connect_timeout=connect_timeout_s,
            max_connections=2 * max_connections,  # one that is cancelled is put back a moment later
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise bad_url(url, str(error)) from error
    return StreamsClient(pool, response_timeout_s, max_connections)


def _connect_several(
    place: Several, response_timeout_s: float, connect_timeout_s: float, max_connections: int
) -> StreamsClient:
    """A client of the primary that the sentinels name, or of all nodes of a cluster."""
    common: dict[str, Any] = {
        "protocol": PROTOCOL,
        "decode_responses": False,
        "socket_timeout": None,
        "socket_connect_timeout": connect_timeout_s,
        "max_connections": 2 * max_connections,
        "retry": Retry(NoBackoff(), 0),
        "username": place.username,
        "password": place.password,
    }
    secure: dict[str, Any] = {"ssl_ca_certs": place.ca_file} if place.tls and place.ca_file else {}
    client: StreamsClient
    if place.kind == "cluster":
        plain = SSLConnection if place.tls else Connection

        def pool_of(address: tuple[str, int]) -> ConnectionPool:
            return ConnectionPool(
                connection_class=plain, host=address[0], port=address[1], **common, **secure
            )

        client = ClusterClient(place.nodes, pool_of, response_timeout_s, max_connections)
    else:
        asked = {"socket_timeout": connect_timeout_s, "socket_connect_timeout": connect_timeout_s}
        secret = {"username": place.sentinel_username, "password": place.sentinel_password}
        make_sentinels: Any = Sentinel
        make_pool: Any = SentinelConnectionPool  # both lack types
        sentinels = make_sentinels(list(place.nodes), sentinel_kwargs={**asked, **secret})
        pool = make_pool(place.service, sentinels, ssl=place.tls, db=place.db, **common, **secure)
        client = SentinelClient(pool, sentinels, response_timeout_s, max_connections)
    client.replicas, client.copied_within_s = place.replicas, place.copied_within_s
    return client


class SentinelClient(StreamsClient):
    """A client of the primary that the sentinels name; a new connection asks them anew."""

    def __init__(
        self, pool: ConnectionPool, sentinels: Sentinel, response_timeout_s: float, max_connections: int
    ) -> None:
        super().__init__(pool, response_timeout_s, max_connections)
        self._sentinels = sentinels

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        for each in self._sentinels.sentinels:
            await each.aclose()


def where(client: Redis) -> str:
    """Where a client speaks to, without any secret."""
    given: Mapping[str, Any] = client.connection_pool.connection_kwargs
    if isinstance(client.connection_pool, SentinelConnectionPool):
        return f"redis+sentinel://{client.connection_pool.service_name}"
    if isinstance(client, ClusterClient):
        return f"redis+cluster://{given['host']}:{given['port']}"
    user = f"{given['username']}@" if given.get("username") else ""
    if given.get("path"):
        return f"unix://{user}{given['path']}"
    tls = "s" if "SSL" in client.connection_pool.connection_class.__name__ else ""
    host, port = given.get("host", "localhost"), given.get("port", 6379)
    return f"redis{tls}://{user}{host}:{port}/{given.get('db', 0)}"


async def command(client: Redis, name: bytes, *args: Any) -> Any:
    """One command, its raw reply; raises `StreamsError`."""
    try:
        send: Any = client.execute_command
        return await send(name, *args)
    except (redis_errors.RedisError, OSError) as error:
        raise translated(client, error) from error


async def pipeline(
    client: Redis,
    commands: Iterable[Sequence[Any]],
    *,
    tolerate: frozenset[str] = frozenset(),
    copied: bool = False,
) -> list[Any]:
    """Many commands in one round trip, their raw replies in order; raises the first error.

    An error whose code is in `tolerate` stands in its place in the list instead. With `copied` what they
    wrote is on as many replicas as the URL asks for, or `StreamsUnavailableError` is raised.
    """
    asked = list(commands)
    replicas = client.replicas if copied and isinstance(client, StreamsClient) else 0
    wait = (b"WAIT", replicas, round(client.copied_within_s * 1_000)) if replicas else None  # type: ignore[attr-defined]
    replies = await _sent(client, asked, wait)
    replies, waits = replies[: len(asked)], replies[len(asked) :]
    for place, reply in enumerate(replies):
        if isinstance(reply, Exception):
            refusal = translated(client, reply)
            if not (isinstance(refusal, StreamsRefusedError) and refusal.code in tolerate):
                raise refusal from reply
            replies[place] = refusal
    for reply in waits:
        _require_copied(client, reply, replicas)
    return replies


def _require_copied(client: Redis, reply: Any, replicas: int) -> None:
    """Raise unless a WAIT says that so many replicas have it. One that is refused says that the node is a
    replica itself by now: what was written may or may not have come along."""
    if isinstance(reply, Exception):
        refusal = translated(client, reply)
        if not isinstance(refusal, StreamsRefusedError):
            raise refusal from reply
        raise StreamsUnavailableError(
            f"{refusal}: whether replicas have what was written is not known", remedy="Repeat it."
        ) from reply
    if reply < replicas:
        raise StreamsUnavailableError(
            f"{where(client)}: what was written is on {reply} replicas, {replicas} are asked for",
            remedy="Bring the replicas back and repeat it, or set replicas=0 in the URL.",
        )


async def _sent(client: Redis, asked: list[Sequence[Any]], last: Sequence[Any] | None) -> list[Any]:
    """Replies and errors in order; then those of `last`, one for each node."""
    try:
        if isinstance(client, ClusterClient):
            return await client.execute_many(asked, last)
        async with (
            client.limited() if isinstance(client, StreamsClient) else nullcontext(),
            client.pipeline(transaction=False) as line,
        ):
            for one in [*asked, last] if last else asked:
                line.execute_command(*one)
            replies: list[Any] = await line.execute(raise_on_error=False)
            return replies
    except (redis_errors.RedisError, OSError) as error:
        raise translated(client, error) from error


def translated(client: Redis, error: Exception) -> StreamsError:
    """The same failure in the words of this package."""
    if isinstance(error.__cause__, _DENIED):  # redis-py wraps what fails while it connects
        error = error.__cause__
    place, text = where(client), (str(error) or type(error).__name__).rstrip(".")
    match = _CODE.match(text)
    code = match[1] if match else ""
    if isinstance(error, redis_errors.NoScriptError):
        return StreamsRefusedError(f"{place}: {text}", code="NOSCRIPT")
    if code in _DENIED_CODES or isinstance(error, _DENIED):
        return StreamsDeniedError(
            f"{place} refuses: {text}",
            remedy="Give user and password in the URL, and give that user the keys and commands (ACL).",
        )
    if "unknown command" in text.lower() and "HELLO" in text.upper():
        return StreamsVersionError(f"{place} is too old: {text}", remedy=_upgrade())
    if (
        code in _UNAVAILABLE_CODES
        or isinstance(error, _UNAVAILABLE)
        or not isinstance(error, redis_errors.ResponseError)
    ):
        return StreamsUnavailableError(f"{place} is not available: {text}", remedy=_remedy_for(error, code))
    return StreamsRefusedError(f"{place} refuses: {text}", code=code)


async def wait_until_ready(client: Redis, *, within_s: float = 10.0) -> ServerInfo:
    """Wait until the server answers, then check its version.

    Raises the last `StreamsUnavailableError` after `within_s`, and at once what waiting cannot heal.
    """
    deadline = anyio.current_time() + within_s
    while True:
        try:
            return await server_info(client)
        except StreamsUnavailableError:
            if anyio.current_time() + POLL_S >= deadline:
                raise
            await anyio.sleep(POLL_S)


async def server_info(client: Redis) -> ServerInfo:
    """Who answers; raises `StreamsVersionError` when it is too old. Needs no right but to connect."""
    reply = pairs(await command(client, b"HELLO"))
    await command(client, b"PING")
    info = ServerInfo(name=reply[b"server"].decode(), version=reply[b"version"].decode())
    check_version(where(client), info)
    return info


def check_version(place: str, info: ServerInfo) -> None:
    """Raises `StreamsVersionError` unless this server has what is needed."""
    oldest = OLDEST.get(info.name, OLDEST["redis"])
    numbers = tuple(int(part) for part in re.findall(r"\d+", info.version)[:2])
    if numbers < oldest:
        raise StreamsVersionError(f"{place} is {info.name} {info.version}", remedy=_upgrade())


def pairs(reply: Any) -> dict[Any, Any]:
    """A map that came as a map (RESP 3) or as a flat list (RESP 2)."""
    if isinstance(reply, dict):
        return reply
    halves = iter(reply)
    return dict(zip(halves, halves, strict=True))


def streams_of(reply: Any) -> Iterable[tuple[bytes, list[Any]]]:
    """The streams of an XREAD or XREADGROUP reply with their entries, in either protocol."""
    if not reply:
        return ()
    return reply.items() if isinstance(reply, dict) else ((stream, entries) for stream, entries in reply)


def _upgrade() -> str:
    return "Use Redis 7.0 or Valkey 7.2, or newer; or leave the URL out for the embedded Valkey."


def _remedy_for(error: Exception, code: str) -> str:
    if code == "MISCONF":
        return "It cannot write to its disk: free space there, then go on."
    if code == "OOM" or isinstance(error, redis_errors.OutOfMemoryError):
        return "It is out of memory: raise maxmemory (policy noeviction), or run a daemon."
    if code == "READONLY" or isinstance(error, redis_errors.ReadOnlyError):
        return "It is a replica: give the URL of the primary."
    return "See that it runs and that the URL is right."
