"""What nights are worth, drawn: `python -m benchmarks.night_plot RESULTS.json FILE.png`. The only door to
matplotlib of `night`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FIGURES = {"R@1": "tab:gray", "R@5": "tab:blue", "R@10": "tab:green"}
"""What is drawn, each in a colour of its own."""


def draw(sets: Mapping[str, Mapping[str, Any]], file: Path) -> None:
    """One panel a set: the same cues after so many nights."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(sets), figsize=(3.4 * len(sets), 2.8), sharey=True, squeeze=False)
    for axis, (title, found) in zip(axes[0], sets.items(), strict=True):
        rows = found["nights"]
        places = range(len(rows))
        for name, colour in FIGURES.items():
            axis.plot(places, [row["overall"][name] for row in rows], "o-", color=colour, label=name)
        axis.set_xticks(places, [str(row["n"]) for row in rows])
        axis.set_title(f"{title} ({rows[0]['overall']['cues']:,} cues)", fontsize=9)
        axis.set_xlabel("nights", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.grid(axis="y", alpha=0.3)
    axes[0][0].set_ylim(0.0, 1.02)
    axes[0][0].legend(fontsize=8, loc="lower left")
    figure.tight_layout()
    figure.savefig(file, dpi=120, metadata={"Software": None})
    pyplot.close(figure)


def main() -> int:
    """Draw what a file of results holds."""
    source, file = Path(sys.argv[1]), Path(sys.argv[2])
    draw(json.loads(source.read_text(encoding="utf-8"))["sets"], file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
