"""A mind that is derived anew is what it was; one that was spoiled is mended."""

import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.engine.options import MindOptions
from cognition.engine.rebuilding import PAGE
from cognition.mechanisms.lexicon import Lexicon
from cognition.ports.stores import Revision, Trace
from cognition.stores.backend import Point, Sparse
from schemas.events import MindRebuilt, Outcome
from schemas.identifiers import memory_id
from schemas.percept import Forget, Percept, Rebuild
from tests.unit.engine.bench import ANA, BO, Bench, bench

TALK = [
    ("ana", "Where were you last summer?"),
    ("bo", "In Lisbon, with Clara."),
    ("bo", "Two weeks."),
    ("ana", "Was the sea cold?"),
    ("bo", "Yes!"),
    ("ana", "The garden needs water, the tomatoes are dying in the heat of this endless August."),
]


async def told(options: Options | None = None, mind: str = ANA) -> Bench:
    on = await bench(options=options)
    for number, (actor, content) in enumerate(TALK):
        await on.say(content, mind=mind, actor=actor, key=f"turn {number}")
    return on


async def traces(on: Bench, mind: str = ANA) -> dict[str, Trace]:
    memories, _ = await on.stores.memories.walk(mind, None, limit=100)
    return await on.stores.memories.get_traces(mind, [m.id for m in memories])


async def assert_same(on: Bench, before: dict[str, Trace]) -> None:
    after = await traces(on)
    assert after.keys() == before.keys()
    for i, trace in after.items():
        assert trace.lexical == before[i].lexical, trace.memory.content
        assert trace.subject == before[i].subject
        np.testing.assert_allclose(trace.context, before[i].context, atol=2e-4)
        assert trace.memory.length == before[i].memory.length


def lexicon(on: Bench, mind: str = ANA) -> Lexicon:
    found = on.engine.minds.resident(mind)
    assert found is not None
    return found.lexicon


async def test_a_sound_mind_stays_as_it_is() -> None:
    on = await told()
    before, counted = await traces(on), lexicon(on).snapshot()
    (receipt,) = await on.take(Rebuild(mind=ANA))
    assert (receipt.outcome, receipt.count) == (Outcome.REBUILT, len(TALK))
    await assert_same(on, before)
    assert lexicon(on)._moments == Lexicon.restore(counted)._moments
    assert [(e.mind, e.count) for e in on.sink.of(MindRebuilt)] == [(ANA, len(TALK))]
    await on.say("And the wine?", actor="ana")
    assert memory_id(ANA, "turn 5") in await traces(on)


async def test_what_was_spoiled_is_mended_and_other_minds_are_left_alone() -> None:
    on = await told()
    await on.say("Where is the boat?", mind=BO, actor="ana", key="theirs")
    before, counted, theirs = await traces(on), lexicon(on).snapshot(), await traces(on, BO)
    reply, foreign = memory_id(ANA, "turn 1"), memory_id(BO, "theirs")
    wrong = np.eye(768, dtype=np.float32)[3]
    await on.stores.memories.revise(
        [
            Revision(ANA, reply, lexical={5: 0.5}, context=wrong, subject={6: 1.0}),
            Revision(BO, foreign, lexical={5: 0.5}),
        ],
        epoch=on.epoch,
    )
    lexicon(on).add({1: 0.5}, 9, wrong)
    await on.take(Rebuild(mind=ANA))
    await assert_same(on, before)
    assert lexicon(on)._moments == Lexicon.restore(counted)._moments
    np.testing.assert_allclose(lexicon(on).mean_vector, Lexicon.restore(counted).mean_vector, atol=1e-3)
    assert (await traces(on, BO))[foreign].lexical == {5: 0.5} != theirs[foreign].lexical


