"""One picture a signature. The only door to matplotlib of this command."""

from __future__ import annotations

from pathlib import Path

from benchmarks.signature.materials import Curve


def draw(curve: Curve, file: Path) -> None:
    """The curve with its checks below it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(5.0, 3.8))
    for label, values in curve.series.items():
        axis.plot(curve.x, values, "o-", label=label)
    if len(curve.series) > 1:
        axis.legend(fontsize=8)
    axis.set_title(f"{curve.title}  ({curve.reference})", fontsize=9)
    axis.set_xlabel(curve.x_label, fontsize=8)
    axis.set_ylabel(curve.y_label, fontsize=8)
    axis.tick_params(labelsize=8)
    said = "\n".join(f"{'yes' if holds else 'NO'}  {check}" for check, holds in curve.checks.items())
    figure.text(0.02, 0.01, said, fontsize=7, va="bottom")
    figure.tight_layout(rect=(0.0, 0.04 + 0.04 * len(curve.checks), 1.0, 1.0))
    figure.savefig(file, dpi=120, metadata={"Software": None})
    pyplot.close(figure)
