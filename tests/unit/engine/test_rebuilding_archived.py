"""A mind that is derived anew takes what lies in the archive along: it comes back as what it would be."""

from __future__ import annotations

import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.engine.options import AttentionOptions, MindOptions
from cognition.engine.rebuilding import PAGE
from cognition.ports.stores import Revision, Trace
from schemas.events import Outcome
from schemas.identifiers import memory_id
from schemas.percept import BoundaryMark, Mark, Percept, Rebuild
from tests.unit.engine.bench import ANA, Bench, bench
from tests.unit.engine.nights import archive, assert_counts_exact, bring_back

pytestmark = pytest.mark.anyio

TALK = [
    ("ana", "Where were you going last summer?"),
    ("bo", "To Lisbon, with Clara."),
    ("bo", "Two weeks."),
    ("ana", "Was the sea colder than swimming allows?"),
    ("bo", "Yes!"),
]
KEYS = [f"turn {n}" for n in range(len(TALK))]


def speaking(language: str) -> Options:
    return Options(minds=MindOptions(languages={ANA: language}))


async def told(options: Options | None = None) -> Bench:
    on = await bench(options=options)
    for key, (actor, content) in zip(KEYS, TALK, strict=True):
        await on.say(content, actor=actor, key=key)
    return on


async def everywhere(on: Bench, *keys: str) -> dict[str, Trace]:
    ids = [memory_id(ANA, key) for key in keys]
    awake = await on.stores.memories.get_traces(ANA, ids)
    return {**await on.stores.archive.get_traces(ANA, ids), **awake}


def assert_same(now: dict[str, Trace], then: dict[str, Trace]) -> None:
    assert now.keys() == then.keys()
    for i, trace in now.items():
        assert trace.lexical == then[i].lexical, trace.memory.content
        assert (trace.memory.length, trace.subject) == (then[i].memory.length, then[i].subject)
        np.testing.assert_allclose(trace.context, then[i].context, atol=2e-4)


async def test_a_sound_mind_stays_as_it_is_with_what_is_archived() -> None:
    on = await told()
    await archive(on, KEYS[0], KEYS[3])
    before = await everywhere(on, *KEYS)
    (receipt,) = await on.take(Rebuild(mind=ANA))
    assert (receipt.outcome, receipt.count) == (Outcome.REBUILT, 3)
    assert_same(await everywhere(on, *KEYS), before)
    await assert_counts_exact(on)


async def test_what_is_archived_follows_a_change_of_language() -> None:
    on, german = await told(), await told(speaking("german"))
    await archive(on, KEYS[0], KEYS[2], KEYS[3])
    on.options = speaking("german")
    on.again()
    await on.take(Rebuild(mind=ANA))
    assert_same(await everywhere(on, *KEYS), await everywhere(german, *KEYS))
    await bring_back(on, KEYS[0], KEYS[2], KEYS[3])
    await assert_counts_exact(on)
    lexicon = (await german.engine.minds.look(ANA)).lexicon
    assert (await on.engine.minds.look(ANA)).lexicon._moments == lexicon._moments


async def test_what_was_spoiled_in_the_archive_is_mended_and_other_minds_are_left_alone() -> None:
    on = await told()
    await on.say("Where is the boat?", mind="bo", key="theirs")
    before = await everywhere(on, *KEYS)
    await archive(on, KEYS[1])
    wrong = np.eye(768, dtype=np.float32)[3]
    spoiled = Revision(ANA, memory_id(ANA, KEYS[1]), lexical={5: 0.5}, context=wrong)
    await on.stores.archive.revise([spoiled], epoch=on.epoch)
    await on.take(Rebuild(mind=ANA))
    assert_same(await everywhere(on, *KEYS), before)


async def test_what_attention_passed_by_stands_alone_and_gives_nothing() -> None:
    passing = Options(
        attention=AttentionOptions(archive_low_salience=True), minds=MindOptions(languages={ANA: "german"})
    )
    on = await bench(options=passing)
    for n in range(3):
        await on.say(f"So {n}, it is.", key=f"low{n}", importance=0.0)
        actor, content = TALK[n]
        await on.say(content, actor=actor, key=KEYS[n], importance=1.0)
    keys = [*KEYS[:3], "low0", "low1", "low2"]
    before = await everywhere(on, *keys)
    assert len(before) == len(keys)
    assert await on.stores.memories.count(ANA) == 4, "the first of its kind was new"
    await on.take(Rebuild(mind=ANA))
    assert_same(await everywhere(on, *keys), before)


async def test_more_than_a_page_of_archived_memories() -> None:
    on = await bench()
    count = PAGE + 20
    talk = [
        Percept(mind=ANA, content=f"Number {n}, is it?", actor="ab"[n % 2], key=f"n{n}") for n in range(count)
    ]
    await on.take(*talk)
    await on.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    keys = [f"n{n}" for n in range(count)]
    before = await everywhere(on, *keys)
    for start in range(0, count - 8, 16):
        await archive(on, *keys[start : start + 16])
    for n in (3, 200, 260):
        each = Revision(ANA, memory_id(ANA, f"n{n}"), lexical={5: 0.5})
        await on.stores.archive.revise([each], epoch=on.epoch)
    await on.take(Rebuild(mind=ANA))
    assert_same(await everywhere(on, *keys), before)
    await assert_counts_exact(on)
