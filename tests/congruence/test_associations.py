"""What associations are formed from, and the arrays themselves, over every backend."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cognition.ports.stores import Dense, Probe, Scope, Terms, Trace
from cognition.stores.backend import VectorBackend
from cognition.stores.stores import VectorStores, open_stores
from schemas.association import Association, AssociationType
from schemas.identifiers import memory_id
from schemas.memory import Memory

_fresh = itertools.count()


@pytest.fixture
def mind() -> str:
    return f"mind of associations {next(_fresh)}"


@pytest.fixture
async def stores(backend: VectorBackend) -> VectorStores:
    return await open_stores(backend)


def direction(place: int) -> Dense:
    return np.eye(1, 768, place, dtype=np.float32)[0]


def trace(
    mind: str, key: str, place: int, lexical: Terms, subject: str = "", about: Terms | None = None
) -> Trace:
    memory = Memory(
        id=memory_id(mind, key), mind=mind, key=key, entry="1-0", content=f"about {key}", subject=subject
    )
    return Trace(memory, direction(place), lexical, about or {})


async def three(stores: VectorStores, mind: str) -> list[str]:
    """Of the kettle (7), of the cup and its saucer (8, 9), of nothing; the first speaks of both."""
    traces = [
        trace(mind, "a", 1, {7: 0.5, 8: 0.5, 9: 0.5}, "kettle", {7: 1.0}),
        trace(mind, "b", 2, {8: 0.5}, "cup and saucer", {8: 1.0, 9: 1.0}),
        trace(mind, "c", 3, {70: 0.5}),
    ]
    await stores.memories.insert(traces, epoch=1)
    return [each.memory.id for each in traces]


async def test_who_shares_terms_with_what_others_are_about(stores: VectorStores, mind: str) -> None:
    a, b, _ = await three(stores, mind)
    about = await stores.associations.about(mind, [{7: 1.0, 8: 2.0}, {99: 1.0}], limit=5)
    assert about == [[b, a], []]
    assert await stores.associations.about(mind, [{7: 1.0, 8: 2.0}], limit=1) == [[b]]
    saying = await stores.associations.saying(mind, [{8: 1.0}], limit=5)
    assert set(saying[0]) == {a, b}
    assert (saying[0][b].content, saying[0][b].subject) == ("about b", "cup and saucer")


async def test_of_another_mind_nothing_is_shared_or_read(stores: VectorStores, mind: str) -> None:
    ids = await three(stores, mind)
    assert await stores.associations.about("x" + mind, [{7: 1.0}], limit=5) == [[]]
    assert await stores.associations.saying("x" + mind, [{8: 1.0}], limit=5) == [{}]
    assert await stores.associations.read("x" + mind, ids) == {}
    assert await stores.associations.page("x" + mind, None, limit=5) == ({}, None)


async def test_pages_walk_through_all_memories_once(stores: VectorStores, mind: str) -> None:
    ids = await three(stores, mind)
    first, offset = await stores.associations.page(mind, None, limit=2)
    rest, end = await stores.associations.page(mind, offset, limit=2)
    assert end is None
    assert [*first, *rest] == sorted(ids)


async def test_an_array_is_replaced_under_the_fence_and_counts_a_revision(
    stores: VectorStores, mind: str
) -> None:
    a, b, c = await three(stores, mind)
    edge = Association(target_id=b, weight=0.5, type=AssociationType.SEMANTIC, last_coactivated=1e9)
    write = stores.associations.write
    assert await write(mind, {a: (0, [edge]), b: (0, [])}, epoch=2) == {a, b}
    assert await write(mind, {a: (1, [])}, epoch=1) == set()
    assert await write("x" + mind, {a: (1, [])}, epoch=9) == set()
    absent = memory_id(mind, "never")
    assert await write(mind, {a: (1, [edge]), c: (0, []), absent: (0, [])}, epoch=2) == {a, c}
    read = await stores.associations.read(mind, [a, b, c])
    assert (read[a].associations, read[a].rev, read[a].epoch) == ((edge,), 2, 2)
    assert (read[c].associations, read[c].rev) == ((), 1)
    assert (await stores.memories.get(mind, [a]))[a].associations == [edge]


async def test_an_array_that_changed_since_it_was_read_is_not_replaced(
    stores: VectorStores, mind: str
) -> None:
    a, b, _ = await three(stores, mind)
    edge = Association(target_id=b, weight=0.5, type=AssociationType.GOAL, last_coactivated=1e9)
    lesson = {"associations": [edge], "plasticity_through": "7-0"}
    assert await stores.memories.amend(mind, {a: (0, lesson)}, epoch=1) == {a}
    assert await stores.associations.write(mind, {a: (0, []), b: (0, [])}, epoch=2) == {b}
    assert (await stores.memories.get(mind, [a]))[a].associations == [edge]


@pytest.mark.parametrize(("weight", "read_as"), [(7, 1.0), ("NaN", 0.0), (-1, 0.0)])
async def test_a_weight_spoiled_by_hand_is_read_within_its_bounds(
    stores: VectorStores, mind: str, weight: object, read_as: float
) -> None:
    a, b, _ = await three(stores, mind)
    raw = {"target_id": b, "weight": weight, "type": "semantic"}
    nowhere = {"target_id": "somewhere", "weight": 0.5, "type": "semantic"}
    await stores.backend.set_payload("memories", [a], {"associations": [raw, nowhere, "no association"]})
    for found in (
        (await stores.associations.read(mind, [a]))[a].associations,
        (await stores.memories.facts(mind, [a]))[a].associations,
        (await stores.memories.get(mind, [a]))[a].associations,
    ):
        assert [(each.target_id, each.weight) for each in found] == [(b, read_as)]


async def test_a_cue_also_finds_by_what_memories_are_about(stores: VectorStores, mind: str) -> None:
    _, b, _ = await three(stores, mind)
    far = Probe(direction(3), {9: 1.0}, Scope(), naming=1)
    found = await stores.memories.probe(mind, [far], limit=1)
    assert b in found.ids
    assert found.facts[b].subject == "cup and saucer"
    assert b not in (await stores.memories.probe(mind, [Probe(far.vector, far.terms, Scope())], limit=1)).ids
