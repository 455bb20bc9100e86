"""Generated lives: what several minds are told, in what order, with everything that goes wrong in it.

A life is a list of entries with fixed ids, so that two runs of it can be compared.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cognition.errors import EmbeddingError
from schemas.association import AssociationType, Relation
from schemas.base import Message
from schemas.identifiers import memory_id
from schemas.percept import BoundaryMark, Forget, Mark, Percept, Rebuild

DIMENSION = 768
TOPICS = ("garden", "harbour", "kitchen", "violin", "engine")
UNEMBEDDABLE = "unembeddable"
STARTS_MS = 1_700_000_000_000


@lru_cache(maxsize=4_096)
def vector_of(text: str) -> NDArray[np.float32]:
    """A unit vector near that of the topic the text names; the same for the same text."""
    topic = next((t for t in TOPICS if t in text), text)
    centre = np.random.default_rng(zlib.crc32(topic.encode())).standard_normal(DIMENSION)
    own = np.random.default_rng(zlib.crc32(text.encode())).standard_normal(DIMENSION)
    row = centre + 0.8 * own
    return np.asarray(row / np.linalg.norm(row), np.float32)


class TopicEmbedder:
    """An embedder that fails for ever on texts that say so."""

    model = "topics"

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        failed = {i: "it cannot be embedded" for i, text in enumerate(texts) if UNEMBEDDABLE in text}
        if failed:
            raise EmbeddingError("some texts fail", failed=failed)
        return np.stack([vector_of(text) for text in texts])

    async def aclose(self) -> None:
        return None


@dataclass(frozen=True)
class Lived:
    """One entry of a life. `problem` stands for bytes that cannot be decoded."""

    entry: str
    mind: str
    message: Message | None
    problem: str = ""


@dataclass
class _Mind:
    name: str
    topic: str
    place: str = "home"
    keys: list[str] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)


class _Author:
    """Writes one life."""

    def __init__(self, seed: int, length: int) -> None:
        self.chance = random.Random(seed)
        self.ms = STARTS_MS
        self.length = length
        names = [f"mind-{i}" for i in range(self.chance.randint(1, 4))]
        self.minds = [_Mind(name, self.chance.choice(TOPICS)) for name in names]

    def write(self) -> list[Lived]:
        return [self._entry() for _ in range(self.length)]

    def _entry(self) -> Lived:
        self.ms += self.chance.choice((5, 1_000, 9_000, 45_000, 70_000, 2_000_000))
        mind, entry = self.chance.choice(self.minds), f"{self.ms}-0"
        kind = self.chance.random()
        if kind < 0.01:
            return Lived(entry, mind.name, Rebuild(mind=mind.name))
        if kind < 0.06:
            mark = self.chance.choice(list(BoundaryMark))
            return Lived(entry, mind.name, Mark(mind=mind.name, boundary=mark, label=self._maybe("chapter")))
        if kind < 0.14 and mind.keys:
            return Lived(entry, mind.name, self._forget(mind))
        if kind < 0.17:
            return Lived(entry, mind.name, None, problem="not a message")
        if kind < 0.23:
            return Lived(entry, mind.name, self._bad(mind))
        return Lived(entry, mind.name, self._percept(mind, entry))

    def _forget(self, mind: _Mind) -> Forget:
        keys = self.chance.sample(mind.keys, min(len(mind.keys), self.chance.randint(1, 3)))
        return Forget(mind=mind.name, memory_ids=[memory_id(mind.name, key) for key in keys])

    def _bad(self, mind: _Mind) -> Percept:
        faults: list[dict[str, Any]] = [
            {"content": "  "},
            {"content": "short vector", "vector": b"\0" * 12},
            {"content": "zero vector", "vector": b"\0" * 4 * DIMENSION},
            {"content": f"an {UNEMBEDDABLE} thing"},
            {"content": "from the far future", "occurred_at": 9e9},
        ]
        return Percept(mind=mind.name, **self.chance.choice(faults))

    def _percept(self, mind: _Mind, entry: str) -> Percept:
        roll = self.chance.random()
        actor = self.chance.choice(("", "ana", "bo"))
        if roll < 0.12 and mind.said:
            actor, content = self.chance.choice(mind.said[-4:])
        else:
            if self.chance.random() < 0.15:
                mind.topic = self.chance.choice(TOPICS)
            words = f"{mind.topic} {self._word()} {self._word()} {self._word()}"
            mark = "?" if zlib.crc32(words.encode()) % 3 == 0 else "."
            content = f"{words}{mark} Then {self._word()}."
        mind.said.append((actor, content))
        key = self._key(mind)
        mind.keys.append(key or entry)
        return Percept(mind=mind.name, content=content, actor=actor, key=key, **self._rest(mind, content))

    def _key(self, mind: _Mind) -> str:
        roll = self.chance.random()
        if roll < 0.1 and mind.keys:
            return self.chance.choice(mind.keys)
        return f"key-{self.chance.randint(0, 999)}" if roll < 0.5 else ""

    def _rest(self, mind: _Mind, content: str) -> dict[str, Any]:
        rest: dict[str, Any] = {
            "valence": round(self.chance.uniform(-1, 1), 2),
            "arousal": round(self.chance.random(), 2),
            "importance": round(self.chance.random(), 2),
        }
        if self.chance.random() < 0.25:
            rest["vector"] = vector_of(content).astype("<f4").tobytes()
        if self.chance.random() < 0.1:
            mind.place = self.chance.choice(("home", "office", "train"))
        if self.chance.random() < 0.4:
            rest["context"] = {"place": mind.place}
        if self.chance.random() < 0.06:
            rest["boundary"] = self.chance.choice(list(BoundaryMark))
            rest["boundary_label"] = self._maybe("scene")
        if self.chance.random() < 0.1:
            rest["occurred_at"] = self.ms / 1e3 - self.chance.choice((5.0, 600.0, 90_000.0))
        if self.chance.random() < 0.1 and mind.keys:
            rest["relations"] = [Relation(type=AssociationType.RELATED, target=self.chance.choice(mind.keys))]
        if self.chance.random() < 0.1:
            rest["subject"] = self._word()
        return rest

    def _word(self) -> str:
        return f"word{self.chance.randint(0, 40)}"

    def _maybe(self, word: str) -> str:
        return self.chance.choice(("", f"{word} {self._word()}"))


def life(seed: int, length: int) -> list[Lived]:
    """The life of this seed."""
    return _Author(seed, length).write()
