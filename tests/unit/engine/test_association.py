"""A memory comes to know which others it speaks of, whatever the order in which they came."""

from __future__ import annotations

from itertools import permutations

import pytest

from cognition.engine.association import CHANGE_MIN, SPEAKERS_MAX, is_mention, left, with_mentions
from cognition.engine.linking import PENDING_MAX, Linking
from cognition.engine.plasticity import Event
from cognition.errors import LeaseLostError
from cognition.mechanisms.mentions import MENTIONS_MAX
from cognition.mechanisms.synapses import LEARNED
from schemas.association import Association, AssociationType
from schemas.dream import CoActivation
from schemas.events import AssociationsFormed
from schemas.identifiers import memory_id
from schemas.memory import Memory
from schemas.percept import Forget, Percept
from tests.unit.engine.bench import ANA, BO, START_MS, UNBOUND, Bench, bench

PASSAGES = {
    "Lothair": "Lothair of Arles was a son of Hugh of Provence.",
    "Hugh of Provence": "Hugh of Provence was king of Italy until he was driven out.",
    "Italy": "Italy is a country of southern Europe.",
    "Bread": "Bread is baked of flour and water.",
}


def passage(subject: str, *, mind: str = ANA, **fields: object) -> Percept:
    content = PASSAGES.get(subject, f"{subject} is told of here.")
    return Percept(mind=mind, key=subject, subject=subject, content=content, **fields)  # type: ignore[arg-type]


async def linked(on: Bench, mind: str = ANA) -> None:
    """Step until nothing is left; the minds are written down."""
    while await on.engine.associating.step(mind, epoch=on.epoch):
        pass
    await on.engine.minds.checkpoint()


async def edges(on: Bench, mind: str = ANA) -> dict[str, dict[str, float]]:
    """Who names whom, by key."""
    keys = {memory_id(mind, key): key for key in PASSAGES}
    found = await on.stores.memories.get(mind, list(keys))
    named = {
        keys[i]: {keys[a.target_id]: a.weight for a in memory.associations if is_mention(a)}
        for i, memory in found.items()
    }
    return {one: others for one, others in named.items() if others}


async def test_a_memory_names_what_others_are_about() -> None:
    on = await bench(options=UNBOUND)
    await on.take(*(passage(subject) for subject in PASSAGES))
    await linked(on)
    found = await edges(on)
    assert {one: set(named) for one, named in found.items()} == {
        "Lothair": {"Hugh of Provence"},
        "Hugh of Provence": {"Italy"},
    }
    assert all(0.0 < weight <= 1.0 for named in found.values() for weight in named.values())


@pytest.mark.parametrize("order", list(permutations(list(PASSAGES)[:3])))
async def test_any_order_ends_with_the_same_associations(order: tuple[str, ...]) -> None:
    on, other = await bench(options=UNBOUND), await bench(options=UNBOUND)
    await other.take(*(passage(subject) for subject in PASSAGES))
    for subject in (*order, "Bread"):
        await on.take(passage(subject))
        await linked(on)
    (await on.engine.minds.look(ANA)).linking.sweep()
    await linked(on)
    await linked(other)
    cold = await edges(other)
    for one, named in (await edges(on)).items():
        assert named == pytest.approx(cold.pop(one), abs=CHANGE_MIN)
    assert cold == {}


async def test_what_came_before_it_could_be_named_names_it_afterwards() -> None:
    on = await bench(options=UNBOUND)
    await on.say("Yesterday we spoke of Hugh of Provence.", key="Lothair")
    await linked(on)
    assert await edges(on) == {}
    await on.take(passage("Hugh of Provence"))
    await linked(on)
    assert set((await edges(on))["Lothair"]) == {"Hugh of Provence"}


async def test_a_mind_without_subjects_keeps_and_asks_nothing() -> None:
    on = await bench(options=UNBOUND)
    await on.take(*(Percept(mind=ANA, content=f"we speak of this and that {n}") for n in range(5)))
    mind = await on.engine.minds.look(ANA)
    assert left(mind) == 0
    assert on.engine.associating.due() == []
    assert mind.linking == Linking()


