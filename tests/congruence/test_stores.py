"""The stores keep their promises over every backend."""

import dataclasses
import itertools
from typing import Any, cast

import numpy as np
import pytest

from cognition.errors import BadPerceptError, StoreRefusedError
from cognition.ports.stores import Facts, Likely, Probe, Revision, Scope, Trace
from cognition.stores.backend import VectorBackend
from cognition.stores.checkpoints import VectorCheckpoints
from cognition.stores.edge import EdgeBackend
from cognition.stores.stores import VectorStores, open_stores
from cognition.stores.vectors import mind_key
from schemas.association import Association, AssociationType
from schemas.cue import CueFilter, Mood
from schemas.episode import Episode
from schemas.identifiers import episode_id, identity_id, memory_id
from schemas.identity import Identity, Lifetime
from schemas.memory import Memory, Tombstone
from schemas.percept import MemoryKind

_fresh = itertools.count()


@pytest.fixture
def mind() -> str:
    return f"mind of stores {next(_fresh)}"


@pytest.fixture
async def stores(backend: VectorBackend) -> VectorStores:
    return await open_stores(backend)


def direction(*parts: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    vector = np.zeros(768, np.float32)
    vector[: len(parts)] = parts
    return vector / np.linalg.norm(vector)


def trace(
    mind: str, key: str, *parts: float, lexical: dict[int, float] | None = None, **fields: Any
) -> Trace:
    memory = Memory(
        id=memory_id(mind, key), mind=mind, key=key, entry=f"{key}-0", content=f"about {key}", **fields
    )
    return Trace(memory, direction(*(parts or (1.0,))), lexical or {7: 0.5})


async def keys(stores: VectorStores, mind: str, **filters: Any) -> list[str]:
    scope = Scope(CueFilter(**filters))
    ids = await stores.memories.select(mind, scope, limit=100)
    assert await stores.memories.count(mind, scope) == len(ids)
    return sorted(m.key for m in (await stores.memories.get(mind, ids)).values())


async def test_a_memory_comes_back_whole(stores: VectorStores, mind: str) -> None:
    written = trace(
        mind,
        "k",
        0.6,
        0.8,
        lexical={1: 0.25, 4_000_000_000: 0.5},
        occurred_at=1_700_000_000.123456,
        last_replayed=12.5,
        metadata={"n": 1, "nested": {"list": [1, 2.5, "x", True, None]}},
        context={"place": "home", "a b": "c"},
        associations=[Association(target_id=memory_id(mind, "t"), weight=0.5, type=AssociationType.CAUSAL)],
        session="s",
    )
    await stores.memories.insert([written], epoch=3)
    found = (await stores.memories.get_traces(mind, [written.memory.id]))[written.memory.id]
    assert dataclasses.replace(found, context=written.context).memory.epoch == 3
    assert found.memory == type(found.memory)(**{**as_fields(written.memory), "epoch": 3})
    np.testing.assert_allclose(found.context, written.context, atol=1e-6)
    assert found.lexical == written.lexical


def as_fields(memory: Memory) -> dict[str, Any]:
    return {name: getattr(memory, name) for name in memory.__struct_fields__}


async def test_the_first_write_stands_until_a_newer_epoch(stores: VectorStores, mind: str) -> None:
    async def stored() -> tuple[str, int]:
        memory = (await stores.memories.get(mind, [memory_id(mind, "k")]))[memory_id(mind, "k")]
        return memory.source, memory.epoch

    for source, epoch, expected in (
        ("first", 2, ("first", 2)),
        ("again", 2, ("first", 2)),
        ("older", 1, ("first", 2)),
        ("newer", 3, ("newer", 3)),
    ):
        await stores.memories.insert([trace(mind, "k", source=source)], epoch=epoch)
        assert await stored() == expected


async def test_a_patch_of_an_older_epoch_changes_nothing(stores: VectorStores, mind: str) -> None:
    written = trace(mind, "k", superseded_by="other")
    wanted = written.memory.id
    await stores.memories.insert([written], epoch=2)
    await stores.memories.patch(mind, {wanted: {"access_count": 9}}, epoch=1)
    assert (await stores.memories.get(mind, [wanted]))[wanted].access_count == 0
    patch = {"access_count": 4, "last_accessed": 99.5, "superseded_by": None}
    await stores.memories.patch(mind, {wanted: patch, memory_id(mind, "absent"): patch}, epoch=3)
    memory = (await stores.memories.get(mind, [wanted]))[wanted]
    assert (memory.access_count, memory.last_accessed, memory.superseded_by, memory.epoch) == (
        4,
        99.5,
        None,
        3,
    )
    assert await stores.memories.count(mind) == 1


async def test_no_mind_reaches_into_another(stores: VectorStores, mind: str) -> None:
    other = f"{mind}, not"
    mine, theirs = trace(mind, "k"), trace(other, "k", source="secret")
    await stores.memories.insert([mine, theirs], epoch=1)
    stolen = theirs.memory.id
    assert await stores.memories.get(mind, [stolen]) == {}
    assert await stores.memories.get_traces(mind, [stolen]) == {}
    assert await stores.memories.get_bare(mind, [stolen]) == {}
    assert await stores.memories.find([(mind, stolen)]) == {}
    assert set(await stores.memories.find([(mind, mine.memory.id), (other, stolen)])) == {
        mine.memory.id,
        stolen,
    }
    probe = Probe(direction(1.0), {7: 1.0}, Scope())
    found = await stores.memories.probe(mind, [probe], limit=10, also=[stolen])
    assert (found.ids, list(found.facts)) == ([mine.memory.id], [mine.memory.id])
    assert (await stores.memories.score(mind, probe, [stolen])).ids == []
    assert await stores.memories.facts(mind, [stolen]) == {}
    assert await stores.memories.select(mind, Scope(), limit=10) == [mine.memory.id]
    await stores.memories.patch(mind, {stolen: {"source": "taken"}}, epoch=9)
    await stores.memories.erase(mind, [stolen])
    assert (await stores.memories.get(other, [stolen]))[stolen].source == "secret"
    with pytest.raises(StoreRefusedError, match="mind"):
        await stores.memories.count("")
    with pytest.raises(StoreRefusedError, match="mind"):
        await stores.memories.get("", [stolen])


async def test_words_of_two_minds_that_fall_on_one_term_id_find_no_other_mind(
    stores: VectorStores, mind: str
) -> None:
    """Term ids are 32-bit hashes, mixed with the mind's: now and then those of two minds are the same."""
    stranger = f"{mind}, another"
    here, there = 7, 7 ^ mind_key(mind) ^ mind_key(stranger)
    mine = trace(mind, "mine", 1.0, lexical={here: 0.5})
    theirs = trace(stranger, "theirs", 1.0, lexical={there: 0.9})
    await stores.memories.insert([mine, theirs], epoch=1)
    probe = Probe(direction(1.0), {here: 1.0}, Scope(), naming=5)
    found = await stores.memories.probe(mind, [probe], limit=5)
    assert found.ids == [mine.memory.id]
    assert found.lexical.tolist() == [0.5]
    found = await stores.memories.probe(stranger, [Probe(direction(1.0), {there: 1.0}, Scope())], limit=5)
    assert found.ids == [theirs.memory.id]


async def test_candidates_are_the_best_of_both_vectors(stores: VectorStores, mind: str) -> None:
    await stores.memories.insert(
        [
            trace(mind, "near", 1.0, 0.1, lexical={1: 0.1}),
            trace(mind, "wordy", 0.0, 1.0, lexical={5: 0.9}),
            trace(mind, "far", 0.0, 0.0, 1.0, lexical={9: 0.2}),
        ],
        epoch=1,
    )
    probe = Probe(direction(1.0), {5: 2.0}, Scope())
    near, wordy, far = (memory_id(mind, key) for key in ("near", "wordy", "far"))
    found = await stores.memories.probe(mind, [probe], limit=1, with_facts=False)
    assert (found.ids, found.facts) == ([near, wordy], {})
    assert found.dense == pytest.approx([1 / np.sqrt(1.01), 0.0], abs=1e-5)
    assert found.lexical == pytest.approx([0.0, 1.8], abs=1e-5)
    joined = await stores.memories.probe(mind, [probe], limit=1, also=[far, near])
    assert set(joined.ids) == {near, wordy, far} == set(joined.facts)
    scored = await stores.memories.score(mind, probe, found.ids)
    shared = dict(zip(scored.ids, scored.lexical.tolist(), strict=True))
    assert shared == pytest.approx({near: 0.0, wordy: 1.8})


async def test_what_is_likely_to_answer_is_read_meanwhile(
    stores: VectorStores, backend: VectorBackend, mind: str
) -> None:
    """The host of Edge reads so many ahead for the daemon, a server sends whole whatever was found; whoever
    does neither leaves it to be asked for."""
    await stores.memories.insert(
        [
            trace(mind, "near", 1.0, 0.1, lexical={1: 0.1}),
            trace(mind, "wordy", 0.0, 1.0, lexical={5: 0.9}),
            trace(f"{mind}, not", "near", 1.0, 0.1, lexical={5: 0.9}),
        ],
        epoch=1,
    )
    near, wordy = (memory_id(mind, key) for key in ("near", "wordy"))
    probe = Probe(direction(1.0), {5: 2.0}, Scope())
    for likely, expected in (
        (Likely(1, dense=1.0, lexical=0.0), {near}),
        (Likely(1, dense=1.0, lexical=1.0), {wordy}),
        (Likely(9, dense=1.0, lexical=1.0), {near, wordy}),
    ):
        found = await stores.memories.probe(mind, [probe], limit=2, likely=likely)
        assert found.ahead is not None or not isinstance(backend, EdgeBackend)
        if found.ahead is not None:
            stolen = memory_id(f"{mind}, not", "near")
            read = await found.ahead([near, wordy, stolen])
            assert set(read) == (expected if isinstance(backend, EdgeBackend) else {near, wordy})
            assert read == await stores.memories.get(mind, sorted(read))
    unasked = await stores.memories.probe(mind, [probe], limit=2)
    assert unasked.ahead is None


async def test_facts_are_what_ranking_reads(stores: VectorStores, mind: str) -> None:
    edge = Association(target_id=memory_id(mind, "b"), weight=0.5, type=AssociationType.CAUSES)
    written = trace(mind, "a", actor="ana", episode_id="e1", occurred_at=1e9 + 0.25, associations=[edge])
    await stores.memories.insert([written, trace(mind, "b")], epoch=1)
    a, b = written.memory.id, memory_id(mind, "b")
    facts = await stores.memories.facts(mind, [a, b, memory_id(mind, "absent")])
    assert facts[a] == Facts("e1", "ana", 1e9 + 0.25, (edge,))
    assert (set(facts), facts[b].associations) == ({a, b}, ())
    probe = Probe(direction(1.0), {7: 1.0}, Scope())
    assert (await stores.memories.probe(mind, [probe], limit=5)).facts == facts
    await stores.memories.patch(mind, {a: {"associations": []}, b: {"associations": [edge]}}, epoch=1)
    changed = await stores.memories.facts(mind, [a, b])
    assert (changed[a].associations, changed[b].associations) == ((), (edge,))
    assert (await stores.memories.get(mind, [b]))[b].associations == [edge]


async def test_any_filters_together(stores: VectorStores, mind: str) -> None:
    await stores.memories.insert(
        [
            trace(
                mind,
                "a",
                occurred_at=100.0,
                actor="ana",
                kind=MemoryKind.SEMANTIC,
                context={"place": "home"},
                metadata={"ok": True, "n": 1},
                session="s1",
                valence=0.5,
                arousal=0.5,
                episode_id="e1",
            ),
            trace(
                mind,
                "b",
                occurred_at=200.0,
                actor="bo",
                context={"place": "office"},
                metadata={"ok": False, "n": 2},
                session="s2",
                valence=-0.5,
                arousal=0.9,
                episode_id="e2",
            ),
        ],
        epoch=1,
    )
    assert await keys(stores, mind) == ["a", "b"]
    assert await keys(stores, mind, occurred_from=150.0) == ["b"]
    assert await keys(stores, mind, occurred_to=100.0) == ["a"]
    assert await keys(stores, mind, kinds=[MemoryKind.SEMANTIC]) == ["a"]
    assert await keys(stores, mind, actors=["bo", "cy"]) == ["b"]
    assert await keys(stores, mind, context={"place": "home"}) == ["a"]
    assert await keys(stores, mind, metadata={"ok": True}) == ["a"]
    assert await keys(stores, mind, metadata={"ok": True, "n": 2}) == []
    assert await keys(stores, mind, session="s2") == ["b"]
    assert await keys(stores, mind, occurred_from=50.0, actors=["ana"], context={"place": "office"}) == []
    inside = await stores.memories.select(mind, Scope(episodes=("e2", "e3")), limit=9)
    assert inside == [memory_id(mind, "b")]


async def test_a_mood_is_a_disc_not_a_box(stores: VectorStores, mind: str) -> None:
    await stores.memories.insert(
        [
            trace(mind, "centre", valence=0.0, arousal=0.5),
            trace(mind, "corner", valence=0.25, arousal=0.75),
            trace(mind, "far", valence=0.9, arousal=0.5),
        ],
        epoch=1,
    )
    mood = Mood(valence=0.0, arousal=0.5, radius=0.3)
    assert await keys(stores, mind, mood=mood) == ["centre"]
    probe = Probe(direction(1.0), {7: 1.0}, Scope(CueFilter(mood=mood)))
    both = [memory_id(mind, "centre"), memory_id(mind, "corner")]
    assert (await stores.memories.probe(mind, [probe], limit=5)).ids == both[:1]
    assert (await stores.memories.score(mind, probe, both)).ids == both[:1]
    unseen = await stores.memories.probe(mind, [probe], limit=5, with_facts=False)
    assert set(unseen.ids) == set(both), "whoever has the facts draws the circle in the square"


async def test_a_walk_meets_every_memory_once(stores: VectorStores, mind: str) -> None:
    await stores.memories.insert([trace(mind, str(i), length=i) for i in range(5)], epoch=1)
    await stores.memories.insert([trace(f"{mind} too", "other")], epoch=1)
    rows, offset = [], None
    while True:
        page, offset = await stores.memories.walk(mind, offset, limit=2)
        rows += page
        if offset is None:
            break
    assert sorted(memory.length for memory in rows) == list(range(5))


async def test_what_a_memory_means_by_itself_is_read_alone(stores: VectorStores, mind: str) -> None:
    alone, drawn = trace(mind, "alone", 0.6, 0.8), trace(mind, "drawn", 0.6, 0.8)
    drawn = dataclasses.replace(drawn, evidence=direction(1.0))
    await stores.memories.insert([alone, drawn], epoch=1)
    ids = [drawn.memory.id, memory_id(mind, "absent"), alone.memory.id, alone.memory.id]
    found = await stores.memories.get_bare(mind, ids)
    assert set(found) == {alone.memory.id, drawn.memory.id}
    np.testing.assert_allclose(found[alone.memory.id], alone.context, atol=1e-6)
    np.testing.assert_allclose(found[drawn.memory.id], direction(1.0), atol=1e-3)
    assert await stores.memories.get_bare(mind, []) == {}


async def test_vectors_are_revised_by_a_writer_that_is_not_outdated(stores: VectorStores, mind: str) -> None:
    bare, drifted = direction(1.0), direction(1.0, 0.5)
    written = dataclasses.replace(trace(mind, "k", 0.6, 0.8, lexical={1: 0.25}), evidence=bare)
    memory = written.memory.id
    await stores.memories.insert([written], epoch=3)
    absent, other = memory_id(mind, "absent"), f"{mind} too"
    news = {"lexical": {1: 0.5, 9: 0.125}, "context": drifted}
    await stores.memories.revise([Revision(mind, memory, **news)], epoch=2)
    await stores.memories.revise([Revision(other, memory, lexical={5: 0.5})], epoch=9)
    found = (await stores.memories.get_traces(mind, [memory]))[memory]
    assert found.lexical == {1: 0.25}
    await stores.memories.revise(
        [Revision(mind, memory, **news), Revision(mind, absent, lexical={2: 0.5})], epoch=3
    )
    found = (await stores.memories.get_traces(mind, [memory]))[memory]
    assert found.lexical == news["lexical"]
    np.testing.assert_allclose(found.context, drifted, atol=1e-6)
    assert found.evidence is not None
    np.testing.assert_allclose(found.evidence, bare, atol=1e-3)
    assert found.memory.epoch == 3
    assert await stores.memories.count(mind) == 1


@pytest.mark.parametrize(
    "vector",
    [np.zeros(768), np.full(768, np.nan), np.full(768, np.inf), np.ones(767), np.ones((1, 768))],
    ids=["zero", "nan", "inf", "short", "matrix"],
)
async def test_a_bad_vector_never_gets_in(stores: VectorStores, mind: str, vector: Any) -> None:
    bad = dataclasses.replace(trace(mind, "bad"), context=vector)
    with pytest.raises(BadPerceptError, match=r"vector of memory"):
        await stores.memories.insert([trace(mind, "good"), bad], epoch=1)
    assert await stores.memories.count(mind) == 0


@pytest.mark.parametrize("terms", [{-1: 1.0}, {2**32: 1.0}, {1: 0.0}, {1: float("nan")}])
async def test_bad_terms_never_get_in(stores: VectorStores, mind: str, terms: dict[int, float]) -> None:
    with pytest.raises(BadPerceptError, match="term"):
        await stores.memories.insert([trace(mind, "bad", lexical=terms)], epoch=1)


async def test_episodes_are_saved_whole_and_fenced(stores: VectorStores, mind: str) -> None:
    def episode(entry: str, started_at: float, **fields: Any) -> tuple[Episode, Any]:
        made = Episode(id=episode_id(mind, entry), mind=mind, started_at=started_at, **fields)
        return made, direction(1.0, started_at)

    await stores.episodes.save([episode("1", 10.0, label="one"), episode("2", 20.0)], epoch=2)
    await stores.episodes.save([episode("1", 10.0, label="older")], epoch=1)
    first = episode_id(mind, "1")
    assert (await stores.episodes.get(mind, [first]))[first].label == "one"
    await stores.episodes.save([episode("1", 10.0, label="closed", ended_at=11.5)], epoch=2)
    await stores.episodes.patch(mind, {first: {"next_id": episode_id(mind, "2")}}, epoch=2)
    found = (await stores.episodes.get(mind, [first]))[first]
    assert (found.label, found.ended_at, found.next_id) == ("closed", 11.5, episode_id(mind, "2"))
    assert [e.started_at for e in await stores.episodes.latest(mind, limit=5)] == [20.0, 10.0]
    assert [e.started_at for e in await stores.episodes.latest(mind, limit=1)] == [20.0]
    assert await stores.episodes.count(mind) == 2
    assert await stores.episodes.get(mind + "!", [first]) == {}


async def test_an_identity_is_born_once_and_swapped_by_revision(stores: VectorStores, mind: str) -> None:
    born = Identity(id=identity_id(mind), mind=mind, name="one", born_at=5.25, last_sleep_at=7.0)
    assert await stores.identities.get(mind) is None
    assert await stores.identities.create(born, direction(1.0)) == born
    late = Identity(id=born.id, mind=mind, name="late")
    assert (await stores.identities.create(late, direction(0.0, 1.0))).name == "one"

    def next_one(rev: int, **fields: Any) -> Identity:
        return Identity(id=born.id, mind=mind, rev=rev, **fields)

    assert await stores.identities.swap(next_one(1, lifetime=Lifetime(percepts=3)), expected_rev=0)
    assert not await stores.identities.swap(next_one(1, name="loser"), expected_rev=0)
    stored = await stores.identities.get(mind)
    assert stored is not None
    assert (stored.rev, stored.lifetime.percepts, stored.last_sleep_at) == (1, 3, None)
    assert await stores.identities.swap(stored, expected_rev=0), "the same swap again is no harm"
    with pytest.raises(StoreRefusedError, match="rev"):
        await stores.identities.swap(next_one(5), expected_rev=1)
    await stores.identities.swap(next_one(2, epoch=4), expected_rev=1)
    assert not await stores.identities.swap(next_one(3, epoch=3), expected_rev=2)


async def test_checkpoints_keep_the_newest_epoch(stores: VectorStores, mind: str) -> None:
    state, lexicon = (mind, "state"), (mind, "lexicon")
    await stores.checkpoints.save({state: b"\x00one", lexicon: b""}, epoch=2)
    await stores.checkpoints.save({state: b"older"}, epoch=1)
    assert await stores.checkpoints.load([state, lexicon, (mind, "none")]) == {
        state: b"\x00one",
        lexicon: b"",
    }
    await stores.checkpoints.save({state: b"two"}, epoch=2)
    assert await stores.checkpoints.load([state]) == {state: b"two"}
    assert await stores.checkpoints.load([(mind + "!", "state")]) == {}


class Delaying:
    """A backend of which a node takes each write, stalls, and passes it on once more when it is told to."""

    def __init__(self, inner: VectorBackend) -> None:
        self._inner = inner
        self.taken: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def upsert(self, *given: Any, **more: Any) -> None:
        self.taken.append((given, more))
        await self._inner.upsert(*given, **more)


@pytest.mark.parametrize("read_before", [True, False])
async def test_a_checkpoint_that_is_applied_late_changes_nothing_newer(
    stores: VectorStores, mind: str, read_before: bool
) -> None:
    key, backend = (mind, "state"), Delaying(stores.backend)
    checkpoints = VectorCheckpoints(cast(VectorBackend, backend))
    if read_before:
        await checkpoints.load([key])
    for state in (b"first", b"second", b"third"):
        await checkpoints.save({key: state}, epoch=2)
    for given, more in backend.taken[0 if read_before else 1 :]:
        await stores.backend.upsert(*given, **more)
        assert await checkpoints.load([key]) == {key: b"third"}


async def test_a_process_that_knows_no_number_of_the_last_one_writes_all_the_same(
    stores: VectorStores, mind: str
) -> None:
    key = (mind, "state")
    for state in (b"first", b"second", b"third"):
        await stores.checkpoints.save({key: state}, epoch=2)
    another = VectorCheckpoints(stores.backend)
    for state in (b"fourth", b"fifth"):
        await another.save({key: state}, epoch=2)
        assert await stores.checkpoints.load([key]) == {key: state}
    one, two = VectorCheckpoints(stores.backend), VectorCheckpoints(stores.backend)
    for state in (b"paused", b"awake", b"paused again"):
        for each in (one, one, two):
            await each.save({(mind, "told"): state}, epoch=0)
        assert await one.load([(mind, "told")]) == {(mind, "told"): state}
        await one.save({(mind, "told"): b"by the first"}, epoch=0)
        assert await two.load([(mind, "told")]) == {(mind, "told"): b"by the first"}


async def test_what_is_buried_stays_buried(stores: VectorStores, mind: str) -> None:
    stone = Tombstone(id=memory_id(mind, "k"), mind=mind, forgotten_at=9.5, reason="asked")
    await stores.tombstones.bury([stone])
    await stores.tombstones.bury([Tombstone(id=stone.id, mind=mind, forgotten_at=99.0)])
    assert await stores.tombstones.among([(mind, stone.id), (mind, memory_id(mind, "x"))]) == {
        stone.id: stone
    }
    assert await stores.tombstones.among([(mind + "!", stone.id)]) == {}


async def test_the_archive_keeps_whole_memories(stores: VectorStores, mind: str) -> None:
    kept = trace(mind, "k", composite_salience=0.2, episode_id="e", epoch=2)
    i, missing = kept.memory.id, memory_id(mind, "x")
    await stores.archive.deposit([kept], reason="decay", at=50.0, epoch=2)
    late = trace(mind, "k", composite_salience=0.9)
    await stores.archive.deposit([late], reason="late", at=60.0, epoch=1)
    assert await stores.archive.get(mind, [i, missing]) == {i: kept.memory}
    assert await stores.archive.get(mind + "!", [i]) == {}
    assert await stores.archive.find([(mind, i), (mind, missing)]) == {i: (kept.memory, "decay")}
    assert await stores.archive.find([(mind + "!", i)]) == {}
    await stores.archive.erase(mind + "!", [i])
    await stores.archive.erase(mind, [i], epoch=1)
    assert await stores.archive.get(mind, [i])
    await stores.archive.erase(mind, [i], epoch=2)
    assert await stores.archive.get(mind, [i]) == {}


async def test_the_archive_tells_of_an_episode_and_is_revised(stores: VectorStores, mind: str) -> None:
    for key, episode, why in (("a", "e", "decay"), ("b", "e", "passed by"), ("c", "f", "decay")):
        each = trace(mind, key, episode_id=episode, epoch=1)
        await stores.archive.deposit([each], reason=why, at=1.0, epoch={mind: 1})
    i = memory_id(mind, "a")
    assert await stores.archive.within(mind, "e", but="passed by", limit=9) == [i]
    assert len(await stores.archive.within(mind, "e", but="", limit=9)) == 2
    assert await stores.archive.within(mind + "!", "e", but="", limit=9) == []
    await stores.archive.revise([Revision(mind, i, lexical={5: 0.25}, context=direction(0.0, 1.0))], epoch=2)
    await stores.archive.revise([Revision(mind, i, lexical={9: 0.5})], epoch=1)
    await stores.archive.patch(mind, {i: {"length": 7}}, epoch=2)
    await stores.archive.patch(mind, {i: {"length": 9}}, epoch=1)
    page, offset = await stores.archive.walk(mind, None, limit=2)
    rest, end = await stores.archive.walk(mind, offset, limit=2)
    lengths = {(m.key, why): m.length for m, why in [*page, *rest]}
    assert lengths == {("a", "decay"): 7, ("b", "passed by"): 0, ("c", "decay"): 0}
    assert (offset is not None, end) == (True, None)
    found = (await stores.archive.get_traces(mind, [i]))[i]
    assert found.lexical == {5: 0.25}
    np.testing.assert_allclose(found.context, direction(0.0, 1.0), atol=1e-3)


async def test_a_holder_erases_nothing_that_a_later_one_wrote(stores: VectorStores, mind: str) -> None:
    await stores.memories.insert([trace(mind, "a")], epoch=1)
    await stores.memories.insert([trace(mind, "b")], epoch=2)
    ids = [memory_id(mind, "a"), memory_id(mind, "b")]
    await stores.memories.erase(mind, ids, epoch=1)
    assert await keys(stores, mind) == ["b"]
    await stores.memories.erase(mind, ids)
    assert await keys(stores, mind) == []


async def test_writing_twice_equals_once(stores: VectorStores, mind: str) -> None:
    for _ in range(2):
        await stores.memories.insert([trace(mind, "a"), trace(mind, "a"), trace(mind, "b")], epoch=1)
    assert await stores.memories.count(mind) == 2
    for _ in range(2):
        await stores.memories.erase(mind, [memory_id(mind, "a")])
    assert await keys(stores, mind) == ["b"]
    await stores.memories.insert([], epoch=1)
    assert (await stores.memories.probe(mind, [], limit=3)).ids == []
