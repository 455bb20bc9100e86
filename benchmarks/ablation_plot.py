"""The differences of an ablation, drawn. The only door to matplotlib of this command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FIGURE = "R@10"
"""What is drawn: the figure that most mechanisms are about."""


def draw(report: dict[str, Any], file: Path) -> None:
    """One panel a set: what each mechanism is worth when it is left out (turned round, so that to the
    right is good), with its interval."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    sets = report["sets"]
    names = sorted({n for found in sets.values() for n in found["without"]}, reverse=True)
    size = (3.2 * len(sets) + 1.5, 0.32 * len(names) + 1.2)
    figure, axes = pyplot.subplots(1, len(sets), figsize=size, sharey=True, squeeze=False)
    for axis, (title, found) in zip(axes[0], sets.items(), strict=True):
        for place, name in enumerate(names):
            row = found["without"].get(name)
            if row is None:
                continue
            mean, low, high = row["difference"][FIGURE]
            sure = low > 0.0 or high < 0.0
            colour = ("tab:red" if mean > 0.0 else "tab:blue") if sure else "tab:gray"
            axis.plot([-high, -low], [place, place], color=colour, linewidth=2)
            axis.plot([-mean], [place], "o", color=colour)
        axis.axvline(0.0, color="black", linewidth=0.8)
        axis.set_title(f"{title} ({found['cues']:,})", fontsize=9)
        axis.set_xlabel(f"{FIGURE} with it - without it", fontsize=8)
        axis.tick_params(labelsize=8)
    axes[0][0].set_yticks(range(len(names)), names)
    figure.tight_layout()
    figure.savefig(file, dpi=120, metadata={"Software": None})
    pyplot.close(figure)
