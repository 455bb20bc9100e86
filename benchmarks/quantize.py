"""`quantize`: what each way of keeping vectors finds, costs and takes, on vectors of real texts.

Vectors from the cache of embeddings, or `--vectors FILE.npy` (unit vectors, (n, 768), float16 or float32):
those that are left out are asked. On Qdrant Edge, and on a server where `QDRANT_URL` names one.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import tempfile
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.cache import VectorCache, cache_root
from benchmarks.data import DataMissingError
from benchmarks.provenance import provenance
from cognition.stores.edge import open_inline
from cognition.stores.fidelity import Figures, Measuring
from schemas.quantization import FLOORS, OVERSAMPLING, Quantization, QuantizationKind

MODEL = "all-mpnet-base-v2"
SEED = 20_260_101
CUES = 500
LEAST = 20_000
"""Vectors without which nothing is measured: in fewer each kind finds nearly all."""

WIDER = (1.0, 2.0, 4.0)
"""Multiples of the usual oversampling."""

Rows = NDArray[np.float32]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("--vectors", type=Path, metavar="FILE.npy", help="unit vectors, (n, 768)")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="so many of them (all)")
    parser.add_argument("--cues", type=int, default=CUES, metavar="N", help="vectors left out and asked")
    parser.add_argument("--kinds", default=",".join(QuantizationKind), metavar="KIND,...")
    parser.add_argument("--seed", type=int, default=SEED, help="of which are asked")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure every kind in turn, on one store."""
    rows, source = _rows(options.vectors)
    order = np.random.default_rng(options.seed).permutation(len(rows))
    rows = rows[order[: options.limit + options.cues]] if options.limit else rows[order]
    cues, stored = rows[: options.cues], rows[options.cues :]
    kinds = [QuantizationKind(name) for name in options.kinds.split(",")]
    figures = anyio.run(partial(_edge, stored, cues, kinds))
    if os.environ.get("QDRANT_URL"):
        figures += anyio.run(partial(_server, os.environ["QDRANT_URL"], stored, cues, kinds))
    return {
        "quantization": figures,
        "vectors": len(stored),
        "cues": len(cues),
        "source": source,
        "provenance": provenance(seed=options.seed),
    }


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    lines = [
        f"{report['vectors']:,} vectors of {report['source']}, {report['cues']} others asked; "
        "recall@10 against exact search",
        "",
        "| engine | kind | oversampled | scored anew | recall@10 | of float32 | B a vector | on disk "
        "| p50 ms | p99 ms | index s |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    return "\n".join(lines + [_line(row) for row in report["quantization"]])


def _line(row: dict[str, Any]) -> str:
    anew = "yes" if row["rescore"] else "no"
    disk = f"{row['disk_a_vector']:,.0f}" if row["disk_a_vector"] else "-"
    return (
        f"| {row['engine']} | {row['kind']} | {row['oversampling']:g} | {anew} | {row['recall']:.3f} "
        f"| {row['of_float32']:.3f} | {row['bytes_a_vector']:,.0f} | {disk} "
        f"| {row['p50_ms']:.2f} | {row['p99_ms']:.2f} | {row['build_s']:.1f} |"
    )


def _rows(file: Path | None) -> tuple[Rows, str]:
    if file is not None:
        rows = np.load(file).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows, file.name
    cache = VectorCache(cache_root(), MODEL)
    if len(cache) < LEAST:
        raise DataMissingError(
            f"{cache.path} holds {len(cache):,} vectors, {LEAST:,} are needed. Run `python -m benchmarks "
            "recall locomo` and `recall multihop-2wiki` first, or give --vectors FILE.npy."
        )
    with closing(sqlite3.connect(cache.path)) as connection:
        found = connection.execute("SELECT vector FROM vectors ORDER BY text").fetchall()
    return np.stack([np.frombuffer(row[0], "<f4") for row in found]), "the cached texts of the benchmark sets"


def variants(kind: QuantizationKind) -> list[Quantization]:
    """How a kind is searched: not scored anew, and oversampled more and more."""
    if kind is QuantizationKind.NONE:
        return [Quantization(kind=kind)]
    wider = [Quantization(kind=kind, oversampling=w * OVERSAMPLING[kind]) for w in WIDER]
    once = Quantization(kind=kind, oversampling=1.0)
    return [msgspec.structs.replace(once, rescore=False), once, *wider]


async def _edge(stored: Rows, cues: Rows, kinds: list[QuantizationKind]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="cognition-quantize-") as folder:
        async with AsyncExitStack() as stack:
            backend = await stack.enter_async_context(open_inline(Path(folder), started_at=0.0))
            measuring = Measuring(backend, stored, cues)
            disk = partial(_compressed_bytes, Path(folder), len(stored))
            return await _measured("edge", measuring, kinds, disk)


async def _server(url: str, stored: Rows, cues: Rows, kinds: list[QuantizationKind]) -> list[dict[str, Any]]:
    from benchmarks.timing.quantized_server import opened

    async with opened(url) as (backend, settle):
        measuring = Measuring(backend, stored, cues, settle=settle)
        return await _measured("server", measuring, kinds, lambda: 0.0)


async def _measured(
    engine: str, measuring: Measuring, kinds: list[QuantizationKind], disk: Any
) -> list[dict[str, Any]]:
    await measuring.load()
    found: list[dict[str, Any]] = []
    plain = 0.0
    for kind in kinds:
        for wanted in variants(kind):
            figures = await measuring.measured(wanted)
            plain = plain or figures.recall
            found.append(_row(engine, figures, plain, disk()))
            print(f"{engine} {kind} x{wanted.factor:g}: {figures.recall:.3f}", file=sys.stderr)
    return found


def _row(engine: str, figures: Figures, plain: float, disk: float) -> dict[str, Any]:
    return {
        "engine": engine,
        "kind": figures.kind,
        "oversampling": figures.quantization.factor,
        "rescore": figures.quantization.rescore,
        "recall": figures.recall,
        "of_float32": figures.recall / plain,
        "floor": FLOORS[figures.kind],
        "bytes_a_vector": figures.bytes_a_vector,
        "disk_a_vector": disk,
        "p50_ms": figures.p50_ms,
        "p99_ms": figures.p99_ms,
        "build_s": figures.build_s,
    }


def _compressed_bytes(folder: Path, count: int) -> float:
    """What lies on the disk of compressed vectors, a vector; of float32 ones where there are none."""
    files = [f for f in folder.rglob("*quantized*") if f.is_file()]
    files = files or [f for f in folder.rglob("vector_storage-*/**/*") if f.is_file()]
    return sum(f.stat().st_blocks * 512 for f in files) / count
