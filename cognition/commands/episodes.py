"""Commands about episodes: the latest of a mind as a tree, one of them whole, and why each ended."""

from __future__ import annotations

import argparse
import sys

from cognition.cli import DONE, NO
from cognition.commands.minds import the_mind
from cognition.commands.running import print_json
from cognition.commands.timeline import draw, in_order
from cognition.commands.words import show_episode
from cognition.mechanisms.episodes import GIST_PARTED
from cognition.mechanisms.explaining import explain
from schemas.episode import Episode
from schemas.inquiry import EpisodesAnswer

INDENT = "    "


async def episodes(options: argparse.Namespace) -> int:
    """The latest episodes: each coarse one with the fine ones that it holds."""
    async with the_mind(options) as mind:
        if options.scale == "coarse":
            found = EpisodesAnswer(
                inquiry_id="", mind=mind.name, episodes=await mind.episodes(options.limit, scale="coarse")
            )
        else:
            found = await mind.timeline(options.limit)
    if options.json:
        print_json(found.episodes)
    elif not found.episodes:
        print(f"{options.mind!r} has no episodes yet.")
    else:
        show_tree(found, explained=options.explain)
    if options.plot and found.episodes:
        draw(found.episodes, options.plot)
        print(f"drawn in {options.plot}", file=sys.stderr)
    return DONE if found.episodes else NO


def show_tree(found: EpisodesAnswer, *, explained: bool) -> None:
    """Newest first; what is held by a coarse one is set in under it. One that holds a single fine one is
    that, and not told twice."""
    held = {episode.id: episode for episode in found.coarse if len(episode.child_ids) != 1}
    above: str | None = None
    for episode in reversed(in_order(found.episodes)):
        coarse = held.get(episode.parent_id or "")
        if coarse is not None and coarse.id != above:
            told(coarse, "", explained=explained)
            above = coarse.id
        told(episode, INDENT if coarse is not None else "", explained=explained)


def told(episode: Episode, indent: str, *, explained: bool) -> None:
    """One episode, with why it ended where that is asked for."""
    show_episode(episode, indent)
    if explained:
        for line in explain(episode):
            print(f"{indent}      {line}")


def show_links(episode: Episode) -> None:
    """What it was about in a few sentences of its own, and which came before it and after it."""
    if episode.gist:
        print("about")
        for phrase in episode.gist.split(GIST_PARTED):
            print(f"{INDENT}{phrase}")
    for said, other in (("after", episode.previous_id), ("before", episode.next_id)):
        if other is not None:
            print(f"{said:6} {other}")


async def episode_show(options: argparse.Namespace) -> int:
    """One episode of either scale: why it ended, what it was about, what holds it and what it holds."""
    async with the_mind(options) as mind:
        found = await mind.episode(options.id)
    if not found.episodes:
        print(f"{options.mind!r} has no episode {options.id!r}.", file=sys.stderr)
        return NO
    wanted, *inside = found.episodes
    if options.json:
        print_json({"episode": wanted, "why": explain(wanted), "inside": inside, "held_by": found.coarse})
        return DONE
    told(wanted, "", explained=True)
    show_links(wanted)
    for coarse in found.coarse:
        print("held by")
        show_episode(coarse, INDENT)
    if inside:
        print("holds")
    for episode in inside:
        show_episode(episode, INDENT)
    return DONE
