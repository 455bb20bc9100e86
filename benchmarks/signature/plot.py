"""One picture a signature. The only door to matplotlib of this command."""

from __future__ import annotations

from pathlib import Path

from benchmarks.signature.materials import Curve


def draw(curve: Curve, file: Path) -> None:
    """The curve with its checks below it; where nothing lies at 0, its two sides apart."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(5.0, 3.8))
    for label, values in curve.series.items():
        (line,) = axis.plot(curve.x, values, "o", label=label)
        for side in sides(curve.x):
            axis.plot([curve.x[n] for n in side], [values[n] for n in side], "-", color=line.get_color())
    if len(curve.series) > 1:
        axis.legend(fontsize=8)
    axis.set_title(f"{curve.title}\n({curve.reference})", fontsize=9)
    axis.set_xlabel(curve.x_label, fontsize=8)
    axis.set_ylabel(curve.y_label, fontsize=8)
    axis.tick_params(labelsize=8)
    if all(x == int(x) for x in curve.x):
        axis.xaxis.set_major_locator(pyplot.MaxNLocator(integer=True))
    said = [f"{'yes' if holds else 'NO'}  {check}" for check, holds in curve.checks.items()] + curve.notes
    figure.text(0.02, 0.01, "\n".join(said), fontsize=7, va="bottom")
    figure.tight_layout(rect=(0.0, 0.02 + 0.035 * len(said), 1.0, 1.0))
    figure.savefig(file, dpi=120, metadata={"Software": None})
    pyplot.close(figure)


def sides(x: list[float]) -> list[list[int]]:
    """The places that a line connects: below 0 and above it where nothing lies at 0, else all."""
    if 0.0 in x:
        return [list(range(len(x)))]
    parts = ([n for n, at in enumerate(x) if at < 0.0], [n for n, at in enumerate(x) if at > 0.0])
    return [part for part in parts if part]
