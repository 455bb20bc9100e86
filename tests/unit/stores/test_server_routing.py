"""In which shard a mind's points are: the same for ever, and never two minds' requests in one."""

from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import models

from cognition.stores.backend import Point
from cognition.stores.server_routing import (
    ids_by_place,
    mind_of_key,
    own_key,
    points_by_place,
    selector,
    shared_key,
    shared_keys,
)

MINDS = st.text(min_size=1, max_size=20)


@given(mind=MINDS, shared=st.integers(1, 64))
def test_a_mind_is_in_one_of_the_shared_shards_until_it_has_its_own(mind: str, shared: int) -> None:
    assert shared_key(mind, shared) in shared_keys(shared)
    assert mind_of_key(own_key(mind)) == mind
    assert mind_of_key(shared_key(mind, shared)) is None
    wanted = models.ShardKeyWithFallback(target=own_key(mind), fallback=shared_key(mind, shared))
    assert selector(mind, shared) == wanted


def test_which_shard_it_is_stays_so() -> None:
    """Another sum would look for everybody in the wrong place."""
    assert [shared_key(mind, 6) for mind in ("ada", "bo", "", "Ümläut 心")] == [
        "shared-0", "shared-5", "shared-0", "shared-2"
    ]  # fmt: skip


@given(minds=st.lists(MINDS, max_size=12), shared=st.integers(0, 3))
def test_points_and_ids_of_many_minds_go_each_to_its_place(minds: list[str], shared: int) -> None:
    points = [Point(str(number), {"mind": mind}) for number, mind in enumerate(minds)]
    placed = points_by_place(points, shared)
    assert sorted(p.id for _, some in placed for p in some) == sorted(p.id for p in points)
    owner = {point.id: point.payload["mind"] for point in points}
    sought = ids_by_place(owner, owner, shared)
    assert sorted(i for _, some in sought for i in some) == sorted(owner)
    if shared:
        assert all(at == selector(p.payload["mind"], shared) for at, some in placed for p in some)
        assert all(at == selector(owner[i], shared) for at, some in sought for i in some)
    else:
        assert all(at is None for at, _ in [*placed, *sought])


def test_ids_of_nobody_known_are_looked_for_everywhere() -> None:
    assert ids_by_place(["a", "b"], None, 2) == [(None, ["a", "b"])]
    assert ids_by_place(["a", "b"], {"a": "ada"}, 2) == [(selector("ada", 2), ["a"]), (None, ["b"])]
