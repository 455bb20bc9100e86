"""A mind that is derived anew in another language keeps no routes whose terms are stems of the one before."""

from __future__ import annotations

import itertools

import pytest

from cognition.engine.assembly import Options
from cognition.engine.options import MindOptions
from cognition.engine.plasticity import Event
from schemas.dream import Feedback
from schemas.identifiers import memory_id
from schemas.memory import Memory
from schemas.percept import Rebuild
from tests.unit.engine.bench import ANA, START_MS, Bench, bench
from tests.unit.engine.nights import archive

pytestmark = pytest.mark.anyio

KEYS = ("pot", "stove")
CUE = "Wo stehen die Häuser am Hafen?"
NUMBERS = itertools.count(1)
DROPPED = "what cues in english had taught is dropped: the language is german now"


async def told() -> Bench:
    on = await bench()
    await on.say("Die Häuser stehen am Hafen.", key="pot")
    await on.say("Am Hafen steht ein Haus.", key="stove")
    return on


async def teach(on: Bench) -> None:
    """The first served, the second was shown in vain; the mind is not written down."""
    number = next(NUMBERS)
    ids = [memory_id(ANA, key) for key in KEYS]
    report = Feedback(mind=ANA, cue_id=f"q{number}", useful=ids[:1], cue=CUE, shown=ids)
    event = Event(0, f"{START_MS + 86_400_000}-{number}", ANA, report)
    assert await on.engine.plasticity.fold([event], {0: on.epoch}) == {}


async def speaking(on: Bench, language: str) -> None:
    """The next process, with another setting."""
    on.options = Options(minds=MindOptions(languages={ANA: language}))  # type: ignore[dict-item]
    on.again()


async def learned(on: Bench) -> list[Memory]:
    ids = [memory_id(ANA, key) for key in KEYS]
    found = await on.stores.memories.get(ANA, ids)
    traces = await on.stores.archive.get_traces(ANA, ids)
    return [found[i] if i in found else traces[i].memory for i in ids]


def words_asked(on: Bench) -> int:
    mind = on.engine.minds.resident(ANA)
    assert mind is not None
    return mind.usage.words.cues


async def test_what_the_language_before_has_taught_is_dropped_and_said() -> None:
    on = await told()
    await teach(on)
    await on.engine.minds.checkpoint()
    assert all(memory.routes for memory in await learned(on))
    await speaking(on, "german")
    assert [r.name for r in (await on.recall(CUE, explain=True)).recalled[0].parts if r.name == "routes"]
    (receipt,) = await on.take(Rebuild(mind=ANA))
    assert receipt.reason == DROPPED
    served, vain = await learned(on)
    assert served.routes == vain.routes == []
    assert vain.unused_count == pytest.approx(1.0), "how often it was shown in vain is of no language"
    assert words_asked(on) == 0
    routed = [p for p in (await on.recall(CUE, explain=True)).recalled[0].parts if p.name == "routes"]
    assert all(part.contribution == 0.0 for part in routed)
    on.again()
    await on.engine.minds.look(ANA)
    assert words_asked(on) == 0


async def test_in_the_same_language_what_was_taught_stays() -> None:
    on = await told()
    await teach(on)
    before = [memory.routes for memory in await learned(on)]
    (receipt,) = await on.take(Rebuild(mind=ANA))
    assert receipt.reason == ""
    assert [memory.routes for memory in await learned(on)] == before
    assert words_asked(on) == 1


async def test_what_lies_in_the_archive_forgets_them_too() -> None:
    on = await told()
    await teach(on)
    await on.engine.minds.checkpoint()
    await archive(on, "pot")
    await speaking(on, "german")
    await on.take(Rebuild(mind=ANA))
    assert [memory.routes for memory in await learned(on)] == [[], []]


async def test_a_mind_that_was_never_reported_to_has_nothing_to_say() -> None:
    on = await told()
    await speaking(on, "german")
    (receipt,) = await on.take(Rebuild(mind=ANA))
    assert receipt.reason == ""


async def test_taken_again_after_a_crash_it_drops_nothing_that_was_learned_since() -> None:
    on = await told()
    await teach(on)
    await on.engine.minds.checkpoint()
    await speaking(on, "german")
    request = on.entry(Rebuild(mind=ANA))
    await on.commit(request)
    await teach(on)
    on.again()
    await on.commit(request)
    assert all(memory.routes for memory in await learned(on))


async def test_a_crash_on_the_way_drops_the_rest_when_it_is_taken_again() -> None:
    on = await told()
    await teach(on)
    await on.engine.minds.checkpoint()
    await speaking(on, "german")
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
    assert receipt.reason == DROPPED
    assert [memory.routes for memory in await learned(on)] == [[], []]
    assert words_asked(on) == 0
