"""What is erased leaves no trace in what lies in the archive, nor by what lay there."""

from __future__ import annotations

import numpy as np
import pytest

from cognition.mechanisms.text import Analyzer
from cognition.ports.stores import Trace
from schemas.identifiers import memory_id
from tests.unit.engine.bench import ANA, Bench, bench
from tests.unit.engine.nights import archive, assert_lexicon_exact, bring_back, erase

pytestmark = pytest.mark.anyio

QUESTION, REPLY, OTHER = "question", "reply", "other"


async def talked() -> Bench:
    """A question whose words its reply takes in, and something said after both."""
    on = await bench()
    await on.say("Where was the zanzibar rendezvous?", actor="ana", key=QUESTION)
    await on.say("By the sea.", actor="bo", key=REPLY)
    await on.say("Good to know.", actor="ana", key=OTHER)
    return on


async def trace(on: Bench, key: str) -> Trace:
    """A memory wherever it lies."""
    i = memory_id(ANA, key)
    found = await on.stores.memories.get_traces(ANA, [i]) or await on.stores.archive.get_traces(ANA, [i])
    return found[i]


def own_terms(found: Trace) -> set[int]:
    stated, asked = Analyzer().turn_terms(found.memory.content, found.memory.actor)
    return {*stated, *asked}


async def foreign_terms(on: Bench) -> set[int]:
    """Words of the question alone."""
    asked = own_terms(await trace(on, QUESTION))
    return asked - own_terms(await trace(on, REPLY)) - own_terms(await trace(on, OTHER))


async def assert_bare(on: Bench, key: str, words: set[int]) -> None:
    """Nothing of these words is in a memory, nor of what was said before it in its vector."""
    found = await trace(on, key)
    assert not words & found.lexical.keys()
    assert found.evidence is not None
    np.testing.assert_allclose(found.context, found.evidence, atol=1e-3)


async def test_erasing_what_is_archived_leaves_nothing_of_it_in_its_neighbours() -> None:
    on = await talked()
    words = await foreign_terms(on)
    assert words & (await trace(on, REPLY)).lexical.keys()
    await archive(on, QUESTION)
    assert words & (await trace(on, REPLY)).lexical.keys(), "neighbours keep what they took in"
    await erase(on, QUESTION)
    await assert_bare(on, REPLY, words)
    await assert_lexicon_exact(on)
    on.again()
    await assert_lexicon_exact(on)


async def test_what_was_archived_and_erased_gives_nothing_to_what_comes() -> None:
    on = await talked()
    words = await foreign_terms(on)
    await archive(on, QUESTION, REPLY, OTHER)
    for key in (QUESTION, REPLY, OTHER):
        await erase(on, key)
    await on.say("Sure.", actor="bo", key="next")
    found = await trace(on, "next")
    assert not words & found.lexical.keys()
    assert found.evidence is None or np.allclose(found.context, found.evidence, atol=1e-3)


async def test_what_the_stream_was_taught_by_the_archived_is_void_once_it_is_erased() -> None:
    on = await talked()
    await archive(on, QUESTION)
    before = (await on.engine.minds.look(ANA)).erasures
    await erase(on, QUESTION)
    mind = await on.engine.minds.look(ANA)
    assert mind.erasures > before + 1, "counted, and void"
    assert mind.relearns


async def test_erasing_what_is_awake_leaves_nothing_of_it_in_the_archive() -> None:
    on = await talked()
    words = await foreign_terms(on)
    await archive(on, REPLY)
    await erase(on, QUESTION)
    await assert_bare(on, REPLY, words)
    await bring_back(on, REPLY)
    assert await on.stores.memories.get(ANA, [memory_id(ANA, REPLY)])
    await assert_bare(on, REPLY, words)
    await assert_lexicon_exact(on)


async def test_what_the_archived_gave_stays_where_something_else_is_erased() -> None:
    on = await talked()
    words = await foreign_terms(on)
    taken = words & (await trace(on, REPLY)).lexical.keys()
    await archive(on, QUESTION)
    await erase(on, OTHER)
    assert taken <= (await trace(on, REPLY)).lexical.keys()
    await assert_lexicon_exact(on)
