"""A boundary that is known late: what moves, what follows it, and what a crash in between leaves."""

from __future__ import annotations

import itertools
from typing import Any, Literal, cast

import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.engine.ledger import unbind
from cognition.engine.mind import SLOW_MAP_SLOTS, SLOW_SUMS_SLOTS
from cognition.engine.options import EpisodeOptions
from cognition.errors import UnavailableError
from cognition.mechanisms.notebook import LESSON, UNJUDGED
from cognition.mechanisms.observation import Observation
from cognition.mechanisms.profiles import CONVERSATION
from cognition.mechanisms.segmentation import Segmenter
from cognition.ports.stores import Scope
from cognition.stores.stores import open_stores
from cognition.testing.oracle import OracleBackend
from schemas.association import AssociationType
from schemas.events import SegmentationLearned
from schemas.memory import Memory
from schemas.percept import BoundaryMark, Forget, Mark, Percept
from tests.unit.engine.bench import ANA, Bench, bench


def about(topic: int, number: int) -> bytes:
    """A vector of a topic, a little different each time."""
    rng = np.random.default_rng(1_000 * topic + number)
    row = 0.02 * rng.standard_normal(768)
    row[topic] = 1.0
    return np.asarray(row / np.linalg.norm(row), "<f4").tobytes()


def said(topic: int, number: int) -> Percept:
    return Percept(mind=ANA, content=f"topic {topic} turn {number}", vector=about(topic, number),
                   key=f"t{topic}-{number}")  # fmt: skip


async def stored(at: Bench) -> list[Memory]:
    """All memories in the order in which they came."""
    ids = await at.stores.memories.select(ANA, Scope(), limit=5_000)
    return sorted((await at.stores.memories.get(ANA, ids)).values(), key=lambda m: m.occurred_at)


def shape(memories: list[Memory]) -> list[tuple[str, int]]:
    return [(m.episode_id, m.position) for m in memories]


async def two_topics(at: Bench, turns: int = 8) -> list[Memory]:
    for number in range(turns):
        await at.take(said(0, number))
    for number in range(turns):
        await at.take(said(1, number))
    return await stored(at)


async def test_a_turn_of_topic_moves_those_that_came_after_it() -> None:
    at = await bench()
    memories = await two_topics(at)
    first, second = memories[0].episode_id, memories[8].episode_id
    assert first != second
    assert shape(memories) == [(first, n) for n in range(8)] + [(second, n) for n in range(8)]
    closed, opened = sorted(await at.stores.episodes.latest(ANA, limit=5), key=lambda e: e.started_at)
    assert (closed.id, closed.next_id, closed.memory_count) == (first, second, 8)
    assert (opened.id, opened.previous_id, opened.memory_count) == (second, first, 8)
    assert closed.boundary_strength in closed.boundary_scores
    assert closed.ended_at == memories[7].occurred_at
    assert opened.prediction_errors[0] == pytest.approx(closed.boundary_strength, abs=0.01), "it moved along"
    assert None not in opened.prediction_errors[:3]


async def test_known_late_equals_marked_from_the_start() -> None:
    late, marked = await bench(), await bench()
    one = await two_topics(late)
    for number in range(8):
        await marked.take(said(0, number))
    for number in range(8):
        begin = BoundaryMark.BEGIN if number == 0 else None
        percept = said(1, number)
        await marked.take(Percept(mind=ANA, content=percept.content, vector=percept.vector,
                                  key=percept.key, boundary=begin))  # fmt: skip
    two = await stored(marked)
    assert [m.position for m in one] == [m.position for m in two]
    bound = [[(a.target_id, a.type) for a in m.associations] for m in one]
    assert bound == [[(a.target_id, a.type) for a in m.associations] for m in two]
    mind, other = (b.engine.minds.resident(ANA) for b in (late, marked))
    assert mind is not None
    assert other is not None
    assert mind.episode is not None
    assert other.episode is not None
    np.testing.assert_array_equal(mind.episode.tally.centroid(), other.episode.tally.centroid())
    kept, known = mind.episode.tally.snapshot(), other.episode.tally.snapshot()
    assert all(kept[part] == known[part] for part in kept if part != "best"), "novelty is as it was judged"
    places = {m.id: (m.episode_id, m.position) for m in one}
    assert all((i.episode_id, i.position) == places[i.memory_id] for i in mind.working.items)


