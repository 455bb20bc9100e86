"""A percept becomes a memory once; a repetition strengthens; order and batches do not matter."""

from __future__ import annotations

import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.engine.mind import STATE_SLOT
from cognition.engine.options import AttentionOptions
from cognition.ports.stores import Scope
from schemas.episode import BoundaryType
from schemas.events import Outcome
from schemas.identifiers import memory_id
from schemas.memory import Memory
from schemas.percept import BoundaryMark, Forget, Mark, Percept
from tests.unit.engine.bench import ANA, BO, Bench, bench, vector


async def only(on: Bench, mind: str = ANA) -> Memory:
    ids = await on.stores.memories.select(mind, Scope(), limit=10)
    assert len(ids) == 1
    return (await on.stores.memories.get(mind, ids))[ids[0]]


async def test_a_percept_becomes_a_memory_and_its_receipt_says_how() -> None:
    on = await bench()
    receipt = await on.say("the tea is green", key="tea", actor="ana", importance=0.9, valence=0.5)
    memory = await only(on)
    assert receipt.outcome is Outcome.ENCODED
    assert (receipt.memory_id, receipt.key) == (memory.id, "tea") == (memory_id(ANA, "tea"), memory.key)
    assert receipt.episode_id == memory.episode_id
    assert receipt.parts is not None
    assert (receipt.parts.importance, receipt.salience) == (0.9, memory.composite_salience)
    assert (memory.actor, memory.valence, memory.embedding_model) == ("ana", 0.5, "hash")


async def test_a_given_vector_is_kept_and_said_to_be_given() -> None:
    on = await bench(blind=True)
    await on.say("anything", vector=vector(5))
    memory = await only(on)
    trace = (await on.stores.memories.get_traces(ANA, [memory.id]))[memory.id]
    assert np.argmax(trace.context) == 5
    assert memory.embedding_model == "given"


async def test_the_same_key_again_strengthens() -> None:
    on = await bench()
    await on.say("the tea is green", key="tea")
    before = await only(on)
    receipt = await on.say("quite other words", key="tea")
    after = await only(on)
    assert receipt.outcome is Outcome.STRENGTHENED
    assert "the same key as tea" in receipt.reason
    assert after.content == "the tea is green"
    assert after.access_count == before.access_count + 1
    assert 1.0 > after.consolidation_strength > before.consolidation_strength
    assert after.stability_s > before.stability_s


@pytest.mark.parametrize(
    ("wait_s", "actor", "echo"), [(59.0, "ana", True), (61.0, "ana", False), (1.0, "bo", False)]
)
async def test_an_echo_is_the_same_content_by_the_same_actor_soon_after(
    wait_s: float, actor: str, echo: bool
) -> None:
    on = await bench()
    await on.take(Percept(mind=ANA, content="Good  Morning", actor="ana"))
    (receipt,) = await on.take(Percept(mind=ANA, content="good morning", actor=actor), seconds=wait_s)
    assert (receipt.outcome is Outcome.STRENGTHENED) == echo


async def test_minds_do_not_share_keys_or_echoes() -> None:
    on = await bench()
    await on.say("the tea is green", key="tea")
    receipt = await on.say("the tea is green", key="tea", mind=BO)
    assert receipt.outcome is Outcome.ENCODED
    assert await on.stores.memories.count(BO) == 1


async def test_an_entry_that_comes_twice_is_taken_once() -> None:
    on = await bench()
    entry = on.entry(Percept(mind=ANA, content="the tea is green", key="tea"))
    again = on.entry(Percept(mind=ANA, content="the tea is green", key="tea"))
    first = await on.commit(entry, entry, again, again)
    await on.engine.minds.checkpoint()
    second = await on.commit(entry, again)
    assert [r.outcome for r in first] == [Outcome.ENCODED] * 2 + [Outcome.STRENGTHENED] * 2
    assert [r.outcome for r in second] == [Outcome.ENCODED, Outcome.STRENGTHENED]
    assert (await only(on)).access_count == 1
    mind = await on.engine.minds.look(ANA)
    assert (mind.percepts, mind.memories, mind.repeats) == (2, 1, 1)


async def test_an_echo_that_comes_again_after_it_is_out_of_sight_is_no_new_memory() -> None:
    on = await bench(options=Options(attention=AttentionOptions(echo_entries_max=1)))
    await on.say("the tea is green", key="tea")
    echo = on.entry(Percept(mind=ANA, content="the tea is green"))
    await on.commit(echo)
    await on.say("something else")
    (receipt,) = await on.commit(echo)
    assert receipt.outcome is Outcome.STRENGTHENED
    assert await on.stores.memories.count(ANA) == 2


async def test_an_entry_that_comes_late_is_remembered_though_later_ones_were_taken() -> None:
    on = await bench()
    late = on.entry(Percept(mind=ANA, content="the kettle sings", key="kettle"))
    await on.say("the tea is green", key="tea")
    (receipt,) = await on.commit(late)
    assert receipt.outcome is Outcome.ENCODED
    assert await on.stores.memories.count(ANA) == 2


async def test_nor_when_what_it_repeated_was_erased_and_its_acknowledgement_lost() -> None:
    on = await bench()
    await on.say("the tea is green", key="tea")
    echo = on.entry(Percept(mind=ANA, content="the tea is green"))
    await on.commit(echo)
    await on.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "tea")]))
    on.again()
    (receipt,) = await on.commit(echo)
    assert receipt.outcome is Outcome.STRENGTHENED
    assert await on.stores.memories.count(ANA) == 0


