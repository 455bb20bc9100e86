"""What the planner says of a store, held against a real one: within 15 % on disk and in anonymous memory."""

from pathlib import Path

import pytest

from benchmarks.capacity import compared, plan_of
from benchmarks.timing.stored import stored
from schemas.quantization import QuantizationKind

NEAR = 0.15
SEED = 20_260_101


@pytest.mark.parametrize(
    ("count", "kind"),
    [
        pytest.param(10_000, "none", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
        pytest.param(10_000, "int8", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
        pytest.param(10_000, "binary", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
        pytest.param(100_000, "none", marks=[pytest.mark.slow, pytest.mark.timeout(3_600)]),
        pytest.param(1_000_000, "none", marks=[pytest.mark.nightly, pytest.mark.timeout(6 * 3_600)]),
    ],
)
def test_a_real_store_takes_what_was_planned(tmp_path: Path, count: int, kind: str) -> None:
    quantization = QuantizationKind(kind)
    found = stored(tmp_path, count, quantization, associations=8, seed=SEED)
    row = compared(found, plan_of(found, quantization, 8))
    assert row["planned"] == pytest.approx(row["measured"], rel=NEAR)
    assert row["planned_anonymous"] == pytest.approx(row["anonymous"], rel=NEAR)
    parts = {part["name"]: part for part in row["parts"]}
    if kind != "none":
        searched = parts[f"vectors in {kind}"]
        assert searched["planned"] == pytest.approx(searched["measured"], rel=NEAR)
    for part in parts.values():
        assert part["planned"] == pytest.approx(part["measured"], rel=0.3, abs=2**20), part["name"]
