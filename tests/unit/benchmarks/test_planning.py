"""The plan of a night goes by indexes alone: a mind of a million is planned like one of ten thousand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.timing.planning import plans

SEED = 1
BYTES_EACH = 12_000
"""Of a memory in a store without vectors, with room for the log."""

SECONDS_MAX = 2.0
"""A machine that others use may take twice as long now and then; going through all of a mind takes
a hundred times as long."""


def ratios(figures: list[dict[str, Any]], unit: str) -> list[float]:
    return [row["ratio"] for row in figures if row["unit"] == unit]


@pytest.mark.anyio
async def test_plans_of_small_minds_are_measured_beside_each_other(tmp_path: Path) -> None:
    figures = await plans(tmp_path, [400, 200], SEED)
    assert [row["name"] for row in figures] == [
        *("sleep_plan_200_s", "sleep_plan_200_calls", "sleep_plan_400_s", "sleep_plan_400_calls")
    ]
    assert ratios(figures, "store calls")[0] == 1.0


@pytest.mark.anyio
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize(
    "size",
    [pytest.param(100_000, marks=pytest.mark.slow), pytest.param(1_000_000, marks=pytest.mark.nightly)],
)
async def test_a_plan_costs_the_same_whatever_the_number_of_memories(tmp_path: Path, size: int) -> None:
    if shutil.disk_usage(tmp_path).free < size * BYTES_EACH:
        pytest.skip(f"no room for {size:,} memories in {tmp_path}")
    figures = await plans(tmp_path, [10_000, size], SEED)
    assert abs(ratios(figures, "store calls")[-1] - 1.0) <= 0.2
    assert ratios(figures, "s")[-1] <= SECONDS_MAX