async def test_linking_goes_on_where_a_crash_left_it() -> None:
    on = await bench(options=UNBOUND)
    await on.take(*(passage(subject) for subject in PASSAGES))
    on.again()
    mind = await on.engine.minds.look(ANA)
    assert left(mind) == len(PASSAGES)
    await linked(on)
    first = await edges(on)
    assert first
    mind.linking.sweep()
    await on.engine.associating.step(ANA, epoch=on.epoch)
    on.again()
    await linked(on)
    assert await edges(on) == first


async def test_minds_do_not_name_each_other() -> None:
    on = await bench(options=UNBOUND)
    await on.take(passage("Lothair", mind=ANA), passage("Hugh of Provence", mind=BO))
    await linked(on)
    await linked(on, BO)
    assert await edges(on) == {}
    assert await edges(on, BO) == {}


async def test_what_was_erased_is_named_no_more() -> None:
    on = await bench(options=UNBOUND)
    await on.take(*(passage(subject) for subject in PASSAGES))
    await linked(on)
    await on.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "Hugh of Provence")]))
    (await on.engine.minds.look(ANA)).linking.sweep()
    await linked(on)
    assert await edges(on) == {}


async def test_doubling_weighs_all_of_them_anew() -> None:
    on = await bench(options=UNBOUND)
    await on.take(*(passage(subject) for subject in PASSAGES))
    await linked(on)
    before = (await edges(on))["Hugh of Provence"]["Italy"]
    await on.take(*(Percept(mind=ANA, content=f"Of Italy, and of number {n}.") for n in range(80)))
    await linked(on)
    assert (await edges(on))["Hugh of Provence"]["Italy"] < before
    steps = [e for e in on.sink.events if isinstance(e, AssociationsFormed)]
    assert any(e.sweeping for e in steps)
    assert steps[-1].pending == 0


async def test_a_subject_that_all_name_costs_a_bounded_look_and_the_next_sweep_finds_the_rest() -> None:
    on = await bench(options=UNBOUND)
    crowd = SPEAKERS_MAX + 10
    await on.take(*(Percept(mind=ANA, key=str(n), content=f"Zanzibar, said {n}.") for n in range(crowd)))
    await on.take(Percept(mind=ANA, key="Zanzibar", subject="Zanzibar", content="An island."))
    mind = await on.engine.minds.look(ANA)
    mind.linking.swept = mind.lexicon.n
    await linked(on)
    assert await naming(on, crowd) == SPEAKERS_MAX
    mind.linking.sweep()
    await linked(on)
    assert await naming(on, crowd) == crowd


async def naming(on: Bench, crowd: int) -> int:
    """How many of the crowd name anything."""
    found = await on.stores.memories.get(ANA, [memory_id(ANA, str(n)) for n in range(crowd)])
    return sum(any(map(is_mention, memory.associations)) for memory in found.values())


def test_a_flood_is_gone_through_instead_of_kept() -> None:
    linking = Linking(subjects=1)
    for n in range(PENDING_MAX + 1):
        linking.note(Memory(id=str(n), mind=ANA, key=str(n), entry="1-0", content="x"), 10**6)
    assert linking.sweeping
    assert linking.pending == []


def test_mentions_leave_other_associations_alone() -> None:
    given = Association(target_id="g", weight=0.4, type=AssociationType.SEMANTIC, given=True)
    used = Association(target_id="u", weight=0.3, type=AssociationType.GOAL, last_coactivated=1e9)
    old = Association(target_id="old", weight=0.9, type=AssociationType.SEMANTIC)
    array = with_mentions((given, used, old), {f"t{n}": 0.5 for n in range(20)}, 1e9)
    assert {given, used} <= set(array)
    assert sum(a.type is AssociationType.SEMANTIC and not a.given for a in array) == MENTIONS_MAX
    assert "old" not in {a.target_id for a in array}


class Unplugged(Exception):
    """The process dies here."""


