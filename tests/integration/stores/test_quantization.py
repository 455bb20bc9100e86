"""Edge keeps searched vectors as it is told: from the next building of indexes on, also after a restart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cognition.stores.backend import (
    CollectionSpec,
    FieldType,
    Gather,
    Match,
    Point,
    Query,
    Search,
    Within,
)
from cognition.stores.edge import open_edge
from cognition.stores.qdrant_edge import EdgeShards
from schemas.quantization import Quantization, QuantizationKind
from tests.integration.stores.things import SPEC, assert_whole, point, point_id

INT8 = Quantization(kind=QuantizationKind.INT8, oversampling=3.0)
ENOUGH = 4_000
"""Vectors of 768 dimensions above the engine's threshold for indexing and compressing (10 MB)."""


async def test_a_daemon_changes_how_vectors_are_kept_while_it_goes_on_and_a_restart_keeps_it(
    tmp_path: Path,
) -> None:
    async with open_edge(tmp_path, started_at=0.0) as backend:
        await backend.ensure(SPEC)
        await backend.upsert(SPEC.name, [point(n) for n in range(100)])
        await backend.quantize(SPEC.name, INT8)
        due = await backend.info(SPEC.name)
        assert (due.change_due, due.needs_optimising, due.quantization) == (True, True, INT8)
        assert due.before is QuantizationKind.NONE
        await backend.optimise(SPEC.name)
        await backend.upsert(SPEC.name, [point(100)])
    async with open_edge(tmp_path, started_at=0.0) as backend:
        await backend.ensure(SPEC)
        kept = await backend.info(SPEC.name)
        assert (kept.change_due, kept.quantization, kept.before) == (False, INT8, QuantizationKind.NONE)
        hits = await backend.retrieve(SPEC.name, [point_id(n) for n in range(101)], with_vectors=("v", "s"))
        assert_whole(hits, range(101))


async def test_a_change_that_was_told_survives_a_restart_before_it_is_made(tmp_path: Path) -> None:
    async with open_edge(tmp_path, started_at=0.0) as backend:
        await backend.ensure(SPEC)
        await backend.quantize(SPEC.name, INT8)
    shards = EdgeShards(tmp_path)
    shards.ensure(SPEC)
    assert shards.info(SPEC.name).change_due
    shards.optimise(SPEC.name)
    assert not shards.info(SPEC.name).change_due
    shards.close()


def test_what_was_told_stands_above_what_the_settings_have_new_collections_made_with(tmp_path: Path) -> None:
    named = replace(SPEC, quantization=Quantization(kind=QuantizationKind.BINARY))
    shards = EdgeShards(tmp_path)
    shards.ensure(named)
    made = shards.info(SPEC.name)
    assert (made.quantization, made.change_due) == (named.quantization, False)
    shards.quantize(SPEC.name, INT8)
    shards.close()
    again = EdgeShards(tmp_path)
    again.ensure(named)
    assert again.info(SPEC.name).quantization == INT8
    again.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "least"),
    [(QuantizationKind.INT8, 0.9), (QuantizationKind.TURBO, 0.9), (QuantizationKind.BINARY, 0.8)],
)
def test_compressed_vectors_find_candidates_and_the_originals_score_them(
    tmp_path: Path, kind: QuantizationKind, least: float
) -> None:
    """On made-up topics; what it is worth on real texts `python -m benchmarks quantize` says."""
    rng = np.random.default_rng(20_260_101)
    topics = rng.standard_normal((400, 768))
    rows = topics[rng.integers(0, 400, ENOUGH + 50)] + 0.8 * rng.standard_normal((ENOUGH + 50, 768))
    vectors = rows.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    shards = EdgeShards(tmp_path)
    wanted = Quantization(kind=kind, rescore=kind is not QuantizationKind.TURBO)
    spec = CollectionSpec("things", {"d": 768}, (), {"mind": FieldType.TENANT}, quantization=wanted)
    shards.ensure(spec)
    for start in range(0, ENOUGH, 500):
        shards.upsert(
            "things",
            [Point(point_id(n), {"mind": "m"}, {"d": vectors[n]}) for n in range(start, start + 500)],
        )
    shards.optimise("things")
    assert list(tmp_path.rglob("*quantized*"))
    recalls = []
    where = Match("mind", "m")
    for cue in vectors[ENOUGH:]:
        asked = [Query("d", cue, 10, where, exact=exact) for exact in (False, True)]
        found, nearest = (frozenset(hit.id for hit in hits) for hits in shards.query("things", asked))
        recalls.append(len(found & nearest) / 10)
        gathered = shards.gather("things", Gather({"d": cue}, [Search("d", 10, where)], Within("d", where)))
        truth = [float(vectors[int(i[-12:], 16) - 1] @ cue) for i in gathered.ids]
        np.testing.assert_allclose(gathered.scores["d"], truth, atol=1e-5)
    assert np.mean(recalls) >= least
    shards.close()
