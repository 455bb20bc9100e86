"""Over a server, what nobody filters by is one text; a point whose fields were written one by one reads the
same."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from qdrant_client import AsyncQdrantClient, models

from cognition.errors import StoreRefusedError
from cognition.ports.stores import Probe, Scope, Trace
from cognition.stores import payloads
from cognition.stores.backend import Gather, Match, Search, Within
from cognition.stores.collections import CONTEXT, LEXICAL, MEMORIES
from cognition.stores.packing import PACKED
from cognition.stores.server_values import vectors_in
from cognition.stores.stores import open_stores
from cognition.stores.vectors import sparse
from schemas.association import Association, AssociationType
from schemas.identifiers import memory_id
from schemas.memory import Memory
from tests import servers
from tests.integration.stores.things import SPEC, point, point_id

ANA = "ana"
OPAQUE = sorted(MEMORIES.opaque)


def told(key: str, vector: Any, **more: Any) -> Trace:
    memory = Memory(
        id=memory_id(ANA, key),
        mind=ANA,
        key=key,
        entry="1-0",
        content=f"all of {key}",
        episode_id="e",
        context={"place": "kitchen"},
        associations=[Association(target_id=memory_id(ANA, "x"), type=AssociationType.SEMANTIC, weight=0.5)],
        **more,
    )
    return Trace(memory, vector, {1: 0.5})


@pytest.mark.server
@pytest.mark.timeout(120)
@pytest.mark.parametrize("place", ["single", "over_http"])
async def test_a_point_written_field_by_field_reads_and_changes_as_a_packed_one(
    place: str, tmp_path: Path
) -> None:
    vector = np.eye(1, 768, dtype=np.float32)[0]
    new, old = (told(key, vector, access_count=3) for key in ("new", "old"))
    async with getattr(servers, place)(tmp_path) as options, servers.backend_on(options) as backend:
        memories = (await open_stores(backend)).memories
        await memories.insert([new], epoch=1)
        client = AsyncQdrantClient(url=options.url.split("?")[0], check_compatibility=False)
        try:
            await client.upsert(options.prefix + MEMORIES.name, [as_it_is(old)], wait=True)
            stored = await client.retrieve(options.prefix + MEMORIES.name, [new.memory.id, old.memory.id])
            found = {str(record.id): set(record.payload or {}) for record in stored}
            assert PACKED in found[new.memory.id]
            assert not found[new.memory.id].intersection(OPAQUE)
            assert found[old.memory.id].issuperset({"content", "associations"})
        finally:
            await client.close()

        both = [new.memory.id, old.memory.id]
        told_again = await memories.get(ANA, both)
        assert {i: replace(m, epoch=0) for i, m in told_again.items()} == {
            each.memory.id: each.memory for each in (new, old)
        }
        asked = await memories.probe(ANA, [Probe(vector, {1: 1.0}, Scope())], limit=10, with_facts=True)
        assert {i: list(facts.associations) for i, facts in asked.facts.items()} == {
            each.memory.id: each.memory.associations for each in (new, old)
        }
        await memories.patch(ANA, {i: {"access_count": 4} for i in both}, epoch=1)
        changed = await memories.get(ANA, both)
        assert {m.access_count for m in changed.values()} == {4}
        assert {m.content for m in changed.values()} == {"all of new", "all of old"}


@pytest.mark.server
@pytest.mark.timeout(120)
@pytest.mark.parametrize("place", ["single", "over_http"])
async def test_a_point_of_another_tool_is_told_by_its_number(place: str, tmp_path: Path) -> None:
    async with getattr(servers, place)(tmp_path) as options, servers.backend_on(options) as backend:
        await backend.ensure(SPEC)
        await backend.upsert(SPEC.name, [point(0)])
        client = AsyncQdrantClient(url=options.url.split("?")[0], check_compatibility=False)
        try:
            theirs = models.PointStruct(id=7, vector=vectors_in(point(1).vectors), payload={"mind": "m"})
            await client.upsert(options.prefix + SPEC.name, [theirs], wait=True)
        finally:
            await client.close()
        page = await backend.scroll(SPEC.name, condition=Match("mind", "m"))
        assert {hit.id for hit in page.hits} == {"7", point_id(0)}
        search = Search("v", 2, Match("mind", "m"))
        found = await backend.gather(
            SPEC.name, Gather({"v": np.ones(16, np.float32)}, [search], Within("v", Match("mind", "m")))
        )
        assert set(found.ids) == {"7", point_id(0)}


@pytest.mark.server
@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [math.nan, math.inf])
async def test_what_is_not_finite_is_refused_before_it_is_packed(number: float, tmp_path: Path) -> None:
    vector = np.eye(1, 768, dtype=np.float32)[0]
    async with servers.single(tmp_path) as options, servers.backend_on(options) as backend:
        memories = (await open_stores(backend)).memories
        fine = told("fine", vector, novelty=0.25)
        await memories.insert([fine], epoch=1)
        with pytest.raises(StoreRefusedError, match=f"novelty is {number}"):
            await memories.insert([told("bad", vector, novelty=number)], epoch=1)
        with pytest.raises(StoreRefusedError, match=f"novelty is {number}"):
            await memories.patch(ANA, {fine.memory.id: {"novelty": number}}, epoch=1)
        there, _ = await memories.walk(ANA, None, limit=10)
        assert [(memory.key, memory.novelty) for memory in there] == [("fine", 0.25)]


def as_it_is(trace: Trace) -> models.PointStruct:
    """A memory as a point of which every field stands by itself."""
    payload = {**payloads.encode(trace.memory), "epoch": 1, "rev": 0}
    found = {CONTEXT: trace.context, LEXICAL: sparse(trace.lexical, ANA, "the test")}
    return models.PointStruct(id=trace.memory.id, vector=vectors_in(found), payload=payload)
