"""`cognition import`: percepts from a file, one JSON object a line.

Safe to repeat: a line without a key gets one from its content and place, so that running the
same file again, after an interruption too, remembers nothing twice.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec

from cognition.cli import DONE, NO
from cognition.client import Ticket
from cognition.commands.progress import Progress
from cognition.commands.running import UsageError, loaded_settings, print_json
from cognition.errors import BadPerceptError
from cognition.opening import open_engine
from schemas import wire
from schemas.base import SchemaError
from schemas.percept import Percept

BATCH = 64
AHEAD = 16
"""Batches that are published before the first of them is waited for: the daemon is never idle between
two, and what is on its way stays far below what the line holds."""
REMEDY = 'Write the percept as one JSON object on this line, such as {"mind": "ana", "content": "It rains."}.'


async def import_file(options: argparse.Namespace) -> int:
    """Publish every line and wait until all is recallable; 1 if any was unreadable or rejected."""
    settings = loaded_settings(options).settings
    lines = read_lines(options.file)
    problems: list[str] = []
    unreadable = 0
    counts: dict[str, int] = {}
    async with open_engine(settings=settings, url=settings.streams.url or None) as session:
        progress = Progress("importing", len(lines))
        batch: list[tuple[int, Percept]] = []
        published: deque[list[tuple[int, Ticket]]] = deque()
        for number, line in enumerate(lines, 1):
            if number >= options.from_line and line.strip():
                try:
                    batch.append((number, percept_of(line, number, options.mind)))
                except SchemaError as error:
                    unreadable += 1
                    problems.append(f"line {number}: {error}")
                    progress.say(f"line {number}: {error}")
            if len(batch) == BATCH or number == len(lines):
                tickets = await session.publish_many([percept for _, percept in batch])
                published.append([(line, t) for (line, _), t in zip(batch, tickets, strict=True)])
                batch = []
            if len(published) > AHEAD:
                await told(published.popleft(), counts, problems, progress)
        while published:
            await told(published.popleft(), counts, problems, progress)
        progress.set(len(lines))
        progress.close()
    if options.json:
        print_json({"lines": len(lines), "outcomes": counts, "unreadable": unreadable, "problems": problems})
    else:
        summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "nothing"
        print(f"{len(lines)} lines: {summary}; {unreadable} unreadable")
    return NO if problems else DONE


async def told(
    published: Sequence[tuple[int, Ticket]], counts: dict[str, int], problems: list[str], progress: Progress
) -> None:
    """Wait until one batch is recallable and read what became of it."""
    for number, ticket in published:
        outcome = await outcome_of(ticket, number, problems, progress)
        counts[outcome] = counts.get(outcome, 0) + 1
        progress.set(number)


async def outcome_of(ticket: Ticket, number: int, problems: list[str], progress: Progress) -> str:
    """What the receipt says; a rejection is told with its line."""
    try:
        receipt = await ticket.wait()
    except BadPerceptError as error:
        problems.append(f"line {number}: {error}")
        progress.say(f"line {number}: {error}")
        return "rejected"
    assert receipt is not None
    return str(receipt.outcome)


def read_lines(file: str) -> list[bytes]:
    """The lines of a file or of standard input."""
    if file == "-":
        return sys.stdin.buffer.read().splitlines()
    try:
        return Path(file).read_bytes().splitlines()
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}", remedy="Name a file of percepts."
        ) from error


def percept_of(line: bytes, number: int, mind: str | None) -> Percept:
    """One line as a percept; `mind` stands in where the line names none, and a key is derived."""
    return wire.decode_json(Percept, completed(line, number, mind))


def completed(line: bytes, number: int, mind: str | None) -> bytes:
    """The line with what it lacks. Raises `SchemaError` where it is not an object."""
    try:
        fields = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SchemaError("Percept", "", line, f"not JSON ({error})", REMEDY) from error
    if not isinstance(fields, dict):
        raise SchemaError("Percept", "", fields, "not an object", REMEDY)
    if mind is not None:
        fields.setdefault("mind", mind)
    if not fields.get("key"):
        digest = hashlib.blake2b(line, digest_size=8).hexdigest()
        fields["key"] = f"line-{number}-{digest}"
    return msgspec.json.encode(fields)
