"""Asking one node after another: bounded attempts, with a pause that grows and has jitter.

All that is asked may be asked twice: reads change nothing, and what is written has ids and conditions
of its own; who asks for shards to be made or moved looks what has become of it. What a node says is wrong is
not asked again; a key that it refuses is shown to the next one. Must not know what is asked.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

import anyio
import anyio.lowlevel
from qdrant_client import AsyncQdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from cognition.errors import (
    CognitionError,
    StoreDeniedError,
    StoreRefusedError,
    StoreUnavailableError,
    problem_of,
)
from cognition.stores.server_key import Key

T = TypeVar("T")

Told = Callable[[StoreUnavailableError, float], None]
"""Hears of a failure and of the pause after it."""

PAUSE_S: Final = 0.1
PAUSE_S_MAX: Final = 2.0
"""A replica that goes away is noticed after some 2 s (measured, three nodes); six attempts last longer."""

REFUSED_CODES: Final = frozenset({"INVALID_ARGUMENT", "ALREADY_EXISTS", "OUT_OF_RANGE", "UNIMPLEMENTED"})
"""gRPC status names that say that the request is wrong. All others are worth another try, NOT_FOUND too: a
node that lags behind does not know a collection yet."""

REFUSED_STATUS: Final = frozenset({400, 405, 409, 413, 422})
DENIED_CODES: Final = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})
DENIED_STATUS: Final = frozenset({401, 403})
SAID_MAX: Final = 500
"""Characters of what a server says that are told on."""

UNVOUCHED: Final = (
    "Name the authority that signed its certificate as store.ca_file, "
    "and the server in store.url as the certificate does."
)


class Nodes:
    """Clients of the nodes of one server or cluster; whoever answered last is asked first."""

    def __init__(
        self,
        clients: Sequence[AsyncQdrantClient],
        *,
        attempts_max: int,
        chance: random.Random,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        key: Key | None = None,
        told: Told | None = None,
    ) -> None:
        """`told` hears of a node that refuses our key while others are asked, once until it accepts again,
        and of a key that was exchanged. `key`: what the clients show."""
        self._clients = list(clients)
        self._attempts_max = attempts_max
        self._chance = chance
        self._sleep = sleep
        self._key = key
        self._told = told
        self._current = 0
        self._refusing: set[int] = set()

    async def ask(
        self,
        about: str,
        verb: Callable[[AsyncQdrantClient], Awaitable[T]],
        *,
        soon_s: float | None = None,
    ) -> T:
        """The answer of the first node that gives one. Raises what the last of them said.

        With `soon_s` each node is given so long where there is another one, and once all were asked, as long
        as the client waits: a node that hangs is told from nodes that are slow. Whoever asked and was
        cancelled meanwhile has the next one ask another node. One that refuses our key is passed over at
        once; where no other one answers, the key's file is looked at, and with another key all are asked
        once more. Raises `StoreDeniedError` else.
        """
        shown = "" if self._key is None else self._key.now()
        try:
            return await self._asked(about, verb, soon_s)
        except StoreDeniedError as error:
            if self._key is None:
                raise
            if await self._key.exchange(shown, error) and self._told is not None:
                remedy = f"{self._key.file} holds another, which is shown from now on."
                self._told(StoreDeniedError(problem_of(error), remedy=remedy), 0.0)
        return await self._asked(about, verb, soon_s)

    async def _asked(
        self, about: str, verb: Callable[[AsyncQdrantClient], Awaitable[T]], soon_s: float | None
    ) -> T:
        """The answer of the first node that gives one; each that refuses our key is asked once."""
        failed, denied, refusing = 0, None, set[int]()
        while True:
            place, left = self._next_but(refusing), len(self._clients) - len(refusing)
            brief = failed + 1 < self._attempts_max and failed < left and left > 1
            try:
                found = await self._once(place, about, verb, soon_s if brief else None)
            except StoreDeniedError as error:
                denied = error
                refusing.add(place)
                if len(refusing) == len(self._clients):
                    raise
                self._refused(place, error)
            except StoreUnavailableError as error:
                failed += 1
                self._pass_over(place)
                if failed >= self._attempts_max and denied is not None:
                    raise denied from error
                if failed >= self._attempts_max:
                    raise
                await self._sleep(self._pause_s(failed))
            else:
                self._refusing.discard(place)
                return found

    async def each(self, about: str, verb: Callable[[AsyncQdrantClient], Awaitable[T]]) -> list[T]:
        """The answer of every node, in turn. Raises where one gives none."""
        found: list[T] = []
        for number, client in enumerate(self._clients, 1):
            alone = Nodes(
                [client],
                attempts_max=self._attempts_max,
                chance=self._chance,
                sleep=self._sleep,
                key=self._key,
                told=self._told,
            )
            found.append(await alone.ask(f"{about}, node {number} of {len(self._clients)}", verb))
        return found

    async def close(self) -> None:
        for client in self._clients:
            await client.close()

    async def _once(
        self,
        place: int,
        about: str,
        verb: Callable[[AsyncQdrantClient], Awaitable[T]],
        limit_s: float | None,
    ) -> T:
        with anyio.move_on_after(limit_s), translated(about):
            try:
                return await verb(self._clients[place])
            except anyio.get_cancelled_exc_class():
                self._pass_over(place)
                # gRPC takes a cancellation for itself and raises another, which no scope knows as its own.
                await anyio.lowlevel.checkpoint_if_cancelled()
                raise
        raise StoreUnavailableError(
            f"{about}: node {place + 1} of {len(self._clients)} gave no answer within {limit_s:g} s",
            remedy="Trying again is safe.",
        )

    def _next_but(self, refusing: set[int]) -> int:
        """The place of who is asked next, of those that do not refuse our key."""
        count = len(self._clients)
        places = ((self._current + step) % count for step in range(count))
        return next(place for place in places if place not in refusing)

    def _refused(self, place: int, error: StoreDeniedError) -> None:
        """Ask others, and tell of this one where that is news."""
        self._pass_over(place)
        if self._told is not None and place not in self._refusing:
            told = StoreDeniedError(
                f"node {place + 1} of {len(self._clients)} in store.url: {problem_of(error)}",
                remedy="Others are asked. Have all nodes take the key that this process has.",
            )
            self._told(told, 0.0)
        self._refusing.add(place)

    def _pass_over(self, place: int) -> None:
        """Another node is asked next, unless somebody has seen to that."""
        if self._current == place:
            self._current = (place + 1) % len(self._clients)

    def _pause_s(self, attempt: int) -> float:
        """Doubling; between half of it and all of it, so that daemons do not come back in step."""
        full = min(PAUSE_S * 2.0 ** (attempt - 1), PAUSE_S_MAX)
        return full * (0.5 + 0.5 * self._chance.random())


@contextmanager
def translated(about: str) -> Iterator[None]:
    """The client's errors as ours, over HTTP, gRPC and in process."""
    try:
        yield
    except CognitionError:
        raise
    except UnexpectedResponse as error:
        status = error.status_code or 0
        raise _error(
            about, error, denied=status in DENIED_STATUS, refused=status in REFUSED_STATUS
        ) from error
    except (ResponseHandlingException, ResourceExhaustedResponse, OSError) as error:
        raise _error(about, error) from error
    except (ValueError, TypeError) as error:
        raise _error(about, error, refused=True) from error
    except Exception as error:
        code = getattr(error, "code", None)
        if not callable(code):
            raise
        name = code().name
        raise _error(about, error, denied=name in DENIED_CODES, refused=name in REFUSED_CODES) from error


