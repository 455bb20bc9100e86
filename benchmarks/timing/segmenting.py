"""What cutting a stream into episodes costs a percept: the segmenter alone, and all of encoding with it.

Time of one core, so that whatever else the machine does is not in it. Lessons are learned beside the stream,
as in the daemon, and shown apart; once more they are learned in the way of the percept that has to wait for
them. Stores are in memory: what is timed is the engine.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.progress import Progress
from benchmarks.timing.figures import figure, percentile
from benchmarks.timing.materials import Materials
from cognition.engine.arrivals import Arrival, Entry
from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.options import EpisodeOptions
from cognition.mechanisms.observation import Observation
from cognition.mechanisms.profiles import CONVERSATION
from cognition.mechanisms.segmentation import Segmenter
from cognition.mechanisms.slow_map import Lesson, SlowMap, SlowSums
from cognition.mechanisms.vectors import Dense, as_kept
from cognition.stores.stores import open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from schemas.percept import Percept

TOPIC_LENGTH = 8
"""Percepts about one thing."""

TAUGHT = 1_024
"""Percepts of which the first map is solved, for the segmenter alone."""

BARE = Options(episodes=EpisodeOptions(prediction_error=False, learned=False, scale="fine"))
"""Marks, silences and changes of situation alone: encoding without boundaries of meaning."""

STARTS_MS = 1_767_225_600_000


async def segmentation(percepts: int, seed: int) -> list[dict[str, Any]]:
    """The segmenter alone, then encoding: lessons beside it, lessons in its way, none at all."""
    stream = _stream(percepts + TAUGHT, seed)
    alone = _alone(stream)
    bare = _compared(stream)
    beside, lessons = await _encoding(stream[:percepts], Options(), beside=True)
    without, _ = await _encoding(stream[:percepts], BARE, beside=True)
    waited, _ = await _encoding(stream[:percepts], Options(), beside=False)
    plain = "the same encoding without boundaries of meaning"
    cosine = "one cosine with the percept before"
    return [
        figure("segmenter_p50", percentile(alone, 50), percentile(bare, 50), "ms", cosine),
        figure("segmenter_p99", percentile(alone, 99), percentile(bare, 99), "ms", cosine),
        figure("encoding_p50", percentile(beside, 50), percentile(without, 50), "ms", plain),
        figure("encoding_p99", percentile(beside, 99), percentile(without, 99), "ms", plain),
        figure(
            "encoding_p99_solves_in_the_way", percentile(waited, 99), percentile(without, 99), "ms", plain
        ),
        figure("encoding_worst_solves_in_the_way", max(waited), max(without), "ms", plain),
        *(
            figure(f"lesson_beside_{name}", value(lessons), 0.0, "ms", "in a worker thread")
            for name, value in (("mean", lambda ms: float(np.mean(ms))), ("worst", max))
            if lessons
        ),
    ]


def _stream(count: int, seed: int) -> list[Dense]:
    """Topics that last some percepts each."""
    made = Materials(seed, 1)
    topics = np.repeat(made.vectors(count // TOPIC_LENGTH + 1), TOPIC_LENGTH, axis=0)[:count]
    noise = np.random.default_rng(seed).standard_normal(topics.shape) * (0.8 / np.sqrt(topics.shape[1]))
    return [as_kept(row) for row in topics + noise]


def _alone(stream: Sequence[Dense]) -> list[float]:
    """Milliseconds of each percept in the segmenter, both scales, with a map."""
    segmenter = Segmenter(replace(CONVERSATION, coarse=True))
    segmenter.error.adopt(_map(stream[:TAUGHT]))
    took = []
    for number, vector in enumerate(stream[TAUGHT:]):
        seen = Observation(f"{number}-0", 60.0 * number, vector, name=str(number))
        if segmenter.error.notebook.overdue:
            segmenter.error.notebook.turn()
        began = time.thread_time_ns()
        segmenter.observe(seen)
        took.append((time.thread_time_ns() - began) / 1e6)
    return took


def _map(rows: Sequence[Dense]) -> SlowMap:
    sums, follows = SlowSums(), np.ones(len(rows), dtype=np.bool_)
    follows[0] = False
    sums.take(Lesson(np.stack(rows), follows, np.where(follows, 0.2, np.nan), 0))
    return sums.solve()


def _compared(stream: Sequence[Dense]) -> list[float]:
    took = []
    for before, after in zip(stream[TAUGHT:], stream[TAUGHT + 1 :], strict=False):
        began = time.thread_time_ns()
        before.dot(after)
        took.append((time.thread_time_ns() - began) / 1e6)
    return took


async def _encoding(
    stream: Sequence[Dense], options: Options, *, beside: bool
) -> tuple[list[float], list[float]]:
    """Milliseconds of encoding of each percept, one a batch, and of each lesson that was learned beside it.
    In the way of a percept the whole lesson counts for it."""
    engine = await _engine(options)
    took, lessons = [], []
    encoding = Progress("percepts encoded", len(stream))
    clock_ns = time.thread_time_ns if beside else time.process_time_ns
    for number, vector in enumerate(stream):
        (arrival,) = await engine.senses.prepare([_entry(number, vector)])
        began = clock_ns()
        await _commit(engine, arrival)
        took.append((clock_ns() - began) / 1e6)
        if beside:
            lessons += await _learned(engine)
        encoding.step(1)
    return took, lessons


async def _engine(options: Options) -> Engine:
    stores = await open_stores(OracleBackend())
    line = MemoryStreams(partitions=1).hold()
    return assemble(stores, line, ManualClock(), RecordingSink(), None, options)


def _entry(number: int, vector: Dense) -> Entry:
    said = Percept(
        mind="timed",
        key=str(number),
        content=f"this is what was said as number {number}",
        actor="ana" if number % 2 else "bo",
        occurred_at=STARTS_MS / 1e3 + 60.0 * number,
        vector=vector.astype("<f4").tobytes(),
    )
    return Entry(0, f"{STARTS_MS + 60_000 * number}-0", said)


async def _commit(engine: Engine, arrival: Arrival) -> None:
    await engine.encoder.commit([arrival], {0: 1})


async def _learned(engine: Engine) -> list[float]:
    """Learn what is due; milliseconds of all cores."""
    took = []
    for mind in engine.slow.due():
        began = time.process_time_ns()
        await engine.slow.prepare(mind)
        took.append((time.process_time_ns() - began) / 1e6)
    return took
