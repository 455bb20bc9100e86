"""`cluster --nodes 1|3`: the engine over a Qdrant server or cluster, beside the bare client's same calls;
then a node killed under load.

The nodes are started here from the `qdrant` on PATH and end with the run; `--urls` names running ones, which
nobody kills.
"""

from __future__ import annotations

import argparse
import mmap
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from qdrant_client import AsyncQdrantClient

from benchmarks.engine import Bench, EngineChoice, opened
from benchmarks.provenance import provenance
from benchmarks.timing import growing, node_loss, one_mind, serving
from benchmarks.timing.figures import figure, figure_table
from benchmarks.timing.ingest import all_points, backend_of
from benchmarks.timing.real import RealMaterials, real_materials
from benchmarks.timing.server_bare import bare_client, reached
from cognition.stores.collections import MEMORIES
from cognition.testing.nodes import Node, NodeError, binary, running_nodes

SEED = 20_260_101
PREFIX = "measured_"
MINDS = 20
REPLICAS = 2
"""Of each shard, in a cluster."""

QUANTIZATIONS = ("none", "int8", "turbo", "binary")
LOOK_S = 0.5
MAP_LOCKED = 0x2000
"""Linux's; Python has no name for it."""

BARE_TIMEOUT_S = 120.0
TEXTS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where the store is: addresses as `store.url` names them, and the processes that we may look at."""

    urls: list[str]
    nodes: list[Node]

    def client(self) -> AsyncQdrantClient:
        """The bare client of the first node."""
        return bare_client(reached(self.urls[0], timeout_s=BARE_TIMEOUT_S), grpc=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="nodes to start (default 1)")
    parser.add_argument("--urls", default="", metavar="URL,...", help="nodes that run already, instead")
    parser.add_argument("--memories", type=int, default=10_000, metavar="N", help="memories to load")
    parser.add_argument(
        "--grown", type=int, default=0, metavar="N", help="then write these again as others, to N in all"
    )
    parser.add_argument("--quantization", choices=QUANTIZATIONS, default="none", help="of searched vectors")
    parser.add_argument(
        "--files-held",
        action="store_true",
        help="have the machine hold the nodes' files while cues are timed, as one with room for them does",
    )
    parser.add_argument("--no-loss", action="store_true", help="kill no node")
    parser.add_argument("--seed", type=int, default=SEED, help="of what is loaded and asked")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Load, ask, lose a node, and report."""
    if options.memories < 1:
        raise SystemExit(f"--memories {options.memories}: give 1 or more.")
    if options.files_held and options.urls:
        raise SystemExit("--files-held: files of nodes named by --urls are not ours to hold. Leave one out.")
    if not options.urls and binary() is None:
        raise SystemExit(
            "no `qdrant` is on PATH and --urls names no server: put the server's binary on PATH, or give "
            "--urls http://127.0.0.1:6333"
        )
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cognition-cluster-") as folder:
        try:
            report = anyio.run(partial(measured, Path(folder), options))
        except NodeError as error:
            raise SystemExit(str(error)) from error
    return {
        **report,
        "provenance": provenance(
            seed=options.seed,
            nodes=options.nodes,
            memories=options.memories,
            grown=options.grown,
            minds=MINDS,
            quantization=options.quantization,
            files_held=options.files_held,
            took_s=round(time.monotonic() - began, 1),
        ),
    }