async def test_it_survives_the_next_process_and_goes_on_as_before() -> None:
    calm, rebuilt = await told(), await told()
    await rebuilt.take(Rebuild(mind=ANA))
    for on in (calm, rebuilt):
        on.again()
        await on.say("Cold enough, I swim anyway.", actor="bo", key="later")
    one, other = await traces(calm), await traces(rebuilt)
    later = memory_id(ANA, "later")
    assert one[later].lexical == other[later].lexical
    np.testing.assert_allclose(one[later].context, other[later].context, atol=1e-3)
    assert one[memory_id(ANA, "turn 5")].lexical == other[memory_id(ANA, "turn 5")].lexical


async def test_the_rule_as_it_is_set_now_is_applied_to_what_is_there() -> None:
    plain = Options(minds=MindOptions(without=("drift", "lexical_context", "question_inheritance")))
    on, whole = await told(plain), await told()
    assert all(trace.evidence is None for trace in (await traces(on)).values())
    on.options = Options()
    on.again()
    await on.take(Rebuild(mind=ANA))
    await assert_same(on, await traces(whole))
    assert any(trace.evidence is not None for trace in (await traces(on)).values())
    on.options = plain
    on.again()
    await on.take(Rebuild(mind=ANA))
    for trace in (await traces(on)).values():
        own = trace.context if trace.evidence is None else trace.evidence
        np.testing.assert_allclose(trace.context, own, atol=1e-3)


async def test_what_an_older_release_wrote_takes_in_its_context() -> None:
    on, whole = await told(), await told()
    points = on.backend._collections["memories"].points
    weights = Sparse(np.array([1], np.uint32), np.array([0.5], np.float32))
    for i, point in points.items():
        bare = point.vectors.get("evidence", point.vectors["context"])
        payload = {name: value for name, value in point.payload.items() if name != "mean_length"}
        points[i] = Point(i, payload, {"context": bare, "lexical": weights})
    await on.take(Rebuild(mind=ANA))
    await assert_same(on, await traces(whole))
    assert all(t.memory.mean_length > 0 for t in (await traces(on)).values())


async def test_after_an_erasure_it_derives_what_is_left() -> None:
    on = await told()
    await on.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "turn 0")]))
    before = await traces(on)
    counted = lexicon(on).snapshot()
    await on.take(Rebuild(mind=ANA))
    after = await traces(on)
    assert after.keys() == before.keys()
    lisbon = after[memory_id(ANA, "turn 1")]
    assert lisbon.memory.mean_length == 20.0, "it is the first of those that are left"
    assert lexicon(on).n == Lexicon.restore(counted).n == len(TALK) - 1


async def test_a_crash_on_the_way_is_healed_by_asking_again() -> None:
    on = await told()
    before = await traces(on)
    await on.stores.memories.revise([Revision(ANA, memory_id(ANA, "turn 2"), lexical={5: 0.5})], epoch=1)
    request = on.entry(Rebuild(mind=ANA))

    async def gate(verb: str, _: str) -> None:
        if verb == "update_vectors":
            raise ConnectionError("the store is gone")

    on.backend.gate = gate
    with pytest.raises(ConnectionError):
        await on.commit(request)
    on.backend.gate = None
    on.again()
    (receipt,) = await on.commit(request)
    assert receipt.outcome is Outcome.REBUILT
    await assert_same(on, before)


async def test_a_mind_without_memories_has_nothing_to_derive() -> None:
    on = await bench()
    (receipt,) = await on.take(Rebuild(mind=ANA))
    assert (receipt.outcome, receipt.count) == (Outcome.REBUILT, 0)


async def test_more_than_a_page_of_memories() -> None:
    on = await told()
    more = [Percept(mind=ANA, content=f"Number {n}, is it?", actor="ab"[n % 2]) for n in range(PAGE)]
    await on.take(*more)
    before = await traces(on)
    spoiled = [Revision(ANA, i, lexical={5: 0.5}) for i in before]
    await on.stores.memories.revise(spoiled, epoch=on.epoch)
    await on.take(Rebuild(mind=ANA))
    await assert_same(on, before)
