"""`cognition forget`: what would be erased is shown and counted, then asked for, then erased."""

from __future__ import annotations

import argparse
import sys

from cognition.cli import DONE, NO
from cognition.commands.minds import the_mind
from cognition.commands.running import UsageError, print_json
from cognition.commands.words import filter_of, short
from schemas.cue import CueFilter
from schemas.identifiers import is_identifier
from schemas.inquiry import ForgettingAnswer


async def forget(options: argparse.Namespace) -> int:
    """Show what would be erased, ask, erase."""
    chosen = filter_of(options)
    if not options.ids and chosen == CueFilter():
        raise UsageError("forget needs ids or a filter", remedy="See cognition forget --help.")
    for one in options.ids:
        if not is_identifier(one):
            raise UsageError(
                f"{one!r} is not the id of a memory (36 characters, lower case)",
                remedy="Find it with `cognition memory show KEY`, or with recall --json.",
            )
    by_id, by_filter = options.ids, None if options.ids else chosen
    async with the_mind(options) as mind:
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
        left = (await mind.would_forget(options.ids, filter=None if options.ids else chosen, limit=1)).total
    if options.json:
        print_json({"mind": mind.name, "forgotten": gone, "left": left})
    else:
        print(f"{gone} forgotten for good." + (f" {left} that match are left: ask again." if left else ""))
    return NO if left else DONE


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
