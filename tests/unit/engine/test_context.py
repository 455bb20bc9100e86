"""What memories take in of each other as they are encoded, forgotten, and woken up with."""

import msgspec
import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.engine.mind import STATE_SLOT, STATE_VERSION, SavedState
from cognition.engine.options import MindOptions
from cognition.mechanisms.lexicon import Lexicon
from cognition.mechanisms.text import Analyzer
from cognition.ports.stores import Trace
from schemas.identifiers import memory_id
from schemas.percept import BoundaryMark, Forget, Mark, Percept
from tests.unit.engine.bench import ANA, Bench, bench

LISBON = next(iter(Analyzer().evidence_terms("Lisbon")))
QUESTION = Percept(mind=ANA, content="Did you like Lisbon?", actor="ana", key="question")
REPLY = Percept(mind=ANA, content="Yes, very much.", actor="bo", key="reply")


async def trace(on: Bench, key: str) -> Trace:
    wanted = memory_id(ANA, key)
    return (await on.stores.memories.get_traces(ANA, [wanted]))[wanted]


async def test_a_reply_is_found_by_the_words_of_its_question() -> None:
    on = await bench()
    await on.take(QUESTION, REPLY)
    asked, replied = await trace(on, "question"), await trace(on, "reply")
    assert replied.lexical[LISBON] > asked.lexical[LISBON] > 0
    assert (await on.recall("Lisbon", without=["dense"])).recalled[0].memory.key == "reply"


async def test_it_makes_no_difference_whether_the_reply_comes_at_once_or_later() -> None:
    together, apart, woken = await bench(), await bench(), await bench()
    await together.take(QUESTION, REPLY)
    for on in (apart, woken):
        await on.take(QUESTION)
        if on is woken:
            on.again()
        await on.take(REPLY)
    for key in ("question", "reply"):
        expected = await trace(together, key)
        for on in (apart, woken):
            found = await trace(on, key)
            assert found.lexical == expected.lexical
            np.testing.assert_array_equal(found.context, expected.context)


async def test_a_bare_vector_is_kept_where_the_context_changed_it() -> None:
    on = await bench()
    await on.take(QUESTION, REPLY)
    first, second = await trace(on, "question"), await trace(on, "reply")
    assert first.evidence is None
    assert second.evidence is not None
    bare = (await on.embedder.embed(["bo: Yes, very much."]))[0]
    np.testing.assert_allclose(second.evidence, bare, atol=1e-3)
    assert second.context @ first.context > second.evidence @ first.context + 0.1


async def test_a_mark_ends_the_thread() -> None:
    on = await bench()
    await on.take(QUESTION, Mark(mind=ANA, boundary=BoundaryMark.END), REPLY)
    replied = await trace(on, "reply")
    assert LISBON not in replied.lexical
    assert replied.evidence is None


async def test_what_is_erased_leaves_nothing_in_its_neighbours() -> None:
    on, never = await bench(), await bench()
    before = Percept(mind=ANA, content="Hello there.", actor="ana", key="before")
    later = Percept(mind=ANA, content="Two weeks.", actor="bo", key="later")
    await on.take(before, QUESTION, REPLY)
    await on.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "question")]))
    assert LISBON not in (await trace(on, "reply")).lexical
    await on.take(later)
    await never.take(before, REPLY, later)
    for key in ("before", "reply", "later"):
        left, expected = await trace(on, key), await trace(never, key)
        assert left.lexical.keys() == expected.lexical.keys()
        np.testing.assert_allclose(left.context, expected.context, atol=1e-3)
    mind = on.engine.minds.resident(ANA)
    assert mind is not None
    kept = [await trace(on, key) for key in ("before", "reply", "later")]
    counted = Lexicon()
    for each in kept:
        counted.add(each.lexical, each.memory.length, each.context)
    assert mind.lexicon._moments == counted._moments


async def test_what_is_left_out_by_name_is_not_taken_in() -> None:
    on = await bench(
        options=Options(minds=MindOptions(without=("drift", "question_inheritance", "lexical_context")))
    )
    await on.take(QUESTION, REPLY)
    replied = await trace(on, "reply")
    assert LISBON not in replied.lexical
    assert replied.evidence is None


async def saved(on: Bench) -> SavedState:
    found = await on.stores.checkpoints.load([(ANA, STATE_SLOT)])
    return msgspec.msgpack.decode(found[ANA, STATE_SLOT], type=SavedState)


async def save(on: Bench, state: SavedState) -> None:
    body = msgspec.msgpack.encode(state)
    await on.stores.checkpoints.save({(ANA, STATE_SLOT): body}, epoch=on.epoch)


async def test_a_mind_of_an_older_release_wakes_and_begins_a_thread() -> None:
    on = await bench()
    await on.take(QUESTION)
    state = await saved(on)
    whole = on.engine.minds.resident(ANA)
    assert whole is not None
    added = Lexicon()
    for each in [await trace(on, "question")]:
        added.add(each.lexical, each.memory.length, each.context)
    await save(on, msgspec.structs.replace(state, version=1, thread=None, lexicon_delta=added.snapshot()))
    on.again()
    await on.take(REPLY)
    assert LISBON not in (await trace(on, "reply")).lexical
    woken = on.engine.minds.resident(ANA)
    assert woken is not None
    assert woken.lexicon.n == 2
    assert woken.lexicon.document_frequency(LISBON) == 1


async def test_a_mind_of_a_newer_release_is_not_touched() -> None:
    on = await bench()
    await on.take(QUESTION)
    await save(on, msgspec.structs.replace(await saved(on), version=STATE_VERSION + 1))
    on.again()
    (receipt,) = await on.commit(on.entry(REPLY))
    assert f"version {STATE_VERSION + 1}" in receipt.reason
    assert (await on.stores.memories.count(ANA)) == 1


@pytest.mark.parametrize("said", ["drift,length_gate", " drift , length_gate "])
def test_the_switches_may_come_as_one_text(said: str) -> None:
    from cognition.settings import load

    loaded = load(environment={"COGNITION_MINDS__WITHOUT": said})
    assert loaded.settings.minds.without == ("drift", "length_gate")
