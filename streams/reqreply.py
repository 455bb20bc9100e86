"""Request and answer over two streams, matched by identifier.

A request goes onto `cues` of the mind's partition, its answer comes back on `recollections`.
Several may be under way over one connection for writing and one for reading. The serving
side is a `Consumer` of `cues` with an `Answerer`. This module must not know what is asked.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Protocol, Self

import anyio
from redis.asyncio import Redis

from schemas import wire
from schemas.base import Message
from streams.client import command
from streams.codec import Form, decode_fields, encode_fields
from streams.errors import AnswerTimeoutError
from streams.keys import StreamKeys
from streams.mailbox import TO, Mailroom
from streams.producer import Producer

ANSWERS_KEPT: Final = 1_000
"""Answers of one partition; each is read within milliseconds by the one who asked."""


class Request(Protocol):
    """What a request has: its own identifier, the mind it is for, how long the asker waits."""

    @property
    def id(self) -> str: ...
    @property
    def mind(self) -> str: ...
    @property
    def deadline_s(self) -> float: ...


class Caller:
    """Asks and awaits the answer. Use as a context manager; safe for many tasks at once."""

    def __init__(self, client: Redis, keys: StreamKeys, *, form: Form = "m") -> None:
        self._keys = keys
        self._producer = Producer(client, keys, form=form)
        self._rooms = Mailroom(client, lambda partition: keys.stream(partition, wire.RECOLLECTIONS))

    async def __aenter__(self) -> Self:
        await self._rooms.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._rooms.__aexit__(kind, error, trace)

    async def ask(self, request: Request, deadline_s: float | None = None) -> Message:
        """The answer to this request; raises `AnswerTimeoutError` after its deadline."""
        assert isinstance(request, Message), "a request is a message"
        wait_s = request.deadline_s if deadline_s is None else deadline_s
        box = self._rooms.of(self._keys.partition_of(request.mind))
        with anyio.move_on_after(wait_s):
            async with box.expecting(request.id) as arrival:
                await box.start()
                await self._producer.publish(request, request.mind)
                return decode_fields(wire.RECOLLECTIONS, await arrival())
        raise AnswerTimeoutError(f"{type(request).__name__} {request.id} had no answer within {wait_s:g} s")


class Answerer:
    """Publishes answers."""

    def __init__(self, client: Redis, keys: StreamKeys, *, form: Form = "m") -> None:
        self._client = client
        self._keys = keys
        self._form: Form = form

    async def answer(self, partition: int, message: Message) -> str:
        """Append the answer on the partition that asked; its entry id."""
        fields: dict[str, Any] = {**encode_fields(message, self._form), TO: _asked_by(message)}
        flat = [part for pair in fields.items() for part in pair]
        key = self._keys.stream(partition, wire.RECOLLECTIONS)
        added: bytes = await command(self._client, b"XADD", key, "MAXLEN", "~", ANSWERS_KEPT, "*", *flat)
        return added.decode()


def _asked_by(message: Message) -> str:
    """The identifier of the request that a message answers."""
    for name in ("cue_id", "inquiry_id"):
        found = getattr(message, name, None)
        if isinstance(found, str):
            return found
    raise TypeError(f"{type(message).__name__} answers nothing: it has neither cue_id nor inquiry_id")
