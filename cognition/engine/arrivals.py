"""Arrivals: what comes in is judged, read and given its vector, before anything is decided.

Nothing here writes, and nothing here knows the state of a mind, so it may run ahead of the
encoding of earlier entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio.lowlevel
import numpy as np
from numpy.typing import NDArray

from cognition.engine.mind import entry_order
from cognition.engine.options import AttentionOptions
from cognition.engine.tongues import Tongues
from cognition.errors import BadPerceptError, EmbeddingError, UnavailableError
from cognition.mechanisms.text import content_hash, searchable_text
from cognition.mechanisms.vectors import as_kept, decode_vector
from cognition.ports.clock import Clock
from cognition.ports.embedder import Embedder
from cognition.ports.stores import Stores
from schemas.base import Message
from schemas.identifiers import is_identifier, memory_id
from schemas.percept import Forget, Mark, Percept, Rebuild, seconds

Dense = NDArray[np.float32]

PAST_MAX_S = 1e11
"""About 3,000 years; a time before that is a mistaken unit."""

YEAR_S = 365.25 * 86_400.0
"""The Julian year."""

RETRY_BASE_S = 0.05
RETRY_FACTOR = 4.0
"""Waits between the attempts to embed: 50 ms, 200 ms, as long as a model needs to be itself again."""

JUDGED_AT_ONCE = 8
"""Entries that are judged before others may go on: below a millisecond."""

PROBE = "Is the embedder well?"


@dataclass(frozen=True, slots=True)
class Entry:
    """One decoded entry of the `awake` stream."""

    partition: int
    id: str
    message: Message


@dataclass(slots=True)
class Arrival:
    """An entry on its way: judged, with its vector, or with the reason why not."""

    entry: Entry
    mind: str
    at: float
    key: str = ""
    memory_id: str = ""
    content: str = ""
    vector: Dense | None = None
    stated: dict[int, int] = field(default_factory=dict)
    asked: dict[int, int] = field(default_factory=dict)
    hash: str = ""
    rejection: str = ""

    @property
    def length(self) -> int:
        """Number of terms, repetitions counted."""
        return sum(self.stated.values()) + sum(self.asked.values())


def embedding_text(actor: str, content: str) -> str:
    """What is embedded of a percept: ``actor: content`` (measured on LoCoMo), or the content."""
    return f"{actor}: {content}" if actor else content


def not_ids(memory_ids: Sequence[str]) -> str:
    """What is wrong with the first that is not a memory's id, "" if all are."""
    for place, given in enumerate(memory_ids):
        if not is_identifier(given):
            return (
                f"memory_ids[{place}] = {given[:64]!r} is not the id of a memory. "
                "Give ids as `recall` shows them: 36 characters, lower case."
            )
    return ""


def entry_seconds(entry: str) -> float:
    """When an entry arrived, by its own id (epoch seconds)."""
    return entry_order(entry)[0] / 1000.0


