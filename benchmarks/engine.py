"""The engine as its users get it: a session in this process, percepts published, receipts awaited.

This is the only module of the benchmarks that opens one. With the cache, texts that were embedded
in an earlier run are not embedded again, and a run that knows all of its texts loads no model.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio

from benchmarks.cache import CachedEmbedder, VectorCache, cache_root
from benchmarks.data import Dataset, Question
from cognition.client import Session, Ticket
from cognition.opening import open_engine
from cognition.ports.clock import Clock
from cognition.ports.embedder import Embedder
from cognition.ports.stores import Stores
from cognition.settings import Settings, load
from schemas.episode import Episode
from schemas.events import Receipt
from schemas.percept import Percept
from schemas.recollection import Recollection

CHUNK = 512
"""Percepts published at once."""

AHEAD = 3
"""Chunks published before the first of them is waited for: the engine has the next one at hand."""

SETTLING_S = 0.1
"""Between two looks at whether a mind has formed its associations."""

ANSWERED_WITHIN_S = 120.0
"""A cue may take longer than a person would wait where the machine does something else beside."""

RECEIVED_WITHIN_S = 900.0
"""A receipt stands behind thousands of others, on a machine that may do something else beside."""

BACKENDS = ("edge", "oracle", "local")


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine to open: backend, settings that differ from the defaults, cache or not."""

    backend: str = "edge"
    overrides: tuple[str, ...] = ()
    cached: bool = True

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Options of every command that opens an engine."""
        parser.add_argument(
            "--backend", choices=BACKENDS, default="edge", help="vector engine (default edge)"
        )
        parser.add_argument("--no-cache", action="store_true", help="embed every text anew")
        parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE",
                            help="a setting, for example recall.lexical_weight=0.7")  # fmt: skip

    @classmethod
    def from_options(cls, options: argparse.Namespace) -> EngineChoice:
        """The choice that a command line makes."""
        return cls(options.backend, tuple(options.overrides), not options.no_cache)

    def overridden(self, *settings: str) -> EngineChoice:
        """The same with further settings; what the person set wins."""
        return replace(self, overrides=(*settings, *self.overrides))

    def settings(self) -> Settings:
        """The tree; raises `SettingsError` that names a wrong key or value."""
        flags: dict[str, Any] = {"store.backend": self.backend}
        for item in self.overrides:
            key, separator, value = item.partition("=")
            if not separator:
                raise SystemExit(f"--set {item!r} is not KEY=VALUE, for example --set recall.candidates=50")
            flags[key] = value
        return load(environment=os.environ, flags=flags).settings


class Bench:
    """An open engine with what benchmarks ask of it."""

    def __init__(self, session: Session, embedder: CachedEmbedder | None) -> None:
        self.session = session
        self._embedder = embedder

    def embedded(self) -> int | None:
        """How many texts had to be embedded now; None where no cache stands before the embedder."""
        return self._embedder.embedded if self._embedder is not None else None

    async def embed_ahead(self, texts: Sequence[str]) -> None:
        """Embed what is new of these into the cache, where there is one: a cue that waits for
        the weights to load would miss its deadline."""
        if self._embedder is not None:
            for start in range(0, len(texts), CHUNK):
                await self._embedder.embed(texts[start : start + CHUNK])

    async def perceive_all(self, percepts: Sequence[Percept], step: Callable[[int], None]) -> list[Receipt]:
        """Publish in order and wait until all are recallable; the receipt of each."""
        receipts: list[Receipt] = []
        waiting: deque[Sequence[Ticket]] = deque()
        for start in range(0, len(percepts), CHUNK):
            waiting.append(await self.session.publish_many(percepts[start : start + CHUNK]))
            if len(waiting) > AHEAD:
                receipts += await self._received(waiting.popleft(), step)
        for published in waiting:
            receipts += await self._received(published, step)
        return receipts

    async def _received(self, tickets: Sequence[Ticket], step: Callable[[int], None]) -> list[Receipt]:
        receipts = []
        for ticket in tickets:
            receipt = await ticket.wait(within_s=RECEIVED_WITHIN_S)
            assert receipt is not None, "only the stage accepted has no receipt"
            receipts.append(receipt)
            step(1)
        return receipts

    async def places_of(self, mind: str, memory_ids: Sequence[str]) -> list[tuple[str, int]]:
        """The episode in which each of these memories is now, and its position there."""
        found: dict[str, tuple[str, int]] = {}
        for start in range(0, len(memory_ids), CHUNK):
            page = await self._stores.memories.get(mind, memory_ids[start : start + CHUNK])
            found.update((i, (memory.episode_id, memory.position)) for i, memory in page.items())
        return [found[i] for i in memory_ids]

    async def episodes(self, mind: str, ids: Sequence[str]) -> dict[str, Episode]:
        """These episodes as they are stored."""
        each = list(dict.fromkeys(ids))
        found: dict[str, Episode] = {}
        for start in range(0, len(each), CHUNK):
            found.update(await self._stores.episodes.get(mind, each[start : start + CHUNK]))
        return found

    @property
    def _stores(self) -> Stores:
        daemon = self.session.daemon
        assert daemon is not None, "a benchmark runs the engine in its own process"
        return daemon.stores

    async def linked(self, minds: Sequence[str]) -> None:
        """Return once every association that these minds' memories form by what they speak of is there."""
        for name in minds:
            while (await self.session.mind(name).status()).unlinked:  # noqa: ASYNC110 - the daemon has no event for it
                await anyio.sleep(SETTLING_S)

    async def recall(self, question: Question, *, limit: int, without: Sequence[str] = ()) -> list[str]:
        """Ids of the memories that come back, best first."""
        recollection = await self.recollect(question, limit=limit, without=without)
        return [recalled.memory.id for recalled in recollection.recalled]

    async def recollect(
        self,
        question: Question,
        *,
        limit: int,
        without: Sequence[str] = (),
        explain: bool = False,
        exact: bool = False,
    ) -> Recollection:
        """The whole answer."""
        return await self.session.mind(question.mind).recall(
            question.content,
            limit=limit,
            filter=question.filter,
            episode=question.episode,
            actor=question.actor,
            at=question.at,
            without=list(without),
            explain=explain,
            exact=exact,
            deadline_s=ANSWERED_WITHIN_S,
        )