async def test_nothing_of_the_episode_that_was_left_binds_the_moved() -> None:
    at = await bench()
    memories = await two_topics(at)
    second = {m.id for m in memories[8:]}
    for memory in memories[8:]:
        targets = {a.target_id for a in memory.associations if a.type is AssociationType.TEMPORAL}
        assert targets <= second


async def test_the_moved_are_told_of() -> None:
    at = await bench()
    for number in range(8):
        await at.take(said(0, number))
    arrivals = await at.prepare(said(1, 0), said(1, 1), said(1, 2))
    done = await at.engine.encoder.commit(arrivals, {0: at.epoch})
    assert [r.memory_id for _, r in done.moved] == [a.memory_id for a in arrivals[:2]]
    assert len({r.episode_id for _, r in done.moved}) == 1
    facts = at.engine.minds.facts.of(ANA)
    assert {facts[a.memory_id].episode_id for a in arrivals} == {done.moved[0][1].episode_id}


@pytest.mark.parametrize("died_after", range(1, 8))
async def test_a_crash_while_it_is_looked_ahead_leaves_each_in_one_episode(died_after: int) -> None:
    calm, at = await bench(), await bench()
    wanted = await two_topics(calm)
    entries = [at.entry(said(0, n)) for n in range(8)] + [at.entry(said(1, n)) for n in range(8)]
    for entry in entries[:8]:
        await at.commit(entry)
    await at.engine.minds.checkpoint()
    for entry in entries[8 : 8 + died_after]:
        await at.commit(entry)
    at.again()
    for entry in entries[8:]:
        await at.commit(entry)
    await at.engine.minds.checkpoint()
    found = await stored(at)
    places = list(dict.fromkeys(m.episode_id for m in found))
    assert [(places.index(m.episode_id), m.position) for m in found] == [
        (m.episode_id != wanted[0].episode_id, m.position) for m in wanted
    ]
    episodes = await at.stores.episodes.latest(ANA, limit=9)
    assert sorted(e.memory_count for e in episodes) == [8, 8]


async def test_one_that_waits_can_be_erased() -> None:
    at = await bench()
    for number in range(8):
        await at.take(said(0, number))
    receipts = [(await at.take(said(1, number)))[0] for number in range(2)]
    await at.take(Forget(mind=ANA, memory_ids=[receipts[0].memory_id]))
    for number in range(2, 8):
        await at.take(said(1, number))
    memories = await stored(at)
    counts = {e.id: e.memory_count for e in await at.stores.episodes.latest(ANA, limit=9)}
    assert counts == {m.episode_id: sum(o.episode_id == m.episode_id for o in memories) for m in memories}
    assert len(counts) == 2


async def test_the_end_of_an_episode_decides_what_waits() -> None:
    at = await bench()
    for number in range(8):
        await at.take(said(0, number))
    await at.take(said(1, 0))
    await at.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    memories = await stored(at)
    assert memories[-1].episode_id != memories[-2].episode_id
    assert {e.ended_at is None for e in await at.stores.episodes.latest(ANA, limit=9)} == {False}


