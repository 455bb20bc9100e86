"""Commands about one mind: perceive, recall, look, forget."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cognition.cli import DONE, NO
from cognition.client import Mind
from cognition.commands.running import UsageError, loaded_settings, mind_of, print_json
from cognition.commands.words import (
    episode_of,
    filter_of,
    moment,
    pairs,
    short,
    show_episode,
    show_recollection,
    when,
)
from cognition.opening import open_engine
from schemas.cue import CueFilter
from schemas.identity import Identity


@asynccontextmanager
async def the_mind(options: argparse.Namespace, *, warm: bool = False) -> AsyncIterator[Mind]:
    """The mind of this command: through the daemon that there is, else in this process.

    `warm` where the command brings text: an engine in this process loads its model first.
    """
    name = mind_of(options)
    loaded = loaded_settings(options)
    url = loaded.settings.streams.url or None
    async with open_engine(settings=loaded.settings, url=url, warm=warm) as session:
        yield session.mind(name)


async def perceive(options: argparse.Namespace) -> int:
    """Publish one percept, and wait until it is recallable unless told not to."""
    content = sys.stdin.read() if options.content == "-" else options.content or ""
    fields = {
        "key": options.key,
        "actor": options.actor,
        "source": options.source,
        "subject": options.subject,
        "kind": options.kind,
        "content_type": options.content_type,
        "session": options.session,
        "agent": options.agent,
        "run": options.run_id,
        "user": options.user,
        "occurred_at": moment(options.at),
        "valence": options.valence,
        "arousal": options.arousal,
        "importance": options.importance,
        "relevance": options.relevance,
        "trust": options.trust,
        "context": pairs(options.context, "--context"),
        "boundary": options.boundary,
    }
    async with the_mind(options, warm=True) as mind:
        ticket = await mind.perceive(content, **{k: v for k, v in fields.items() if v is not None})
        receipt = await ticket.wait("accepted" if options.no_wait else "recallable")
    if options.json:
        print_json(receipt if receipt is not None else {"mind": ticket.mind, "entry": ticket.entry})
    elif receipt is None:
        print(f"accepted as {ticket.entry}")
    else:
        reason = f" ({receipt.reason})" if receipt.reason else ""
        print(f"{receipt.outcome} {receipt.memory_id} salience {receipt.salience:.2f}{reason}")
    return DONE


async def recall(options: argparse.Namespace) -> int:
    """Ask; 1 when nothing comes back."""
    chosen, episode = filter_of(options), episode_of(options)
    async with the_mind(options, warm=True) as mind:
        recollection = await mind.recall(
            options.content,
            limit=options.limit,
            filter=chosen,
            episode=episode,
            actor=options.asker or "",
            at=moment(options.at),
            token_budget=options.budget,
            abstain_below=options.abstain_below,
            explain=options.explain,
        )
    if options.json:
        print_json(recollection)
    else:
        show_recollection(recollection, explain=options.explain)
    return DONE if recollection.recalled else NO


async def recent(options: argparse.Namespace) -> int:
    """Working memory, newest first."""
    async with the_mind(options) as mind:
        now = await mind.recent()
    if options.json:
        print_json(now)
        return DONE if now.memories else NO
    if now.episode is not None:
        print(
            f"in: {now.episode.label} (since {when(now.episode.started_at)}, {now.episode.memories} memories)"
        )
    for memory in now.memories:
        who = f"{memory.actor}: " if memory.actor else ""
        print(f"{when(memory.at)}  {who}{short(memory.content, 120)}")
    return DONE if now.memories else NO


async def episodes(options: argparse.Namespace) -> int:
    """The latest episodes."""
    async with the_mind(options) as mind:
        found = await mind.episodes(options.limit)
    if options.json:
        print_json(found)
    else:
        for episode in found:
            show_episode(episode)
    return DONE if found else NO


async def memory_show(options: argparse.Namespace) -> int:
    """One memory, whole."""
    by_id = len(options.id) == 36 and options.id.count("-") == 4
    async with the_mind(options) as mind:
        answer = await (mind.memory(options.id) if by_id else mind.memory(key=options.id))
    if options.json or answer.memory is not None:
        print_json(answer if options.json else answer.memory)
    elif answer.tombstone is not None:
        print(f"It was erased on {when(answer.tombstone.forgotten_at)} {answer.tombstone.reason}".rstrip())
    else:
        print(f"{options.mind!r} has no memory {options.id!r}.")
    return DONE if answer.memory is not None else NO


async def identity_show(options: argparse.Namespace) -> int:
    """The identity."""
    async with the_mind(options) as mind:
        answer = await mind.identity()
    if options.json:
        print_json(answer)
    elif answer.identity is None:
        print(f"{options.mind!r} has perceived nothing yet and has no identity.")
    else:
        show_identity(answer.identity)
    return DONE if answer.identity is not None else NO


async def identity_verify(options: argparse.Namespace) -> int:
    """Laws and history against their hashes."""
    async with the_mind(options) as mind:
        answer = await mind.identity(verify=True)
    if options.json:
        print_json(answer)
    elif answer.identity is None:
        print(f"{options.mind!r} has perceived nothing yet and has no identity.")
    elif answer.verified:
        identity = answer.identity
        print(f"sound: {len(identity.laws)} laws, {len(identity.revisions)} revisions")
    for problem in [] if options.json else answer.problems:
        print(problem)
    return DONE if answer.verified else NO


def show_identity(identity: Identity) -> None:
    """An identity as a page."""
    life = identity.lifetime
    name = identity.name or identity.mind
    print(f"{name}, born {when(identity.born_at)}, restarted {identity.restart_count} times")
    print(
        f"{life.percepts} percepts, {life.memories} memories, {life.episodes} episodes, "
        f"{life.repeats} repeats, {life.forgotten} forgotten"
    )
    for law in identity.laws:
        print(f"  {law.name}: {law.text}")
    for revision in identity.revisions:
        print(f"  #{revision.number} {when(revision.at)} {revision.event}  {revision.hash[:12]}")


async def status(options: argparse.Namespace) -> int:
    """Figures of the mind and its daemon."""
    async with the_mind(options) as mind:
        answer = await mind.status()
    if options.json:
        print_json(answer)
        return NO if answer.stopped else DONE
    print(
        f"{answer.mind}: {answer.memories} memories, {answer.episodes} episodes, {answer.lexicon_terms} terms"
    )
    if answer.open_episode is not None:
        show_episode(answer.open_episode)
    if answer.stopped:
        print(f"STOPPED: {answer.stopped}")
    for name, value in answer.daemon.items():
        print(f"  {name:16} {value}")
    return NO if answer.stopped else DONE


async def forget(options: argparse.Namespace) -> int:
    """Show what would be erased, ask, erase."""
    chosen = filter_of(options)
    if not options.ids and chosen == CueFilter():
        raise UsageError("forget needs ids or a filter", remedy="See cognition forget --help.")
    async with the_mind(options) as mind:
        doomed = await mind.would_forget(options.ids, filter=None if options.ids else chosen)
        count = len(doomed.memory_ids)
        if not count:
            print_json({"mind": mind.name, "forgotten": 0}) if options.json else print("Nothing to forget.")
            return NO
        if not options.yes and not agreed(mind.name, doomed.previews, count):
            return NO
        gone = await mind.forget(doomed.memory_ids, reason=options.reason)
    print_json({"mind": mind.name, "forgotten": gone}) if options.json else print(
        f"{gone} forgotten for good."
    )
    return DONE


def agreed(mind: str, previews: list[str], count: int) -> bool:
    """Show and ask; without a terminal the answer is no."""
    for preview in previews:
        print(f"  {short(preview, 100)}", file=sys.stderr)
    if count > len(previews):
        print(f"  ... and {count - len(previews)} more", file=sys.stderr)
    if not sys.stdin.isatty():
        print("cognition: not erased: there is no terminal to ask; add --yes.", file=sys.stderr)
        return False
    print(f"Erase these {count} memories of {mind!r} for good? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
