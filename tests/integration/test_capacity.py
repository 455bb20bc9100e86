"""What the planner says of a store, held against a real one: within 15 % on disk and in anonymous memory."""

import json
from pathlib import Path

import pytest

from benchmarks.capacity import compared, plan_of
from benchmarks.timing.stored import stored
from benchmarks.timing.stored_server import served
from cognition.capacity.parts import Wanted
from cognition.capacity.plan import planned
from schemas.quantization import QuantizationKind
from tests.servers import require_binary

NEAR = 0.15
MILLION = Path(__file__).parents[2] / "benchmarks/results/cluster-1m.json"
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


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("count", [20_000, 50_000])
async def test_a_node_with_its_indexes_on_disk_takes_what_was_planned(tmp_path: Path, count: int) -> None:
    require_binary()
    int8 = QuantizationKind.INT8
    found = await served(tmp_path, count, int8, on_disk=True, associations=8, seed=SEED)
    plan = plan_of(found, int8, 8, "disk")
    assert plan.anonymous == pytest.approx(found.anonymous, rel=NEAR)
    unwritten = sum(line.disk for line in plan.lines if line.name in ("episodes", "minds"))
    assert plan.disk - unwritten == pytest.approx(found.disk, rel=NEAR)


def test_a_million_on_a_node_with_indexes_on_disk_took_what_is_planned() -> None:
    took = {row["name"]: row["ours"] * 2**20 for row in json.loads(MILLION.read_text("utf-8"))["figures"]}
    plan = planned(Wanted(memories=1e6, minds=20.0, quantization="int8", indexes="disk"))
    assert plan.anonymous == pytest.approx(took["node_0_anonymous"], rel=NEAR)
    assert plan.disk == pytest.approx(took["node_0_disk"], rel=NEAR)
