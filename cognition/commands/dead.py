"""`cognition dead`: what could not be taken, for the operator."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from cognition.cli import DONE, NO
from cognition.client import Session, in_our_words
from cognition.commands.minds import the_engine
from cognition.commands.running import UsageError, print_json
from schemas.base import SchemaError
from streams.codec import JSON, MSGPACK, decode_fields
from streams.dead_letters import DEAD_MAX, DeadLetter, DeadLetters
from streams.errors import StreamsError

LISTED_MAX = 1_000
"""Letters on one page; `retry all` and `drop all` handle every one."""


@asynccontextmanager
async def the_dead(options: argparse.Namespace) -> AsyncIterator[tuple[Session, DeadLetters]]:
    """The dead letters of the daemon that there is."""
    async with the_engine(options) as session:
        try:
            yield session, session.dead_letters()
        except StreamsError as error:
            raise in_our_words(error) from error


def mind_of_letter(letter: DeadLetter) -> str | None:
    """Whose it is, read from the entry even where the rest of it makes no sense; None where it cannot be."""
    try:
        mind = getattr(decode_fields(letter.stream, letter.fields), "mind", None)
    except SchemaError:
        mind = _named(letter.fields)
    return mind if isinstance(mind, str) and mind else None


def _named(fields: dict[bytes, bytes]) -> object:
    """What a broken entry gives as its mind."""
    try:
        if MSGPACK in fields:
            body = msgspec.msgpack.decode(fields[MSGPACK])
        elif JSON in fields:
            body = msgspec.json.decode(fields[JSON])
        else:
            return fields.get(b"mind", b"").decode()
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        return None
    return body.get("mind") if isinstance(body, dict) else None


async def letters(session: Session, dead: DeadLetters, mind: str | None) -> AsyncIterator[DeadLetter]:
    """All of them, or those of one mind. They may lie in a partition that is not the mind's own: that is
    one of the reasons to be there."""
    for partition in range(session.keys.partitions):
        for letter in await dead.list(DEAD_MAX, partition):
            if mind is None or mind_of_letter(letter) == mind:
                yield letter


async def chosen(session: Session, dead: DeadLetters, options: argparse.Namespace) -> list[str]:
    """The ids that the command is about. With --mind an id of another mind's letter is refused."""
    if options.id != "all" and not options.mind:
        return [options.id]
    ids = [letter.id async for letter in letters(session, dead, options.mind)]
    if options.id == "all":
        return ids
    if options.id not in ids:
        raise UsageError(
            f"{options.mind!r} has no dead letter {options.id!r}",
            remedy="List them with `cognition dead list`, or leave --mind out.",
        )
    return [options.id]


def row(letter: DeadLetter) -> dict[str, object]:
    """A dead letter as plain values."""
    fields = {k.decode(errors="replace"): v.decode(errors="replace")[:200] for k, v in letter.fields.items()}
    return {
        "id": letter.id,
        "mind": mind_of_letter(letter),
        "stream": letter.stream,
        "entry": letter.entry_id,
        "reason": letter.reason,
        "times_delivered": letter.times_delivered,
        "fields": fields,
    }


async def dead_list(options: argparse.Namespace) -> int:
    """What lies there; 1 when there is nothing."""
    async with the_dead(options) as (session, dead):
        rows = [row(letter) async for letter in letters(session, dead, options.mind)]
    if options.json:
        print_json(rows)
        return DONE if rows else NO
    for each in rows[:LISTED_MAX]:
        print(f"{each['id']}  {each['stream']} {each['entry']}  {each['reason']}")
    if len(rows) > LISTED_MAX:
        print(f"... and {len(rows) - LISTED_MAX:,} more; all are shown with --json")
    return DONE if rows else NO


async def dead_retry(options: argparse.Namespace) -> int:
    """Put one back, or all."""
    async with the_dead(options) as (session, dead):
        entries = [await dead.retry(one) for one in await chosen(session, dead, options)]
    print_json({"retried": entries}) if options.json else print(f"{len(entries)} put back")
    return DONE if entries else NO


async def dead_drop(options: argparse.Namespace) -> int:
    """Throw one away, or all."""
    async with the_dead(options) as (session, dead):
        ids = await chosen(session, dead, options)
        for one in ids:
            await dead.drop(one)
    print_json({"dropped": ids}) if options.json else print(f"{len(ids)} dropped")
    return DONE if ids else NO
