"""What a world remembers, as values that two runs can be compared by, and what must always hold of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from cognition.engine.assembly import assemble
from cognition.engine.mind import Mind, entry_order
from cognition.engine.traces import spoken_again
from cognition.mechanisms.lexicon import Lexicon
from cognition.mechanisms.text import Analyzer
from cognition.mechanisms.thread import Placed, Thread, goes_on
from cognition.mechanisms.vectors import DIMENSION
from cognition.ports.stores import Scope, Stores
from cognition.stores.stores import open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.line import MemoryStreams
from cognition.testing.sink import RecordingSink
from schemas.episode import Episode, EpisodeScale
from schemas.events import Outcome
from schemas.identity import Lifetime
from schemas.memory import Memory
from schemas.percept import Forget
from tests.simulation.virtual_time import play
from tests.simulation.world import World

ALL = 10_000
DIRECTIONS = np.random.default_rng(0).standard_normal((DIMENSION, 8)).astype(np.float32)
"""Enough to tell vectors apart by a few numbers."""
JUDGING = ("error", "lookahead", "scored")
"""What a segmenter judges by: numbers of what is read back in half precision."""
VARYING = ("encoded_at", "epoch", "rev")
"""Fields that say when and by whom it was written, not what."""


@dataclass
class MindAccount:
    """What one mind has."""

    memories: dict[str, dict[str, Any]] = field(default_factory=dict)
    episodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    lifetime: Lifetime = field(default_factory=Lifetime)
    open_episode: str = ""
    working: list[str] = field(default_factory=list)
    echo: list[list[Any]] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    segmenter: dict[str, Any] = field(default_factory=dict)
    lexical: dict[str, dict[int, float]] = field(default_factory=dict)
    contexts: dict[str, list[float]] = field(default_factory=dict)
    turns: list[Any] = field(default_factory=list)
    stopped: str = ""


@dataclass
class Account:
    """What a world has."""

    minds: dict[str, MindAccount] = field(default_factory=dict)
    dead: list[str] = field(default_factory=list)


def account(world: World) -> Account:
    """Look at a world whose processes have ended."""

    async def main(clock: ManualClock) -> Account:
        stores = await open_stores(world.backend.beside())
        taken = Account(dead=sorted(world.streams.dead))
        for name in sorted({each.mind for each in world.life}):
            mind = await restored(stores, name)
            await _coherent(mind, stores)
            taken.minds[name] = await _of(mind, stores, world)
        return taken

    taken = play(main)
    _receipts(world)
    return taken


async def restored(stores: Stores, name: str) -> Mind:
    """The mind as the next process would find it."""
    line = MemoryStreams().hold()
    engine = assemble(stores, line, ManualClock(), RecordingSink(), None)
    return await engine.minds.look(name)


async def _nested(mind: Mind, stores: Stores, fine: Sequence[Episode]) -> None:
    """Each fine episode is held by exactly one coarse one, and through it each memory."""
    name = mind.name
    coarse = [e for e in await _episodes(mind, stores) if e.scale is EpisodeScale.COARSE]
    held = Counter(child for each in coarse for child in each.child_ids)
    assert held == Counter(e.id for e in fine), f"{name}: fine episodes that are held twice, or by nothing"
    by_id = {e.id: e for e in fine}
    for each in coarse:
        parents = {by_id[child].parent_id for child in each.child_ids}
        assert parents == {each.id}, f"{name}: {each.label!r} holds what is another's"
        together = sum(by_id[child].memory_count for child in each.child_ids)
        assert each.memory_count == together, f"{name}: count of coarse {each.label!r}"
    still_open = {e.id for e in coarse if e.ended_at is None}
    assert still_open <= {mind.coarse.id if mind.coarse else ""}, f"{name}: coarse episodes left open"


async def _of(mind: Mind, stores: Stores, world: World) -> MindAccount:
    ids = await stores.memories.select(mind.name, Scope(), limit=ALL)
    traces = await stores.memories.get_traces(mind.name, ids)
    memories = {i: trace.memory for i, trace in traces.items()}
    requests = [e.message for e in world.life if isinstance(e.message, Forget)]
    named = [(mind.name, i) for request in requests for i in request.memory_ids]
    return MindAccount(
        memories={i: _plain(m) for i, m in sorted(memories.items())},
        episodes={e.id: _plain(e) for e in await _episodes(mind, stores)},
        lifetime=mind.lifetime,
        open_episode=mind.episode.id if mind.episode else "",
        working=[item.memory_id for item in mind.working.items],
        echo=[list(row) for row in mind.echo.rows()],
        erased=sorted(await stores.tombstones.among(named)),
        segmenter=_decided(mind.segmenter.snapshot()),
        lexical={i: dict(trace.lexical) for i, trace in sorted(traces.items())},
        contexts={i: (trace.context @ DIRECTIONS).tolist() for i, trace in sorted(traces.items())},
        turns=mind.thread.snapshot()["turns"],
        stopped=mind.stopped,
    )


async def _episodes(mind: Mind, stores: Stores) -> list[Episode]:
    """Those of both scales; the coarse one that is open as its mind tells it."""
    found = [
        e for scale in EpisodeScale for e in await stores.episodes.latest(mind.name, limit=ALL, scale=scale)
    ]
    if mind.coarse is None:
        return found
    live, _ = mind.coarse.record(mind.name, mind.episode, epoch=0)
    return [live if e.id == live.id else e for e in found]


def _decided(segmenter: dict[str, Any]) -> dict[str, Any]:
    """What a segmenter has decided, and what it knows, without the numbers."""
    coarse = segmenter["coarse"]
    kept = {"bounds": coarse["bounds"], "held": coarse["held"], "peaks": [p[0] for p in coarse["peaks"]]}
    return {k: v for k, v in segmenter.items() if k not in JUDGING} | {"coarse": kept}


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    return {k: v for k, v in msgspec.to_builtins(value).items() if k not in VARYING}


# --- what always holds ---------------------------------------------------------------------


async def _coherent(mind: Mind, stores: Stores) -> None:
    """The parts of one mind agree with each other."""
    name = mind.name
    ids = await stores.memories.select(name, Scope(), limit=ALL)
    memories = await stores.memories.get(name, ids)
    episodes = {e.id: e for e in await stores.episodes.latest(name, limit=ALL)}
    members = Counter(m.episode_id for m in memories.values())
    assert set(members) <= set(episodes), f"{name}: memories of episodes that are not stored"
    for episode in episodes.values():
        assert episode.memory_count == members[episode.id], f"{name}: count of {episode.label!r}"
    still_open = {e.id for e in episodes.values() if e.ended_at is None}
    assert still_open <= {mind.episode.id if mind.episode else ""}, f"{name}: episodes left open"
    life = mind.lifetime
    assert life.memories - life.forgotten == len(memories), f"{name}: {life} with {len(memories)} memories"
    assert life.episodes == len(episodes), f"{name}: {life} with {len(episodes)} episodes"
    assert life.percepts == life.memories + life.repeats, f"{name}: {life}"
    assert len({m.entry for m in memories.values()}) == len(memories), f"{name}: one entry, two memories"
    assert not await stores.tombstones.among([(name, i) for i in memories]), f"{name}: the erased is back"
    await _nested(mind, stores, list(episodes.values()))
    await _lexicon_exact(mind, stores)
    await _as_derived(mind, stores, list(memories.values()), episodes)
    identity = await stores.identities.get(name)
    assert (identity is not None) == (life.memories > 0), f"{name}: identity {identity}"


async def _lexicon_exact(mind: Mind, stores: Stores) -> None:
    kept, rebuilt = mind.lexicon, Lexicon()
    memories, _ = await stores.memories.walk(mind.name, None, limit=ALL)
    for trace in (await stores.memories.get_traces(mind.name, [m.id for m in memories])).values():
        rebuilt.add(trace.lexical, trace.memory.length, trace.context)
    assert kept._moments == rebuilt._moments, f"{mind.name}: the lexicon differs from its memories"
    assert (kept.n, kept.total_length) == (rebuilt.n, rebuilt.total_length)
    np.testing.assert_allclose(kept.mean_vector, rebuilt.mean_vector, atol=1e-5)


async def _as_derived(
    mind: Mind, stores: Stores, memories: list[Memory], episodes: dict[str, Episode]
) -> None:
    """What each memory took in of its thread is what all of the thread that is left gives it."""
    traces = await stores.memories.get_traces(mind.name, [m.id for m in memories])
    analyzer, going = Analyzer(), Thread()
    thread: dict[str, Placed] = {}
    last = ""
    for memory in sorted(memories, key=lambda m: entry_order(m.entry)):
        if last and not _same_thread(last, memory.episode_id, episodes):
            going.end()
        last = memory.episode_id
        thread[memory.id] = going.take(spoken_again(traces[memory.id], analyzer, memory.mean_length))
    for memory_id, place in thread.items():
        found = traces[memory_id]
        assert found.lexical == place.lexical, f"{mind.name}: weights of {found.memory.content!r}"
        np.testing.assert_allclose(found.context, place.context, atol=2e-3)


def _same_thread(before: str, now: str, episodes: dict[str, Episode]) -> bool:
    """Whether only changes of meaning lie between two episodes."""
    while now != before:
        earlier = episodes[now].previous_id
        if earlier is None or not goes_on(episodes[earlier].boundary_type):
            return False
        now = earlier
    return True


def _receipts(world: World) -> None:
    """Each entry has its receipt, and always the same one."""
    told: dict[str, set[Outcome]] = {}
    for receipt in world.streams.receipts:
        told.setdefault(receipt.entry, set()).add(receipt.outcome)
    for each in world.life:
        outcomes = told.get(each.entry, set())
        assert outcomes, f"no receipt for {each.entry}"
        assert (Outcome.REJECTED in outcomes) == (each.entry in world.streams.dead), (
            f"{each.entry}: {outcomes}"
        )
        assert len(outcomes - {Outcome.FORGOTTEN}) <= 1, f"{each.entry}: {outcomes}"
        settled = each.entry in world.streams.dead or each.entry in world.streams.acknowledged
        assert settled, f"{each.entry} was neither acknowledged nor buried"
    assert not world.streams.dead.keys() & world.streams.acknowledged


# --- comparing ------------------------------------------------------------------------------


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Where two accounts differ; numbers to within what float32 and microseconds keep."""
    if isinstance(one, Account | MindAccount) and type(one) is type(other):
        one, other = vars(one), vars(other)
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(k for k in other if k not in one)]:
            yield from differences(one.get(key), other.get(key), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{path}[{place}]")
    elif isinstance(one, float) and isinstance(other, float):
        if not math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-4):
            yield f"{path}: {one!r} != {other!r}"
    elif one != other:
        yield f"{path}: {one!r} != {other!r}"
