"""Days and nights on virtual time: nothing runs away, nothing empties, the archive keeps to its share."""

from __future__ import annotations

import pytest

from benchmarks import year

pytestmark = pytest.mark.anyio


async def test_a_week_keeps_all_and_asks_for_each_kind() -> None:
    found = await year.lived(days=7, a_day=4, seed=1, old_days=2)
    assert found["percepts"] == 28
    assert [row["day"] for row in found["months"]] == [7]
    assert (found["months"][0]["awake"], found["months"][0]["in_archive"]) == (28, 0)
    assert [row["asked"] for row in found["recalled"].values()] == [5, 5, 10]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_weights_stay_in_bounds_the_archive_within_its_share_and_what_is_met_again_is_kept() -> None:
    found = await year.lived(days=120, a_day=3, seed=1, old_days=60)
    for month in found["months"]:
        assert 0.0 < month["strength_mean"] < month["strength_max"] <= 1.0
        assert 0.0 <= month["weight_mean"] <= month["weight_max"] <= 1.0
        share = month["in_archive"] / (month["awake"] + month["in_archive"])
        assert share <= found["archived_a_year_planned"] * month["day"] / 365 + 0.01
    recalled = {kind: row["R@10"] for kind, row in found["recalled"].items()}
    assert recalled[year.REHEARSED] == 1.0
    assert recalled[year.ORDINARY] <= recalled[year.MOVING]