async def test_a_repetition_saved_before_a_crash_counts_after_it() -> None:
    on = await bench()
    await on.say("the tea is green", key="tea")
    again = on.entry(Percept(mind=ANA, content="", data={"tea": "again"}, key="tea"))
    await on.commit(again)
    on.again()
    await on.commit(again)
    mind = await on.engine.minds.look(ANA)
    assert (mind.percepts, mind.repeats) == (2, 1)
    assert (await only(on)).access_count == 1


async def test_batches_do_not_matter() -> None:
    words = ("tea", "pot", "tea", "cup")
    said = [Percept(mind=ANA, content=f"the {word} is green", key=word) for word in words]
    rest = [Mark(mind=ANA), said[0], Forget(mind=ANA, memory_ids=[memory_id(ANA, "pot")]), said[1]]
    kept = []
    for size in (1, 3, 8):
        on = await bench()
        entries = [on.entry(m) for m in (*said, *rest)]
        outcomes = []
        for at in range(0, len(entries), size):
            outcomes += [r.outcome for r in await on.commit(*entries[at : at + size])]
        found = await on.stores.memories.get(ANA, [memory_id(ANA, word) for word in words])
        kept.append((outcomes, {i: (m.episode_id, m.access_count) for i, m in found.items()}))
    assert kept[0][0][-2:] == [Outcome.FORGOTTEN] * 2
    assert kept == [kept[0]] * 3


async def test_a_mark_or_a_rejection_for_a_mind_that_was_made_up_leaves_no_checkpoint() -> None:
    on = await bench(refuses=lambda text: text == "nothing")
    await on.take(
        Mark(mind="one", boundary=BoundaryMark.END, label="tea time"),
        Mark(mind="one", boundary=BoundaryMark.END),
        Percept(mind="two", content="nothing"),
        Mark(mind="three", boundary=BoundaryMark.BEGIN, label="the first day"),
    )
    kept = await on.stores.checkpoints.load([(name, STATE_SLOT) for name in ("one", "two", "three")])
    assert list(kept) == [("three", STATE_SLOT)]
    on.again()
    first = await on.say("Hello.", mind="three")
    memory = (await on.stores.memories.get("three", [first.memory_id]))[first.memory_id]
    episode = (await on.stores.episodes.get("three", [memory.episode_id]))[memory.episode_id]
    assert episode.label == "the first day"


async def test_a_rejected_percept_changes_nothing_but_gets_a_receipt() -> None:
    on = await bench()
    receipt = await on.say("   ")
    assert receipt.outcome is Outcome.REJECTED
    assert "blank" in receipt.reason
    assert await on.stores.memories.count(ANA) == 0
    assert await on.stores.identities.get(ANA) is None


# --- episodes ------------------------------------------------------------------------------


async def test_a_mark_ends_the_episode_and_names_it() -> None:
    on = await bench()
    first = await on.say("the tea is green")
    (marked,) = await on.take(Mark(mind=ANA, boundary=BoundaryMark.END, label="tea time"))
    second = await on.say("the tea is green no more")
    old = (await on.stores.episodes.get(ANA, [first.episode_id]))[first.episode_id]
    new = (await on.stores.episodes.get(ANA, [second.episode_id]))[second.episode_id]
    assert (marked.outcome, marked.episode_id) == (Outcome.MARKED, first.episode_id)
    assert (old.label, old.boundary_type, old.memory_count) == ("tea time", BoundaryType.EXPLICIT, 1)
    assert old.ended_at is not None
    assert new.previous_id == old.id
    assert new.ended_at is None


async def test_silence_ends_the_episode_and_links_it_to_the_next() -> None:
    on = await bench()
    first = await on.say("the tea is green")
    (second,) = await on.take(Percept(mind=ANA, content="the tea is green still"), seconds=10_000.0)
    old = (await on.stores.episodes.get(ANA, [first.episode_id]))[first.episode_id]
    assert old.boundary_type is BoundaryType.TEMPORAL
    assert old.next_id == second.episode_id != first.episode_id


async def test_a_crash_between_memory_and_checkpoint_changes_no_episode() -> None:
    on = await bench()
    entries = [
        on.entry(Percept(mind=ANA, content=f"the tea is green {i}", boundary=mark), seconds=5.0)
        for i, mark in enumerate([None, None, BoundaryMark.BEGIN, None])
    ]
    before = [r.episode_id for r in await on.commit(*entries)]
    on.again()
    after = [r.episode_id for r in await on.commit(*entries)]
    await on.engine.minds.checkpoint()
    assert before == after
    assert before[0] == before[1] != before[2] == before[3]
    episodes = await on.stores.episodes.get(ANA, before)
    assert [episodes[i].memory_count for i in dict.fromkeys(before)] == [2, 2]


async def test_a_memory_is_bound_to_what_was_active_before_it() -> None:
    on = await bench()
    first, second, third = await on.take(
        Percept(mind=ANA, content="a blue boat", valence=0.8, arousal=0.9),
        Percept(mind=ANA, content="green tea"),
        Percept(mind=ANA, content="a red kite", valence=0.7, arousal=0.9),
    )
    memories = await on.stores.memories.get(ANA, [r.memory_id for r in (first, second, third)])
    arrays = [memories[r.memory_id].associations for r in (first, second, third)]
    bound = [[(a.type, a.target_id) for a in array] for array in arrays]
    assert bound == [
        [],
        [("temporal", first.memory_id)],
        [("temporal", second.memory_id), ("temporal", first.memory_id), ("emotional", first.memory_id)],
    ]


async def test_an_episode_that_opens_is_bound_to_nothing_by_order() -> None:
    on = await bench()
    await on.take(Percept(mind=ANA, content="a blue boat"))
    opened = await on.say("green tea", boundary=BoundaryMark.BEGIN)
    memory = (await on.stores.memories.get(ANA, [opened.memory_id]))[opened.memory_id]
    assert memory.associations == []
