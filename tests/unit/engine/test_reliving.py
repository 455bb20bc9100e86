"""What the stream has taught is learned anew: after an erasure, on request, and from another model's map."""

from __future__ import annotations

import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.engine.mind import SLOW_MAP_SLOTS, SLOW_SUMS_SLOTS, Mind
from cognition.engine.options import EpisodeOptions
from cognition.mechanisms.notebook import LESSON, UNJUDGED
from cognition.mechanisms.slow_map import SlowMap
from cognition.mechanisms.vectors import as_kept
from schemas.identifiers import memory_id
from schemas.percept import BoundaryMark, Forget, Percept, Rebuild
from tests.unit.engine.bench import ANA, Bench, bench
from tests.unit.engine.test_late_boundaries import said

LIVED = 2 * LESSON + UNJUDGED + 60
"""Percepts after which the first map is in use."""


def percepts(count: int = LIVED) -> list[Percept]:
    """Topics of six turns, now and then another place."""
    found = []
    for number in range(count):
        plain = said(number // 6 % 9, number)
        place = {"place": "garden" if number // 100 % 2 else "kitchen"} if number % 50 == 0 else {}
        found.append(
            Percept(mind=ANA, content=plain.content, vector=plain.vector, key=plain.key, context=place)
        )
    return found


async def live(at: Bench, stream: list[Percept]) -> Mind:
    for start in range(0, len(stream), 40):
        await at.take(*stream[start : start + 40])
    mind = at.engine.minds.resident(ANA)
    assert mind is not None
    return mind


def taught(mind: Mind) -> SlowMap:
    found = mind.segmenter.error.map
    assert found is not None
    return found


@pytest.mark.slow
async def test_learned_anew_is_learned_as_it_was_lived() -> None:
    at = await bench()
    mind = await live(at, percepts())
    lived, judged = taught(mind).to_bytes(), mind.segmenter.snapshot()
    await at.take(Rebuild(mind=ANA))
    assert taught(mind).to_bytes() == lived
    assert mind.segmenter.snapshot() == judged


@pytest.mark.slow
async def test_of_what_is_erased_nothing_stays_in_what_was_learned() -> None:
    stream, gone = percepts(), percepts()[301]
    at, never = await bench(), await bench()
    mind = await live(at, stream[:-1])
    with_it = taught(mind).to_bytes()
    await at.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, gone.key)]))
    assert mind.segmenter.error.map is None
    kept = await at.stores.checkpoints.load([(ANA, s) for s in (*SLOW_MAP_SLOTS, *SLOW_SUMS_SLOTS)])
    assert set(kept.values()) == {b""}
    other = await live(never, [p for p in stream if p.key != gone.key])
    await at.take(stream[-1])
    assert taught(mind).to_bytes() == taught(other).to_bytes() != with_it
    assert mind.segmenter.error.snapshot() == other.segmenter.error.snapshot()
    again = await at.again().minds.look(ANA)
    assert taught(again).to_bytes() == taught(mind).to_bytes()


async def test_a_few_percepts_leave_no_trace_either() -> None:
    at = await bench()
    stream = percepts(8)
    mind = await live(at, stream)
    erased = as_kept(np.frombuffer(stream[-1].vector or b"", "<f4")).astype("<f4").tobytes()
    assert erased in mind.segmenter.snapshot()["error"]["likeness"]["rows"]
    await at.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, stream[-1].key)]))
    assert erased not in mind.segmenter.snapshot()["error"]["likeness"]["rows"]
    await at.take(said(0, 100))
    assert erased not in mind.segmenter.snapshot()["error"]["likeness"]["rows"]
    assert mind.segmenter.error.likeness.taken == len(stream)


@pytest.mark.slow
async def test_ahead_of_time_or_in_time_is_the_same_and_another_erasure_voids_it() -> None:
    stream = percepts()
    ahead, in_time = await bench(), await bench()
    for at in (ahead, in_time):
        mind = await live(at, stream)
        for key in (stream[5].key, stream[8].key):
            await at.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, key)]))
            if at is ahead:
                assert at.engine.slow.due() == [mind]
                await at.engine.slow.prepare(mind)
                assert not at.engine.slow.due()
        await at.take(said(3, 9_999))
    one, two = ahead.engine.minds.resident(ANA), in_time.engine.minds.resident(ANA)
    assert one is not None
    assert two is not None
    assert taught(one).to_bytes() == taught(two).to_bytes()
    assert one.segmenter.snapshot() == two.segmenter.snapshot()


@pytest.mark.slow
async def test_a_map_of_another_model_is_refused_and_learned_anew_from_what_is_given() -> None:
    at = await bench()
    mind = await live(at, percepts())
    mine = taught(mind)
    foreign = {(ANA, slot): mine.to_bytes("another model") for slot in SLOW_MAP_SLOTS}
    await at.stores.checkpoints.save(foreign, epoch=at.epoch)
    woken = await at.again().minds.look(ANA)
    assert (woken.segmenter.error.map, woken.relearns, woken.stopped) == (None, True, "")
    await at.take(said(3, 9_999))
    anew = at.engine.minds.resident(ANA)
    assert anew is not None
    assert taught(anew).to_bytes() == mine.to_bytes()


async def test_where_nothing_is_learned_an_erasure_leaves_nothing_either() -> None:
    at = await bench(options=Options(episodes=EpisodeOptions(learned=False)))
    mind = await live(at, percepts(20))
    await at.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, percepts(20)[3].key)]))
    await at.take(said(0, 100))
    assert (mind.relearns, mind.segmenter.error.map) == (False, None)
    assert mind.segmenter.error.likeness.taken == 20


async def test_a_place_that_was_said_by_the_erased_alone_is_not_known_any_more() -> None:
    at = await bench()
    first = Percept(mind=ANA, content="secret", context={"place": "Zanzibar"}, key="z", source="letter")
    await at.take(first, Percept(mind=ANA, content="tea", boundary=BoundaryMark.END))
    await at.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "z")]))
    mind = at.engine.minds.resident(ANA)
    assert mind is not None
    assert "Zanzibar" not in repr(mind.segmenter.snapshot())
