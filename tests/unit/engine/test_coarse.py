"""Fine episodes in coarse ones: what holds what, what moves late, what a cue may name."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from cognition.commands.episodes import show_links, show_tree
from cognition.engine.assembly import Options
from cognition.engine.mind import STATE_SLOT, Mind, SavedState
from cognition.engine.options import EpisodeOptions
from cognition.mechanisms.episodes import GIST_PARTED
from cognition.mechanisms.explaining import explain
from schemas.cue import Cue, EpisodeFilter, FilterMode
from schemas.episode import BoundaryType, Episode, EpisodeScale
from schemas.inquiry import EpisodesInquiry, StatusInquiry
from schemas.percept import BoundaryMark, Mark, Percept
from tests.unit.engine.bench import ANA, Bench, bench
from tests.unit.engine.test_late_boundaries import about

HOME, AWAY = {"place": "home"}, {"place": "away"}


def at_place(topic: int, number: int, place: dict[str, str], **fields: object) -> Percept:
    return Percept(mind=ANA, content=f"topic {topic} turn {number}", vector=about(topic, number),
                   key=f"t{topic}-{number}", context=place, **fields)  # type: ignore[arg-type] # fmt: skip


def two_scenes(turns: int = 10) -> list[Percept]:
    """One topic at home, another one away; at home somebody goes to the door and back."""
    home = [at_place(0, n, {"place": "door"} if n == 4 else HOME) for n in range(turns)]
    return [*home, *(at_place(1, n, AWAY) for n in range(turns))]


async def live(at: Bench, *percepts: Percept) -> Mind:
    for percept in percepts:
        await at.take(percept)
    mind = at.engine.minds.resident(ANA)
    assert mind is not None
    return mind


async def stored(at: Bench, scale: EpisodeScale = EpisodeScale.FINE) -> list[Episode]:
    found = await at.stores.episodes.latest(ANA, limit=100, scale=scale)
    return sorted(found, key=lambda e: e.started_at)


async def tree(at: Bench) -> list[list[int]]:
    """Memories of the fine episodes of each coarse one, as they are stored."""
    fine = {e.id: e for e in await stored(at)}
    coarse = await stored(at, EpisodeScale.COARSE)
    assert [c for e in coarse for c in e.child_ids] == [e.id for e in await stored(at)]
    assert all(fine[c].parent_id == e.id for e in coarse for c in e.child_ids)
    return [[fine[c].memory_count for c in e.child_ids] for e in coarse]


async def test_a_change_of_place_alone_is_fine_and_with_the_meaning_coarse() -> None:
    at = await bench()
    await live(at, *two_scenes())
    await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    assert await tree(at) == [[4, 1, 5], [10]]
    home, away = await stored(at, EpisodeScale.COARSE)
    assert (home.next_id, away.previous_id) == (away.id, home.id)
    assert home.boundary_parts["place"] > 0.0
    assert home.boundary_strength == pytest.approx(sum(home.boundary_parts.values()))
    assert home.boundary_strength > home.boundary_threshold > 0.0
    assert (away.boundary_type, home.memory_count, away.memory_count) == (BoundaryType.EXPLICIT, 10, 10)
    assert home.ended_at == (await stored(at))[2].ended_at


async def test_fine_episodes_move_to_the_coarse_one_that_is_known_late() -> None:
    at = await bench()
    scenes = two_scenes()
    away = [*scenes[10:12], at_place(1, 90, HOME), *scenes[12:]]
    await live(at, *scenes[:10], *away[:3])
    before = await stored(at)
    await at.engine.minds.checkpoint()
    assert len({e.parent_id for e in before}) == 1
    await live(at, *away[3:])
    await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    assert await tree(at) == [[4, 1, 5], [2, 1, 8]]


@pytest.mark.parametrize("died_after", range(1, 10))
async def test_a_crash_while_it_is_looked_ahead_leaves_each_in_one_coarse_episode(died_after: int) -> None:
    calm, at = await bench(), await bench()
    await live(calm, *two_scenes())
    entries = [at.entry(percept) for percept in two_scenes()]
    for entry in entries[:10]:
        await at.commit(entry)
    await at.engine.minds.checkpoint()
    for entry in entries[10 : 10 + died_after]:
        await at.commit(entry)
    at.again()
    for entry in entries[10:]:
        await at.commit(entry)
    for each in (calm, at):
        await each.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    assert await tree(at) == await tree(calm)


async def test_known_late_equals_marked_from_the_start() -> None:
    late, marked = await bench(), await bench()
    await live(late, *two_scenes())
    first, second = two_scenes()[:10], two_scenes()[10:]
    await live(marked, *first, msgspec.structs.replace(second[0], boundary=BoundaryMark.BEGIN), *second[1:])
    told = []
    for at in (late, marked):
        await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
        coarse = await stored(at, EpisodeScale.COARSE)
        hits = await at.backend.retrieve("episodes", [e.id for e in coarse], with_vectors=("centroid",))
        centroids = {hit.id: hit.vectors["centroid"] for hit in hits}
        told.append([(e.label, e.gist, e.emotional_summary, e.memory_count) for e in coarse])
        told.append([np.asarray(centroids[e.id]).tolist() for e in coarse])
    assert told[:2] == told[2:]


async def recalled(at: Bench, wanted: EpisodeFilter) -> set[str]:
    cue = Cue(id="c", mind=ANA, vector=about(0, 0), limit=20, episode=wanted)
    return {r.memory.key for r in (await at.engine.recall.answer(cue)).recalled}


@pytest.mark.parametrize("closed", [True, False])
async def test_a_cue_may_name_either(closed: bool) -> None:
    at = await bench()
    scenes = two_scenes()
    mind = await live(at, *scenes)
    home, away = await _coarse_ids(at, mind)
    if closed:
        await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    strict = FilterMode.STRICT
    of_home, of_away = {p.key for p in scenes[:10]}, {p.key for p in scenes[10:]}
    assert await recalled(at, EpisodeFilter(ids=[home], mode=strict)) == of_home
    assert await recalled(at, EpisodeFilter(ids=[away], mode=strict)) == of_away
    fine = (await stored(at))[0]
    assert await recalled(at, EpisodeFilter(ids=[fine.id], mode=strict)) == {p.key for p in scenes[:4]}
    assert await recalled(at, EpisodeFilter(ids=[fine.id, away], mode=strict)) == of_away | {
        p.key for p in scenes[:4]
    }
    assert await recalled(at, EpisodeFilter(ids=["no such"], mode=strict)) == set()
    if not closed:
        opened = EpisodeFilter(scale=EpisodeScale.COARSE, mode=strict)
        assert await recalled(at, opened) == of_away


async def _coarse_ids(at: Bench, mind: Mind) -> tuple[str, str]:
    assert mind.coarse is not None
    closed = [e for e in await stored(at, EpisodeScale.COARSE) if e.ended_at is not None]
    return closed[0].id, mind.coarse.id


async def test_a_soft_filter_prefers_all_that_a_coarse_one_holds() -> None:
    at = await bench()
    mind = await live(at, *two_scenes())
    home, _ = await _coarse_ids(at, mind)
    cue = Cue(id="c", mind=ANA, vector=about(5, 0), limit=20, episode=EpisodeFilter(ids=[home], factor=0.0))
    recollection = await at.engine.recall.answer(cue)
    assert {r.memory.key[:2] for r in recollection.recalled if r.score > 0.0} == {"t0"}
    assert {r.memory.key[:2] for r in recollection.recalled[:10]} == {"t0"}


async def test_silence_ends_a_fine_episode_and_a_mark_both() -> None:
    at = await bench()
    mind = await live(at, at_place(0, 0, HOME))
    await at.take(Mark(mind=ANA, boundary=BoundaryMark.END, cause=BoundaryType.TEMPORAL))
    assert mind.episode is None
    assert mind.coarse is not None
    await at.take(at_place(0, 1, HOME))
    assert await tree(at) == [[1, 1]]
    await at.take(Mark(mind=ANA, boundary=BoundaryMark.BEGIN, label="chapter"))
    assert mind.coarse is None
    await at.take(at_place(0, 2, HOME))
    assert mind.coarse is not None
    assert mind.coarse.given_label == "chapter"
    assert await tree(at) == [[1, 1], [1]]


async def test_of_one_scale_alone_nothing_is_held() -> None:
    at = await bench(options=Options(episodes=EpisodeOptions(scale="fine")))
    mind = await live(at, *two_scenes())
    assert mind.coarse is None
    assert {e.parent_id for e in await stored(at)} == {None}
    assert not await stored(at, EpisodeScale.COARSE)


async def test_a_mind_of_an_older_release_begins_its_first_coarse_episode_with_what_is_open() -> None:
    at = await bench(options=Options(episodes=EpisodeOptions(scale="fine")))
    await live(at, *two_scenes()[:3])
    slot = (ANA, STATE_SLOT)
    body = (await at.stores.checkpoints.load([slot]))[slot]
    state = msgspec.msgpack.decode(body, type=SavedState)
    assert state.episode is not None
    state.episode.entry = ""
    await at.stores.checkpoints.save({slot: msgspec.msgpack.encode(state)}, epoch=at.epoch)
    at.options = Options()
    at.again()
    await live(at, *two_scenes()[3:])
    await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    assert await tree(at) == [[4, 1, 5], [10]]


async def test_the_tree_and_why_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    at = await bench()
    await live(at, *two_scenes())
    inquiry = EpisodesInquiry(id="i", mind=ANA, limit=10)
    answer = await at.engine.introspection.episodes(inquiry)
    assert len(answer.episodes) == 4
    assert len(answer.coarse) == 2
    show_tree(answer, explained=True)
    said = capsys.readouterr().out
    assert said.count("3 episodes;") == 1
    assert "ended by a change of situation (place: 'home' -> 'away')" in said
    assert "The cause is enough by itself" in said
    assert "It had to exceed 2.00" in said
    one = await at.engine.introspection.episodes(EpisodesInquiry(id="i", mind=ANA, ids=[answer.coarse[0].id]))
    assert [e.id for e in one.episodes] == [answer.coarse[0].id]
    assert explain(one.episodes[0]) == ["It has not ended."]
    (closed,) = [e for e in answer.episodes if e.previous_id is None]
    show_links(closed)
    said = capsys.readouterr().out
    assert said.splitlines()[0] == "about"
    assert closed.gist
    assert all(phrase in said for phrase in closed.gist.split(GIST_PARTED))
    assert f"before {closed.next_id}" in said


async def test_status_says_how_it_is_cut_and_how_large_that_may_get() -> None:
    at = await bench()
    mind = await live(at, *two_scenes())
    figures = mind.segmenter.figures()
    assert {"map_of", "directions", "trust", "threshold", "coarse_threshold", "last_z"} <= figures.keys()
    assert int(figures["state_bytes"]) <= int(figures["state_bytes_max"]) < 1_000_000
    status = await at.engine.introspection.status(StatusInquiry(id="i", mind=ANA), {})
    assert status.segmenter == figures
    assert status.boundaries == {"context_shift": 3, "coarse prediction_error": 1}


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("off", [3, 12])
@pytest.mark.parametrize("on", [13, 17])
async def test_coarse_ones_that_are_switched_off_and_on_leave_none_open_and_hold_none_twice(
    off: int, on: int, closed: bool
) -> None:
    at, scenes = await bench(), two_scenes()
    await live(at, *scenes[:off])
    if closed:
        await at.take(Mark(mind=ANA, boundary=BoundaryMark.END, cause=BoundaryType.TEMPORAL))
    for scale, stretch in (("fine", scenes[off:on]), ("both", scenes[on:])):
        at.options = Options(episodes=EpisodeOptions(scale=scale))  # type: ignore[arg-type]
        at.again()
        await live(at, *stretch)
    await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    fine, coarse = await stored(at), await stored(at, EpisodeScale.COARSE)
    assert {e.ended_at is None for e in (*fine, *coarse)} == {False}
    assert sorted((e.id, child) for e in coarse for child in e.child_ids) == sorted(
        (e.parent_id, e.id) for e in fine if e.parent_id is not None
    )
    counts = {e.id: e.memory_count for e in fine}
    assert all(e.memory_count == sum(counts[c] for c in e.child_ids) > 0 for e in coarse)
    assert sum(counts.values()) == len(scenes)
