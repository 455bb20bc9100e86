"""The oracle lets faults in at its gate and keeps what it holds to itself."""

import numpy as np
import pytest

from cognition.errors import StoreUnavailableError
from cognition.stores.backend import CollectionSpec, FieldType, Match, Point
from cognition.testing.oracle import OracleBackend

SPEC = CollectionSpec("c", {"v": 2}, (), {"mind": FieldType.TENANT})
ID = "00000000-0000-0000-0000-000000000001"


def point() -> Point:
    return Point(ID, {"mind": "m", "deep": {"list": [1]}}, {"v": np.array([3, 4], np.float32)})


async def test_the_gate_is_passed_before_and_after_every_verb() -> None:
    passed: list[tuple[str, str]] = []

    async def gate(verb: str, collection: str) -> None:
        passed.append((verb, collection))

    oracle = OracleBackend(gate=gate)
    await oracle.ensure(SPEC)
    await oracle.upsert("c", [point()])
    await oracle.count("c")
    assert passed == [(v, "c") for v in ("ensure", "ensure", "upsert", "upsert", "count", "count")]


@pytest.mark.parametrize(("fails_at", "stored"), [(1, 0), (2, 1)])
async def test_a_fault_comes_before_or_after_the_effect(fails_at: int, stored: int) -> None:
    calls = 0

    async def gate(verb: str, collection: str) -> None:
        nonlocal calls
        calls += verb == "upsert"
        if verb == "upsert" and calls == fails_at:
            raise StoreUnavailableError("gone")

    oracle = OracleBackend(gate=gate)
    await oracle.ensure(SPEC)
    with pytest.raises(StoreUnavailableError):
        await oracle.upsert("c", [point()])
    oracle.gate = None
    assert await oracle.count("c", condition=Match("mind", "m")) == stored


async def test_nothing_stored_can_be_changed_from_outside() -> None:
    oracle = OracleBackend()
    await oracle.ensure(SPEC)
    given = point()
    await oracle.upsert("c", [given])
    given.payload["deep"]["list"].append(2)
    (hit,) = await oracle.retrieve("c", [ID], with_vectors=("v",))
    assert hit.payload is not None
    assert hit.vectors is not None
    hit.payload["deep"]["list"].append(3)
    hit.vectors["v"][0] = 9.0  # type: ignore[index]
    (again,) = await oracle.retrieve("c", [ID], with_vectors=("v",))
    assert again.payload == {"mind": "m", "deep": {"list": [1]}}
    np.testing.assert_allclose(again.vectors["v"], [0.6, 0.8], atol=1e-7)  # type: ignore[index]
