"""`daemons --daemons 1,2,4`: how fast percepts with vectors become memories where several daemons share one
stream server and one Qdrant server.

All are processes of their own on this machine and share its cores: beyond these nothing gets faster.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from benchmarks.faults import drained
from benchmarks.processes import DaemonProcess
from benchmarks.progress import Progress
from benchmarks.provenance import machine, provenance
from benchmarks.timing.figures import figure, figure_table
from benchmarks.timing.materials import Materials
from cognition.testing.nodes import Node, NodeError, binary, running_nodes

SEED = 20_260_101
MINDS = 64
WARM_UP = 512
PUBLISHED_AT_ONCE = 512
WAIT_S = 600.0
SETTLING_S = 0.5
SHARED_WITHIN_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("--daemons", default="1,2,4", metavar="N,...", help="daemons at once, in turns")
    parser.add_argument("--percepts", type=int, default=8_000, metavar="N", help="taken in by each number")
    parser.add_argument("--seed", type=int, default=SEED, help="of what is taken in")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure each number of daemons over servers of its own."""
    counts = [int(n) for n in options.daemons.split(",") if n.isdigit() and int(n) > 0]
    if not counts:
        raise SystemExit(f"--daemons {options.daemons!r} names no number of daemons, for example 1,2,4.")
    if binary() is None:
        raise SystemExit("no `qdrant` is on PATH: daemons share a server's store. Put the binary on PATH.")
    rates = []
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="cognition-daemons-") as folder:
            try:
                rates.append(anyio.run(partial(rate, Path(folder), count, options.percepts, options.seed)))
            except NodeError as error:
                raise SystemExit(str(error)) from error
    what = f"{counts[0]} daemon(s); {machine()['cores']} cores for all of it"
    return {
        "figures": [
            figure(f"ingest_{count}_daemons", found, rates[0], "memories/s", what)
            for count, found in zip(counts, rates, strict=True)
        ],
        "provenance": provenance(seed=options.seed, percepts=options.percepts, minds=MINDS),
    }


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    return figure_table(report["figures"])


async def rate(folder: Path, count: int, percepts: int, seed: int) -> float:
    """Percepts a second, from the first published until the last is acknowledged."""
    from streams.client import connect
    from streams.embedded import embedded_server
    from streams.keys import StreamKeys
    from streams.producer import Producer

    async with running_nodes(folder / "nodes", 1) as nodes, embedded_server(folder / "streams") as url:
        client = connect(url)
        producer = Producer(client, StreamKeys())
        daemons = [_daemon(folder / f"daemon-{number}", url, nodes[0]) for number in range(count)]
        materials = Materials(seed, MINDS)
        progress = Progress(f"percepts, {count} daemons", percepts)
        try:
            for daemon in daemons:
                daemon.start()
            for daemon in daemons:
                await daemon.ready()
            await _shared(client, count)
            await _publish(producer, materials, WARM_UP, Progress("warming up", WARM_UP))
            await drained(client)
            began = time.perf_counter()
            await _publish(producer, materials, percepts, progress)
            await drained(client)
            return percepts / (time.perf_counter() - began)
        finally:
            for daemon in daemons:
                if daemon.process is not None and daemon.process.poll() is None:
                    daemon.kill()
            await client.aclose()


def _daemon(folder: Path, url: str, node: Node) -> DaemonProcess:
    return DaemonProcess(
        folder, "--url", url, "--no-model", "--set", f"store.url={node.url}", "--set", "sleep.enabled=false"
    )


async def _shared(client: Any, count: int) -> None:
    """Return once every daemon holds partitions, and all are held."""
    from streams.keys import StreamKeys

    keys = StreamKeys()
    leases = [keys.lease(partition) for partition in range(keys.partitions)]
    with anyio.fail_after(SHARED_WITHIN_S):
        while True:
            held = await client.mget(leases)
            if None not in held and len({bytes(each).partition(b" ")[2] for each in held}) == count:
                return
            await anyio.sleep(SETTLING_S)


async def _publish(producer: Any, materials: Materials, count: int, progress: Progress) -> None:
    for start in range(0, count, PUBLISHED_AT_ONCE):
        part = materials.percepts(min(PUBLISHED_AT_ONCE, count - start))
        await producer.publish_many([(p.mind, p) for p in part], wait_s=WAIT_S)
        progress.step(len(part))
