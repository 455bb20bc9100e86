"""`faults --kills N`: kill -9 at random moments while percepts flow, then look at what is left; with
`--nights` at random moments of nights.

Two lives over the same percepts, one undisturbed. The stream server is the benchmark's own, so
that every kill hits the daemon alone and it is known which percepts were accepted. Vectors are
given: no model is needed.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import msgspec
import numpy as np

from benchmarks.lives import Damage, Remains, compare, percepts
from benchmarks.processes import DaemonProcess
from benchmarks.progress import Progress
from benchmarks.provenance import provenance
from cognition.stores.backend import CollectionSpec
from cognition.stores.collections import MEMORIES
from schemas.memory import Memory
from schemas.percept import Percept

SEED = 20_260_101
PER_KILL = 30
"""Percepts published for each kill: the daemon is always in the middle of something."""

SPREAD_S = 0.6
"""Kills fall from shortly before readiness until so long after it."""

BEFORE_READY = 0.7
"""Share of the start-up time after which a kill may fall: recovery is killed too."""

DRAIN_WITHIN_S = 120.0
PAGE = 1_000
NO_MODEL = "--no-model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument("--kills", type=int, default=100, metavar="N", help="how often to kill (default 100)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the percepts and of the moments")
    parser.add_argument("--nights", action="store_true", help="kill while a mind sleeps")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Live both lives and compare."""
    if options.kills < 0:
        raise SystemExit(f"--kills {options.kills} is negative. Give how often to kill, for example 100.")
    if options.nights:
        return nights(options)
    plan = percepts(PER_KILL * (options.kills + 1), options.seed)
    with tempfile.TemporaryDirectory(prefix="cognition-faults-") as folder:
        began = time.monotonic()
        undisturbed, disturbed = anyio.run(partial(both, Path(folder), plan, options.kills, options.seed))
        took_s = time.monotonic() - began
    return report(options, plan, compare(undisturbed, disturbed), took_s)


def nights(options: argparse.Namespace) -> dict[str, Any]:
    """Sleep both ways and compare. Both lives are kept where they differ, and where one did not end: data
    directories, and the daemons' logs."""
    from benchmarks import night_faults

    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="cognition-faults-"))
    differs = True
    try:
        slept, difference = anyio.run(night_faults.both, folder, options.kills, options.seed)
        differs = any(dataclasses.astuple(difference))
    finally:
        if differs:
            print(f"both lives are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    return {
        "kills": options.kills,
        "nights": slept,
        **dataclasses.asdict(difference),
        "took_s": round(time.monotonic() - began, 1),
        "provenance": provenance(seed=options.seed),
    }


def report(
    options: argparse.Namespace, plan: Sequence[Percept], damage: Damage, took_s: float
) -> dict[str, Any]:
    """The documented object."""
    return {
        "kills": options.kills,
        "percepts": len(plan),
        **msgspec.to_builtins(damage),
        "took_s": round(took_s, 1),
        "provenance": provenance(seed=options.seed),
    }


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    if "nights" in report:
        names = ("lost", "doubled", "strengthened_twice", "different", "miscounted")
        counts = ", ".join(f"{report[name]} {name.replace('_', ' ')}" for name in names)
        return f"{report['nights']} nights, {report['kills']:,} kills in {report['took_s']:.0f} s: {counts}"
    counts = ", ".join(f"{report[name]} {name}" for name in ("lost", "doubled", "misfiled", "miscounted"))
    return f"{report['percepts']:,} percepts, {report['kills']:,} kills in {report['took_s']:.0f} s: {counts}"


async def both(folder: Path, plan: Sequence[Percept], kills: int, seed: int) -> tuple[Remains, Remains]:
    """The undisturbed life, then the other."""
    lives = []
    for name, times in (("undisturbed", 0), ("killed", kills)):
        home = folder / name
        home.mkdir()
        lives.append(await live(home, plan, times, np.random.default_rng(seed)))
    return lives[0], lives[1]


