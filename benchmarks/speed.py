"""`speed`: every figure beside the bare part in the same run, as a ratio.

Each part is measured alone, one after the other, over data directories that are gone afterwards.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from benchmarks.provenance import provenance
from benchmarks.timing import folding, ingest, planning, recalling, segmenting, sleeping, starting, waiting
from benchmarks.timing.figures import figure_table

SEED = 20_260_101
Part = Callable[[Path, argparse.Namespace], Awaitable[list[dict[str, Any]]]]

PARTS: dict[str, Part] = {
    "ingest_vectors": lambda folder, o: ingest.vectors(folder, o.percepts, o.seed),
    "ingest_text": lambda _, o: ingest.text(o.texts, o.seed),
    "lag_vector": lambda folder, o: waiting.lag(folder, o.lags, o.seed, with_vectors=True),
    "lag_text": lambda folder, o: waiting.lag(folder, o.lags, o.seed, with_vectors=False),
    "recent_context": lambda folder, o: waiting.recent(folder, o.seed),
    "start": lambda folder, _: starting.starts(folder),
    "folding": lambda folder, o: folding.folding(folder, o.events, o.seed),
    "segmentation": lambda _, o: segmenting.segmentation(o.streamed, o.seed),
    "sleep": lambda folder, o: sleeping.sleep(folder, [int(n) for n in o.sizes.split(",")], o.seed),
    "plan": lambda folder, o: planning.plans(folder, [int(n) for n in o.plans.split(",")], o.seed),
    "recall_vector": lambda folder, o: recalling.recall(folder, o.memories, o.seed),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("--only", default="", metavar="NAME,...", help="of " + ", ".join(PARTS))
    parser.add_argument("--percepts", type=int, default=10_000, metavar="N", help="ingested with vectors")
    parser.add_argument("--texts", type=int, default=512, metavar="N", help="texts ingested")
    parser.add_argument("--lags", type=int, default=200, metavar="N", help="percepts timed one by one")
    parser.add_argument("--streamed", type=int, default=3_000, metavar="N", help="percepts cut into episodes")
    parser.add_argument("--events", type=int, default=20_000, metavar="N", help="co-activations folded in")
    parser.add_argument("--memories", type=int, default=100_000, metavar="N", help="memories to search")
    parser.add_argument(
        "--sizes", default=sleeping.SIZES, metavar="N,...", help="memories of a mind that sleeps"
    )
    parser.add_argument(
        "--plans", default=planning.SIZES, metavar="N,...", help="memories of a mind whose night is planned"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of what is ingested and asked")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the parts that are asked for, in the order of `PARTS`."""
    wanted = [name for name in options.only.split(",") if name] or list(PARTS)
    strangers = set(wanted) - set(PARTS)
    if strangers:
        raise SystemExit(f"--only {sorted(strangers)[0]} is no part of speed. Parts: {', '.join(PARTS)}.")
    figures: list[dict[str, Any]] = []
    for name in (n for n in PARTS if n in wanted):
        print(f"measuring {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="cognition-speed-") as folder:
            figures += anyio.run(partial(_measured, PARTS[name], Path(folder), options))
    return {"figures": figures, "provenance": provenance(seed=options.seed)}


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    return figure_table(report["figures"])


async def _measured(part: Part, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    return await part(folder, options)
