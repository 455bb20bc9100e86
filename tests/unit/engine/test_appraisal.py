"""What is worth keeping: what says something that nothing else says, and what was used."""

from __future__ import annotations

import numpy as np
import pytest

from cognition.engine.appraisal import Appraising, earlier_likeness
from cognition.engine.options import MindOptions
from cognition.engine.tongues import Tongues
from cognition.mechanisms.turns import Turns, handed_over
from cognition.ports.stores import Scope
from schemas.memory import Memory
from tests.unit.engine.bench import ANA, Bench, bench

pytestmark = pytest.mark.anyio


async def scores(found: Bench) -> dict[str, float]:
    """Key -> keep score."""
    ids = await found.stores.memories.select(ANA, Scope(), limit=100)
    memories = await found.stores.memories.get(ANA, ids)
    mind = await found.engine.minds.look(ANA)
    kept = await Appraising(found.stores, Tongues(MindOptions())).scores(mind, ids)
    return {memories[i].key: score for i, score in kept.items()}


async def test_what_was_said_before_or_says_little_is_kept_last() -> None:
    found = await bench()
    await found.say("we shall meet at the harbour office on tuesday morning", key="first")
    await found.say("yes", key="yes")
    await found.say("the pottery class in lisbon begins with glazing", key="pottery")
    await found.say("yes indeed we shall meet at the harbour office on tuesday morning", key="again")
    kept = await scores(found)
    assert kept["pottery"] > kept["again"]
    assert kept["first"] > kept["again"]
    assert min(kept, key=kept.__getitem__) in ("yes", "again")


async def test_a_mind_without_memories_has_nothing_to_appraise() -> None:
    found = await bench()
    mind = await found.engine.minds.look(ANA)
    assert await Appraising(found.stores, Tongues(MindOptions())).scores(mind, []) == {}


async def test_a_memory_that_is_gone_is_passed_over() -> None:
    found = await bench()
    await found.say("the pottery class begins", key="pottery")
    mind = await found.engine.minds.look(ANA)
    gone = "00000000-0000-5000-8000-000000000000"
    ids = await found.stores.memories.select(ANA, Scope(), limit=10)
    kept = await Appraising(found.stores, Tongues(MindOptions())).scores(mind, [*ids, gone])
    assert list(kept) == ids


def test_only_what_was_formed_before_counts_as_known_and_order_does_not() -> None:
    vectors = np.array([[1, 0], [0, 1], [1, 0.1], [0.1, 1]], np.float32)
    memories = [
        Memory(id=str(n), mind=ANA, key=str(n), entry="1-0", content="", encoded_at=float(n))
        for n in range(4)
    ]
    likeness = earlier_likeness(memories, vectors)
    assert likeness[0] == -1.0
    assert likeness[1] == pytest.approx(0.0, abs=1e-6)
    assert likeness[2] > 0.99
    assert likeness[3] > 0.99
    back = earlier_likeness(memories[::-1], vectors[::-1])
    assert np.allclose(back[::-1], likeness)


@pytest.mark.parametrize("between", [0, 1, 2])
def test_how_far_a_question_was_taken_over_is_read_off_its_weights(between: int) -> None:
    """The reply's own turns before it weaken the link: d = .5^k of the reply's gate."""
    turns = Turns()
    asked = {7: 1, 8: 2}
    turns.take("question", "ana", {}, asked, 20.0)
    for n in range(between):
        turns.take(f"other {n}", "ben", {100 + n: 1}, {}, 20.0)
    turns.take("reply", "ben", {200: 1}, {}, 20.0)
    weights = turns.weights("question")
    assert weights is not None
    assert handed_over({}, asked, weights, 20.0) == pytest.approx(1.0, abs=0.01)


def test_what_nobody_answered_was_not_taken_over() -> None:
    turns = Turns()
    turns.take("question", "ana", {1: 1}, {7: 1}, 20.0)
    weights = turns.weights("question")
    assert weights is not None
    assert handed_over({1: 1}, {7: 1}, weights, 20.0) == pytest.approx(0.0, abs=0.01)
    assert handed_over({1: 1}, {}, weights, 20.0) == 0.0
