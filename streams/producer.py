"""Publishing: append to the line of a mind's partition, or be told that it is full.

Looking at the length and appending are one step on the server. Whoever writes with plain
``XADD`` goes around the bound; consumers trim what is done, so that the length means work
that waits. This module must not know what is published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from redis.asyncio import Redis

from schemas import wire
from schemas.base import Message
from streams import layout
from streams.codec import Form, encode_fields, stream_of
from streams.errors import BackpressureError
from streams.keys import StreamKeys
from streams.scripts import PUBLISH

BOUNDS: Final[dict[str, int]] = {wire.AWAKE: 10_000, wire.DREAM: 100_000, wire.CUES: 1_000}
"""How many entries may wait, by stream of one partition (schema, section 1; cues: an answer takes
milliseconds, and one that waits behind a thousand is past its deadline)."""

COPIED: Final = frozenset({wire.AWAKE, wire.DREAM})
"""What must not be lost with a primary: it counts as taken once replicas have it. Whoever asks again loses
nothing with a cue, and is answered while a replica is away."""

RETRY_AFTER_S: Final = 0.5
"""In this time a daemon that embeds on two cores (some 80 texts/s) has made room for tens of entries."""

CHUNK_ENTRIES: Final = 256
"""Entries of one line in one step: bounds how long the server is kept busy, and Lua's stack."""

PAUSE_S: Final = 0.01
PAUSE_S_MAX: Final = 0.25


@dataclass(slots=True)
class _Line:
    """What is to be appended to one stream of one partition, in order."""

    stream: str
    key: str
    bound: int
    places: list[int] = field(default_factory=list)
    entries: list[list[Any]] = field(default_factory=list)
    done: int = 0

    @property
    def open(self) -> bool:
        return self.done < len(self.entries)

    def next_call(self) -> tuple[list[str], list[Any]]:
        args: list[Any] = [self.bound]
        for entry in self.entries[self.done : self.done + CHUNK_ENTRIES]:
            args.append(len(entry))
            args.extend(entry)
        return [self.key], args

    def took(self, added: Sequence[bytes], entry_ids: list[str | None]) -> None:
        """These are the entries that the next of it became."""
        for entry_id in added:
            entry_ids[self.places[self.done]] = entry_id.decode()
            self.done += 1


class Producer:
    """Publishes messages to the streams that carry them."""

    def __init__(
        self,
        client: Redis,
        keys: StreamKeys,
        *,
        bounds: Mapping[str, int] = BOUNDS,
        form: Form = "m",
    ) -> None:
        self._client = client
        self._keys = keys
        self._bounds = {**BOUNDS, **bounds}
        self._form: Form = form
        self._agreed = False

    async def publish(self, message: Message, mind: str, wait_s: float | None = None) -> str:
        """Append one message and return its entry id.

        Raises `BackpressureError` when the line is full, with `wait_s` only after waiting so
        long, and `PartitionsChangedError` where daemons count other partitions. After a
        `StreamsUnavailableError` it is unknown whether the entry was taken: repeat only what has a key.
        """
        return (await self.publish_many([(mind, message)], wait_s))[0]

    async def publish_many(
        self, items: Sequence[tuple[str, Message]], wait_s: float | None = None
    ) -> list[str]:
        """Append many, in order within each partition; their entry ids in the order given.

        When some were refused, `BackpressureError.entry_ids` says which were taken; of one
        partition always the first so many.
        """
        entry_ids: list[str | None] = [None] * len(items)
        lines = self._lines(items)
        await self._require_layout(lines)
        deadline = anyio.current_time() + (wait_s or 0.0)
        pause_s = PAUSE_S
        while lines:
            refused, lines = await self._append(lines, entry_ids)
            if refused is None:
                continue
            left_s = deadline - anyio.current_time()
            if left_s <= 0:
                line, length = refused
                raise BackpressureError(line.stream, length, line.bound, RETRY_AFTER_S, entry_ids)
            await anyio.sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, PAUSE_S_MAX)
        return [entry_id for entry_id in entry_ids if entry_id is not None]

    async def _require_layout(self, lines: Sequence[_Line]) -> None:
        """Once, before the first of what must not be lost: on the line of another layout nobody reads it."""
        if not self._agreed and any(line.stream in COPIED for line in lines):
            await layout.require_of_client(self._client, self._keys, publishes=True)
            self._agreed = True

    def _lines(self, items: Sequence[tuple[str, Message]]) -> list[_Line]:
        lines: dict[str, _Line] = {}
        for place, (mind, message) in enumerate(items):
            stream = stream_of(message)
            key = self._keys.stream(self._keys.partition_of(mind), stream)
            line = lines.get(key)
            if line is None:
                line = lines[key] = _Line(stream=stream, key=key, bound=self._bounds[stream])
            line.places.append(place)
            line.entries.append(
                [part for pair in encode_fields(message, self._form).items() for part in pair]
            )
        return list(lines.values())

    async def _append(
        self, lines: list[_Line], entry_ids: list[str | None]
    ) -> tuple[tuple[_Line, int] | None, list[_Line]]:
        """The next chunk of every line, in one round trip for those that are copied and one for those that
        are not. Who refused, and what is left."""
        refused: tuple[_Line, int] | None = None
        for copied in (True, False):
            chosen = [line for line in lines if (line.stream in COPIED) is copied]
            calls = [line.next_call() for line in chosen]
            replies = await PUBLISH.run_many(self._client, calls, copied=copied) if calls else []
            for line, (length, *added) in zip(chosen, replies, strict=True):
                line.took(added, entry_ids)
                if length:
                    refused = (line, length)
        return refused, [line for line in lines if line.open]
