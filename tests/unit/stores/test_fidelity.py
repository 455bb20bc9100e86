"""Each way of keeping vectors is measured against a scan, and the cheapest that holds is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from cognition.stores.fidelity import Figures, Measuring, cheapest, tenth, widened
from cognition.testing.oracle import OracleBackend
from schemas.quantization import BYTES, FLOORS, PLAIN, Quantization, QuantizationKind


def found(kind: QuantizationKind, recall: float) -> Figures:
    return Figures(Quantization(kind=kind), recall, 1.0, 2.0, BYTES[kind] * 768)


def all_kinds(none: float, int8: float, turbo: float, binary: float) -> list[Figures]:
    return [
        found(kind, recall)
        for kind, recall in zip(QuantizationKind, (none, int8, turbo, binary), strict=True)
    ]


@pytest.mark.parametrize(
    ("recalls", "chosen"),
    [
        ((0.98, 0.98, 0.98, 0.98), "binary"),
        ((0.98, 0.98, 0.98, 0.92), "turbo"),
        ((0.98, 0.975, 0.96, 0.90), "int8"),
        ((0.98, 0.90, 0.90, 0.90), "none"),
        ((0.80, 0.79, 0.79, 0.76), "binary"),
    ],
)
def test_the_cheapest_that_holds_its_share_of_what_is_found_uncompressed_is_chosen(
    recalls: tuple[float, float, float, float], chosen: str
) -> None:
    assert cheapest(all_kinds(*recalls), FLOORS).kind == chosen


def test_of_equal_neighbours_each_is_right() -> None:
    vectors = np.zeros((20, 4), np.float32)
    vectors[:, 0] = 1.0
    cue = np.array([[1.0, 0.0, 0.0, 0.0]], np.float32)
    assert tenth(vectors, cue)[0] == pytest.approx(1.0, abs=1e-5)
    assert (vectors @ cue[0] >= tenth(vectors, cue)[0]).all()


async def test_an_engine_that_looks_at_all_finds_all_with_the_usual_oversampling() -> None:
    rng = np.random.default_rng(20_260_101)
    rows = rng.standard_normal((320, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    measuring = Measuring(OracleBackend(), rows[:300], rows[300:])
    await measuring.load()
    told: list[Figures] = []
    figures = await widened(measuring, PLAIN, FLOORS, told.append)
    assert told == figures
    assert [each.kind for each in figures] == ["none", "int8", "turbo", "binary"]
    assert [each.recall for each in figures] == [1.0] * 4
    assert [each.quantization.factor for each in figures] == [1.0, 2.0, 2.0, 4.0]
    assert [each.bytes_a_vector for each in figures] == [64.0, 16.0, 8.0, 2.0]
    assert all(0.0 < each.p50_ms <= each.p99_ms for each in figures)
