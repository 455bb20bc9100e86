"""`cognition demo`: six weeks of three minds arrive from another process, then ten questions.

Everything that happens is real: the daemon runs on the embedded default, the percepts come
through plain XADD, the answers through the streams. Whose output is read by a program gets its
summary on standard output, and the performance on standard error.
"""

from __future__ import annotations

import argparse
import contextlib
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
from cognition.commands.running import loaded_settings, print_json
from cognition.commands.words import short, show_recollection
from cognition.daemon import running
from cognition.data_directory import default_directory, directory_of, find_holder
from cognition.opening import connected, open_engine
from cognition.settings import Settings, hide_password
from cognition.telemetry import LogSink
from schemas.events import AnyEvent, EpisodeClosed, EpisodeOpened, IdentityBorn, Outcome, Receipt
from schemas.recollection import Recollection

RECEIPTS_AT_ONCE = 64
RECEIPTS_TOLD = 20
RECEIPT_WAIT_S = 600.0
FOLDER = "cognition-demo"
REASON_WIDTH = 80
SHOWN = 3
"""Memories shown of each answer."""


class DemoSink(LogSink):
    """Tells of episodes and identities as they come, between the steps of the bar."""

    def __init__(self) -> None:
        super().__init__(level="warning")
        self.progress: Progress | None = None
        self._opened: Counter[str] = Counter()

    def publish(self, event: AnyEvent) -> None:
        super().publish(event)
        if self.progress is None:
            return
        if isinstance(event, EpisodeOpened):
            self._opened[event.mind] += 1
            return
        for mind, count in self._opened.items():
            self.progress.say(f"  {mind:9} {count} episode{'s' * (count > 1)} opened")
        self._opened.clear()
        if isinstance(event, IdentityBorn):
            self.progress.say(f"  * {event.mind} is born")
        elif isinstance(event, EpisodeClosed):
            self.progress.say(
                f"  {event.mind:9} episode closed: {event.memory_count:3} memories, "
                f"{event.boundary_type:16} {event.label}"
            )


class Answered(msgspec.Struct, frozen=True):
    """One cue of the demonstration: what it is there to show, and what came back."""

    mind: str
    cue: str
    asks: str
    recollection: Recollection


class Lived(msgspec.Struct, frozen=True):
    """The whole demonstration, for a program."""

    directory: str
    percepts: int
    outcomes: dict[str, int]
    minds: dict[str, dict[str, int]]
    answers: list[Answered]


async def demo(options: argparse.Namespace) -> int:
    """Live, then remember."""
    aside = contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext()
    with aside:
        lived = await perform(options)
    if options.json:
        print_json(lived)
    return DONE


async def perform(options: argparse.Namespace) -> Lived:
    """The performance: against the daemon that there is, else against one in this process."""
    settings = loaded_settings(options).settings
    beside = default_directory(os.environ).with_name(FOLDER)
    directory = directory_of(settings.data, os.environ) if settings.data else beside
    sink = DemoSink()
    holder = find_holder(directory)
    if holder is not None or settings.streams.url:
        who = f"Process {holder.pid} is the daemon of {directory} already" if holder else "A daemon is named"
        async with open_engine(
            data=directory, url=settings.streams.url or None, settings=settings
        ) as session:
            print(
                f"{who}; it is spoken to at {hide_password(session.url)}, and its log tells of its episodes."
            )
            lived = await live_and_remember(session, sink, directory)
    else:
        lived = await _in_this_process(settings, directory, sink, keep=options.keep_running)
    tell_what_is_left(directory)
    return lived


async def _in_this_process(settings: Settings, directory: Path, sink: DemoSink, *, keep: bool) -> Lived:
    await ensure_model(settings)
    print(f"Starting the daemon on {directory} (private Valkey, Qdrant Edge, {settings.embedding.model}) ...")
    async with running(settings, directory, sink=sink, warm=True, lean=True) as daemon:
        print(f"Ready in {daemon.ready_s:.1f} s. Streams at {daemon.url}")
        async with connected(daemon.url, daemon.keys) as session:
            lived = await live_and_remember(session, sink, directory)
        if keep:
            print("The daemon goes on until Ctrl-C.")
            await wait_for_signal()
    return lived