def _error(about: str, error: Exception, *, denied: bool = False, refused: bool = False) -> CognitionError:
    said = _said(error)
    if denied:
        return StoreDeniedError(
            f"{about}: the server refuses this key: {said}",
            remedy="Give a key that may write as store.api_key, QDRANT_API_KEY or store.api_key_file.",
        )
    if refused:
        return StoreRefusedError(f"{about}: {said}")
    if unvouched(said):
        return StoreUnavailableError(f"{about}: {said}", remedy=UNVOUCHED)
    if "No space left" in said or "out of disk" in said.lower():
        return StoreUnavailableError(
            f"{about}: {said}", remedy="Free space on the disk of that node; what waits is taken then."
        )
    return StoreUnavailableError(f"{about}: {said}", remedy="Trying again is safe.")


def unvouched(said: str) -> bool:
    """Whether this is of a certificate that is not trusted: HTTP and gRPC write it each in its way."""
    return "certificate verify failed" in said.lower().replace("_", " ")


def _said(error: Exception) -> str:
    """What the error says, in a line: gRPC's own text is a page."""
    details = getattr(error, "details", None)
    if callable(details) and getattr(error, "code", None) is not None:
        return f"{error.code().name}: {details()}"  # type: ignore[attr-defined]
    if isinstance(error, UnexpectedResponse):
        body = error.content.decode(errors="replace") if isinstance(error.content, bytes) else ""
        return f"{error.status_code} {error.reason_phrase} {body}".strip()[:SAID_MAX]
    return (str(error) or type(error).__name__)[:SAID_MAX]
