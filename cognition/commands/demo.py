"""`cognition demo`: six weeks of three minds arrive from another process, then ten questions.

Everything that happens is real: the daemon runs on the embedded default, the percepts come
through plain XADD, the answers through the streams.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import msgspec
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from cognition import samples
from cognition.cli import DONE
from cognition.client import Session
from cognition.commands.daemon import wait_for_signal
from cognition.commands.model import ensure_model
from cognition.commands.progress import Progress
from cognition.commands.running import loaded_settings
from cognition.commands.words import show_recollection
from cognition.daemon import running
from cognition.data_directory import default_directory, directory_of, find_holder
from cognition.opening import connected, open_engine
from cognition.settings import Settings
from cognition.telemetry import LogSink
from schemas.events import AnyEvent, EpisodeClosed, EpisodeOpened, IdentityBorn, Outcome, Receipt
from schemas.recollection import Recollection

RECEIPTS_AT_ONCE = 64
FOLDER = "cognition-demo"
SHOWN = 3
"""Memories shown of each answer."""


class DemoSink(LogSink):
    """Tells of episodes and identities as they come, between the steps of the bar."""

    def __init__(self) -> None:
        super().__init__(level="warning")
        self.progress: Progress | None = None
        self._minds: dict[str, str] = {}

    def publish(self, event: AnyEvent) -> None:
        super().publish(event)
        if self.progress is None:
            return
        if isinstance(event, IdentityBorn):
            self.progress.say(f"  * {event.mind} is born")
        elif isinstance(event, EpisodeOpened):
            self._minds[event.episode_id] = event.mind
        elif isinstance(event, EpisodeClosed):
            self.progress.say(
                f"  {event.mind:9} episode closed: {event.memory_count:3} memories, "
                f"{event.boundary_type:16} {event.label}"
            )


async def demo(options: argparse.Namespace) -> int:
    """Live, then remember."""
    settings = loaded_settings(options).settings
    beside = default_directory(os.environ).with_name(FOLDER)
    directory = directory_of(settings.data, os.environ) if settings.data else beside
    await ensure_model(settings)
    sink = DemoSink()
    if find_holder(directory) is not None or settings.streams.url:
        async with open_engine(data=directory, settings=settings) as session:
            await live_and_remember(session, sink)
    else:
        await _in_this_process(settings, directory, sink, keep=options.keep_running)
    tell_what_is_left(directory)
    return DONE


async def _in_this_process(settings: Settings, directory: Path, sink: DemoSink, *, keep: bool) -> None:
    print(f"Starting the daemon on {directory} (private Valkey, Qdrant Edge, {settings.embedding.model}) ...")
    async with running(settings, directory, sink=sink, warm=True) as daemon:
        print(f"Ready in {daemon.ready_s:.1f} s. Streams at {daemon.url}")
        async with connected(daemon.url, daemon.keys) as session:
            await live_and_remember(session, sink)
        if keep:
            print("The daemon goes on until Ctrl-C.")
            await wait_for_signal()


async def live_and_remember(session: Session, sink: DemoSink) -> None:
    """Publish the samples from a second process, watch, then ask."""
    lines = [line for name in samples.MINDS for line in samples.lines(name)]
    print(f"\nA second process publishes {len(lines)} percepts with plain XADD:")
    outcomes = await live(session, sink, lines)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(f"What became of them: {told}.")
    for name in samples.MINDS:
        status = await session.mind(name).status()
        print(f"  {name:9} {status.memories} memories in {status.episodes} episodes")
    print("\nTen cues:")
    for sample in samples.read_cues():
        answer = await session.ask(msgspec.structs.replace(sample.cue, limit=SHOWN), Recollection)
        print(f"\n? {sample.cue.mind}: {sample.cue.content}   [{sample.label}]")
        show_recollection(answer)


async def live(session: Session, sink: DemoSink, lines: list[bytes]) -> Counter[str]:
    """Feed the other process, and wait for the receipt of each percept that it published."""
    outcomes: Counter[str] = Counter()
    progress = sink.progress = Progress("perceiving", len(lines))
    keys = session.keys
    command = [
        sys.executable, "-m", "cognition.samples.agent",
        session.url, keys.namespace, str(keys.partitions),
    ]  # fmt: skip
    places = anyio.Semaphore(RECEIPTS_AT_ONCE)
    async with await anyio.open_process(command, stderr=None) as agent, anyio.create_task_group() as tasks:
        tasks.start_soon(feed, agent, lines)
        async for mind, entry in published(agent):
            await places.acquire()
            tasks.start_soon(_watch, session, mind, entry, outcomes, progress, places)
    progress.close()
    sink.progress = None
    return outcomes


async def feed(agent: Process, lines: list[bytes]) -> None:
    """Write the percepts into the other process."""
    assert agent.stdin is not None
    async with agent.stdin as stdin:
        for line in lines:
            await stdin.send(line + b"\n")


async def published(agent: Process) -> AsyncIterator[tuple[str, str]]:
    """(mind, entry) as the other process reports them."""
    assert agent.stdout is not None
    rest = ""
    async for text in TextReceiveStream(agent.stdout):
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            mind, _, entry = line.rpartition(" ")
            yield mind, entry


async def _watch(
    session: Session,
    mind: str,
    entry: str,
    outcomes: Counter[str],
    progress: Progress,
    places: anyio.Semaphore,
) -> None:
    try:
        receipt: Receipt = await session.receipt(mind, entry, within_s=600.0)
    finally:
        places.release()
    outcomes[receipt.outcome] += 1
    if receipt.outcome is Outcome.REJECTED:
        progress.say(f"  {mind} {receipt.key}: rejected, {receipt.reason}")
    progress.advance()


def tell_what_is_left(directory: Path) -> None:
    """How to go on."""
    program = sys.argv[0] if "/" in sys.argv[0] else "cognition"
    print(f"\nIt is all in {directory}. Ask it yourself:")
    print(f'  {program} recall --data {directory} --mind ana "Which nut is dangerous for Clara?"')
    print(f"  {program} episodes --data {directory} --mind workshop")
