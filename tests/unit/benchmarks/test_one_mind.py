"""What is said of a way to keep vectors: with how many points, and whether an index was asked at all."""

import pytest

from benchmarks.cluster import table
from benchmarks.timing.one_mind import row
from schemas.quantization import Quantization, QuantizationKind


@pytest.mark.parametrize(("indexed", "said"), [(0, "all were looked at"), (9_000, "9,000 indexed")])
def test_a_recall_that_says_nothing_is_told_apart_from_one_of_an_index(indexed: int, said: str) -> None:
    kept = row(Quantization(kind=QuantizationKind.BINARY), 10_000, indexed, [1.0, 0.9], [1.0, 2.0, 3.0])
    assert kept == {
        "kind": "binary",
        "bytes_a_vector": 96.0,
        "oversampling": 4.0,
        "recall_at_10": 0.95,
        "p50_ms": 2.0,
        "p99_ms": pytest.approx(2.98),
        "points": 10_000,
        "indexed": indexed,
        "exact": indexed == 0,
    }
    shown = table({"server": "1.18.2", "figures": [], "quantization": [kept]})
    assert "one mind of 10,000" in shown
    assert said in shown
