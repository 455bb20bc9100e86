"""Percepts of real texts with their real vectors: the named sets, and where more are asked for the same
again with seeded noise around each vector.

Feelings, places and moments are drawn, since the sets have none: what filters by them has to find some share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.cache import CachedEmbedder, VectorCache, cache_root
from benchmarks.engine import real_embedder
from benchmarks.loaders import load
from benchmarks.progress import Progress
from cognition.engine.arrivals import embedding_text
from cognition.settings import Settings
from schemas.percept import Percept

SETS = ("locomo", "beam-100k", "multihop-2wiki", "dialseg711", "tiage", "madial-bench")
PLACES = ("kitchen", "garden", "office", "train", "shop", "library", "station", "beach")
BEGINNING = 1_767_225_600.0
STEP_S, PAUSE_S, VISIT = 60.0, 14_400.0, 20
"""A percept a minute, and a pause of four hours after so many: then an episode ends."""

NOISE = 0.35
"""Length of the noise on a vector that comes again, against 1: its cosine to the first is about .94."""

EMBEDDED_AT_ONCE = 256

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Said:
    """One real text: who says it, and what."""

    actor: str
    content: str


class RealMaterials:
    """Percepts in order, as many as are asked for; the same ones under the same seed."""

    def __init__(self, said: Sequence[Said], vectors: Vectors, seed: int, minds: int) -> None:
        self._said = said
        self._vectors = vectors
        self._rng = np.random.default_rng(seed)
        self._order = self._rng.permutation(len(said))
        self._minds = minds
        self._made = 0

    def percepts(self, count: int) -> list[Percept]:
        """The next percepts, minds in turn, by the visit."""
        made = [self._percept(self._made + n) for n in range(count)]
        self._made += count
        return made

    def near(self, count: int) -> list[tuple[str, Vectors]]:
        """(text, vector) close to what there is: what somebody would ask."""
        picked = self._rng.integers(0, len(self._said), count)
        return [(self._said[n].content, self._noisy(self._vectors[n])) for n in picked]

    def _percept(self, serial: int) -> Percept:
        again, place = divmod(serial, len(self._said))
        chosen = self._order[place]
        said, vector = self._said[chosen], self._vectors[chosen]
        turn = serial // self._minds
        return Percept(
            mind=f"mind-{serial % self._minds}",
            key=f"percept-{serial}",
            actor=said.actor,
            content=said.content if not again else f"{said.content} ({again})",
            occurred_at=BEGINNING + turn * STEP_S + (turn // VISIT) * PAUSE_S,
            valence=float(self._rng.uniform(-1.0, 1.0)),
            arousal=float(self._rng.uniform(0.0, 1.0)),
            context={"place": PLACES[turn // VISIT % len(PLACES)]},
            vector=(self._noisy(vector) if again else vector).astype("<f4").tobytes(),
        )

    def _noisy(self, vector: Vectors) -> Vectors:
        rough = vector + self._rng.standard_normal(vector.shape) * (NOISE / np.sqrt(vector.shape[-1]))
        unit: Vectors = (rough / np.linalg.norm(rough)).astype(np.float32)
        return unit


async def real_materials(settings: Settings, wanted: int, seed: int, minds: int) -> RealMaterials:
    """Up to `wanted` different texts of the named sets; those of which no vector is cached are embedded now.
    Raises `DataMissingError`."""
    said: dict[tuple[str, str], Said] = {}
    for name in SETS:
        for sensed in load(name).sensed:
            percept = sensed.percept
            said.setdefault((percept.actor, percept.content), Said(percept.actor, percept.content))
        if len(said) >= wanted:
            break
    chosen = list(said.values())[:wanted]
    embedder = CachedEmbedder(real_embedder(settings), VectorCache(cache_root(), settings.embedding.model))
    progress, parts = Progress("vectors", len(chosen)), []
    try:
        for start in range(0, len(chosen), EMBEDDED_AT_ONCE):
            part = chosen[start : start + EMBEDDED_AT_ONCE]
            parts.append(await embedder.embed([embedding_text(s.actor, s.content) for s in part]))
            progress.step(len(part))
    finally:
        await embedder.aclose()
    return RealMaterials(chosen, np.concatenate(parts).astype(np.float32), seed, minds)