async def live(home: Path, plan: Sequence[Percept], kills: int, rng: np.random.Generator) -> Remains:
    """Publish the plan in parts; during each of the first `kills` parts the daemon is killed once."""
    from streams.client import connect
    from streams.embedded import embedded_server
    from streams.keys import StreamKeys
    from streams.producer import Producer

    async with embedded_server(home / "server") as url:
        client = connect(url)
        producer = Producer(client, StreamKeys())
        daemon = DaemonProcess(home / "data", "--url", url, NO_MODEL)
        progress = Progress(f"kills ({home.name})", max(1, kills))
        startup_s = await _first_start(daemon)
        parts = [plan[i : i + PER_KILL] for i in range(0, len(plan), PER_KILL)]
        try:
            for number, part in enumerate(parts):
                if number < kills:
                    await _killed_during(daemon, producer, part, startup_s, rng)
                    progress.step()
                else:
                    await _publish(producer, part)
            await daemon.ready()
            await drained(client)
            counters = await _counters(url, sorted({p.mind for p in plan}))
            code = daemon.stop()
        except BaseException:
            if daemon.process is not None and daemon.process.poll() is None:
                daemon.kill()
            raise
        finally:
            await client.aclose()
    if code != 0:
        raise RuntimeError(f"the daemon exited with {code}: {daemon.log_tail()}")
    return Remains(memories=await memories(home / "data"), counters=counters)


async def _counters(url: str, minds: Sequence[str]) -> dict[str, dict[str, int]]:
    """Each mind's lifetime counters, as its daemon tells them."""
    from cognition.opening import open_engine

    async with open_engine(url=url) as session:
        return {name: msgspec.to_builtins((await session.mind(name).status()).lifetime) for name in minds}


async def _first_start(daemon: DaemonProcess) -> float:
    """How long it takes until ready, in seconds."""
    daemon.start()
    await daemon.ready()
    return time.monotonic() - daemon.started


async def _killed_during(
    daemon: DaemonProcess, producer: Any, part: Sequence[Percept], startup_s: float, rng: np.random.Generator
) -> None:
    """Publish the part, in two halves at random moments around the kill; start again."""
    low, high = BEFORE_READY * startup_s, startup_s + SPREAD_S
    kill_at = daemon.started + float(rng.uniform(low, high))
    cut = int(rng.integers(0, len(part) + 1))
    publish_at = kill_at - float(rng.uniform(0.0, 0.1))
    await _publish(producer, part[:cut])
    await _until(publish_at)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_publish, producer, part[cut:])
        await _until(kill_at)
        daemon.kill()
    daemon.start()


async def _until(moment: float) -> None:
    await anyio.sleep(max(0.0, moment - time.monotonic()))


async def _publish(producer: Any, part: Sequence[Percept]) -> None:
    if part:
        await producer.publish_many([(p.mind, p) for p in part], wait_s=DRAIN_WITHIN_S)


async def drained(client: Any) -> None:
    """Wait until every percept is acknowledged: nothing pending, nothing unread."""
    from schemas import wire
    from streams.keys import StreamKeys

    keys = StreamKeys()
    streams = [keys.stream(p, wire.AWAKE) for p in range(keys.partitions)]
    with anyio.fail_after(DRAIN_WITHIN_S):
        while await _waiting(client, streams):  # noqa: ASYNC110 (another process does the work)
            await anyio.sleep(0.05)


async def _waiting(client: Any, streams: Sequence[str]) -> int:
    """Entries that are not acknowledged yet, over all streams."""
    waiting = 0
    for stream in streams:
        if not await client.exists(stream):
            continue
        for group in await client.xinfo_groups(stream):
            waiting += int(group["pending"]) + int(group["lag"] or 0)
    return waiting


async def memories(folder: Path, collection: CollectionSpec = MEMORIES) -> list[Memory]:
    """Every memory that the data directory holds once its daemon has stopped."""
    from cognition.data_directory import STORE_FOLDER
    from cognition.stores.edge import open_inline
    from cognition.stores.payloads import decode

    async with open_inline(folder / STORE_FOLDER, started_at=time.time()) as backend:
        await backend.ensure(collection)
        return [decode(Memory, hit.id, hit.payload) async for hit in _all(backend, collection.name)]


async def _all(backend: Any, collection: str) -> AsyncIterator[Any]:
    """Every point of a collection, page by page."""
    offset = None
    while True:
        page = await backend.scroll(collection, limit=PAGE, offset=offset)
        for hit in page.hits:
            yield hit
        offset = page.next_offset
        if offset is None:
            return
