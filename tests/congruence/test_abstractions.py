"""Abstractions, and what supersedes what: every backend keeps and finds them alike, and no mind another's."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest

from cognition.ports.stores import Probe, Scope
from cognition.stores.backend import VectorBackend
from cognition.stores.stores import VectorStores, open_stores
from schemas.abstraction import Abstraction
from schemas.identifiers import abstraction_id, memory_id
from tests.congruence.test_stores import direction, trace

pytestmark = pytest.mark.anyio

_fresh = itertools.count()


@pytest.fixture
def mind() -> str:
    return f"mind of abstractions {next(_fresh)}"


@pytest.fixture
async def stores(backend: VectorBackend) -> VectorStores:
    return await open_stores(backend)


def made(mind: str, anchor: str, *sources: str, conflicts: tuple[str, ...] = ()) -> Abstraction:
    ids: list[str] = [memory_id(mind, key) for key in sources]
    return Abstraction(
        id=abstraction_id(mind, anchor),
        mind=mind,
        content="what recurs",
        source_id=ids[0],
        derived_from=ids,
        episodes=len(ids),
        confidence=0.6,
        conflicts=[memory_id(mind, key) for key in conflicts],
        began_at=1_700_000_000.25,
        last_at=1_700_000_001.5,
        formed_at=1_700_000_002.0,
        derived_at=1_700_000_003.0,
        epoch=2,
        rev=1,
    )


async def test_what_is_saved_is_found_by_its_sources_and_by_what_it_means(
    stores: VectorStores, mind: str
) -> None:
    one, two = made(mind, "a", "a", "b", "c", conflicts=("x",)), made(mind, "p", "p", "q", "r")
    await stores.abstractions.save(one, direction(1.0), {7: 0.5}, epoch=2)
    await stores.abstractions.save(two, direction(0.0, 1.0), {}, epoch=2)
    assert await stores.abstractions.get(mind, [one.id, two.id]) == {one.id: one, two.id: two}
    for key, found in (("b", [one]), ("x", [one]), ("q", [two]), ("z", [])):
        assert await stores.abstractions.naming(mind, [memory_id(mind, key)], limit=9) == found
    page, onward = await stores.abstractions.page(mind, None, limit=9)
    assert ({a.id for a in page}, onward) == ({one.id, two.id}, None)
    assert await stores.abstractions.count(mind) == 2
    near = await stores.abstractions.probe(mind, Probe(direction(1.0), {7: 2.0}, Scope()), limit=9)
    scores = dict(zip(near.ids, near.dense.tolist(), strict=True))
    assert scores[one.id] == pytest.approx(1.0, abs=1e-5)
    assert scores[two.id] == pytest.approx(0.0, abs=1e-5)
    words = dict(zip(near.ids, near.lexical.tolist(), strict=True))
    assert words[one.id] == pytest.approx(1.0, abs=1e-5)
    assert await stores.memories.count(mind) == 0


async def test_an_older_epoch_changes_nothing_and_what_is_erased_is_gone(
    stores: VectorStores, mind: str
) -> None:
    one = made(mind, "a", "a", "b", "c")
    await stores.abstractions.save(one, direction(1.0), {}, epoch=2)
    other = msgspec.structs.replace(one, content="something else")
    await stores.abstractions.save(other, direction(1.0), {}, epoch=1)
    assert (await stores.abstractions.get(mind, [one.id]))[one.id].content == "what recurs"
    await stores.abstractions.save(other, direction(1.0), {}, epoch=2)
    assert (await stores.abstractions.get(mind, [one.id]))[one.id].content == "something else"
    await stores.abstractions.erase(mind, [one.id])
    assert await stores.abstractions.get(mind, [one.id]) == {}


async def test_no_mind_reaches_the_abstractions_of_another(stores: VectorStores, mind: str) -> None:
    theirs = made(f"{mind}, not", "a", "a", "b", "c")
    await stores.abstractions.save(theirs, direction(1.0), {7: 0.5}, epoch=1)
    assert await stores.abstractions.get(mind, [theirs.id]) == {}
    assert await stores.abstractions.naming(mind, theirs.derived_from, limit=9) == []
    assert await stores.abstractions.page(mind, None, limit=9) == ([], None)
    found = await stores.abstractions.probe(mind, Probe(direction(1.0), {7: 1.0}, Scope()), limit=9)
    assert found.ids == []
    await stores.abstractions.erase(mind, [theirs.id])
    assert await stores.abstractions.count(theirs.mind) == 1


async def test_what_superseded_what_is_found_and_its_moment_is_a_fact(
    stores: VectorStores, mind: str
) -> None:
    old, new = (
        trace(mind, "old", subject="Ana", occurred_at=1.0),
        trace(mind, "new", subject="Ana", occurred_at=2.0),
    )
    other = trace(mind, "other", subject="Ana's aunt", occurred_at=3.0)
    theirs = trace(f"{mind}, not", "old", subject="Ana", superseded_by=new.memory.id, superseded_at=2.0)
    await stores.memories.insert([old, new, other, theirs], epoch=1)
    mark = {"superseded_by": new.memory.id, "superseded_at": 2.5}
    assert await stores.memories.amend(mind, {old.memory.id: (0, mark)}, epoch=1) == {old.memory.id}
    assert await stores.replay.superseded_by(mind, [new.memory.id], limit=9) == [old.memory.id]
    latest = await stores.replay.latest_about(mind, "Ana", limit=9)
    assert [m.key for m in latest] == ["new", "old"]
    assert [m.key for m in await stores.replay.latest_about(mind, "Ana", limit=1)] == ["new"]
    facts = await stores.memories.facts(mind, [old.memory.id, new.memory.id])
    assert [facts[t.memory.id].superseded_at for t in (old, new)] == [2.5, None]
    probe = Probe(np.asarray(direction(1.0)), {}, Scope())
    found = await stores.memories.probe(mind, [probe], limit=9)
    assert {i: f.superseded_at for i, f in found.facts.items()}[old.memory.id] == 2.5
    await stores.memories.patch(
        mind, {old.memory.id: {"superseded_by": None, "superseded_at": None}}, epoch=1
    )
    assert await stores.replay.superseded_by(mind, [new.memory.id], limit=9) == []
    assert (await stores.memories.facts(mind, [old.memory.id]))[old.memory.id].superseded_at is None
