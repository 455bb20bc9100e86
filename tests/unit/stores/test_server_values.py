"""What goes to a server in one piece, and how a collection there may differ from what is needed."""

from dataclasses import replace
from typing import Any

import pytest
from qdrant_client import models

from cognition.errors import StoreDeniedError, StoreRefusedError, StoreUnavailableError
from cognition.stores.backend import CollectionSpec, FieldType
from cognition.stores.server_drifts import INDEXES_AT_ONCE_MAX, differences, of_cluster
from cognition.stores.server_nodes import translated
from cognition.stores.server_options import Mark, ServerOptions
from cognition.stores.server_schema import joined
from cognition.stores.server_shards import ACTIVE, Shard
from cognition.stores.server_values import batches

SPEC = CollectionSpec("things", {"v": 4}, ("s",), {"mind": FieldType.TENANT, "n": FieldType.INTEGER})
MAPPED = replace(SPEC, maps=("context",), by_mind=True)
OURS = Mark(model="one", partitions=16)


@pytest.mark.parametrize(
    ("sizes", "bytes_max", "count_max", "expected"),
    [
        ([], 10, 10, []),
        ([1, 1, 1], 10, 10, [[0, 1, 2]]),
        ([6, 6, 3], 10, 10, [[0], [1, 2]]),
        ([99, 1, 1], 10, 10, [[0], [1, 2]]),
        ([1, 99, 1], 10, 10, [[0], [1], [2]]),
        ([1, 1, 1, 1, 1], 10, 2, [[0, 1], [2, 3], [4]]),
    ],
)
def test_batches_stay_below_both_bounds_and_leave_nothing_out(
    sizes: list[int], bytes_max: int, count_max: int, expected: list[list[int]]
) -> None:
    places = list(range(len(sizes)))
    assert [places[each] for each in batches(sizes, bytes_max, count_max)] == expected


def dense(size: int, distance: str) -> models.VectorParams:
    return models.VectorParams(size=size, distance=models.Distance(distance))


def found(**changed: Any) -> models.CollectionInfo:
    """A collection as it is needed, but for what is changed."""
    given: dict[str, Any] = {
        "vectors": {"v": dense(4, "Cosine")},
        "indexes": {"mind": "tenant", "n": "integer"},
        "metadata": {"cognition": {"schema": 1, "model": "one", "partitions": 16}},
        "points": 5,
        "replication_factor": 1,
        **changed,
    }
    params = models.CollectionParams(
        vectors=given["vectors"],
        sparse_vectors=given.get("sparse", {"s": models.SparseVectorParams()}),
        replication_factor=given["replication_factor"],
    )
    config: Any = models.CollectionConfig.model_construct(params=params, metadata=given["metadata"])
    schema = {name: index(kind) for name, kind in given["indexes"].items()}
    return models.CollectionInfo.model_construct(
        config=config, payload_schema=schema, points_count=given["points"]
    )


def index(kind: str) -> models.PayloadIndexInfo:
    """An index of this kind, as a server tells of it."""
    if kind != "tenant":
        return models.PayloadIndexInfo(data_type=models.PayloadSchemaType(kind), points=0)
    params = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
    return models.PayloadIndexInfo(data_type=models.PayloadSchemaType.KEYWORD, params=params, points=0)


def drifts(info: models.CollectionInfo, mark: Mark = OURS, **options: Any) -> list[tuple[str, bool, bool]]:
    kept = differences("things", SPEC, info, ServerOptions(**options), mark)
    assert all(drift.remedy for drift in kept)
    return [(drift.problem, drift.stops, drift.mends) for drift in kept]


def shard(number: int, key: str = "", *states: models.ReplicaState) -> Shard:
    return Shard(number, key, dict(enumerate(states or (ACTIVE,))), arriving=False, leaving=False)


def test_a_collection_that_is_as_needed_has_not_drifted() -> None:
    assert drifts(found()) == []


@pytest.mark.parametrize(
    ("changed", "words", "stops", "mends"),
    [
        ({"metadata": None}, "made by another tool", True, False),
        ({"metadata": {"cognition": "yes"}}, "made by another tool", True, False),
        ({"vectors": {"v": dense(8, "Cosine")}}, "{'v': 8}", True, False),
        ({"vectors": {"v": dense(4, "Dot")}}, "by cosine", True, False),
        ({"sparse": {}}, "no sparse vector 's'", True, False),
        ({"indexes": {"mind": "tenant"}}, "no index of 'n'", False, True),
        ({"indexes": {"mind": "tenant", "n": "float"}}, "as float, needed integer", False, True),
        ({"indexes": {"mind": "keyword", "n": "integer"}}, "not one of tenants", False, True),
        (
            {"indexes": {"mind": "keyword", "n": "integer"}, "points": INDEXES_AT_ONCE_MAX + 1},
            "not one of tenants",
            False,
            True,
        ),
        (
            {"indexes": {"mind": "tenant"}, "points": INDEXES_AT_ONCE_MAX + 1},
            "no index of 'n'",
            True,
            True,
        ),
        ({"replication_factor": 3}, "replication factor 3", False, True),
        ({"metadata": {"cognition": {"model": "two", "partitions": 16}}}, "'two'", True, False),
        ({"metadata": {"cognition": {"model": "one", "partitions": 8}}}, "8 partitions", True, False),
    ],
)  # fmt: skip
def test_what_drifted_is_told_and_whether_it_stops_and_can_be_mended(
    changed: dict[str, Any], words: str, stops: bool, mends: bool
) -> None:
    ((problem, *rest),) = drifts(found(**changed))
    assert words in problem
    assert rest == [stops, mends]


