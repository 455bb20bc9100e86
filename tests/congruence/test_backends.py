"""Every backend answers as the oracle does."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognition.errors import SchemaDriftError, StoreRefusedError
from cognition.stores.backend import (
    CollectionSpec,
    Condition,
    FieldType,
    HasId,
    Match,
    Not,
    Point,
    Query,
    Range,
    Sparse,
    VectorBackend,
    WriteMode,
)
from cognition.testing.oracle import OracleBackend
from tests.congruence import generated as g
from tests.congruence.agreement import assert_same_points, assert_same_ranking

EXAMPLES = settings(max_examples=40)
NAMES = ("v", "w", "k", "s")


async def both(backend: VectorBackend) -> tuple[VectorBackend, OracleBackend]:
    """The backend with its collections, and a fresh oracle beside it."""
    oracle = OracleBackend()
    for spec in (g.SPEC, g.BARE):
        await backend.ensure(spec)
        await oracle.ensure(spec)
    return backend, oracle


async def everything(backend: VectorBackend, mind: str, collection: str = "things") -> list[Any]:
    names = NAMES if collection == "things" else ()
    page = await backend.scroll(collection, condition=Match("mind", mind), with_vectors=names)
    assert page.next_offset is None
    return page.hits


@EXAMPLES
@given(bodies=g.points)
async def test_what_is_written_comes_back(backend: VectorBackend, bodies: list[Any]) -> None:
    ours, oracle = await both(backend)
    mind = g.fresh_mind()
    points = g.placed(mind, bodies)
    for each in (ours, oracle):
        await each.upsert("things", points)
    assert_same_points(await everything(ours, mind), await everything(oracle, mind))
    ids = [p.id for p in points] + [g.point_id(mind, 99)]
    found = await ours.retrieve("things", ids, with_vectors=NAMES)
    assert_same_points(found, await oracle.retrieve("things", ids, with_vectors=NAMES))


@EXAMPLES
@given(bodies=g.points, conditions=st.lists(g.conditions, min_size=1, max_size=4))
async def test_a_condition_means_the_same(
    backend: VectorBackend, bodies: list[Any], conditions: list[Condition]
) -> None:
    ours, oracle = await both(backend)
    mind = g.fresh_mind()
    for each in (ours, oracle):
        await each.upsert("things", g.placed(mind, bodies))
    for drawn in conditions:
        condition = g.owned(mind, drawn)
        expected = await oracle.scroll("things", condition=condition, with_payload=False)
        found = await ours.scroll("things", condition=condition, with_payload=False)
        assert [hit.id for hit in found.hits] == [hit.id for hit in expected.hits], drawn
        assert await ours.count("things", condition=condition) == len(expected.hits)


@EXAMPLES
@given(bodies=g.points, drawn=st.lists(g.queries(), max_size=3))
async def test_a_query_finds_the_same(backend: VectorBackend, bodies: list[Any], drawn: list[Query]) -> None:
    ours, oracle = await both(backend)
    mind = g.fresh_mind()
    for each in (ours, oracle):
        await each.upsert("things", g.placed(mind, bodies))
    asked = [
        Query(q.using, q.vector, q.limit, g.owned(mind, q.condition or Match("mind", mind)), q.exact)
        for q in drawn
    ]
    unbounded = [Query(q.using, q.vector, 99, q.condition, True) for q in asked]
    answers, full = await ours.query("things", asked), await oracle.query("things", unbounded)
    assert len(answers) == len(asked)
    for answer, everyone, query in zip(answers, full, asked, strict=True):
        assert_same_ranking(answer, everyone, query.limit)


writes = st.lists(
    st.one_of(
        st.tuples(
            st.just("upsert"),
            st.lists(st.tuples(st.integers(0, 4), g.payloads, g.vectors), max_size=3),
            st.sampled_from(WriteMode),
            st.none() | g.conditions,
        ),
        st.tuples(
            st.just("set_payload"),
            st.lists(st.integers(0, 5), max_size=3),
            st.dictionaries(
                st.sampled_from(["kind", "n", "context", "loose", "hidden"]), st.none() | g.words, max_size=2
            ),
            st.none() | g.conditions,
        ),
        st.tuples(
            st.just("set_payloads"),
            st.dictionaries(st.integers(0, 5), g.payloads, max_size=3),
            st.none() | g.conditions,
        ),
        st.tuples(
            st.just("update_vectors"),
            st.dictionaries(st.integers(0, 5), g.vectors, max_size=4),
            st.none() | g.conditions,
        ),
        st.tuples(st.just("delete"), st.lists(st.integers(0, 5), max_size=2), st.none() | g.conditions),
    ),
    max_size=6,
)


async def apply(backend: VectorBackend, mind: str, write: tuple[Any, ...]) -> None:
    def condition(drawn: Condition | None) -> Condition | None:
        return None if drawn is None else g.owned(mind, drawn)

    match write:
        case ("upsert", bodies, mode, drawn):
            points = [Point(g.point_id(mind, i), {**p, "mind": mind}, v) for i, p, v in bodies]
            await backend.upsert("things", points, mode=mode, condition=condition(drawn))
        case ("set_payload", numbers, payload, drawn):
            ids = [g.point_id(mind, i) for i in numbers]
            await backend.set_payload("things", ids, payload, condition=condition(drawn))
        case ("set_payloads", patches, drawn):
            by_id = {g.point_id(mind, i): patch for i, patch in patches.items()}
            await backend.set_payloads("things", by_id, condition=condition(drawn))
        case ("update_vectors", changes, drawn):
            vectors = {g.point_id(mind, i): given for i, given in changes.items()}
            await backend.update_vectors("things", vectors, condition=condition(drawn))
        case ("delete", numbers, drawn):
            ids = [g.point_id(mind, i) for i in numbers]
            await backend.delete("things", ids, condition=condition(drawn))


@EXAMPLES
@given(bodies=g.points, operations=writes)
async def test_writes_leave_the_same_behind(
    backend: VectorBackend, bodies: list[Any], operations: list[tuple[Any, ...]]
) -> None:
    ours, oracle = await both(backend)
    mind = g.fresh_mind()
    for each in (ours, oracle):
        await each.upsert("things", g.placed(mind, bodies))
        for write in operations:
            await apply(each, mind, write)
    assert_same_points(await everything(ours, mind), await everything(oracle, mind))


@settings(max_examples=15)
@given(bodies=g.points, size=st.integers(1, 4), drawn=g.conditions)
async def test_pages_cover_everything_once(
    backend: VectorBackend, bodies: list[Any], size: int, drawn: Condition
) -> None:
    ours, oracle = await both(backend)
    mind = g.fresh_mind()
    condition = g.owned(mind, drawn)
    for each in (ours, oracle):
        await each.upsert("things", g.placed(mind, bodies))
    walked: list[str] = []
    offset: str | None = None
    while True:
        page = await ours.scroll("things", condition=condition, limit=size, offset=offset, with_payload=False)
        walked += [hit.id for hit in page.hits]
        offset = page.next_offset
        if offset is None:
            break
    expected = await oracle.scroll("things", condition=condition)
    assert walked == [hit.id for hit in expected.hits]


@settings(max_examples=15)
@given(starts=st.lists(g.moments, unique=True, max_size=6), descending=st.booleans(), limit=st.integers(1, 4))
async def test_an_ordered_page_is_the_first_in_order(
    backend: VectorBackend, starts: list[float], descending: bool, limit: int
) -> None:
    ours, oracle = await both(backend)
    mind = g.fresh_mind()
    bodies = [({"at": g.times.to_text(at)}, {}) for at in starts] + [({}, {})]
    found = []
    for each in (ours, oracle):
        await each.upsert("things", g.placed(mind, bodies))
        page = await each.scroll(
            "things", condition=Match("mind", mind), order_by="at", descending=descending, limit=limit
        )
        assert page.next_offset is None
        found.append([hit.id for hit in page.hits])
    assert found[0] == found[1]


async def test_a_collection_without_vectors_keeps_points(backend: VectorBackend) -> None:
    await backend.ensure(g.BARE)
    mind = g.fresh_mind()
    older = Range("epoch", lt=5)
    ids = [g.point_id(mind, i) for i in range(2)]
    await backend.upsert("bare", [Point(ids[0], {"mind": mind, "epoch": 5, "state": "first"})])
    again = [Point(i, {"mind": mind, "epoch": 5, "state": "second"}) for i in ids]
    await backend.upsert("bare", again, condition=older)
    states = {hit.id: (hit.payload or {})["state"] for hit in await backend.retrieve("bare", ids)}
    assert states == {ids[0]: "first", ids[1]: "second"}


async def test_of_equal_ids_in_one_call_the_last_stands(backend: VectorBackend) -> None:
    await backend.ensure(g.BARE)
    for mode in (WriteMode.UPSERT, WriteMode.INSERT_ONLY):
        mind = g.fresh_mind()
        one = g.point_id(mind, 1)
        twice = [Point(one, {"mind": mind, "epoch": 1, "state": s}) for s in ("first", "last")]
        await backend.upsert("bare", twice, mode=mode)
        assert [(h.payload or {})["state"] for h in await backend.retrieve("bare", [one])] == ["last"]


async def test_chosen_fields_are_all_that_comes(backend: VectorBackend) -> None:
    ours, _ = await both(backend)
    mind = g.fresh_mind()
    vector = np.array([1, 0, 0, 0], np.float32)
    await ours.upsert(
        "things",
        [Point(g.point_id(mind, 0), {"mind": mind, "n": 1, "kind": "a", "text": "t"}, {"v": vector})],
    )
    asked = Query(
        "v", vector, 1, Match("mind", mind), with_payload=("n", "text", "hidden"), with_vectors=("v",)
    )
    ((hit,),) = await ours.query("things", [asked])
    assert hit.payload == {"n": 1, "text": "t"}
    assert set(hit.vectors or {}) == {"v"}
    page = await ours.scroll("things", condition=Match("mind", mind), with_payload=("kind",))
    assert [h.payload for h in page.hits] == [{"kind": "a"}]


def bad_points() -> dict[str, Point]:
    good = g.point_id("bad", 1)
    return {
        "an id that is no UUID": Point("nope", {}),
        "an upper-case id": Point(good.upper(), {}),
        "a vector that is too long": Point(good, {}, {"v": np.ones(5, np.float32)}),
        "a vector that is not a number": Point(good, {}, {"v": np.full(4, np.nan, np.float32)}),
        "an infinite vector": Point(good, {}, {"v": np.full(4, np.inf, np.float32)}),
        "an unknown vector": Point(good, {}, {"z": np.ones(4, np.float32)}),
        "a sparse vector where a dense one belongs": Point(good, {}, {"v": one_term(1)}),
        "doubled indices": Point(good, {}, {"s": one_term(1, 1)}),
        "falling indices": Point(good, {}, {"s": one_term(2, 1)}),
        "text that is not Unicode": Point(good, {"kind": "\ud800"}),
    }


def one_term(*indices: int) -> Sparse:
    return Sparse(np.array(indices, np.uint32), np.ones(len(indices), np.float32))


@pytest.mark.parametrize("what", bad_points())
async def test_a_bad_point_is_refused_and_nothing_of_its_batch_is_stored(
    backend: VectorBackend, what: str
) -> None:
    ours, _ = await both(backend)
    mind = g.fresh_mind()
    fine = Point(g.point_id(mind, 0), {"mind": mind}, {"v": np.ones(4, np.float32)})
    with pytest.raises(StoreRefusedError):
        await ours.upsert("things", [fine, bad_points()[what]])
    assert await ours.count("things", condition=Match("mind", mind)) == 0


@pytest.mark.parametrize("field", ["kind", "hidden"])
async def test_a_patch_that_is_not_unicode_is_refused_and_changes_nothing(
    backend: VectorBackend, field: str
) -> None:
    ours, _ = await both(backend)
    mind = g.fresh_mind()
    one = g.point_id(mind, 0)
    await ours.upsert("things", [Point(one, {"mind": mind, field: "fine"}, {"v": np.ones(4, np.float32)})])
    with pytest.raises(StoreRefusedError):
        await ours.set_payload("things", [one], {field: "\ud800"})
    with pytest.raises(StoreRefusedError):
        await ours.set_payloads("things", {one: {field: "\ud800"}})
    (hit,) = await ours.retrieve("things", [one], owner=mind)
    assert (hit.payload or {})[field] == "fine"


async def test_requests_that_make_no_sense_are_refused(backend: VectorBackend) -> None:
    ours, _ = await both(backend)
    wrong = Query("v", np.ones(3, np.float32), 1)
    with pytest.raises(StoreRefusedError, match="shape"):
        await ours.query("things", [wrong])
    with pytest.raises(StoreRefusedError, match="order by"):
        await ours.scroll("things", order_by="kind")
    with pytest.raises(StoreRefusedError, match="no collection"):
        await ours.count("nowhere")
    with pytest.raises(StoreRefusedError, match="nope"):
        await ours.count("things", condition=Not(HasId(("nope",))))
    with pytest.raises(StoreRefusedError, match="opaque"):
        await ours.count("things", condition=Not(Match("hidden", "x")))
    with pytest.raises(StoreRefusedError, match="page"):
        await ours.scroll("things", limit=0)


async def test_a_vector_that_is_only_kept_is_not_searched(backend: VectorBackend) -> None:
    ours, _ = await both(backend)
    with pytest.raises(StoreRefusedError, match="only kept"):
        await ours.query("things", [Query("k", np.ones(4, np.float32), 1)])


async def test_a_sparse_vector_may_lose_all_of_its_terms(backend: VectorBackend) -> None:
    ours, _ = await both(backend)
    mind = g.fresh_mind()
    one, none = g.point_id(mind, 0), Sparse(np.array([], np.uint32), np.array([], np.float32))
    await ours.upsert("things", [Point(one, {"mind": mind}, {"s": one_term(1), "v": np.ones(4, np.float32)})])
    await ours.update_vectors("things", {one: {"s": none}})
    ((found,),) = [await ours.retrieve("things", [one], with_vectors=("s", "v"))]
    kept = (found.vectors or {}).get("s", none)
    assert isinstance(kept, Sparse)
    assert kept.indices.size == 0
    assert "v" in (found.vectors or {})
    ((*hits,),) = [await ours.query("things", [Query("s", one_term(1), 9, Match("mind", mind))])]
    assert hits == [[]]


async def test_a_bad_vector_changes_nothing_of_its_batch(backend: VectorBackend) -> None:
    ours, _ = await both(backend)
    mind = g.fresh_mind()
    ids = [g.point_id(mind, i) for i in range(2)]
    before = np.array([1, 0, 0, 0], np.float32)
    await ours.upsert("things", [Point(i, {"mind": mind}, {"v": before}) for i in ids])
    bad = np.full(4, np.nan, np.float32)
    with pytest.raises(StoreRefusedError):
        await ours.update_vectors("things", {ids[0]: {"v": np.ones(4, np.float32)}, ids[1]: {"v": bad}})
    for hit in await ours.retrieve("things", ids, with_vectors=("v",)):
        np.testing.assert_allclose((hit.vectors or {})["v"], before)


async def test_another_vector_size_is_drift(backend: VectorBackend) -> None:
    await backend.ensure(CollectionSpec("drifting", {"v": 4}, (), {"mind": FieldType.TENANT}))
    with pytest.raises(SchemaDriftError, match="drifting"):
        await backend.ensure(CollectionSpec("drifting", {"v": 5}, (), {"mind": FieldType.TENANT}))
