"""What the planner says of a store, held against a real one: within 15 % on disk and in anonymous memory."""

from pathlib import Path

import pytest

from benchmarks.capacity import compared, plan_of
from benchmarks.timing.stored import stored
from schemas.quantization import QuantizationKind

NEAR = 0.15
SEED = 20_260_101


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
        pytest.param(100_000, marks=[pytest.mark.slow, pytest.mark.timeout(3_600)]),
        pytest.param(1_000_000, marks=[pytest.mark.nightly, pytest.mark.timeout(6 * 3_600)]),
    ],
)
def test_a_real_store_takes_what_was_planned(tmp_path: Path, count: int) -> None:
    found = stored(tmp_path, count, QuantizationKind.NONE, associations=8, seed=SEED)
    row = compared(found, plan_of(found, QuantizationKind.NONE, 8))
    assert row["planned"] == pytest.approx(row["measured"], rel=NEAR)
    assert row["planned_anonymous"] == pytest.approx(row["anonymous"], rel=NEAR)
    for part in row["parts"]:
        assert part["planned"] == pytest.approx(part["measured"], rel=0.3, abs=2**20), part["name"]