async def live(at: Bench, count: int, start: int = 0) -> None:
    """Turns of topics of six each, many in a batch."""
    percepts = [said(n // 6 % 9, n) for n in range(start, start + count)]
    for first in range(0, count, 40):
        await at.take(*percepts[first : first + 40])


async def test_a_lesson_is_taken_when_it_is_due_and_survives_the_process() -> None:
    at = await bench()
    await live(at, 2 * LESSON + UNJUDGED + 40)
    mind = at.engine.minds.resident(ANA)
    assert mind is not None
    learned = mind.segmenter.error.map
    assert learned is not None
    assert (learned.n, mind.slow_slot) == (LESSON, 0)
    assert [e.learned for e in at.sink.of(SegmentationLearned)] == [LESSON]
    again = await at.again().minds.look(ANA)
    assert again.segmenter.error.map is not None
    assert again.segmenter.error.map.to_bytes() == learned.to_bytes()
    assert again.segmenter.snapshot() == mind.segmenter.snapshot()


async def test_learned_ahead_of_time_or_in_time_is_the_same() -> None:
    ahead, in_time = await bench(), await bench()
    await live(in_time, 1_400)
    for start in range(0, 1_400, 100):
        await live(ahead, 100, start)
        for mind in ahead.engine.slow.due():
            await ahead.engine.slow.prepare(mind)
    one, two = ahead.engine.minds.resident(ANA), in_time.engine.minds.resident(ANA)
    assert one is not None
    assert two is not None
    assert one.segmenter.snapshot() == two.segmenter.snapshot()
    assert shape(await stored(ahead)) == shape(await stored(in_time))


async def test_a_map_of_another_kind_is_learned_anew() -> None:
    at = await bench()
    await live(at, 2 * LESSON + UNJUDGED + 40)
    await at.stores.checkpoints.save({(ANA, SLOW_MAP_SLOTS[0]): b"of another dimension"}, epoch=at.epoch)
    mind = await at.again().minds.look(ANA)
    assert not mind.stopped
    assert mind.segmenter.error.map is None
    assert len(mind.segmenter.error.notebook) == 0
    await at.stores.checkpoints.save({(ANA, SLOW_SUMS_SLOTS[0]): b"damaged"}, epoch=at.epoch)
    await live(at, 2 * LESSON + UNJUDGED + 40, 10_000)
    later = at.engine.minds.resident(ANA)
    assert later is not None
    assert later.segmenter.error.map is not None


async def test_switched_off_nothing_is_learned_or_kept() -> None:
    at = await bench(options=Options(episodes=EpisodeOptions(learned=False)))
    await live(at, 2 * LESSON + UNJUDGED + 40)
    assert not at.engine.slow.due()
    mind = at.engine.minds.resident(ANA)
    assert mind is not None
    assert (mind.segmenter.error.map, mind.slow_slot) == (None, -1)


async def test_a_mind_of_one_percept_is_one_episode() -> None:
    at = await bench()
    await at.take(said(0, 0), Mark(mind=ANA, boundary=BoundaryMark.END))
    (episode,) = await at.stores.episodes.latest(ANA, limit=9)
    assert (episode.memory_count, episode.ended_at is not None) == (1, True)


async def test_a_boundary_at_every_percept_leaves_an_episode_for_each() -> None:
    at = await bench()
    for number in range(6):
        await at.take(Percept(mind=ANA, content=f"act {number}", vector=about(0, number),
                              boundary=BoundaryMark.BEGIN, key=f"a{number}"))  # fmt: skip
    memories = await stored(at)
    assert len({m.episode_id for m in memories}) == 6
    assert [m.position for m in memories] == [0] * 6


async def test_out_of_order_by_minutes_and_a_clock_set_back_keep_an_episode_whole() -> None:
    at = await bench()
    now = at.clock.now()
    for number, ago in enumerate((0.0, 300.0, 120.0, 600.0, 60.0, 0.0)):
        await at.take(Percept(mind=ANA, content=f"late {number}", vector=about(0, number),
                              occurred_at=now - ago, key=f"o{number}"))  # fmt: skip
    (episode,) = await at.stores.episodes.latest(ANA, limit=9)
    assert episode.memory_count == 6


async def test_two_sources_that_interleave_are_one_event() -> None:
    at = await bench()
    for number in range(12):
        await at.take(Percept(mind=ANA, content=f"turn {number}", vector=about(0, number),
                              source=("chat", "mail")[number % 2], key=f"s{number}"))  # fmt: skip
    assert await at.stores.episodes.count(ANA) == 1


async def test_languages_that_mix_change_no_boundary() -> None:
    """What is meant is in the vectors; whose words they are does not matter."""
    mixed, plain = await bench(), await bench()
    words = ("the tide is in", "die Flut ist da", "la marée est haute", "潮が満ちた", "приливная вода")
    for number in range(24):
        topic, vector = number // 12, about(number // 12, number)
        said_so = f"{words[number % len(words)]} {number}"
        await mixed.take(Percept(mind=ANA, content=said_so, vector=vector, key=f"m{number}"))
        await plain.take(
            Percept(mind=ANA, content=f"topic {topic}, {number}", vector=vector, key=f"m{number}")
        )
    assert shape(await stored(mixed)) == shape(await stored(plain))
    assert len({m.episode_id for m in await stored(mixed)}) == 2


@pytest.mark.slow
async def test_ten_thousand_percepts_without_a_boundary_are_cut_by_length() -> None:
    segmenter, calm = Segmenter(CONVERSATION), np.frombuffer(about(0, 0), "<f4")
    cuts = [cut for n in range(10_000) for cut in segmenter.observe(Observation(f"{n}-0", 1e9 + n, calm))]
    assert {cut.boundary.trigger for cut in cuts} == {"length 500"}
    assert len(cuts) == 10_000 // CONVERSATION.length_max - 1


async def test_a_move_takes_nothing_from_what_was_learned_while_it_was_looked_ahead() -> None:
    """It writes two fields that nobody else writes; its bonds, which others do write, by their revision."""
    at = await bench()
    for number in range(8):
        await at.take(said(0, number))
    await at.take(said(1, 0), said(1, 1))
    before = (await stored(at))[8]
    changes = {before.id: (before.rev, {"unused_count": 4, "plasticity_through": "7-0"})}
    assert await at.stores.memories.amend(ANA, changes, epoch=at.epoch) == {before.id}
    await at.take(said(1, 2))
    moved = (await stored(at))[8]
    assert (moved.episode_id, moved.position) != (before.episode_id, before.position)
    assert (moved.unused_count, moved.plasticity_through) == (4, "7-0")
    assert moved.rev == before.rev + 2, "what was learned, and the bonds that it left behind"


async def test_a_move_of_who_lost_the_lease_is_refused_where_the_next_holder_wrote() -> None:
    at = await bench()
    memory = (await two_topics(at))[8]
    old = at.epoch
    at.again()
    await at.stores.memories.patch(ANA, {memory.id: {"length": memory.length}}, epoch=at.epoch)
    await at.stores.memories.patch(ANA, {memory.id: {"episode_id": "elsewhere", "position": 99}}, epoch=old)
    assert shape(await stored(at))[8] == (memory.episode_id, memory.position)


async def test_what_another_holder_wrote_keeps_its_bonds_and_the_batch_is_taken_anew() -> None:
    at = await bench()
    first, second = await at.take(Percept(mind=ANA, content="a boat"), Percept(mind=ANA, content="green tea"))
    old = at.epoch
    at.again()
    await at.stores.memories.patch(ANA, {second.memory_id: {"length": 2}}, epoch=at.epoch)
    with pytest.raises(UnavailableError, match="another hand"):
        await unbind(at.stores, ANA, {second.memory_id: frozenset()}, old)
    memory = (await at.stores.memories.get(ANA, [second.memory_id]))[second.memory_id]
    assert [a.target_id for a in memory.associations] == [first.memory_id]
    await unbind(at.stores, ANA, {second.memory_id: frozenset()}, at.epoch)
    assert (await at.stores.memories.get(ANA, [second.memory_id]))[second.memory_id].associations == []


@pytest.mark.parametrize("stop", [9, 10])
@pytest.mark.parametrize(("before", "after"), list(itertools.permutations((0, 2, 4), 2)))
async def test_how_late_may_change_and_no_boundary_is_put_beside_its_place(
    before: Literal[0, 2, 4], after: Literal[0, 2, 4], stop: int
) -> None:
    """A gap that waits may be passed over where looking ahead is switched off; what is cut is cut there."""
    at = await bench(options=Options(episodes=EpisodeOptions(late=before)))
    stream = [said(topic, number) for topic in range(2) for number in range(8)]
    for percept in stream[:stop]:
        await at.take(percept)
    at.options = Options(episodes=EpisodeOptions(late=after))
    at.again()
    for percept in stream[stop:]:
        await at.take(percept)
    places = shape(await stored(at))
    first, last = places[0][0], places[-1][0]
    whole = [(first, n) for n in range(16)]
    assert places in ([(first, n) for n in range(8)] + [(last, n) for n in range(8)], whole)
    assert places != whole or (after == 0 and before)


class Written:
    """A backend that notes what is set, by whom and under which condition."""

    def __init__(self, inner: OracleBackend) -> None:
        self._inner = inner
        self.sets: list[tuple[set[str], set[str], object]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def set_payloads(self, collection: str, sets: Any, *, condition: Any = None) -> None:
        if collection == "memories":
            fields = {name for payload in sets.values() for name in payload}
            self.sets.append((set(sets), fields, condition))
        await self._inner.set_payloads(collection, sets, condition=condition)


@pytest.mark.parametrize("late", [2, 4])
async def test_a_revision_is_one_conditional_write_of_as_many_memories_as_it_is_late(
    late: Literal[2, 4],
) -> None:
    at = await bench(options=Options(episodes=EpisodeOptions(late=late)))
    written = Written(at.backend)
    at.stores = await open_stores(cast(Any, written))
    at.again()
    for number in range(8):
        await at.take(said(0, number))
    written.sets.clear()
    for number in range(8):
        await at.take(said(1, number))
    moves = [each for each in written.sets if "episode_id" in each[1]]
    ((moved, fields, condition),) = moves
    ids = [m.id for m in (await stored(at))[8:]]
    assert moved == set(ids[:late]), "the percept with which it was known is new, and written where it is"
    assert fields == {"episode_id", "position", "epoch"}
    assert "epoch" in repr(condition)