def test_chosen_entries_of_a_map_are_indexed_and_a_large_collection_serves_without() -> None:
    mark = {"cognition": {"model": "one", "partitions": 16, "shared": 2}}
    options = ServerOptions(sharding="custom", context_indexes=("place", "task"))
    shards = [shard(0, "shared-0"), shard(1, "shared-1")]
    for points, in_passing in ((5, True), (INDEXES_AT_ONCE_MAX + 1, False)):
        info = found(metadata=mark, points=points)
        kept = differences("things", MAPPED, info, options, OURS, shards=shards)
        assert [(d.index, d.stops, d.mends, d.in_passing) for d in kept] == [
            ("context.place", False, True, in_passing),
            ("context.task", False, True, in_passing),
        ]
    assert differences("things", SPEC, found(), options, OURS) == []


def test_shards_that_minds_share_and_how_they_are_spread_are_looked_at() -> None:
    none = ServerOptions(context_indexes=())
    apart = found(metadata={"cognition": {"model": "one", "partitions": 16, "shared": 2}})
    (missing, otherwise) = differences("things", MAPPED, apart, none, OURS, shards=[shard(0, "shared-0")])
    assert (missing.key, missing.mends, missing.stops) == ("shared-1", True, False)
    assert "made with custom sharding, store.sharding is 'auto'" in otherwise.problem
    assert not otherwise.mends
    assert not otherwise.stops


def test_a_shard_with_fewer_serving_replicas_than_the_collection_promises_is_told() -> None:
    options = ServerOptions(replication_factor=2)
    shards = [
        shard(0, "", ACTIVE, ACTIVE),
        shard(1, "", ACTIVE),
        shard(2, "", ACTIVE, models.ReplicaState.DEAD),
        shard(3, "mind:big", ACTIVE),
    ]
    info = found(replication_factor=2)
    (few,) = differences("things", SPEC, info, options, OURS, shards=shards)
    assert "fewer than 2 replicas that serve: 1 has 1 (node 0), 2 has 1 (node 0, 1)" in few.problem
    assert "cognition schema migrate" in few.remedy
    assert "writes are acknowledged by as many as serve" in few.remedy
    assert not few.stops
    assert not few.mends
    assert differences("things", SPEC, info, options, OURS, shards=shards[:1]) == []


@pytest.mark.parametrize(
    ("peers", "copies", "told"), [(0, 2, False), (1, 2, False), (2, 1, False), (2, 2, True), (3, 2, False)]
)
def test_two_nodes_that_hold_copies_of_each_other_are_told_to_be_no_majority(
    peers: int, copies: int, told: bool
) -> None:
    drift = of_cluster(peers, ServerOptions(replication_factor=copies))
    assert (drift is not None) is told
    if drift is not None:
        assert "has 2 nodes, and store.replication_factor is 2" in drift.problem
        assert "third node" in drift.remedy
        assert not drift.stops
        assert not drift.mends


def test_who_embeds_nothing_minds_no_model() -> None:
    assert drifts(found(), Mark(partitions=16)) == []
    assert joined(Mark(partitions=16), OURS) == OURS
    assert joined(OURS, Mark()) == OURS


class Status(Exception):
    """As gRPC's errors are: with a code and details."""

    def __init__(self, name: str) -> None:
        self._name = name

    def code(self) -> Any:
        return type("Code", (), {"name": self._name})

    def details(self) -> str:
        return "the details"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("INVALID_ARGUMENT", StoreRefusedError),
        ("UNAUTHENTICATED", StoreDeniedError),
        ("PERMISSION_DENIED", StoreDeniedError),
        ("NOT_FOUND", StoreUnavailableError),
        ("FAILED_PRECONDITION", StoreUnavailableError),
        ("UNAVAILABLE", StoreUnavailableError),
        ("DEADLINE_EXCEEDED", StoreUnavailableError),
        ("INTERNAL", StoreUnavailableError),
    ],
)
def test_only_what_is_wrong_in_itself_is_refused(name: str, expected: type[Exception]) -> None:
    with pytest.raises(expected, match=f"things.*{name}: the details") as caught, translated("things"):
        raise Status(name)
    assert type(caught.value) is expected
