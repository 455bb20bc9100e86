"""How fast percepts become memories: with vectors given against bare upserts, text against bare encode."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio.to_thread

from benchmarks.engine import Bench, EngineChoice, model_folder, opened
from benchmarks.progress import Progress
from benchmarks.timing.bare import BareShard
from benchmarks.timing.figures import figure
from benchmarks.timing.materials import Materials
from cognition.stores.backend import Point, VectorBackend
from cognition.stores.collections import CONTEXT, EVIDENCE, LEXICAL, MEMORIES, SUBJECT
from schemas.percept import Percept

VECTOR_MINDS = 20
TEXT_MINDS = 4
WARM_UP = 512
"""Percepts before the clock starts: files are created, code is paged in."""

PAGE = 1_000
ENCODE_BATCHES = (8, 32, 64)
ENCODE_SAMPLE = 64
PRECISIONS = ("float32", "bfloat16")


async def vectors(folder: Path, count: int, seed: int) -> list[dict[str, Any]]:
    """Ingest with vectors given, then the very same points through a bare shard."""
    choice = EngineChoice(overrides=("embedding.enabled=false",))
    percepts = Materials(seed, VECTOR_MINDS).percepts(WARM_UP + count)
    async with opened(choice) as bench:
        ours = await _rate(bench, percepts, f"ingest of {count:,} with vectors")
        points = await all_points(backend_of(bench))
    shard = BareShard.create(folder / "bare", MEMORIES)
    shard.upsert(points[:WARM_UP])
    bare = len(points[WARM_UP:]) / shard.upsert(points[WARM_UP:])
    shard.close()
    return [
        figure("ingest_vectors", ours, bare, "memories/s", "Edge upsert of the same points, batches of 256")
    ]


async def text(count: int, seed: int) -> list[dict[str, Any]]:
    """Ingest of text, then `encode` of the same texts at whatever setting is the fastest."""
    from cognition.engine.arrivals import embedding_text

    percepts = Materials(seed, TEXT_MINDS).percepts(WARM_UP // 8 + count, with_vectors=False)
    choice = EngineChoice(cached=False)
    async with opened(choice) as bench:
        ours = await _rate(bench, percepts, f"ingest of {count:,} texts", warm_up=WARM_UP // 8)
    texts = [embedding_text(p.actor, p.content) for p in percepts[WARM_UP // 8 :]]
    path = await anyio.to_thread.run_sync(model_folder, choice.settings())
    bare, setting = best_encode(str(path), texts)
    return [figure("ingest_text", ours, bare, "memories/s", f"SentenceTransformer.encode, {setting}")]


async def _rate(bench: Bench, percepts: Sequence[Percept], label: str, *, warm_up: int = WARM_UP) -> float:
    """Percepts a second from the first publish until the last is recallable."""
    await bench.perceive_all(percepts[:warm_up], lambda _: None)
    measured = percepts[warm_up:]
    progress = Progress(label, len(measured))
    began = time.perf_counter()
    await bench.perceive_all(measured, progress.step)
    return len(measured) / (time.perf_counter() - began)


def backend_of(bench: Bench) -> VectorBackend:
    """The vector backend of an engine in this process."""
    daemon = bench.session.daemon
    assert daemon is not None, "the benchmark opened the engine in this process"
    backend: VectorBackend = daemon.stores.backend  # type: ignore[attr-defined]
    return backend


async def all_points(backend: VectorBackend) -> list[Point]:
    """Every memory as it is stored, with its vectors."""
    points: list[Point] = []
    offset: str | None = None
    while True:
        page = await backend.scroll(
            MEMORIES.name, limit=PAGE, offset=offset, with_vectors=(CONTEXT, EVIDENCE, LEXICAL, SUBJECT)
        )
        points += [Point(h.id, h.payload or {}, h.vectors or {}) for h in page.hits]
        offset = page.next_offset
        if offset is None:
            return points


def best_encode(path: str, texts: Sequence[str]) -> tuple[float, str]:
    """Texts a second of the fastest (precision, batch), found on a sample and then measured on all."""
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(path, device="cpu")
    sample = list(texts[:ENCODE_SAMPLE])
    found: list[tuple[float, str, int]] = []
    for precision in PRECISIONS:
        model.to(getattr(torch, precision))
        model.encode(sample[:8])
        found += [(_encode_rate(model, sample, batch), precision, batch) for batch in ENCODE_BATCHES]
    _, precision, batch = max(found)
    model.to(getattr(torch, precision))
    return _encode_rate(model, list(texts), batch), f"{precision}, batches of {batch}"


def _encode_rate(model: Any, texts: list[str], batch: int) -> float:
    began = time.perf_counter()
    vectors = model.encode(texts, batch_size=batch, convert_to_numpy=False)
    assert len(vectors) == len(texts)
    return len(texts) / (time.perf_counter() - began)
