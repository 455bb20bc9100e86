"""Memories written straight into a store, past streams and encoding: a mind of any size within minutes.

They look as a life leaves them: a minute apart, a dozen to an episode, most of them new, some familiar, few
permanent. Must not know what is measured on them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.engine import Bench
from benchmarks.progress import Progress
from benchmarks.timing.materials import Materials
from cognition.mechanisms.text import Analyzer
from cognition.ports.stores import Dense, Trace
from cognition.stores import payloads
from cognition.stores.backend import Point, VectorBackend
from cognition.stores.collections import MEMORIES
from schemas.identifiers import memory_id
from schemas.memory import Memory

AT_ONCE = 1_000
APART_S = 60.0
IN_EPISODE = 12
STRENGTH = (2.0, 3.0)
"""Of a beta distribution: two thirds are new (below .5), three in a thousand permanent (from .9 on)."""


def memories(
    materials: Materials, mind: str, count: int, *, until: float, seed: int
) -> Iterator[list[Memory]]:
    """So many memories, the last of them formed at `until`, a page at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - start)
        texts = materials.texts(size)
        strengths, keys = rng.beta(*STRENGTH, size), rng.random(size)
        yield [
            formed(mind, start + n, texts[n], until - APART_S * (count - 1 - start - n), *pair)
            for n, pair in enumerate(zip(strengths.tolist(), keys.tolist(), strict=True))
        ]


def formed(mind: str, number: int, text: str, at: float, strength: float, key: float) -> Memory:
    """The memory of this number."""
    return Memory(
        id=memory_id(mind, f"direct-{number}"),
        mind=mind,
        key=f"direct-{number}",
        entry=f"{number}-0",
        content=text,
        actor="ana" if number % 3 else "bo",
        episode_id=memory_id(mind, f"episode-{number // IN_EPISODE}"),
        position=number % IN_EPISODE,
        occurred_at=at,
        encoded_at=at,
        last_accessed=at,
        length=len(text.split()),
        consolidation_strength=strength,
        replay_priority_key=key,
    )


async def write_figures(backend: VectorBackend, page: list[Memory]) -> None:
    """What indexes hold of these, without vectors: enough for what reads indexes alone."""
    points = [Point(m.id, {**payloads.encode(m), "epoch": 1}, {}) for m in page]
    await backend.upsert(MEMORIES.name, points)


async def fill_directly(bench: Bench, materials: Materials, mind: str, count: int, *, seed: int) -> None:
    """Take in one memory as usual, and write the others beside it, as if the mind had met them before."""
    daemon = bench.session.daemon
    assert daemon is not None, "a benchmark runs the engine in its own process"
    first = materials.percepts(1)
    filling = Progress("memories", count)
    await bench.perceive_all(first, filling.step)
    minds, stores = daemon.engine.minds, daemon.stores
    (known,) = (await stores.memories.get(mind, [memory_id(mind, first[0].key)])).values()
    analyzer = Analyzer()
    async with minds.writing:
        state = await minds.awake(mind, epoch=known.epoch)
        for page in memories(materials, mind, count - 1, until=known.encoded_at - APART_S, seed=seed):
            vectors = materials.vectors(len(page))
            traces = [traced(m, v, analyzer) for m, v in zip(page, vectors, strict=True)]
            await stores.memories.insert(traces, epoch=known.epoch)
            for trace in traces:
                state.learn(dict(trace.lexical), trace.memory.length, trace.context)
                state.sleep.note(trace.memory)
            state.percepts, state.memories = state.percepts + len(page), state.memories + len(page)
            filling.step(len(page))
        state.lexicon_whole_due = True
        await minds.checkpoint()
    await stores.optimise(force=True)
    await stores.flush()


def traced(memory: Memory, vector: Dense, analyzer: Analyzer) -> Trace:
    """A memory with what is searched of it."""
    stated, _ = analyzer.turn_terms(memory.content, memory.actor)
    return Trace(memory, vector, {term: n / (n + 1.0) for term, n in stated.items()})
