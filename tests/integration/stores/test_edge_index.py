"""The index finds what lies nearest in one mind, among several."""

from pathlib import Path

import numpy as np
import pytest

from cognition.stores.backend import CollectionSpec, FieldType, Match, Point, Query
from cognition.stores.qdrant_edge import EdgeShards

MINDS, EACH, CUES = 2, 4_000, 100
"""Above the engine's threshold for looking at each vector of a mind (10 MB: 3,300 vectors)."""

SPEC = CollectionSpec("things", {"d": 768}, (), {"mind": FieldType.TENANT})


@pytest.mark.slow
def test_the_index_finds_nearly_all_of_the_ten_nearest_of_a_mind(tmp_path: Path) -> None:
    """One graph of all minds, with a filter, finds .85 of them; a graph for each mind .96."""
    rng = np.random.default_rng(20_260_101)
    topics = rng.standard_normal((1_000, 768))
    rows = topics[rng.integers(0, 1_000, MINDS * EACH + CUES)] + 0.8 * rng.standard_normal(
        (MINDS * EACH + CUES, 768)
    )
    vectors = rows.astype(np.float32)
    shards = EdgeShards(tmp_path)
    shards.ensure(SPEC)
    for start in range(0, MINDS * EACH, 500):
        numbers = range(start, start + 500)
        shards.upsert(
            "things",
            [
                Point(f"00000000-0000-0000-0000-{n:012}", {"mind": f"m{n % MINDS}"}, {"d": vectors[n]})
                for n in numbers
            ],
        )
    shards.optimise("things")
    shares = []
    for number, cue in enumerate(vectors[MINDS * EACH :]):
        mind = f"m{number % MINDS}"
        asked = [Query("d", cue, 10, Match("mind", mind), exact=exact) for exact in (False, True)]
        found, nearest = (frozenset(hit.id for hit in hits) for hits in shards.query("things", asked))
        shares.append(len(found & nearest) / 10)
    shards.close()
    assert np.mean(shares) > 0.93
