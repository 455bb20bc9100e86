"""A collection grown past what was taken in: its own points again, as other memories, with noise on vectors.

Taking in a million percepts takes an hour; what is asked of a million memories depends on what is stored, not
on how it came there. Each round is another life of the same minds: other episodes, later, with the payloads,
words, feelings and surroundings of the first. Must not know what is measured on it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import anyio
import numpy as np
from numpy.typing import NDArray
from qdrant_client import AsyncQdrantClient, models

from benchmarks.progress import Progress
from benchmarks.timing.real import NOISE
from cognition.stores import packing, server_grpc, times
from cognition.stores.backend import Point, Sparse, Vector
from cognition.stores.collections import MEMORIES

AT_ONCE = 512
"""Points that are made and written before the next."""

WRITERS = 2
WEAK = models.WriteOrdering.WEAK
WITHIN_S = 300.0
"""How long a write may take: a server that optimises on few cores is slow."""

SPACE = uuid.UUID("5f0c1f1e-6d3a-4a53-9c4e-3f3bb0a7c0de")
APART_S = 86_400.0
"""Between the end of one round and the beginning of the next."""

TIMES = ("occurred_at", "encoded_at", "last_accessed")


async def grow(client: AsyncQdrantClient, name: str, points: Sequence[Point], whole: int, seed: int) -> None:
    """Write these points again and again, until the collection holds a `whole` number of them."""
    rng = np.random.default_rng(seed)
    moments = [times.from_text(point.payload["occurred_at"]) for point in points]
    span = max(moments) - min(moments) + APART_S
    progress = Progress("points", whole - len(points))
    room = anyio.Semaphore(WRITERS)

    async def write(part: list[Point]) -> None:
        stored = [Point(p.id, packing.packed(MEMORIES, p.payload), p.vectors) for p in part]
        request = server_grpc.upsert_in(name, stored, None, None, None)
        await server_grpc.upsert(client, request, WEAK, timeout_s=WITHIN_S)
        room.release()
        progress.step(len(part))

    async with anyio.create_task_group() as tasks:
        for start in range(len(points), whole, AT_ONCE):
            numbers = range(start, min(whole, start + AT_ONCE))
            part = [again(points[n % len(points)], n // len(points), span, rng) for n in numbers]
            await room.acquire()
            tasks.start_soon(write, part)


def again(point: Point, round_: int, span: float, rng: np.random.Generator) -> Point:
    """This memory in another round."""
    payload = dict(point.payload)
    payload["key"] = f"{payload['key']}/{round_}"
    payload["episode_id"] = renamed(payload["episode_id"], round_)
    late = round_ * span
    payload |= {f: times.to_text(times.from_text(payload[f]) + late) for f in TIMES if f in payload}
    made = {name: rough(vector, rng) for name, vector in point.vectors.items()}
    return Point(renamed(point.id, round_), payload, made)


def renamed(identifier: str, round_: int) -> str:
    """The same thing in another round."""
    return str(uuid.uuid5(SPACE, f"{identifier}/{round_}"))


def rough(vector: Vector, rng: np.random.Generator) -> Vector:
    """A unit vector at a cosine of about .94 to this one; words as they are."""
    if isinstance(vector, Sparse):
        return vector
    noise = rng.standard_normal(vector.shape, dtype=np.float32) * (NOISE / np.sqrt(vector.shape[-1]))
    moved: NDArray[np.float32] = vector + noise
    unit: NDArray[np.float32] = (moved / np.linalg.norm(moved)).astype(np.float32)
    return unit
