"""A boundary that was found late leaves what one leaves that was known from the start."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cognition.engine.assembly import Options
from cognition.engine.options import EpisodeOptions
from schemas.episode import BoundaryType
from schemas.percept import BoundaryMark, Mark, Percept
from tests.unit.engine.bench import ANA, START_MS, Bench, bench
from tests.unit.engine.test_late_boundaries import said, stored

TOLD = Options(episodes=EpisodeOptions(prediction_error=False))
"""Finds no boundary by itself."""

topics = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 7)), min_size=2, max_size=5)
"""Stretches of turns about one thing."""


def turns(stretches: list[tuple[int, int]]) -> list[Percept]:
    said_before = [0] * 5
    found: list[Percept] = []
    for topic, length in stretches:
        for _ in range(length):
            at = START_MS / 1e3 + len(found)
            found.append(msgspec.structs.replace(said(topic, said_before[topic]), occurred_at=at))
            said_before[topic] += 1
    return found


async def found_late(late: Any, stream: list[Percept], at_once: int) -> tuple[Bench, list[str]]:
    """A life in batches of so many, and the fine episode of each of its memories in the end."""
    at = await bench(options=Options(episodes=EpisodeOptions(late=late)))
    for start in range(0, len(stream), at_once):
        await at.take(*stream[start : start + at_once])
    await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    return at, [memory.episode_id for memory in await stored(at)]


async def known(stream: list[Percept], episodes: list[str]) -> Bench:
    """The same life, told before each boundary that the meaning changes now."""
    at = await bench(options=TOLD)
    for number, percept in enumerate(stream):
        if number and episodes[number] != episodes[number - 1]:
            await at.take(Mark(mind=ANA, boundary=BoundaryMark.BEGIN, cause=BoundaryType.PREDICTION_ERROR))
        await at.take(percept)
    await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    return at


async def left(at: Bench) -> list[Any]:
    """What is stored of each memory that depends on where it is, episodes by their number."""
    memories = await stored(at)
    traces = await at.stores.memories.get_traces(ANA, [memory.id for memory in memories])
    episodes = list(dict.fromkeys(memory.episode_id for memory in memories))
    return [
        (
            (episodes.index(memory.episode_id), memory.position),
            sorted((a.target_id, str(a.type)) for a in memory.associations),
            traces[memory.id].lexical,
            traces[memory.id].subject,
            traces[memory.id].context.tolist(),
        )
        for memory in memories
    ]


async def centroids(at: Bench) -> list[Any]:
    """Of the episodes in the order in which they began."""
    order = list(dict.fromkeys(memory.episode_id for memory in await stored(at)))
    told = await at.stores.episodes.get(ANA, order)
    return [(told[i].memory_count, told[i].emotional_summary, bool(told[i].gist)) for i in order]


PLAIN = [(0, 6), (1, 6), (2, 6)]
"""Three topics whose two boundaries are found."""


@settings(max_examples=25)
@example(PLAIN, 2, 1)
@example(PLAIN, 4, 50)
@given(topics, st.sampled_from([2, 4]), st.sampled_from([1, 3, 50]))
def test_found_late_and_settled_equals_known_from_the_start(
    stretches: list[tuple[int, int]], late: int, at_once: int
) -> None:
    stream = turns(stretches)

    async def lives() -> None:
        revised, episodes = await found_late(late, stream, at_once)
        assert stretches != PLAIN or len(set(episodes)) == 3
        told = await known(stream, episodes)
        for one, two in zip(await left(revised), await left(told), strict=True):
            assert one[:-1] == two[:-1]
            np.testing.assert_array_equal(one[-1], two[-1])
        assert await centroids(revised) == await centroids(told)

    anyio.run(lives)
