"""How long one percept takes until it is recallable, and how long recent context takes to read.

Against a daemon of its own process that does nothing else, over its streams.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.engine import EngineChoice, real_embedder
from benchmarks.processes import DaemonProcess
from benchmarks.progress import Progress
from benchmarks.timing.bare import BareShard
from benchmarks.timing.figures import figure, percentile
from benchmarks.timing.materials import Materials
from cognition.client import Session
from cognition.opening import open_engine
from cognition.stores.backend import Point
from cognition.stores.collections import CONTEXT, MEMORIES
from schemas.percept import Percept

MINDS = 4
WARM_UP = 20
READS = 2_000
NO_MODEL = "--no-model"


async def lag(folder: Path, count: int, seed: int, *, with_vectors: bool) -> list[dict[str, Any]]:
    """From before XADD until the receipt says that the memory is recallable: p50, p95, p99."""
    kind = "vector" if with_vectors else "text"
    percepts = Materials(seed, MINDS).percepts(WARM_UP + count, with_vectors=with_vectors)
    daemon = DaemonProcess(folder / f"lag-{kind}", *([NO_MODEL] if with_vectors else []))
    daemon.start()
    try:
        await daemon.ready()
        async with open_engine(data=daemon.folder) as session:
            waits = await _lags(session, percepts, Progress(f"lag of a {kind}", len(percepts)))
    finally:
        daemon.stop()
    bare, bare_is = (
        (_bare_upserts(folder, percepts), "Edge upsert of one point")
        if with_vectors
        else (await _bare_encodes(percepts), "the daemon's embedder on one text")
    )
    return [
        figure(f"lag_{kind}_p{p}", percentile(waits, p), percentile(bare, p), "ms", bare_is)
        for p in (50, 95, 99)
    ]


async def recent(folder: Path, seed: int) -> list[dict[str, Any]]:
    """Reading recent context: at the client, and on the server's side of the socket."""
    daemon = DaemonProcess(folder / "recent", NO_MODEL)
    daemon.start()
    try:
        await daemon.ready()
        async with open_engine(data=daemon.folder) as session:
            tickets = await session.publish_many(Materials(seed, 1).percepts(50))
            await session.settled(tickets)
            return await _recent_figures(session, tickets[0].mind)
    finally:
        daemon.stop()


async def _recent_figures(session: Session, mind: str) -> list[dict[str, Any]]:
    reads, pings = [], []
    assert (await session.recent(mind)).memories, "recent context is empty"
    await session.client.config_resetstat()
    for _ in range(READS):
        began = time.perf_counter()
        await session.recent(mind)
        between = time.perf_counter()
        await session.client.ping()
        reads.append((between - began) * 1e3)
        pings.append((time.perf_counter() - between) * 1e3)
    server = await _server_p99_ms(session)
    return [
        figure("recent_context_p99", percentile(reads, 99), percentile(pings, 99), "ms", "PING, same client"),
        figure("recent_context_server_p99", server["hget"], server["ping"], "ms", "PING, inside the server"),
    ]


async def _server_p99_ms(session: Session) -> dict[str, float]:
    """p99 of the server's own execution time by command, of the read and of PING."""
    info = await session.client.info("latencystats")
    figures: dict[str, float] = {}
    for name in ("hget", "ping"):
        held = info[f"latency_percentiles_usec_{name}"]
        figures[name] = float(held["p99"] if isinstance(held, dict) else held) / 1e3
    return figures


async def _lags(session: Session, percepts: Sequence[Percept], progress: Progress) -> list[float]:
    waits = []
    for number, percept in enumerate(percepts):
        began = time.perf_counter()
        (ticket,) = await session.publish_many([percept])
        await ticket.wait("recallable")
        if number >= WARM_UP:
            waits.append((time.perf_counter() - began) * 1e3)
        progress.step()
    return waits


def _bare_upserts(folder: Path, percepts: Sequence[Percept]) -> list[float]:
    """Single upserts with a payload of the text alone, in ms."""
    import numpy as np

    shard = BareShard.create(folder / "bare-lag", MEMORIES)
    times = []
    for number, percept in enumerate(percepts):
        assert percept.vector is not None
        vector = np.frombuffer(percept.vector, "<f4")
        payload = {"mind": percept.mind, "content": percept.content}
        point = Point(f"00000000-0000-0000-0000-{number:012d}", payload, {CONTEXT: vector})
        times.append(shard.upsert([point]) * 1e3)
    shard.close()
    return times[WARM_UP:]


async def _bare_encodes(percepts: Sequence[Percept]) -> list[float]:
    """One text at a time through the daemon's own embedder, in ms."""
    embedder = real_embedder(EngineChoice().settings())
    times = []
    for percept in percepts:
        began = time.perf_counter()
        await embedder.embed([percept.content])
        times.append((time.perf_counter() - began) * 1e3)
    await embedder.aclose()
    return times[WARM_UP:]
