"""`cognition forget`: what would be erased is shown and counted, then asked for, then erased."""

from __future__ import annotations

import argparse
import sys

from cognition.cli import DONE, NO
from cognition.client import Mind
from cognition.commands.minds import the_mind
from cognition.commands.running import UsageError, print_json
from cognition.commands.words import filter_of, short
from cognition.errors import BadCueError
from schemas.cue import CueFilter
from schemas.identifiers import is_identifier
from schemas.inquiry import ForgettingAnswer


async def forget(options: argparse.Namespace) -> int:
    """Show what would be erased, ask, erase."""
    chosen = filter_of(options)
    if not options.ids and chosen == CueFilter():
        raise UsageError("forget needs ids or a filter", remedy="See cognition forget --help.")
    named = options.ids
    async with the_mind(options) as mind:
        ids = [one if is_identifier(one) else await known_by(mind, one) for one in named]
        by_id, by_filter = ids, None if named else chosen
        doomed = await mind.would_forget(by_id, filter=by_filter)
        if not doomed.total:
            print_json({"mind": mind.name, "forgotten": 0, "left": 0}) if options.json else print(
                "Nothing to forget."
            )
            return NO
        if not options.yes and not agreed(doomed):
            return NO
        if doomed.total == len(doomed.memory_ids):
            by_id, by_filter = doomed.memory_ids, None
        gone = await mind.forget(by_id, filter=by_filter, reason=options.reason)
        left = (await mind.would_forget(ids, filter=None if named else chosen, limit=1)).total
    if options.json:
        print_json({"mind": mind.name, "forgotten": gone, "left": left})
    else:
        print(f"{gone} forgotten for good." + (f" {left} that match are left: ask again." if left else ""))
    return NO if left else DONE


async def known_by(mind: Mind, key: str) -> str:
    """The id of the memory of this key; one that there is not is most likely mistyped."""
    found = await mind.memory(key=key)
    if found.memory is not None:
        return found.memory.id
    if found.tombstone is not None:
        return found.tombstone.id
    raise BadCueError(
        f"{mind.name!r} has no memory whose id or key is {key!r}: nothing was erased",
        remedy="`cognition recall --json` shows ids and keys.",
    )


def agreed(doomed: ForgettingAnswer) -> bool:
    """Show and ask; without a terminal the answer is no."""
    for preview in doomed.previews:
        print(f"  {short(preview, 100)}", file=sys.stderr)
    if doomed.total > len(doomed.previews):
        print(f"  ... and {doomed.total - len(doomed.previews):,} more", file=sys.stderr)
    if not sys.stdin.isatty():
        print("cognition: not erased: there is no terminal to ask; add --yes.", file=sys.stderr)
        return False
    question = f"Erase these {doomed.total:,} memories of {doomed.mind!r} for good? [y/N] "
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
