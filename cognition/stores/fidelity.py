"""What each way of keeping vectors costs and finds, measured on given vectors in an empty backend.

The truth is a scan of all vectors in NumPy. Must not know where the vectors come from.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.stores.backend import CollectionSpec, Dense, FieldType, Match, Point, Query, VectorBackend
from schemas.quantization import BYTES, OVERSAMPLING, Quantization, QuantizationKind

NAME: Final = "measured"
VECTOR: Final = "v"
NEAREST: Final = 10
BATCH: Final = 256
ROUNDING: Final = 2e-6
"""What the order of summation makes of a cosine of 768 products in float32 (measured: 1e-6 at most)."""

INDEXED_FROM: Final = 3_400
"""Vectors of 768 dimensions from which on the engine indexes and compresses a segment (its threshold is
10,000 KB): below, every search looks at all of them and is exact."""

WIDER: Final = (1.0, 2.0, 4.0)
"""Multiples of the usual oversampling that are tried until the floor holds."""

Settle = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Figures:
    """One way, measured: recall@10, milliseconds of a search, bytes a vector that a search reads."""

    quantization: Quantization
    recall: float
    p50_ms: float
    p99_ms: float
    bytes_a_vector: float
    build_s: float = 0.0

    @property
    def kind(self) -> QuantizationKind:
        """Which kind it is."""
        return self.quantization.kind or QuantizationKind.NONE


async def at_once() -> None:
    """A backend that has done all when `optimise` returns."""


class Measuring:
    """An empty backend with these vectors (n, d) in it, asked these cues (m, d), all of unit length."""

    def __init__(
        self, backend: VectorBackend, vectors: Dense, cues: Dense, *, settle: Settle = at_once
    ) -> None:
        self._backend = backend
        self._vectors = vectors
        self._cues = cues
        self._settle = settle
        self._tenth = tenth(vectors, cues)
        self._build_s = 0.0
        self._kept: Quantization | None = None

    async def load(self) -> None:
        """Write all vectors, as one mind's."""
        size = self._vectors.shape[1]
        plain = Quantization(kind=QuantizationKind.NONE)
        spec = CollectionSpec(NAME, {VECTOR: size}, (), {"mind": FieldType.TENANT}, quantization=plain)
        await self._backend.ensure(spec)
        for begin in range(0, len(self._vectors), BATCH):
            rows = self._vectors[begin : begin + BATCH]
            points = [
                Point(str(uuid.UUID(int=begin + n + 1)), {"mind": "m"}, {VECTOR: row})
                for n, row in enumerate(rows)
            ]
            await self._backend.upsert(NAME, points)

    async def measured(self, quantization: Quantization) -> Figures:
        """Keep them so, and ask."""
        await self._keep(quantization)
        took, right = [], 0
        for cue, least in zip(self._cues, self._tenth, strict=True):
            asked = Query(VECTOR, cue, NEAREST, Match("mind", "m"))
            began = time.perf_counter()
            [hits] = await self._backend.query(NAME, [asked])
            took.append(time.perf_counter() - began)
            places = [uuid.UUID(hit.id).int - 1 for hit in hits]
            right += int((self._vectors[places] @ cue >= least).sum())
        p50, p99 = np.percentile(np.array(took) * 1e3, [50, 99])
        kind = quantization.kind or QuantizationKind.NONE
        return Figures(
            quantization,
            right / (len(self._cues) * min(NEAREST, len(self._vectors))),
            float(p50),
            float(p99),
            BYTES[kind] * self._vectors.shape[1],
            self._build_s,
        )

    async def _keep(self, wanted: Quantization) -> None:
        await self._backend.quantize(NAME, wanted)
        if self._kept is None or not wanted.keeps_as(self._kept):
            began = time.perf_counter()
            await self._backend.optimise(NAME)
            await self._settle()
            self._build_s = time.perf_counter() - began
        self._kept = wanted


async def widened(
    measuring: Measuring,
    base: Quantization,
    floors: Mapping[QuantizationKind, float],
    told: Callable[[Figures], None],
) -> list[Figures]:
    """Each kind with the least oversampling with which it holds its floor, the cheapest last; one that holds
    it with none of them with the most. The first is not compressed."""
    found: list[Figures] = []
    for kind in (
        QuantizationKind.NONE,
        QuantizationKind.INT8,
        QuantizationKind.TURBO,
        QuantizationKind.BINARY,
    ):
        for factor in WIDER if kind is not QuantizationKind.NONE else (1.0,):
            wanted = msgspec.structs.replace(base, kind=kind, oversampling=factor * OVERSAMPLING[kind])
            figures = await measuring.measured(wanted)
            if holds(figures, found or [figures], floors):
                break
        told(figures)
        found.append(figures)
    return found


def cheapest(found: Sequence[Figures], floors: Mapping[QuantizationKind, float]) -> Figures:
    """What holds its floor with the fewest bytes; not compressed where nothing does."""
    holding = [each for each in found if holds(each, found, floors)]
    return min(holding or found[:1], key=lambda each: each.bytes_a_vector)


def holds(each: Figures, found: Sequence[Figures], floors: Mapping[QuantizationKind, float]) -> bool:
    """Whether it finds its share of what is found uncompressed, which is the first."""
    return each.recall >= floors[each.kind] * found[0].recall


def tenth(vectors: Dense, cues: Dense) -> list[float]:
    """The cosine of the last of the nearest vectors of each cue, less what rounding makes of it: of equal
    ones each is right."""
    count = min(NEAREST, len(vectors))
    found: list[float] = []
    for begin in range(0, len(cues), 32):
        scores: NDArray[np.float32] = cues[begin : begin + 32] @ vectors.T
        found += (-np.partition(-scores, count - 1, axis=1)[:, count - 1] - ROUNDING).tolist()
    return found
