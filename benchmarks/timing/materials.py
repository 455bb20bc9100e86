"""Percepts to measure with, made from a seed: lifelike in size, in words and in how vectors cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from cognition.ports.embedder import DIMENSION
from schemas.percept import Percept

TOPICS = 1_000
SPREAD = 0.8
"""Noise around a topic, against a topic of length 1: neighbours then have cosines of about .6."""

VOCABULARY = 20_000
WORDS_MIN, WORDS_MAX = 8, 30
"""Words of a message; LoCoMo's turns have 23 on average."""

_CONSONANTS, _VOWELS = "bcdfghjklmnprstvz", "aeiou"


class Materials:
    """Percepts in order, as many as are asked for; the same ones under the same seed."""

    def __init__(self, seed: int, minds: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._minds = minds
        self._made = 0
        topics = self._rng.standard_normal((TOPICS, DIMENSION))
        self._topics: NDArray[np.float64] = topics / np.linalg.norm(topics, axis=1, keepdims=True)

    def percepts(self, count: int, *, with_vectors: bool = True) -> list[Percept]:
        """The next percepts, minds in turn, a minute between them."""
        rows = self.vectors(count) if with_vectors else None
        texts = self.texts(count)
        made = []
        for number in range(count):
            serial = self._made + number
            made.append(
                Percept(
                    mind=f"mind-{serial % self._minds}",
                    key=f"percept-{serial}",
                    content=texts[number],
                    actor="ana" if serial % 3 else "bo",
                    occurred_at=1_767_225_600.0 + 60.0 * serial,
                    vector=rows[number].tobytes() if rows is not None else None,
                )
            )
        self._made += count
        return made

    def vectors(self, count: int) -> NDArray[np.float32]:
        """Unit vectors (count, 768) around the topics."""
        topic = self._topics[self._rng.integers(0, TOPICS, count)]
        noise = self._rng.standard_normal((count, DIMENSION)) * (SPREAD / np.sqrt(DIMENSION))
        rows = topic + noise
        unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f4")
        return unit

    def texts(self, count: int) -> list[str]:
        """Messages of words drawn by Zipf's law."""
        lengths = self._rng.integers(WORDS_MIN, WORDS_MAX + 1, count)
        ranks = self._rng.zipf(1.3, int(lengths.sum())) % VOCABULARY
        return list(_cut(ranks.tolist(), lengths.tolist()))


def _cut(ranks: Sequence[int], lengths: Sequence[int]) -> Iterator[str]:
    start = 0
    for length in lengths:
        yield " ".join(_word(rank) for rank in ranks[start : start + length]) + "."
        start += length


@cache
def _word(rank: int) -> str:
    """A pronounceable word, different for each rank."""
    number, word = rank + 17, ""
    while number:
        number, place = divmod(number, len(_CONSONANTS) * len(_VOWELS))
        word += _CONSONANTS[place // len(_VOWELS)] + _VOWELS[place % len(_VOWELS)]
    return word
