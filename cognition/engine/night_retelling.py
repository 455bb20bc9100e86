"""Retelling: in sleep the episodes that a cycle has touched are named anew by the members that are left.

What is to leave awake memory names no episode any more, nor what was superseded while anything current is
there; what grew stronger counts for more. Written down is who said it before, never the words: undoing has
them say it again, and where one of them was erased meanwhile the episode stays as it is. Must not know how
members are chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cognition.engine.minds import Minds
from cognition.engine.night_journal import Journal
from cognition.engine.night_works import Done
from cognition.engine.surroundings import EPISODE_MEMBERS_MAX, pages
from cognition.errors import LeaseLostError
from cognition.mechanisms.telling import Member, gist_said, label_said, telling, told_by, worth
from cognition.mechanisms.vectors import as_kept
from cognition.ports.stores import Scope, Stores, Trace
from schemas.episode import Episode
from schemas.sleep import PlannedWork, Retold, SleepReport, SleepWork, Telling

REPLAYED_MAX = 64
"""Fine episodes of what a cycle replays: fifty memories. Those that something leaves come first, all of them:
no more than forgetting chooses (`night_forgetting.LOOKED_AT_MAX`). Coarse ones as many at most."""

EPISODES_AT_ONCE = 16
MEMBERS_AT_ONCE = 256
"""Of one step: read with their vectors in two calls, while nobody else writes."""

MEMBERS_MAX = 512
"""Of an episode that is told anew; a longer one keeps its name."""


@dataclass(frozen=True, slots=True)
class News:
    """An episode that is told by others now."""

    episode: Episode
    after: Telling
    before: Telling
    fields: Mapping[str, str]


class Retellings:
    """Chooses which episodes a cycle tells anew. Changes nothing."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def choose(self, mind: str, replayed: Sequence[str], leaving: Sequence[str]) -> list[str]:
        """Of the episodes that memories leave, and of those of which some are replayed, the fine ones that
        have ended, and then the coarse ones that hold them. At most two calls."""
        fine = dict.fromkeys([*leaving, *list(dict.fromkeys(replayed))[:REPLAYED_MAX]])
        fine.pop("", None)
        found = await self._stores.episodes.get(mind, list(fine)) if fine else {}
        there = [found[i] for i in fine if i in found]
        parents = dict.fromkeys(each.parent_id for each in there if each.parent_id)
        coarse = await self._stores.episodes.get(mind, list(parents)) if parents else {}
        return [each.id for each in [*there, *coarse.values()] if _due(each)]


def _due(episode: Episode) -> bool:
    return episode.ended_at is not None and 0 < episode.memory_count <= MEMBERS_MAX


class TellingAnew:
    """Retell: label and gist come from the members as they are."""

    def __init__(self, stores: Stores, minds: Minds, journal: Journal) -> None:
        self._stores = stores
        self._minds = minds
        self._journal = journal

    async def step(self, report: SleepReport, planned: PlannedWork, *, epoch: int) -> Done:
        begin = int(report.cursor.offset or 0)
        async with self._minds.sleeping(report.mind, epoch=epoch):
            some = await self._next(report.mind, planned.episode_ids[begin : begin + EPISODES_AT_ONCE])
            fenced(some.values(), epoch)
            news = await self._news(report, [each for each in some.values() if _due(each)])
            entries = [Retold(episode_id=n.episode.id, before=n.before, after=n.after) for n in news]
            did = await self._journal.note(report.mind, report, [], retold=entries, epoch=epoch)
            patches = {n.episode.id: n.fields for n in news}
            await self._stores.episodes.patch(report.mind, patches, epoch=epoch)
        end = begin + max(1, len(some))
        return Done(did, str(end), more=end < len(planned.episode_ids))

    async def _next(self, mind: str, ids: Sequence[str]) -> dict[str, Episode]:
        """The first of these, as many as have no more members together than are read at once, or one; one
        that is gone counts as the others do."""
        found = await self._stores.episodes.get(mind, ids)
        some: dict[str, Episode] = {}
        members = 0
        for i in ids:
            each = found.get(i, Episode(id=i, mind=mind))
            members += each.memory_count
            if some and members > MEMBERS_AT_ONCE:
                break
            some[i] = each
        return some

    async def _news(self, report: SleepReport, episodes: Sequence[Episode]) -> list[News]:
        """Those of these that others tell of from now on."""
        fine = list(dict.fromkeys(i for each in episodes for i in parts_of(each)))
        members = await self._members(report.mind, fine) if fine else {}
        leaving = leaving_in(report)
        found = []
        for episode in episodes:
            own = [m for i in parts_of(episode) for m in members.get(i, [])]
            if (news := told_anew(episode, own, leaving)) is not None:
                found.append(news)
        return found

    async def _members(self, mind: str, episodes: Sequence[str]) -> dict[str, list[Member]]:
        """The awake memories of each of these fine episodes, in the order in which they came."""
        scope = Scope(episodes=tuple(episodes))
        ids = await self._stores.memories.select(mind, scope, limit=EPISODE_MEMBERS_MAX)
        traces: list[Trace] = []
        for page in pages(ids):
            traces += (await self._stores.memories.get_traces(mind, page)).values()
        members: dict[str, list[Member]] = {}
        for trace in sorted(traces, key=lambda each: each.memory.position):
            members.setdefault(trace.memory.episode_id, []).append(member_of(trace))
        return members


