"""An episode tells how it went: the prediction error and the arousal of each of its members."""

from __future__ import annotations

import pytest

from schemas.episode import Episode
from schemas.percept import BoundaryMark, Forget, Mark, Percept
from tests.unit.engine.bench import ANA, Bench, bench
from tests.unit.engine.test_late_boundaries import said, two_topics


async def told(at: Bench) -> list[Episode]:
    return sorted(await at.stores.episodes.latest(ANA, limit=9), key=lambda e: e.started_at)


async def test_each_member_has_its_place_in_the_course() -> None:
    at = await bench()
    await two_topics(at)
    await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    first, second = await told(at)
    for episode in (first, second):
        assert len(episode.prediction_errors) == len(episode.arousals) == episode.memory_count
        assert all(error is not None for error in episode.prediction_errors[1:])
        assert set(episode.arousals) == {0.5}
    assert first.prediction_errors[0] is None, "nothing came before it"
    assert second.prediction_errors[0] == pytest.approx(first.boundary_strength, abs=0.005)
    assert max(e for e in second.prediction_errors[1:] if e is not None) < first.boundary_strength


async def test_it_survives_the_process() -> None:
    calm, at = await bench(), await bench()
    await two_topics(calm)
    for number in range(8):
        await at.take(said(0, number))
        at.again()
    for number in range(8):
        await at.take(said(1, number))
        at.again()
    for b in (calm, at):
        await b.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    assert [e.prediction_errors for e in await told(at)] == [e.prediction_errors for e in await told(calm)]


@pytest.mark.parametrize("closed", [False, True])
async def test_of_what_was_erased_nothing_is_told(closed: bool) -> None:
    at = await bench()
    receipts = [
        await at.say(f"turn {n} of one thing", vector=said(0, n).vector, arousal=0.9) for n in range(4)
    ]
    if closed:
        await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    await at.take(Forget(mind=ANA, memory_ids=[receipts[1].memory_id]))
    if not closed:
        await at.take(Percept(mind=ANA, content="what comes after", vector=said(0, 5).vector, arousal=0.3))
        await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    (episode,) = await told(at)
    assert [a for a in episode.arousals if a is not None] == ([] if closed else [0.3])
