"""What a cycle is about, decided before it begins and written down: which memories, in which order, and why.

Reads through indexes alone, so that a plan costs the same for a thousand memories and a million. What it
decides depends on the mind, the time and the name of the cycle. Must not know how anything is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cognition.engine.association import left
from cognition.engine.mind import Mind
from cognition.engine.night_forgetting import Choosing
from cognition.engine.night_rare_terms import FIRST_ID, LOOKED_AT_ONCE
from cognition.engine.night_retelling import Retellings
from cognition.engine.sleep_options import EXTRA, SleepOptions
from cognition.mechanisms.night_order import SHARE, Placed, Stage, interleaved, quota, staged, sweeps
from cognition.mechanisms.pressure import pressure
from cognition.mechanisms.replay_priority import (
    FAMILIAR_MAX,
    NOVEL_MAX,
    SPLITS_MAX,
    Candidate,
    Read,
    Slice,
    familiar_from,
    recency,
    select,
    slices,
    split,
)
from cognition.ports.stores import Keyed, Stores
from schemas.sleep import PlannedWork, SleepPlan, SleepReport, SleepStage, SleepWork

SEEDS_AT_ONCE = 64
"""Memories of one cycle around which is looked for what recurs, beside those that are replayed anew: one
search each."""

WAKING_SHARE = 0.2
"""Of a cycle's time, and of its calls to the store, what is done once at its end may take so much, the stages
share the rest (a choice)."""


class Planner:
    """Makes plans. Changes nothing."""

    def __init__(
        self, stores: Stores, choosing: Choosing, retellings: Retellings, options: SleepOptions
    ) -> None:
        self._stores = stores
        self._choosing = choosing
        self._retellings = retellings
        self._options = options

    async def plan(self, mind: Mind, report: SleepReport) -> SleepPlan:
        """What this cycle is to do. `report` says when it began, and what it is called."""
        now = report.started_at
        novel = await self._novel(mind.name, report)
        familiar = await self._familiar(mind.name, report)
        works = [*self._replays(novel, familiar), await self._rare_terms(mind)]
        works += [*await self._meaning(mind, novel), *self._rest(mind)]
        forgetting, left_behind = await self._forgetting(mind, now)
        works += await self._retelling(mind, [*novel, *familiar], left_behind)
        works += [await self._homeostasis(mind), forgetting]
        reasons = [
            f"{mind.sleep.encoded} memories since the last night, {mind.sleep.tagged} of them tagged",
            f"{len(novel)} new memories by replay priority, {len(familiar)} familiar ones at random",
            f"{left(mind)} memories whose associations are still to be formed",
        ]
        if novel:
            first = novel[0].key + recency(novel[0].encoded_at, now)
            reasons.append(f"the most urgent has a priority of {first:.2f}")
        if extra := [name for name in EXTRA if not self._options.does(name)]:
            reasons.append(f"{', '.join(extra)} not, since no setting asks for it (sleep.also)")
        return SleepPlan(
            mind=mind.name,
            works=[w for w in [*works, self._identity(), self._index()] if self._options.does(w.work)],
            reasons=reasons,
            pressure=max(pressure(mind.sleep.waking(now)), mind.sleep.left),
            budget_s=self._options.cycle_s,
        )

    def _budget_s(self, stage: Stage) -> float:
        """What a stage may take of the cycle's time."""
        return SHARE[stage] * (1.0 - WAKING_SHARE) * self._options.cycle_s

    async def _novel(self, mind: str, report: SleepReport) -> list[Keyed]:
        """The new memories of highest priority that this night has not replayed yet: exactly those that a
        sort of all would give, from one ordered read of each slice of time."""
        wanted, _ = quota(self._options.batch)
        limit, now = wanted + (report.nth - 1) * wanted, report.started_at
        read: list[Read] = []
        known: dict[str, Keyed] = {}
        due: Sequence[Slice] = slices(now)
        for _ in range(1 + SPLITS_MAX):
            read += [Read(each, await self._slice(mind, each, limit, report, known)) for each in due]
            selection = select(read, wanted, wanted, now)
            if not selection.doubtful:
                break
            worst = selection.doubtful[0]
            read = [each for each in read if each is not worst]
            due = split(worst, now)
        return [known[candidate.memory_id] for candidate in selection.chosen]

    async def _slice(
        self, mind: str, each: Slice, limit: int, report: SleepReport, known: dict[str, Keyed]
    ) -> list[Candidate]:
        found = await self._stores.replay.novel(
            mind, below=NOVEL_MAX, after=each.after, until=each.until, limit=limit
        )
        fresh = [k for k in found if not _of_night(k, report)]
        known.update((k.memory_id, k) for k in fresh)
        return [Candidate(k.memory_id, k.key, k.encoded_at) for k in fresh]

    async def _familiar(self, mind: str, report: SleepReport) -> list[Keyed]:
        """Familiar memories, a sample that the name of the night and the cycle decide."""
        _, wanted = quota(self._options.batch)
        start = familiar_from(f"{mind}/{report.night}", report.nth)
        drawn = await self._stores.replay.sample(
            mind, start=start, limit=wanted, strength=(NOVEL_MAX, FAMILIAR_MAX)
        )
        return [k for k in drawn if not _of_night(k, report)]

    def _replays(self, novel: Sequence[Keyed], familiar: Sequence[Keyed]) -> Iterator[PlannedWork]:
        """The batch in turns, shared out among the stages; in each, episode after episode in its order."""
        for stage, part in staged(interleaved(novel, familiar)).items():
            if part:
                yield PlannedWork(
                    work=SleepWork.REPLAY,
                    stage=SleepStage(stage.value),
                    memory_ids=forward(part),
                    budget_s=self._budget_s(stage),
                    why="new ones by priority, familiar ones at random, in turns",
                )

    def _identity(self) -> PlannedWork:
        """The self, after all that has been replayed."""
        return PlannedWork(
            work=SleepWork.IDENTITY,
            stage=SleepStage.WAKING,
            budget_s=WAKING_SHARE * self._options.cycle_s,
            why="the self moves a little towards what was consolidated",
        )

    def _index(self) -> PlannedWork:
        """The index, last of all: of what is left after the night."""
        return PlannedWork(
            work=SleepWork.INDEX,
            stage=SleepStage.WAKING,
            budget_s=WAKING_SHARE * self._options.cycle_s,
            why="if the index is behind",
        )

    async def _forgetting(self, mind: Mind, now: float) -> tuple[PlannedWork, list[str]]:
        """What is to leave awake memory, of the page that is looked at now, before the index is; and of which
        episodes."""
        if not self._options.does(SleepWork.FORGET):
            return PlannedWork(work=SleepWork.FORGET, stage=SleepStage.WAKING), []
        chosen = await self._choosing.choose(mind, now)
        work = PlannedWork(
            work=SleepWork.FORGET,
            stage=SleepStage.WAKING,
            memory_ids=chosen.memory_ids,
            budget_s=WAKING_SHARE * self._options.cycle_s,
            why=chosen.why,
            onward=chosen.onward or "",
        )
        return work, chosen.episode_ids

    async def _retelling(
        self, mind: Mind, replayed: Sequence[Keyed], leaving: Sequence[str]
    ) -> list[PlannedWork]:
        """The episodes of what is replayed or is to leave; none where those have not ended."""
        if not self._options.does(SleepWork.RETELL):
            return []
        episodes = await self._retellings.choose(mind.name, [k.episode_id for k in replayed], leaving)
        if not episodes:
            return []
        why = "they are named by the memories that are left of them, as those are now"
        budget_s = self._budget_s(Stage.DREAMING)
        return [
            PlannedWork(
                work=SleepWork.RETELL,
                stage=SleepStage.DREAMING,
                episode_ids=episodes,
                budget_s=budget_s,
                why=why,
            )
        ]

    async def _rare_terms(self, mind: Mind) -> PlannedWork:
        """The next memories in the order of their ids, and from the first again."""
        start = mind.sleep.shared_to or FIRST_ID
        page = await self._stores.replay.sample(mind.name, start=start, limit=LOOKED_AT_ONCE)
        return PlannedWork(
            work=SleepWork.RARE_TERMS,
            stage=SleepStage.DREAMING,
            memory_ids=[k.memory_id for k in page],
            budget_s=self._budget_s(Stage.DREAMING),
            why="which others have the words that hardly any has",
            onward=page[-1].memory_id if page else "",
        )

    async def _meaning(self, mind: Mind, novel: Sequence[Keyed]) -> list[PlannedWork]:
        """What states a fact since the last night, what is replayed anew, and beside them the next memories
        in the order of their ids, and from the first again."""
        start = mind.sleep.abstracted_to or FIRST_ID
        page = await self._stores.replay.sample(mind.name, start=start, limit=SEEDS_AT_ONCE)
        seeds = [k.memory_id for k in page]
        budget_s = self._budget_s(Stage.DREAMING)
        return [
            PlannedWork(
                work=SleepWork.SUPERSEDE,
                stage=SleepStage.DREAMING,
                memory_ids=list(dict.fromkeys([*mind.sleep.stating, *seeds])),
                budget_s=budget_s,
                why="what states a fact, beside the latest of its subject",
            ),
            PlannedWork(
                work=SleepWork.ABSTRACT,
                stage=SleepStage.DREAMING,
                memory_ids=list(dict.fromkeys([*(k.memory_id for k in novel), *seeds])),
                budget_s=budget_s,
                why="what comes up in several episodes, around these",
                onward=seeds[-1] if seeds else "",
            ),
        ]

    async def _homeostasis(self, mind: Mind) -> PlannedWork:
        """All of it alike; of the next memories in the order of their ids what has faded is pruned."""
        start = mind.sleep.pruned_to or FIRST_ID
        page = await self._stores.replay.sample(mind.name, start=start, limit=LOOKED_AT_ONCE)
        return PlannedWork(
            work=SleepWork.HOMEOSTASIS,
            stage=SleepStage.WAKING,
            memory_ids=[k.memory_id for k in page],
            budget_s=WAKING_SHARE * self._options.cycle_s,
            why="what was learned is scaled down, all of it alike; what has faded is pruned",
            onward=page[-1].memory_id if page else "",
        )

    def _rest(self, mind: Mind) -> Iterator[PlannedWork]:
        if left(mind):
            yield PlannedWork(
                work=SleepWork.ASSOCIATE,
                stage=SleepStage.DREAMING,
                budget_s=self._budget_s(Stage.DREAMING),
                why=f"{left(mind)} memories are not linked; what moved most first",
            )


def forward(part: Sequence[Keyed]) -> list[str]:
    """Ids of these, episode after episode, each in its order: a sweep that comes back is not named twice."""
    placed = [Placed(k.memory_id, k.episode_id, k.position) for k in part]
    return list(dict.fromkeys(i for sweep in sweeps(placed) for i in sweep))


def _of_night(keyed: Keyed, report: SleepReport) -> bool:
    """Whether an earlier cycle of the same night has replayed it."""
    return keyed.slept_through.partition(":")[0] == report.night
