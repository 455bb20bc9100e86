"""Every backend changes a memory only as it was read, and gives back what was learned."""

from __future__ import annotations

import itertools

import pytest

from cognition.stores.backend import VectorBackend
from cognition.stores.stores import VectorStores, open_stores
from schemas.association import Association, AssociationType, Route
from schemas.identifiers import memory_id
from tests.congruence.test_stores import trace

_fresh = itertools.count()

LEARNED = {
    "routes": [Route(term=2**32 - 1, used=0.3, unused=2.5, weight=0.125), Route(term=7, used=1.0)],
    "associations": [
        Association(
            target_id="0b0c6d46-0000-5000-8000-000000000002",
            weight=0.1,
            type=AssociationType.GOAL,
            last_coactivated=1.7e9,
            coactivation_count=1,
        )
    ],
    "unused_count": 1.5,
    "learned_at": 1_700_000_000.25,
    "plasticity_through": "1700000000000-0",
}


@pytest.fixture
def mind() -> str:
    return f"mind of amendments {next(_fresh)}"


@pytest.fixture
async def stores(backend: VectorBackend) -> VectorStores:
    return await open_stores(backend)


async def test_what_was_learned_comes_back_as_it_was(stores: VectorStores, mind: str) -> None:
    written = trace(mind, "k")
    one = written.memory.id
    await stores.memories.insert([written], epoch=1)
    assert await stores.memories.amend(mind, {one: (0, LEARNED)}, epoch=1) == {one}
    memory = (await stores.memories.get(mind, [one]))[one]
    assert {name: getattr(memory, name) for name in LEARNED} == LEARNED
    assert (memory.rev, memory.epoch, memory.content) == (1, 1, written.memory.content)


async def test_only_what_is_still_as_it_was_read_is_changed(stores: VectorStores, mind: str) -> None:
    traces = [trace(mind, key) for key in ("a", "b", "c")]
    one, other, third = (t.memory.id for t in traces)
    await stores.memories.insert(traces, epoch=1)
    assert await stores.memories.amend(mind, {one: (0, {"plasticity_through": "1-0"})}, epoch=1) == {one}
    changes = {i: (rev, {"plasticity_through": "2-0"}) for i, rev in ((one, 0), (other, 0), (third, 4))}
    assert await stores.memories.amend(mind, changes, epoch=1) == {other}
    found = await stores.memories.get(mind, [one, other, third])
    assert [found[i].plasticity_through for i in (one, other, third)] == ["1-0", "2-0", ""]
    assert [found[i].rev for i in (one, other, third)] == [1, 1, 0]


async def test_a_holder_whose_lease_is_gone_changes_nothing(stores: VectorStores, mind: str) -> None:
    one = trace(mind, "k").memory.id
    await stores.memories.insert([trace(mind, "k")], epoch=5)
    assert await stores.memories.amend(mind, {one: (0, {"useful_count": 9})}, epoch=4) == set()
    assert (await stores.memories.get(mind, [one]))[one].useful_count == 0


async def test_other_minds_and_absent_memories_are_not_touched(stores: VectorStores, mind: str) -> None:
    one = trace(mind, "k").memory.id
    await stores.memories.insert([trace(mind, "k")], epoch=1)
    absent = memory_id(mind, "never")
    changes = {one: (0, {"useful_count": 9}), absent: (0, {"useful_count": 9})}
    assert await stores.memories.amend(f"not {mind}", changes, epoch=1) == set()
    assert await stores.memories.amend(mind, {absent: changes[absent]}, epoch=1) == set()
    assert (await stores.memories.get(mind, [one, absent]))[one].useful_count == 0


async def test_the_words_of_a_memory_come_with_it(stores: VectorStores, mind: str) -> None:
    written = trace(mind, "k", lexical={3: 0.25, 9: 0.5})
    await stores.memories.insert([written], epoch=1)
    found = await stores.memories.get_spoken(mind, [written.memory.id, memory_id(mind, "never")])
    ((memory, weights),) = found.values()
    assert (memory.key, weights) == ("k", {3: 0.25, 9: 0.5})
    assert await stores.memories.get_spoken(f"not {mind}", [written.memory.id]) == {}