class TellingBack:
    """Has episodes told again by those who told of them before a cycle. The caller holds `Minds.writing`."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def restore(
        self, mind: str, chains: Mapping[str, Sequence[Retold]], *, epoch: int
    ) -> tuple[int, list[str]]:
        """As `Journal.restore`: how many are told as they were, and which were left: told otherwise since, or
        by a memory that was erased since."""
        if not chains:
            return 0, []
        found = await self._stores.episodes.get(mind, list(chains))
        fenced(found.values(), epoch)
        contents = await self._contents(mind, chains)
        patches: dict[str, Mapping[str, Any]] = {}
        left = []
        for i, chain in chains.items():
            fields = as_before(found[i], chain[0].before, chain[-1].after, contents) if i in found else None
            if fields is None:
                left.append(i)
            elif fields:
                patches[i] = fields
        await self._stores.episodes.patch(mind, patches, epoch=epoch)
        return len(chains) - len(left), left

    async def _contents(self, mind: str, chains: Mapping[str, Sequence[Retold]]) -> dict[str, str]:
        """What those say who tell of these episodes, awake or archived."""
        ends = [told for chain in chains.values() for told in (chain[0].before, chain[-1].after)]
        ids = {i for told in ends for i in named_in(told)}
        awake = await self._stores.memories.get(mind, sorted(ids))
        missing = sorted(ids - awake.keys())
        archived = await self._stores.archive.get(mind, missing) if missing else {}
        return {i: m.content for i, m in {**archived, **awake}.items()}


def as_before(
    episode: Episode, before: Telling, after: Telling, contents: Mapping[str, str]
) -> dict[str, str] | None:
    """What is to be set of an episode that it says what it did; None where it was told otherwise since, or
    cannot be told so any more."""
    fields: dict[str, str] = {}
    for name, said in (("label", label_said), ("gist", gist_said)):
        if getattr(before, name) is None:
            continue
        now, was, then = getattr(episode, name), said(after, contents), said(before, contents)
        if then is None or now not in (was, then):
            return None
        if now != then:
            fields[name] = then
    return fields


def told_anew(episode: Episode, members: Sequence[Member], leaving: Iterable[str]) -> News | None:
    """What tells of this episode from now on; None where that is what does so now."""
    gone = set(leaving)
    staying = [m for m in members if m.memory_id not in gone]
    before = telling(episode.label, episode.gist, members)
    after = told_by(staying, before)
    contents = {m.memory_id: m.content for m in staying}
    now = {"label": label_said(after, contents), "gist": gist_said(after, contents)}
    fields = {name: text for name, text in now.items() if text is not None and text != getattr(episode, name)}
    return News(episode, after, before, fields) if fields else None


def member_of(trace: Trace) -> Member:
    """A memory as one of its episode."""
    m = trace.memory
    return Member(
        m.id,
        m.content,
        as_kept(trace.context if trace.evidence is None else trace.evidence),
        worth(m.composite_salience, m.consolidation_strength),
        current=m.superseded_at is None,
    )


def parts_of(episode: Episode) -> list[str]:
    """The fine episodes whose members are those of this one."""
    return list(episode.child_ids) or [episode.id]


def named_in(told: Telling) -> list[str]:
    """The memories that tell."""
    return [*([told.label] if told.label else []), *(told.gist or [])]


def leaving_in(report: SleepReport) -> set[str]:
    """The memories that are to leave awake memory in this cycle."""
    works = report.plan.works if report.plan is not None else []
    return {i for each in works if each.work is SleepWork.FORGET for i in each.memory_ids}


def fenced(episodes: Iterable[Episode], epoch: int) -> None:
    """Raise `LeaseLostError` where a later holder of the lease has written any of these."""
    for each in episodes:
        if each.epoch > epoch:
            raise LeaseLostError(f"mind {each.mind!r} is under epoch {each.epoch}, ours is {epoch}")
