"""One figure: ours, the bare part's, and their ratio. Knows nothing of what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def figure(name: str, ours: float, bare: float, unit: str, bare_is: str) -> dict[str, Any]:
    """A row of the report. `bare_is` says what the bare part did, so that the ratio can be judged."""
    return {
        "name": name,
        "ours": _rounded(ours),
        "bare": _rounded(bare),
        "ratio": _rounded(ours / bare) if bare else None,
        "unit": unit,
        "bare_is": bare_is,
    }


def percentile(values: Sequence[float], percent: float) -> float:
    """The percentile of a series that is not empty."""
    return float(np.percentile(np.asarray(values), percent))


def figure_table(figures: Sequence[dict[str, Any]]) -> str:
    """The same for a person to read."""
    lines = [f"{'figure':34s}{'ours':>12s}{'bare':>12s}{'ratio':>9s}  unit        bare part"]
    for row in figures:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.3f}"
        lines.append(
            f"{row['name']:34s}{row['ours']:12,.3f}{row['bare']:12,.3f}{ratio:>9s}  "
            f"{row['unit']:10s}  {row['bare_is']}"
        )
    return "\n".join(lines)


def _rounded(value: float) -> float:
    """Four significant digits and more: enough to see, not more than was measured."""
    return float(f"{value:.5g}")
