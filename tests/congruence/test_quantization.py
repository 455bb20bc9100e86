"""How vectors are kept can be changed on every backend, and nothing that was stored changes with it."""

import numpy as np
import pytest

from cognition.errors import StoreRefusedError
from cognition.stores.backend import CollectionSpec, FieldType, Match, Point, Query, VectorBackend
from schemas.quantization import Quantization, QuantizationKind
from tests.integration.stores.things import SPEC, point, point_id


@pytest.mark.parametrize("kind", [k for k in QuantizationKind if k is not QuantizationKind.NONE])
async def test_what_is_stored_and_what_is_found_stay_when_it_is_kept_in_another_way_and_back(
    backend: VectorBackend, kind: QuantizationKind
) -> None:
    name = f"kept-{kind}"
    spec = CollectionSpec(name, {"v": 16, "w": 16}, (), SPEC.indexes, kept=frozenset({"w"}))
    await backend.ensure(spec)
    points = [
        Point(point_id(n), {"mind": "m", "n": n}, {"v": point(n).vectors["v"], "w": point(n).vectors["v"]})
        for n in range(40)
    ]
    await backend.upsert(name, points)
    asked = Query("v", np.arange(1, 17, dtype=np.float32), 40, Match("mind", "m"), with_vectors=("v", "w"))
    [before] = await backend.query(name, [asked])
    for wanted in (Quantization(kind=kind), Quantization(kind=QuantizationKind.NONE)):
        await backend.quantize(name, wanted)
        await backend.optimise(name)
        assert not (await backend.info(name)).change_due
        [after] = await backend.query(name, [asked])
        assert {hit.id for hit in after} == {hit.id for hit in before}
        scores = {hit.id: hit.score for hit in before}
        assert all(abs(hit.score - scores[hit.id]) < 1e-5 for hit in after)
        vectors = {hit.id: hit.vectors for hit in before}
        for hit in after:
            was = vectors[hit.id]
            assert hit.vectors is not None
            assert was is not None
            assert all(np.allclose(hit.vectors[n], was[n], atol=1e-6) for n in ("v", "w"))


async def test_a_collection_is_made_as_the_settings_say_and_later_kept_as_it_was_told(
    backend: VectorBackend, request: pytest.FixtureRequest
) -> None:
    if request.node.callspec.params["backend"] == "local":
        pytest.skip("the client's stand-in compresses nothing")
    made = CollectionSpec(
        "made", {"v": 16}, (), SPEC.indexes, quantization=Quantization(kind=QuantizationKind.INT8)
    )
    await backend.ensure(made)
    assert (await backend.info("made")).quantization.kind is QuantizationKind.INT8
    await backend.quantize("made", Quantization(kind=QuantizationKind.NONE))
    await backend.ensure(made)
    kept = await backend.info("made")
    assert kept.quantization.kind is QuantizationKind.NONE


async def test_a_collection_without_searched_vectors_has_nothing_to_compress(backend: VectorBackend) -> None:
    spec = CollectionSpec("bare", {}, (), {"mind": FieldType.TENANT})
    await backend.ensure(spec)
    with pytest.raises(StoreRefusedError, match="no vector that is searched"):
        await backend.quantize("bare", Quantization(kind=QuantizationKind.INT8))
