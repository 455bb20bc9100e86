"""`cognition dead`: what could not be taken, for the operator."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cognition.cli import DONE, NO
from cognition.client import in_our_words
from cognition.commands.running import loaded_settings, print_json
from cognition.opening import open_engine
from streams.dead_letters import DeadLetter, DeadLetters
from streams.errors import StreamsError

LISTED_MAX = 1_000


@asynccontextmanager
async def the_dead(options: argparse.Namespace) -> AsyncIterator[DeadLetters]:
    """The dead letters of the daemon that there is."""
    settings = loaded_settings(options).settings
    async with open_engine(settings=settings, url=settings.streams.url or None, warm=False) as session:
        try:
            yield session.dead_letters()
        except StreamsError as error:
            raise in_our_words(error) from error


def row(letter: DeadLetter) -> dict[str, object]:
    """A dead letter as plain values."""
    fields = {k.decode(errors="replace"): v.decode(errors="replace")[:200] for k, v in letter.fields.items()}
    return {
        "id": letter.id,
        "stream": letter.stream,
        "entry": letter.entry_id,
        "reason": letter.reason,
        "times_delivered": letter.times_delivered,
        "fields": fields,
    }


async def dead_list(options: argparse.Namespace) -> int:
    """What lies there; 1 when there is nothing."""
    async with the_dead(options) as dead:
        letters = await dead.list(LISTED_MAX)
    if options.json:
        print_json([row(letter) for letter in letters])
    for letter in [] if options.json else letters:
        print(f"{letter.id}  {letter.stream} {letter.entry_id}  {letter.reason}")
    return DONE if letters else NO


async def dead_retry(options: argparse.Namespace) -> int:
    """Put one back, or all."""
    async with the_dead(options) as dead:
        chosen = (
            [letter.id for letter in await dead.list(LISTED_MAX)] if options.id == "all" else [options.id]
        )
        entries = [await dead.retry(one) for one in chosen]
    print_json({"retried": entries}) if options.json else print(f"{len(entries)} put back")
    return DONE if entries else NO


async def dead_drop(options: argparse.Namespace) -> int:
    """Throw one away, or all."""
    async with the_dead(options) as dead:
        chosen = (
            [letter.id for letter in await dead.list(LISTED_MAX)] if options.id == "all" else [options.id]
        )
        for one in chosen:
            await dead.drop(one)
    print_json({"dropped": chosen}) if options.json else print(f"{len(chosen)} dropped")
    return DONE if chosen else NO
