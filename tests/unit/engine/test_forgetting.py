"""What is erased is gone, with everything that was derived from it, and does not come back."""

from __future__ import annotations

import msgspec

from cognition.mechanisms.lexicon import Lexicon
from cognition.ports.stores import Scope, Trace
from schemas.events import MemoriesForgotten, Outcome
from schemas.identifiers import memory_id
from schemas.percept import BoundaryMark, Forget, Mark, Percept
from tests.unit.engine.bench import ANA, BO, Bench, bench, contents

SECRET = "zanzibar rendezvous"


async def told() -> Bench:
    """A closed episode and an open one, with a secret in each, and nothing else of it."""
    on = await bench()
    await on.take(
        Percept(mind=ANA, content=f"{SECRET} at noon.", key="closed", valence=0.9, arousal=0.9),
        Percept(mind=ANA, content="The tea is green today.", key="tea"),
        Mark(mind=ANA, boundary=BoundaryMark.END, label=SECRET),
        Percept(mind=ANA, content=f"{SECRET} at night.", key="open", boundary_label=SECRET),
    )
    return on


def forget(*keys: str, mind: str = ANA, of: str = ANA) -> Forget:
    return Forget(mind=mind, memory_ids=[memory_id(of, key) for key in keys])


async def lexicon_of(on: Bench) -> Lexicon:
    lexicon = Lexicon()
    memories, _ = await on.stores.memories.walk(ANA, None, limit=100)
    for trace in (await on.stores.memories.get_traces(ANA, [m.id for m in memories])).values():
        lexicon.add(trace.lexical, trace.memory.length, trace.context)
    return lexicon


def everything(on: Bench) -> str:
    """All that is stored, as text."""
    return repr([c.points for c in on.backend._collections.values()]).lower()


async def test_the_erased_is_gone_with_labels_gists_and_feelings() -> None:
    on = await told()
    assert "zanzibar" in everything(on)
    (receipt,) = await on.take(forget("closed", "open"))
    assert (receipt.outcome, receipt.count) == (Outcome.FORGOTTEN, 2)
    closed, *rest = await on.stores.episodes.latest(ANA, limit=10)
    assert "zanzibar" not in everything(on)
    assert [e.count for e in on.sink.of(MemoriesForgotten)] == [2]
    by_count = {e.memory_count: e for e in (closed, *rest)}
    assert by_count[1].label == "The tea is green today"
    assert by_count[1].emotional_summary.peak_valence == 0.0
    assert by_count[0].label == by_count[0].gist == ""
    assert contents(await on.recall(SECRET)) == ["The tea is green today."]


async def test_the_centroid_goes_with_the_last_member() -> None:
    on = await told()
    await on.take(forget("open"))
    episode = (await on.engine.minds.look(ANA)).episode
    assert episode is not None
    (hit,) = await on.backend.retrieve("episodes", [episode.id], with_vectors=("centroid",))
    assert hit.vectors == {}
    await on.take(Mark(mind=ANA))
    assert (await on.stores.episodes.get(ANA, [episode.id]))[episode.id].ended_at is not None


async def test_the_lexicon_is_exact_afterwards_also_after_a_restart() -> None:
    on = await told()
    await on.take(forget("closed"))
    exact = await lexicon_of(on)
    for engine in (on.engine, on.again()):
        mind = await engine.minds.look(ANA)
        assert mind.lexicon._moments == exact._moments
        assert (mind.lexicon.n, mind.lexicon.total_length) == (2, exact.total_length)


async def test_working_memory_and_echoes_forget_too() -> None:
    on = await told()
    await on.take(forget("open"))
    mind = await on.engine.minds.look(ANA)
    assert memory_id(ANA, "open") not in [item.memory_id for item in mind.working.items]
    receipt = await on.say(f"{SECRET} at night.", key="other")
    assert receipt.outcome is Outcome.ENCODED


async def test_the_erased_does_not_return_under_its_key() -> None:
    on = await told()
    await on.take(forget("open"))
    receipt = await on.say(f"{SECRET} at night.", key="open")
    assert receipt.outcome is Outcome.FORGOTTEN
    assert "use another key" in receipt.reason
    assert await on.stores.memories.count(ANA) == 2


async def test_in_one_batch_too() -> None:
    on = await bench()
    percept = Percept(mind=ANA, content="green tea", key="tea")
    receipts = await on.take(percept, forget("tea"), percept)
    assert [r.outcome for r in receipts] == [Outcome.ENCODED, Outcome.FORGOTTEN, Outcome.FORGOTTEN]
    assert await on.stores.memories.select(ANA, Scope(), limit=10) == []


async def test_forgetting_twice_counts_once() -> None:
    on = await told()
    entry = on.entry(forget("closed"))
    receipts = await on.commit(entry) + await on.commit(entry)
    on.again()
    receipts += await on.commit(entry)
    assert [r.count for r in receipts] == [1, 1, 1]
    assert (await on.engine.minds.look(ANA)).forgotten == 1
    assert (await on.take(forget("closed")))[0].count == 0


async def test_a_forgetting_that_comes_again_does_not_mean_what_came_after_it() -> None:
    on = await bench()
    entry = on.entry(forget("tea"))
    assert (await on.commit(entry))[0].count == 0
    await on.say("green tea", key="tea")
    assert (await on.commit(entry))[0].count == 0
    assert await on.stores.memories.count(ANA) == 1


async def test_another_minds_memories_are_not_erased() -> None:
    on = await told()
    (receipt,) = await on.take(forget("closed", "tea", "open", mind=BO, of=ANA))
    assert receipt.count == 0
    assert await on.stores.memories.count(ANA) == 3


async def test_the_archive_forgets_too() -> None:
    on = await told()
    traces = await on.stores.memories.get_traces(ANA, [memory_id(ANA, "tea")])
    archived = [msgspec.structs.replace(t.memory, id=memory_id(ANA, "old")) for t in traces.values()]
    trace = next(iter(traces.values()))
    deposited = Trace(memory=archived[0], context=trace.context, lexical=trace.lexical)
    await on.stores.archive.deposit([deposited], reason="decay", at=1.0, epoch=on.epoch)
    assert (await on.take(forget("old")))[0].count == 1
    assert await on.stores.archive.get(ANA, [memory_id(ANA, "old")]) == {}
