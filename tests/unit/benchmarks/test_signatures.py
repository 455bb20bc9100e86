"""It remembers like a mind: every signature holds, over the oracle, through the streams."""

import anyio
import pytest

from benchmarks.engine import EngineChoice
from benchmarks.signature.materials import Curve, falls, rises
from benchmarks.signatures import EFFECTS, measured, table


@pytest.mark.slow
@pytest.mark.parametrize("name", EFFECTS)
def test_the_effect_shows(name: str) -> None:
    curve = anyio.run(measured, EngineChoice("oracle", ("embedding.enabled=false",)), [name])[name]
    assert [check for check, holds in curve.checks.items() if not holds] == []
    assert all(len(values) == len(curve.x) for values in curve.series.values())


def test_one_check_that_fails_fails_the_signature() -> None:
    curve = Curve("t", "x", "y", [1.0], {"s": [2.0]}, {"a": True, "b": False}, "r")
    assert not curve.holds
    row = {"title": "t", "reference": "r", "x": [1.0], "series": curve.series, "checks": curve.checks,
           "notes": ["beside it"]}  # fmt: skip
    shown = table({"signatures": {"n": {**row, "holds": curve.holds}}})
    assert "NO   b" in shown
    assert "note: beside it" in shown


def test_a_plateau_neither_falls_nor_rises() -> None:
    assert falls([3.0, 2.0, 1.0])
    assert rises([1.0, 2.0])
    assert not falls([2.0, 2.0])
    assert not rises([2.0, 2.0])