async def measured(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All parts, one after the other."""
    async with _place(folder, options) as place:
        choice = EngineChoice(overrides=_settings(place, options))
        materials = await real_materials(
            choice.settings(), min(options.memories, TEXTS_MAX), options.seed, MINDS
        )
        async with opened(choice, folder=folder / "engine") as bench:
            client = place.client()
            try:
                version = (await client.info()).version
                figures, kept = await _figures(bench, client, materials, place, options)
            finally:
                await client.close()
            report: dict[str, Any] = {"figures": figures, "quantization": kept, "server": version}
            if len(place.nodes) > 1 and not options.no_loss:
                print("killing a node under load", file=sys.stderr)
                report["node_loss"] = await node_loss.lose_a_node(
                    bench, place.nodes, materials, MINDS, PREFIX
                )
            return report


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    lines = [
        f"Qdrant {report['server']}",
        figure_table(report["figures"]),
        "",
        *map(_kept, report["quantization"]),
    ]
    if "node_loss" in report:
        lines += ["", "a node killed under load:"]
        lines += [f"  {name:20s}{value}" for name, value in report["node_loss"].items()]
    return "\n".join(lines)


def _kept(row: dict[str, Any]) -> str:
    """A line for a way to keep vectors."""
    looked = "nothing is indexed: all were looked at" if row["exact"] else f"{row['indexed']:,} indexed"
    return (
        f"{row['kind']:8}{row['bytes_a_vector']:8,.0f} B a vector, recall@10 {row['recall_at_10']:.3f}, "
        f"p50 {row['p50_ms']:.2f}, p99 {row['p99_ms']:.2f} ms; one mind of {row['points']:,}, {looked}"
    )


async def _figures(
    bench: Bench, client: AsyncQdrantClient, materials: RealMaterials, place: Place, options: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All figures of the run, and how well searched vectors are found as they are kept."""
    found = await serving.ingest(bench, client, materials, options.memories, PREFIX)
    name, backend = PREFIX + MEMORIES.name, backend_of(bench)
    points = await all_points(backend)
    print("one mind of all", file=sys.stderr)
    how = (await backend.info(MEMORIES.name)).quantization
    kept = await one_mind.measured(client, points, materials, how, name, partial(anyio.sleep, LOOK_S))
    whole = max(options.grown, len(points))
    if whole > len(points):
        await client.delete_collection(PREFIX + serving.BARE)
        await growing.grow(client, name, points, whole, options.seed)
    del points
    print("waiting until the server has optimised", file=sys.stderr)
    began = time.perf_counter()
    for each in sorted({name, PREFIX + serving.BARE}):
        if await client.collection_exists(each):
            await serving.settled(client, each, partial(anyio.sleep, LOOK_S))
    found.append(figure("optimised_after", time.perf_counter() - began, 0.0, "s", "what was written"))
    with ExitStack() as stack:
        if options.files_held:
            print("holding the files of the nodes", file=sys.stderr)
            for node in place.nodes:
                await anyio.to_thread.run_sync(_hold, node.folder, stack)
        print("asking", file=sys.stderr)
        found += await serving.cues(bench, client, materials, MINDS, PREFIX, whole)
    await client.delete_collection(PREFIX + serving.BARE)
    served = kept[0]
    looked = "nothing is indexed, so it is the same" if served["exact"] else f"{served['indexed']:,} indexed"
    exact = f"exact search; one mind of {served['points']:,}, {looked}"
    found.append(figure("recall_at_10", served["recall_at_10"], 1.0, "share", exact))
    return found + _sizes(place.nodes), kept


def _hold(folder: Path, stack: ExitStack) -> None:
    """Lock the files of a node in the machine's cache, as long as the stack is open: some machines give back
    within a minute what nobody has read. A segment may go away meanwhile."""
    for path in sorted(Path(at, name) for at, _, names in os.walk(folder) for name in names):
        with (
            suppress(FileNotFoundError, ValueError),
            path.open("rb") as file,
        ):  # ValueError: emptied meanwhile
            if os.fstat(file.fileno()).st_size:
                try:
                    held = mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED | MAP_LOCKED, mmap.PROT_READ)
                except OSError as error:
                    raise SystemExit(
                        f"--files-held: {path} cannot be locked in memory ({error}): raise `ulimit -l`, "
                        "or run where there is room for all files"
                    ) from error
                stack.callback(held.close)


def _sizes(nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """What each node holds, in MiB."""
    rows = []
    for number, node in enumerate(nodes):
        memory = node.memory()
        for name, size in (
            ("anonymous", memory.anonymous),
            ("mapped", memory.mapped),
            ("disk", node.disk_bytes()),
        ):
            rows.append(figure(f"node_{number}_{name}", size / 2**20, 0.0, "MiB", ""))
    return rows


def _settings(place: Place, options: Any) -> tuple[str, ...]:
    replicas = REPLICAS if options.nodes > 1 else 1
    compressed = options.quantization
    return (
        "embedding.enabled=false",
        "sleep.enabled=false",
        f"store.url={','.join(place.urls)}",
        f"store.prefix={PREFIX}",
        f"store.replication_factor={replicas}",
        *((f"store.quantization.kind={compressed}",) if compressed != "none" else ()),
        *(("store.vectors_on_disk=true", "store.index_on_disk=true") if compressed != "none" else ()),
    )


@asynccontextmanager
async def _place(folder: Path, options: Any) -> AsyncIterator[Place]:
    """The nodes that are named, or ones of our own."""
    if options.urls:
        place = Place([url for url in options.urls.split(",") if url], [])
        try:
            yield place
        finally:
            await _clean(place)
        return
    async with running_nodes(folder / "nodes", options.nodes) as nodes:
        yield Place([node.url for node in nodes], nodes)


async def _clean(place: Place) -> None:
    """Take away what this run made on servers that stay."""
    client = place.client()
    try:
        for collection in (await client.get_collections()).collections:
            if collection.name.startswith(PREFIX):
                await client.delete_collection(collection.name)
    finally:
        await client.close()
