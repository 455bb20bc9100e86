"""Commands about one mind: perceive, recall, look."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from cognition.cli import DONE, NO
from cognition.client import Mind, Session
from cognition.commands.daemons import members_of
from cognition.commands.running import UsageError, loaded_settings, looked_in, mind_of, print_json
from cognition.commands.sensed import numbers_of, relations_of
from cognition.commands.words import (
    acted,
    episode_of,
    feeling_of,
    filter_of,
    moment,
    pairs,
    short,
    show_episode,
    show_recollection,
    when,
)
from cognition.data_directory import daemon_name, directory_of, find_holder
from cognition.errors import BadCueError, UnavailableError
from cognition.opening import open_engine
from cognition.settings import Settings
from schemas.identifiers import is_identifier
from schemas.identity import Identity


@asynccontextmanager
async def the_mind(
    options: argparse.Namespace, *, warm: bool = False, begins: bool = False
) -> AsyncIterator[Mind]:
    """The mind of this command: through the daemon that there is, else in this process.

    `warm` where the command brings text: an engine in this process loads its model first. `begins` where
    there may be nothing yet; else a directory without data raises `NothingKeptError`.
    """
    name, settings = mind_of(options), loaded_settings(options).settings
    if not begins:
        looked_in(settings)
    if warm and settings.embedding.enabled:
        told_alone(settings)
    async with open_engine(settings=settings, url=settings.streams.url or None, warm=warm) as session:
        told_unused(options, session)
        yield session.mind(name)


@asynccontextmanager
async def the_engine(options: argparse.Namespace) -> AsyncIterator[Session]:
    """The engine of a command that is about no one mind and brings no text. Raises `NothingKeptError`."""
    settings = loaded_settings(options).settings
    looked_in(settings)
    async with open_engine(settings=settings, url=settings.streams.url or None, warm=False) as session:
        told_unused(options, session)
        yield session


def told_unused(options: argparse.Namespace, session: Session) -> None:
    """Say which settings of the command line nobody goes by: those of an engine that runs already."""
    keys = [item.partition("=")[0] for item in options.settings or []]
    unused = [key for key in keys if key != "data" and not key.startswith(("streams.", "log."))]
    if unused and session.daemon is None:
        print(
            f"cognition: --set {', '.join(unused)} changes nothing: the daemon that answers has settings of "
            "its own; start it with these",
            file=sys.stderr,
        )


def told_alone(settings: Settings) -> None:
    """Say why this takes so long, where it will: an engine of its own for one command loads the model."""
    directory = directory_of(settings.data, os.environ)
    if not settings.streams.url and find_holder(directory) is None:
        print(
            f"cognition: no daemon holds {directory}: the engine starts for this command alone, which takes "
            f"seconds (`cognition daemon --data {directory}` answers in milliseconds)",
            file=sys.stderr,
        )


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
        "connection_relevance": options.connection_relevance,
        "trust": options.trust,
        "context": pairs(options.context, "--context"),
        "metadata": pairs(options.metadata, "--metadata"),
        "boundary": options.boundary,
        "boundary_label": options.boundary_label,
        "vector": numbers_of(options.vector),
        "relations": relations_of(options.relation) or None,
    }
    async with the_mind(options, warm=options.vector is None, begins=True) as mind:
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
    """Ask; 1 when nothing comes back, 2 when the cue cannot be answered as it stands."""
    chosen, episode, vector = filter_of(options), episode_of(options), numbers_of(options.vector)
    if not (options.content or "").strip() and vector is None:
        raise UsageError("there is neither a cue nor --vector", remedy="Say what is asked.")
    at, as_of = moment(options.at), moment(options.as_of)
    async with the_mind(options, warm=vector is None) as mind:
        asked = mind.recall(
            options.content or "",
            vector=vector,
            limit=options.limit,
            filter=chosen,
            episode=episode,
            actor=options.asker or "",
            at=at,
            as_of=as_of,
            abstractions=options.abstractions,
            dates=options.dates,
            token_budget=options.budget,
            abstain_below=options.abstain_below,
            exact=options.exact,
            deadline_s=options.deadline,
            mood=feeling_of(options),
            context=pairs(options.around, "--around"),
            without=options.without,
            explain=options.explain,
        )
        try:
            recollection = await asked
        except BadCueError as error:
            raise UsageError(str(error)) from error
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
    if not now.memories:
        print(f"Nothing is active in {options.mind!r} now.")
    if now.episode is not None:
        print(
            f"in: {now.episode.label} (since {when(now.episode.started_at)}, {now.episode.memories} memories)"
        )
    for memory in now.memories:
        who = f"{memory.actor}: " if memory.actor else ""
        print(f"{when(memory.at)}  {who}{short(memory.content, 120)}")
    return DONE if now.memories else NO


async def mind_rebuild(options: argparse.Namespace) -> int:
    """Derive anew what the mind derives; 1 when it has no memories."""
    notes: list[str] = []
    async with the_mind(options) as mind:
        began = time.monotonic()
        count = await mind.rebuild(told=notes.append, within_s=options.within)
        took_s = time.monotonic() - began
    if options.json:
        print_json({"mind": mind.name, "memories": count, "took_s": round(took_s, 3), "notes": notes})
    elif count:
        print(f"{count:,} memories of {mind.name!r} were derived anew in {took_s:.1f} s.")
        for note in notes:
            print(f"note: {note}")
    else:
        print(f"{mind.name!r} has no memories.")
    return DONE if count else NO


async def memory_show(options: argparse.Namespace) -> int:
    """One memory, whole."""
    by_id = is_identifier(options.id)
    async with the_mind(options) as mind:
        answer = await (mind.memory(options.id) if by_id else mind.memory(key=options.id))
    if options.json or answer.memory is not None:
        print_json(answer if options.json else answer.memory)
        if not options.json:
            ready = f"base level {answer.base_level:.3f}, retrievability {answer.retrievability:.3f}"
            print(f"{ready} at this moment", file=sys.stderr)
    elif answer.abstraction is not None:
        print_json(answer.abstraction)
        print("made in sleep of what its sources have in common", file=sys.stderr)
    elif answer.tombstone is not None:
        print(f"It was erased on {when(answer.tombstone.forgotten_at)} {answer.tombstone.reason}".rstrip())
    else:
        print(f"{options.mind!r} has no memory {options.id!r}.")
    return DONE if answer.memory is not None or answer.abstraction is not None else NO


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
    """Figures of the mind and its daemon; without a mind those of the daemon alone."""
    if options.own:
        return await own_status(options)
    if not options.mind:
        return await daemon_status(options)
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
    for note in answer.notes:
        print(f"note: {note}")
    if answer.segmenter:
        print(held(answer.segmenter))
    if answer.abstractions:
        print(f"{answer.abstractions} abstractions of what recurs (`recall --abstractions`)")
    if answer.unlinked:
        print(f"{answer.unlinked} memories are still to be associated with what they speak of")
    if answer.stopped:
        print(f"STOPPED: {answer.stopped}")
    show_figures(answer.daemon)
    return NO if answer.stopped else DONE


async def own_status(options: argparse.Namespace) -> int:
    """Whether the daemon of this data directory answers, whoever shares its streams: what a probe asks."""
    settings = loaded_settings(options).settings
    directory = directory_of(settings.data, os.environ)
    if find_holder(directory) is None:
        raise UnavailableError(
            f"no daemon holds {directory}", remedy=f"Start one with `cognition daemon --data {directory}`."
        )
    name = daemon_name(settings.name, directory)
    async with open_engine(settings=settings, url=settings.streams.url or None) as session:
        members = await members_of(session, only=name)
    if options.json:
        print_json({"daemon": name, "shares": bool(members), "answers": all(m.answers for m in members)})
    else:
        print(members[0].said if members else f"{name} does not share these streams")
    return DONE if members and members[0].answers else NO


async def daemon_status(options: argparse.Namespace) -> int:
    """Figures of the daemon that there is; none is started to be asked."""
    settings = loaded_settings(options).settings
    directory = directory_of(settings.data, os.environ)
    if not settings.streams.url and find_holder(directory) is None:
        raise UnavailableError(
            f"no daemon holds {directory}",
            remedy=f"Start one with `cognition daemon --data {directory}`, or name another with --url.",
        )
    async with open_engine(settings=settings, url=settings.streams.url or None) as session:
        answer = await session.status()
        dead = await session.dead_letters().count()
    if options.json:
        print_json({"daemon": answer.daemon, "dead_letters": dead, "mechanisms": answer.mechanisms})
    else:
        print("daemon:")
        show_figures({**answer.daemon, "dead_letters": dead})
        print("mechanisms:")
        for life in answer.mechanisms:
            print(f"  {life.name:20} {acted(life)}")
    return DONE


def held(figures: Mapping[str, float | int | str | bool]) -> str:
    """How much of a mind is held for what cuts its episodes."""
    return (
        f"its segmenter (profile {figures['profile']}) holds {figures['state_bytes']:,} bytes of float32, "
        f"at most {figures['state_bytes_max']:,}"
    )


def show_figures(figures: dict[str, float | int | str | bool]) -> None:
    """Figures of a daemon, a line each."""
    for name, value in figures.items():
        print(f"  {name:16} {value}")
