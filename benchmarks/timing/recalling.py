"""Recall over many memories, vector given: in process, through the streams, and the bare hybrid query."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.engine import Bench, EngineChoice, opened
from benchmarks.progress import Progress
from benchmarks.timing.bare import BareShard
from benchmarks.timing.figures import figure, percentile
from benchmarks.timing.materials import Materials
from cognition.data_directory import STORE_FOLDER
from cognition.mechanisms.text import Analyzer
from cognition.stores import edge_directory, vectors
from cognition.stores.collections import MEMORIES
from cognition.stores.edge_directory import copy_tree
from schemas.cue import Cue
from schemas.recollection import Recollection

MINDS = 4
"""Minds that share the memories: each search is filtered to one of them, as every recall is."""

CUES = 300
WARM_UP = 30
TURN = 30
"""Cues asked in one way before the other ways have their turn."""

LIMIT = 10
CHUNK = 5_000
"""Percepts made at a time: 100 k of them with vectors would take a gigabyte."""


async def recall(folder: Path, memories: int, seed: int) -> list[dict[str, Any]]:
    """Fill a store, build its index, then ask the same cues in the three ways, in turns: the machine's own
    speed drifts. The bare query has the same shard, a copy of it, in this process."""
    choice = EngineChoice(overrides=("embedding.enabled=false", "sleep.enabled=false"))
    async with opened(choice, folder=folder / "recall") as bench:
        materials = Materials(seed, MINDS)
        await fill(bench, materials, memories)
        cues = cues_near(materials)
        copy_tree(_shard_folder(folder / "recall"), folder / "bare")
        shard = BareShard.load(folder / "bare")
        inside: list[float] = []
        outside: list[float] = []
        bare: list[float] = []
        for start in range(0, len(cues), TURN):
            turn = cues[start : start + TURN]
            bare += _bare(shard, turn)
            inside += await in_process(bench, turn)
            outside += await _through_streams(bench, turn)
        shard.close()
    what = f"Edge hybrid query, 2 x 30 prefetched, fused by rank, {memories:,} memories"
    return [
        figure(
            f"recall_vector_{way}_p{p}",
            percentile(times[WARM_UP:], p),
            percentile(bare[WARM_UP:], p),
            "ms",
            what,
        )
        for way, times in (("in_process", inside), ("streams", outside))
        for p in (50, 95, 99)
    ]


async def fill(bench: Bench, materials: Materials, memories: int) -> None:
    """Take in so many memories, and build the index over them."""
    filling = Progress("memories", memories)
    for start in range(0, memories, CHUNK):
        await bench.perceive_all(materials.percepts(min(CHUNK, memories - start)), filling.step)
    daemon = bench.session.daemon
    assert daemon is not None
    await daemon.stores.optimise(force=True)
    await daemon.stores.flush()


def cues_near(materials: Materials) -> list[Cue]:
    """Cues near what is remembered: the text and the vector of percepts that were not fed."""
    near = materials.percepts(WARM_UP + CUES)
    return [
        Cue(id=f"cue-{number}", mind=p.mind, content=p.content, vector=p.vector, limit=LIMIT)
        for number, p in enumerate(near)
    ]


async def in_process(bench: Bench, cues: Sequence[Cue]) -> list[float]:
    """How long each of these takes inside this process, in ms."""
    daemon = bench.session.daemon
    assert daemon is not None
    times = []
    for cue in cues:
        began = time.perf_counter()
        answer = await daemon.answering.answer(cue)
        times.append((time.perf_counter() - began) * 1e3)
        assert isinstance(answer, Recollection), answer
        assert len(answer.recalled) == LIMIT
    return times


async def _through_streams(bench: Bench, cues: Sequence[Cue]) -> list[float]:
    times = []
    for cue in cues:
        request = msgspec.structs.replace(cue, id=f"{cue.id}-streams")
        began = time.perf_counter()
        await bench.session.ask(request, Recollection)
        times.append((time.perf_counter() - began) * 1e3)
    return times


def _bare(shard: BareShard, cues: Sequence[Cue]) -> list[float]:
    """The same vectors, and the same terms, each of weight 1."""
    analyzer = Analyzer()
    times = []
    for cue in cues:
        terms = dict.fromkeys(analyzer.evidence_terms(cue.content), 1.0)
        sparse = vectors.sparse(terms, cue.mind, "the cue")
        assert cue.vector is not None
        times.append(shard.hybrid(cue.mind, np.frombuffer(cue.vector, "<f4"), sparse, LIMIT) * 1e3)
    return times


def _shard_folder(data: Path) -> Path:
    """Where the live generation of the memories lies."""
    collection = data / STORE_FOLDER / MEMORIES.name
    live = edge_directory.current(collection)
    assert live is not None, "the store has no memories"
    return collection / live