@asynccontextmanager
async def opened(
    choice: EngineChoice,
    dataset: Dataset | None = None,
    *,
    folder: Path | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Bench]:
    """A fresh engine over an empty data directory that is gone afterwards, or over `folder`."""
    settings = choice.settings()
    async with AsyncExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cognition-bench-")))
        embedder = None
        if choice.cached and settings.embedding.enabled:
            cache = VectorCache(cache_root(), settings.embedding.model)
            embedder = CachedEmbedder(real_embedder(settings), cache)
            stack.push_async_callback(embedder.aclose)
            await embedder.preload([q.content for q in dataset.questions] if dataset else [])
        session = await stack.enter_async_context(
            open_engine(data=folder, settings=settings, embedder=embedder, clock=clock)
        )
        gc.freeze()  # as a daemon does: what was made so far is not looked through again
        yield Bench(session, embedder)


def real_embedder(settings: Settings) -> Embedder:
    """The embedder that the daemon would open for these settings, loaded with its first text."""
    from cognition.embedding.lazy import LazyEmbedder
    from cognition.embedding.opening import open_embedder

    chosen = settings.embedding
    return LazyEmbedder(
        lambda: open_embedder(
            path=chosen.path,
            model=chosen.model,
            precision=chosen.precision,
            linger_s=chosen.linger_ms / 1e3,
            queue_max=chosen.queue_max,
        ),
        chosen.model,
    )


def model_folder(settings: Settings) -> Path:
    """Where the weights of that embedder lie; fetched when there are none."""
    from cognition.embedding.opening import ready

    return ready(settings.embedding.path, settings.embedding.model)[0]