async def test_a_crash_at_any_call_of_linking_ends_with_the_same_associations() -> None:
    on = await bench()
    await on.take(*(passage(subject) for subject in PASSAGES))
    await linked(on)
    whole = await edges(on)
    for crash_at in range(1, 40):
        other = await bench()
        await other.take(*(passage(subject) for subject in PASSAGES))
        calls = 0

        async def dying(verb: str, collection: str, crash_at: int = crash_at) -> None:
            nonlocal calls
            calls += 1
            if calls == crash_at:
                raise Unplugged

        other.backend.gate = dying
        died = False
        try:
            await linked(other)
        except Unplugged:
            died = True
        other.backend.gate = None
        other.again()
        await linked(other)
        found = await edges(other)
        assert {one: set(named) for one, named in found.items()} == {one: set(n) for one, n in whole.items()}
        if not died:
            return
    raise AssertionError("linking four memories took forty calls")


async def test_an_older_holder_of_the_lease_writes_no_association() -> None:
    on = await bench()
    await on.take(*(passage(subject) for subject in PASSAGES))
    ids = [memory_id(ANA, subject) for subject in PASSAGES]
    await on.stores.memories.patch(ANA, {i: {"access_count": 1} for i in ids}, epoch=on.epoch + 1)
    with pytest.raises(LeaseLostError, match="under epoch 2, ours is 1"):
        await linked(on)
    assert await edges(on) == {}


async def test_what_was_learned_between_a_read_and_a_write_stays_and_is_linked_all_the_same() -> None:
    """A holder that does not know yet that its lease is gone folds a report in while another links."""
    on = await bench(options=UNBOUND)
    await on.take(*(passage(subject) for subject in PASSAGES))
    ids = sorted(memory_id(ANA, subject) for subject in PASSAGES)
    lesson = CoActivation(mind=ANA, memory_ids=ids, reason="used")
    former = on.engine
    epoch = on.epoch
    on.again()

    async def late(verb: str, collection: str) -> None:
        if verb == "set_payloads" and collection == "memories":
            on.backend.gate = None
            await former.plasticity.fold([Event(0, f"{START_MS}-9", ANA, lesson)], {0: epoch})

    on.backend.gate = late
    await linked(on)
    found = (await on.stores.memories.get(ANA, ids)).values()
    learned = {m.id: {a.target_id for a in m.associations if a.type is LEARNED} for m in found}
    assert learned == {i: set(ids) - {i} for i in ids}
    assert {one: set(named) for one, named in (await edges(on)).items()} == {
        "Lothair": {"Hugh of Provence"},
        "Hugh of Provence": {"Italy"},
    }


async def test_a_pass_over_all_of_a_mind_is_not_made_again_after_a_crash() -> None:
    on = await bench()
    await on.take(*(passage(subject) for subject in PASSAGES))
    (await on.engine.minds.look(ANA)).linking.sweep()
    while await on.engine.associating.step(ANA, epoch=on.epoch):
        pass
    on.again()
    mind = await on.engine.minds.look(ANA)
    assert (left(mind), mind.linking.swept) == (0, len(PASSAGES))


async def test_a_subject_that_many_share_says_little_of_any_of_them() -> None:
    one, many = await bench(), await bench()
    said = Percept(mind=ANA, key="Lothair", content="Somebody asked for Hugh of Provence.")
    await one.take(said, passage("Hugh of Provence"), *(passage(f"Nobody {n}") for n in range(8)))
    shared = [
        Percept(mind=ANA, key=f"h{n}", subject="Hugh of Provence", content=f"He left, {n}.") for n in range(8)
    ]
    await many.take(said, passage("Hugh of Provence"), *shared)
    await linked(one)
    await linked(many)
    alone = (await edges(one))["Lothair"]["Hugh of Provence"]
    found = (await many.stores.memories.get(ANA, [memory_id(ANA, "Lothair")])).values()
    crowd = [a.weight for memory in found for a in memory.associations if is_mention(a)]
    assert len(crowd) == 8
    assert max(crowd) <= alone / 8**0.5
