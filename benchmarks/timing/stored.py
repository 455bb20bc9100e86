"""A real store of so many memories on Qdrant Edge, and what it takes: bytes on disk by part, memory by kind.

Memories are written past streams and encoding, with both dense vectors, both sparse ones and associations,
as a life leaves them. Memory is that of a process of its own which opens the store and asks it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import msgspec
import numpy as np

from benchmarks.progress import Progress
from benchmarks.timing.filling import memories, traced
from benchmarks.timing.materials import Materials
from cognition.mechanisms.text import Analyzer
from cognition.ports.stores import Trace
from cognition.stores.backend import Match, Query
from cognition.stores.collections import ALL, CONTEXT, MEMORIES
from cognition.stores.edge import open_inline
from cognition.stores.qdrant_edge import EdgeShards
from cognition.stores.stores import VectorStores, over
from schemas.association import Association, AssociationType
from schemas.memory import Memory
from schemas.quantization import Quantization, QuantizationKind

MIND = "mind-0"
UNTIL = 1.77e9
ASKED = 200
SUBJECT_WORDS = 2
"""Words of a subject, which every other memory has."""

PARTS = {
    "vector_storage-context": "vectors in context",
    "vector_storage-evidence": "bare vectors",
    "vector_index-evidence": "bare vectors",
    "vector_index-context": "HNSW links",
    "vector_storage-lexical": "words",
    "vector_index-lexical": "words",
    "vector_storage-subject": "words",
    "vector_index-subject": "words",
    "payload_storage": "payload and associations",
    "payload_index": "indexes, ids",
    "wal": "logs",
}
"""Files of a segment by what the planner calls them; the rest is indexes and ids."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store holds and takes."""

    count: int
    content: float
    words: float
    disk: dict[str, int]
    resident: int
    anonymous: int


def stored(folder: Path, count: int, kind: QuantizationKind, *, associations: int, seed: int) -> Stored:
    """Write a store there, and measure it."""
    content, words = anyio.run(partial(_write, folder, count, kind, associations, seed))
    resident, anonymous = _memory(folder)
    return Stored(count, content, words, _disk(folder, kind), resident, anonymous)


async def _write(
    folder: Path, count: int, kind: QuantizationKind, associations: int, seed: int
) -> tuple[float, float]:
    async with open_inline(folder, started_at=0.0) as backend:
        stores = over(backend, {MEMORIES.name: Quantization(kind=kind)})
        await stores.ensure()
        sizes = await written(stores, count, associations, seed)
        await stores.optimise(force=True)
        await stores.flush()
    return sizes


async def written(stores: VectorStores, count: int, associations: int, seed: int) -> tuple[float, float]:
    """Write so many memories. Returns characters and different words of one, on average."""
    materials, analyzer, progress = Materials(seed, 1), Analyzer(), Progress("memories", count)
    characters = words = 0
    for page in memories(materials, MIND, count, until=UNTIL, seed=seed):
        traces = list(_traces(page, materials, analyzer, associations))
        characters += sum(len(t.memory.content) for t in traces)
        words += sum(len(t.lexical) for t in traces)
        await stores.memories.insert(traces, epoch=1)
        progress.step(len(page))
    return characters / count, words / count


def _traces(
    page: list[Memory], materials: Materials, analyzer: Analyzer, associations: int
) -> Iterator[Trace]:
    rows, bare = materials.vectors(len(page)), materials.vectors(len(page))
    ids = [memory.id for memory in page]
    for n, memory in enumerate(page):
        bound = [_association(ids[(n + step) % len(ids)]) for step in range(1, associations + 1)]
        trace = traced(msgspec.structs.replace(memory, associations=bound), rows[n], analyzer)
        subject = dict(list(trace.lexical.items())[:SUBJECT_WORDS]) if n % 2 else {}
        yield Trace(trace.memory, trace.context, trace.lexical, subject, bare[n])


def _association(target: str) -> Association:
    return Association(
        target_id=target,
        weight=0.3,
        type=AssociationType.SEMANTIC,
        last_coactivated=UNTIL,
        coactivation_count=3,
    )


def _disk(folder: Path, kind: QuantizationKind) -> dict[str, int]:
    """Bytes on disk by what the planner calls them; holes in files do not count."""
    found: Counter[str] = Counter()
    for base, _, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            found[_part(path.relative_to(folder), kind)] += path.lstat().st_blocks * 512
    return dict(found)


def _part(path: Path, kind: QuantizationKind) -> str:
    if path.parts[0] != MEMORIES.name:
        return "logs"
    if path.name.startswith("quantized") or any(part.startswith("quantized") for part in path.parts):
        return f"vectors in {kind}"
    return next((name for part in path.parts if (name := PARTS.get(part))), "indexes, ids")


def _memory(folder: Path) -> tuple[int, int]:
    """Resident and anonymous bytes of a process that has the store open and has asked it."""
    command = [sys.executable, "-m", "benchmarks.timing.stored", str(folder)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    resident, anonymous = json.loads(done.stdout)
    return int(resident), int(anonymous)


def _measure(folder: Path) -> tuple[int, int]:
    """Beside what the process takes with nothing open."""
    before = _rollup()
    shards = EdgeShards(folder)
    for spec in ALL:
        shards.ensure(spec)
    rng = np.random.default_rng(0)
    for _ in range(ASKED):
        vector = rng.standard_normal(MEMORIES.dense[CONTEXT]).astype(np.float32)
        shards.query(MEMORIES.name, [Query(CONTEXT, vector, 30, Match("mind", MIND), with_payload=True)])
    after = _rollup()
    shards.close()
    return after[0] - before[0], after[1] - before[1]


def _rollup() -> tuple[int, int]:
    lines = (line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    figures = {line[0]: int(line[1]) * 1_024 for line in lines}
    return figures["Rss:"], figures["Anonymous:"]


if __name__ == "__main__":
    print(json.dumps(_measure(Path(sys.argv[1]))))
