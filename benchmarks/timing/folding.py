"""How fast co-activations are folded into memories, against a bare engine that writes each one down.

A daemon of its own process, its stream filled by plain publishing: from the first event published to
the last one folded in. Pairs are drawn by Zipf's law, as some memories are used more than others.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processes import DaemonProcess
from benchmarks.progress import Progress
from benchmarks.timing.bare import BareShard
from benchmarks.timing.figures import figure
from benchmarks.timing.materials import Materials
from cognition.client import Session
from cognition.opening import open_engine
from cognition.stores.backend import Point
from cognition.stores.collections import CONTEXT, MEMORIES
from schemas.dream import CoActivation
from schemas.percept import Percept

MEMORIES_USED = 2_000
CHUNK = 512
EDGES = 8
"""Of the array that the bare engine writes for each end of each pair."""

FOLDED_WITHIN_S = 300.0
BARE_MAX = 4_000
"""Writes of the bare engine that are timed."""


async def folding(folder: Path, events: int, seed: int) -> list[dict[str, Any]]:
    """Events a second, ours and bare."""
    percepts = Materials(seed, 1).percepts(MEMORIES_USED)
    daemon = DaemonProcess(folder / "folding", "--no-model")
    daemon.start()
    try:
        await daemon.ready()
        async with open_engine(data=daemon.folder) as session:
            ids = await _ingested(session, percepts)
            ours = await _rate(session, percepts[0].mind, _pairs(ids, events, seed))
    finally:
        daemon.stop()
    bare = _bare_rate(folder / "bare", percepts, ids, _pairs(ids, events, seed))
    what = f"Edge set_payload of {EDGES} associations, two operations an event, nothing read"
    return [figure("folding", ours, bare, "events/s", what)]


async def _ingested(session: Session, percepts: Sequence[Percept]) -> list[str]:
    tickets = await session.publish_many(percepts)
    receipts = [await ticket.wait() for ticket in tickets]
    return [receipt.memory_id for receipt in receipts if receipt is not None]


def _pairs(ids: Sequence[str], events: int, seed: int) -> list[tuple[str, str]]:
    """Two different memories an event."""
    rng = np.random.default_rng(seed)
    first = rng.zipf(1.3, events) % len(ids)
    apart = 1 + rng.zipf(1.3, events) % (len(ids) - 1)
    return [(ids[a], ids[(a + b) % len(ids)]) for a, b in zip(first.tolist(), apart.tolist(), strict=True)]


async def _rate(session: Session, mind: str, pairs: Sequence[tuple[str, str]]) -> float:
    folding = Progress("co-activations", len(pairs))
    began = time.perf_counter()
    entries: list[str] = []
    for start in range(0, len(pairs), CHUNK):
        part = pairs[start : start + CHUNK]
        told = [CoActivation(mind=mind, memory_ids=list(pair), reason="used together") for pair in part]
        entries += await session.teach(told)
        folding.step(len(part))
    await session.folded(mind, entries[-1], FOLDED_WITHIN_S)
    return len(pairs) / (time.perf_counter() - began)


def _bare_rate(
    folder: Path, percepts: Sequence[Percept], ids: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> float:
    shard = BareShard.create(folder, MEMORIES)
    vectors = [np.frombuffer(p.vector or b"", dtype="<f4") for p in percepts]
    rows = zip(ids, percepts, vectors, strict=True)
    shard.upsert([Point(i, {"content": p.content}, {CONTEXT: v}) for i, p, v in rows])
    edge = {"weight": 0.5, "type": "goal", "last_coactivated": 1.7e9, "coactivation_count": 3}
    array = [{"target_id": ids[n], **edge} for n in range(EDGES)]
    writes = [(each, {"associations": array}) for pair in pairs[: BARE_MAX // 2] for each in pair]
    took = shard.set_payloads(writes)
    shard.close()
    return len(writes) / 2 / took
