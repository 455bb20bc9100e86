"""The connection: one client a process, made here, with every limit spelled out.

Commands are sent under a bytes name, so that redis-py does not reshape the reply: this
package reads the two shapes (RESP 2 and 3) itself. What redis-py raises is translated to
`streams.errors` here and nowhere else. Nothing is retried here: whether repeating a
command is safe is known only to whoever sends it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import anyio
from redis import exceptions as redis_errors
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from streams.errors import (
    StreamsDeniedError,
    StreamsError,
    StreamsRefusedError,
    StreamsUnavailableError,
    StreamsVersionError,
)
from streams.urls import bad_url, normalised

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


class StreamsClient(Redis):
    """A client whose every command has a time limit and a place among the connections.

    Both are redis-py's own business, too, but cost it 60 us a command more than it takes
    to do the work (measured; 50 us without): so its own are left off.
    """

    def __init__(self, pool: ConnectionPool, response_timeout_s: float, max_connections: int) -> None:
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self._response_timeout_s = response_timeout_s
        self._places = anyio.Semaphore(max_connections, fast_acquire=True)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """As redis-py, within the limits."""
        async with self.limited():
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    @asynccontextmanager
    async def limited(self) -> AsyncIterator[None]:
        """What is sent in the body ends in time; it waits while all connections are in use."""
        with anyio.move_on_after(self._response_timeout_s) as scope:
            async with self._places:
                yield
        if scope.cancelled_caught:
            raise redis_errors.TimeoutError(f"no answer within {self._response_timeout_s:g} s")


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


def where(client: Redis) -> str:
    """Where a client speaks to, without any secret."""
    given: Mapping[str, Any] = client.connection_pool.connection_kwargs
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
    client: Redis, commands: Iterable[Sequence[Any]], *, tolerate: frozenset[str] = frozenset()
) -> list[Any]:
    """Many commands in one round trip, their raw replies in order; raises the first error.

    An error whose code is in `tolerate` stands in its place in the list instead.
    """
    try:
        async with (
            client.limited() if isinstance(client, StreamsClient) else nullcontext(),
            client.pipeline(transaction=False) as line,
        ):
            for one in commands:
                line.execute_command(*one)
            replies: list[Any] = await line.execute(raise_on_error=False)
    except (redis_errors.RedisError, OSError) as error:
        raise translated(client, error) from error
    for place, reply in enumerate(replies):
        if isinstance(reply, Exception):
            refusal = translated(client, reply)
            if not (isinstance(refusal, StreamsRefusedError) and refusal.code in tolerate):
                raise refusal from reply
            replies[place] = refusal
    return replies


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
