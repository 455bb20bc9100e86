"""`signatures`: does it remember like a mind? Known effects, played through the engine, drawn and checked.

Sign and shape are checked, not size: the engine need not be as forgetful as people are.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from benchmarks.engine import EngineChoice, opened
from benchmarks.provenance import provenance
from benchmarks.signature import (
    boundary,
    clustering,
    contiguity,
    doorway,
    emotion,
    fan,
    forgetting,
    interference,
    mood,
    priming,
    sleeping,
    spacing,
    testing,
)
from benchmarks.signature.materials import Curve, Materials

SEED = 20_260_101

EFFECTS = {
    "contiguity": contiguity.measure,
    "fan": fan.measure,
    "emotion": emotion.measure,
    "mood": mood.measure,
    "priming": priming.measure,
    "doorway": doorway.measure,
    "clustering": clustering.measure,
    "boundary": boundary.measure,
    "forgetting": forgetting.measure,
    "spacing": spacing.measure,
    "testing": testing.measure,
    "interference": interference.measure,
    "sleeping": sleeping.measure,
}

SETTINGS: dict[str, tuple[str, ...]] = {"sleeping": sleeping.SETTINGS}
"""Effects that want an engine of their own, set up so."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    EngineChoice.add_arguments(parser)
    parser.add_argument("--only", default="", metavar="NAME,...", help=f"some of {', '.join(EFFECTS)}")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="draw each as DIR/NAME.png (needs matplotlib)"
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, check, and draw where that is wanted."""
    names = [name for name in options.only.split(",") if name] or list(EFFECTS)
    unknown = sorted(set(names) - EFFECTS.keys())
    if unknown:
        raise SystemExit(f"--only {','.join(unknown)}: there is no such effect. Use {', '.join(EFFECTS)}.")
    if options.out and importlib.util.find_spec("matplotlib") is None:
        raise SystemExit("--out needs matplotlib: pip install 'tmi-cognition[bench]'.")
    choice = EngineChoice.from_options(options).overridden("embedding.enabled=false")
    curves = anyio.run(measured, choice, names)
    return {
        "signatures": {name: _row(curve, _drawn(curve, name, options.out)) for name, curve in curves.items()},
        "provenance": provenance(seed=SEED, backend=choice.backend, settings=choice.overrides),
    }


async def measured(choice: EngineChoice, names: list[str]) -> dict[str, Curve]:
    """Each effect in minds of its own, in one engine for all that want the same settings."""
    curves = {}
    for settings in dict.fromkeys(SETTINGS.get(name, ()) for name in names):
        async with opened(choice.overridden(*settings)) as bench:
            for name in (n for n in names if SETTINGS.get(n, ()) == settings):
                print(f"{name} ...", file=sys.stderr)
                curves[name] = await EFFECTS[name](bench, Materials(np.random.default_rng(SEED)))
    return curves


def _drawn(curve: Curve, name: str, folder: Path | None) -> str | None:
    if folder is None:
        return None
    from benchmarks.signature.plot import draw

    folder.mkdir(parents=True, exist_ok=True)
    draw(curve, folder / f"{name}.png")
    return str(folder / f"{name}.png")


def _row(curve: Curve, png: str | None) -> dict[str, Any]:
    return {
        "title": curve.title,
        "x_label": curve.x_label,
        "y_label": curve.y_label,
        "x": curve.x,
        "series": {label: [round(y, 4) for y in values] for label, values in curve.series.items()},
        "checks": curve.checks,
        "holds": curve.holds,
        "notes": curve.notes,
        "reference": curve.reference,
        "png": png,
    }


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    lines = []
    for name, row in report["signatures"].items():
        lines.append(f"{'holds' if row['holds'] else 'FAILS'}  {name}: {row['title']} ({row['reference']})")
        for label, values in row["series"].items():
            points = ", ".join(f"{x:g}: {y:.3f}" for x, y in zip(row["x"], values, strict=True))
            lines.append(f"       {label}: {points}")
        lines += [f"       {'yes' if holds else 'NO '}  {check}" for check, holds in row["checks"].items()]
        lines += [f"       note: {note}" for note in row["notes"]]
    return "\n".join(lines)