async def live_and_remember(session: Session, sink: DemoSink, directory: Path) -> Lived:
    """Publish the samples from a second process, watch, then ask."""
    lines = [line for name in samples.MINDS for line in samples.lines(name)]
    print(f"\nA second process publishes {len(lines)} percepts with plain XADD:")
    outcomes = await live(session, sink, lines)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(f"What became of them: {told}.")
    minds = {}
    for name in samples.MINDS:
        status = await session.mind(name).status()
        minds[name] = {"memories": status.memories, "episodes": status.episodes}
        print(f"  {name:9} {status.memories} memories in {status.episodes} episodes")
    return Lived(str(directory), len(lines), dict(outcomes), minds, await remember(session))


async def remember(session: Session) -> list[Answered]:
    """Ask the ten cues."""
    print("\nTen cues:")
    answers = []
    for sample in samples.read_cues():
        answer = await session.ask(msgspec.structs.replace(sample.cue, limit=SHOWN), Recollection)
        print(f"\n? {sample.cue.mind}: {sample.cue.content}   [{sample.label}]")
        show_recollection(answer)
        answers.append(Answered(sample.cue.mind, sample.cue.content, sample.label, answer))
    return answers


async def live(session: Session, sink: DemoSink, lines: list[bytes]) -> Counter[str]:
    """Feed the other process, and wait for the receipt of each percept that it published."""
    progress = sink.progress = Progress("perceiving", len(lines))
    receipts = Receipts(session, progress)
    keys = session.keys
    command = [
        sys.executable, "-m", "cognition.samples.agent",
        session.url, keys.namespace, str(keys.partitions),
    ]  # fmt: skip
    async with await anyio.open_process(command, stderr=None) as agent, anyio.create_task_group() as tasks:
        tasks.start_soon(feed, agent, lines)
        async for mind, entry in published(agent):
            await receipts.places.acquire()
            tasks.start_soon(receipts.watch, mind, entry)
    progress.close()
    sink.progress = None
    return receipts.outcomes


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


class Receipts:
    """Awaits receipts, counts them, and tells of a few as they come: the first of each mind, and those
    that say something else than that the percept was encoded."""

    def __init__(self, session: Session, progress: Progress) -> None:
        self._session = session
        self._progress = progress
        self._met: set[str] = set()
        self._told = 0
        self.outcomes: Counter[str] = Counter()
        self.places = anyio.Semaphore(RECEIPTS_AT_ONCE)

    async def watch(self, mind: str, entry: str) -> None:
        """Wait for one; frees its place."""
        try:
            receipt = await self._session.receipt(mind, entry, within_s=RECEIPT_WAIT_S)
        finally:
            self.places.release()
        self.take(receipt)

    def take(self, receipt: Receipt) -> None:
        """Count it; tell it if it is one to tell, up to a bound (a second run strengthens everything)."""
        self.outcomes[receipt.outcome] += 1
        other = receipt.outcome is not Outcome.ENCODED and self._told < RECEIPTS_TOLD
        if receipt.mind not in self._met or other:
            self._met.add(receipt.mind)
            self._told += 1
            self._progress.say(told(receipt))
        self._progress.advance()


def told(receipt: Receipt) -> str:
    """A receipt as one line."""
    reason = f", {short(receipt.reason, REASON_WIDTH)}" if receipt.reason else ""
    outcome = f"{receipt.outcome}, salience {receipt.salience:.2f}"
    return f"  {receipt.mind:9} receipt of {receipt.key or receipt.entry}: {outcome}{reason}"


def tell_what_is_left(directory: Path) -> None:
    """How to go on."""
    program = sys.argv[0] if "/" in sys.argv[0] else "cognition"
    print(f"\nIt is all in {directory}. Ask it yourself:")
    print(f'  {program} recall --data {directory} --mind ana "Which nut is dangerous for Clara?"')
    print(f"  {program} episodes --data {directory} --mind workshop")