class Senses:
    """Judges entries and embeds them. One instance a daemon."""

    def __init__(
        self,
        stores: Stores,
        embedder: Embedder | None,
        clock: Clock,
        options: AttentionOptions,
        *,
        tongues: Tongues,
        attempts_max: int = 3,
    ) -> None:
        self._stores = stores
        self._embedder = embedder
        self._clock = clock
        self._options = options
        self._tongues = tongues
        self._attempts_max = attempts_max

    async def prepare(self, entries: Sequence[Entry]) -> list[Arrival]:
        """Judge each entry and give it its vector. Reads the store once, writes nothing."""
        arrivals: list[Arrival] = []
        for entry in entries:
            if len(arrivals) % JUDGED_AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
            arrivals.append(self._judge(entry))
        wanting = [
            a
            for a in arrivals
            if isinstance(a.entry.message, Percept) and a.vector is None and not a.rejection
        ]
        if wanting:
            known = await self._stores.memories.find([(a.mind, a.memory_id) for a in wanting])
            await self._embed([a for a in wanting if a.memory_id not in known])
        return arrivals

    def _judge(self, entry: Entry) -> Arrival:
        message = entry.message
        arrived = entry_seconds(entry.id)
        if isinstance(message, Forget):
            return Arrival(entry, message.mind, arrived, rejection=not_ids(message.memory_ids))
        if isinstance(message, Rebuild):
            return Arrival(entry, message.mind, arrived)
        if not isinstance(message, Percept | Mark):
            raise AssertionError(f"{type(message).__name__} is not carried by the awake stream")
        at = arrived if message.occurred_at is None else seconds(message.occurred_at)
        arrival = Arrival(entry, message.mind, at)
        try:
            self._check_moment(at, arrived)
            if isinstance(message, Percept):
                self._read(message, arrival)
        except BadPerceptError as error:
            arrival.rejection = str(error)
        return arrival

    def _check_moment(self, at: float, arrived: float) -> None:
        """A clock that was set back does not make what comes in a thing of the future."""
        ahead = at - max(self._clock.now(), arrived)
        if not np.isfinite(at):
            fault = "is not a moment"
        elif at < -PAST_MAX_S:
            fault = f"lies {-at / YEAR_S:,.0f} years before 1970"
        elif ahead > self._options.future_max_s:
            fault = f"is {ahead:.0f} s ahead of this daemon's clock"
        else:
            return
        raise BadPerceptError(
            f"occurred_at = {at!r} {fault}",
            remedy=f"Give seconds since 1970, at most {self._options.future_max_s:.0f} s in the future "
            "(milliseconds must be divided by 1000), or leave it out.",
        )

    def _read(self, percept: Percept, arrival: Arrival) -> None:
        content = percept.content or (searchable_text(percept.data) if percept.data else "")
        if not content.strip():
            raise BadPerceptError(
                "content is missing or blank", remedy="Give content, or data with text in it."
            )
        arrival.content = content
        arrival.key = percept.key or arrival.entry.id
        arrival.memory_id = memory_id(percept.mind, arrival.key)
        arrival.stated, arrival.asked = self._tongues.of(percept.mind).turn_terms(content, percept.actor)
        arrival.hash = content_hash(embedding_text(percept.actor, content))
        if percept.vector is not None:
            arrival.vector = as_kept(decode_vector(percept.vector))
        elif self._embedder is None:
            raise BadPerceptError(
                "this daemon runs without an embedder and the percept has no vector",
                remedy="Give `vector`, or start the daemon with embedding.enabled = true.",
            )

    async def _embed(self, arrivals: Sequence[Arrival]) -> None:
        """Give every arrival its vector; one that fails each attempt is rejected alone."""
        failed = [(arrival, "") for arrival in arrivals]
        for attempt in range(self._attempts_max):
            if attempt:
                await self._clock.sleep(RETRY_BASE_S * RETRY_FACTOR ** (attempt - 1))
            failed = await self._try([arrival for arrival, _ in failed])
            if not failed:
                return
        await self._confirm_embedder(failed[0][1])
        for arrival, reason in failed:
            arrival.rejection = (
                f"embedding failed {self._attempts_max} times: {reason}. "
                "Correct the content, or give a vector."
            )

    async def _try(self, arrivals: Sequence[Arrival]) -> list[tuple[Arrival, str]]:
        """Embed them together, without those that are to blame when that fails; who failed, and why."""
        if not arrivals:
            return []
        assert self._embedder is not None
        try:
            rows = await self._embedder.embed([embedding_text(self._actor(a), a.content) for a in arrivals])
        except EmbeddingError as error:
            if error.failed:
                bad = [(a, error.failed[i]) for i, a in enumerate(arrivals) if i in error.failed]
                return bad + await self._try([a for i, a in enumerate(arrivals) if i not in error.failed])
            if len(arrivals) == 1:
                return [(arrivals[0], str(error))]
            await self._confirm_embedder(str(error))
            return [failure for arrival in arrivals for failure in await self._try([arrival])]
        for arrival, row in zip(arrivals, rows, strict=True):
            arrival.vector = as_kept(row)
        return []

    async def _confirm_embedder(self, reason: str) -> None:
        """Before a text is blamed: does the embedder take any? If not, the line waits."""
        assert self._embedder is not None
        try:
            await self._embedder.embed([PROBE])
        except EmbeddingError as error:
            raise UnavailableError(f"the embedder fails on every text: {reason}") from error

    @staticmethod
    def _actor(arrival: Arrival) -> str:
        message = arrival.entry.message
        return message.actor if isinstance(message, Percept) else ""
