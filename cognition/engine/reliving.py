"""Reliving: what the stream of a mind has taught its segmenter, learned anew from the memories that it has.

After some were erased nothing of them may stay in sums over all; and a map of another model is worth
nothing. Sums cannot be undone exactly: how surely a boundary lay before each percept was judged by maps that
the erased took part in. So the stream is gone through again as it came, from what is left. Reads the store,
writes nothing; must not know who asks for it, nor when what it finds is taken over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import anyio

from cognition.engine.mind import Mind, Relived, entry_order, later
from cognition.mechanisms.causes import LENGTH
from cognition.mechanisms.prediction import COARSE_REACH, PredictionError, Scale
from cognition.mechanisms.profiles import Profile
from cognition.mechanisms.slow_map import SlowSums, worth
from cognition.mechanisms.thread import goes_on
from cognition.mechanisms.vectors import Dense, as_kept
from cognition.ports.stores import Stores
from schemas.episode import Episode

RELIVED_MAX = 8_192
"""Memories, the last ones, from which a mind learns anew: some 3 s of one core, beside the stream, and as
much as moves its map when all of its sums are halved at 32,768."""

OF_A_MOMENT = 512
"""Memories more than that are looked at: those of one batch were encoded in one moment, in any order."""

ON_THE_SPOT_MAX = 128
"""Percepts that are gone through without a worker thread: 5 ms, and no map is solved from so few."""

PAGE = 256
"""Memories, or episodes, in one round trip."""

EMPTY_MAX = 64
"""Episodes without a memory that is left, in a row, across which a stretch is followed."""


class Lived(NamedTuple):
    """One percept again: its memory, its vector, and whether it continues the one before at either scale."""

    name: str
    vector: Dense
    fine: bool
    coarse: bool


class Step(NamedTuple):
    """One memory in the order in which it came."""

    order: tuple[int, int]
    memory_id: str
    episode_id: str


def token(mind: Mind) -> tuple[str, int]:
    """What changes where something was perceived or erased since."""
    return mind.through, mind.erasures


async def relive(
    mind: Mind, stores: Stores, models: Sequence[str], *, began: tuple[str, int], learn: bool
) -> Relived:
    """Go through the last memories of this mind again, as far as it has taken them in, those of these
    embedding `models` alone. `began` : its token at a time when nothing was being erased."""
    profile = mind.segmenter.profile
    lived = await _Past(mind, stores, models).lived()
    if len(lived) <= ON_THE_SPOT_MAX:
        sums, error, coarse = _again(lived, profile, mind.model, learn)
    else:
        sums, error, coarse = await anyio.to_thread.run_sync(_again, lived, profile, mind.model, learn)
    return Relived(began, sums, error, coarse)


def _again(
    lived: Sequence[Lived], profile: Profile, model: str, learn: bool
) -> tuple[bytes, PredictionError, Scale]:
    error = PredictionError(ahead=profile.late > 0, cue=profile.cue, running=profile.running)
    coarse, sums = Scale(COARSE_REACH, cue=False, running=profile.running), SlowSums()
    learned = False
    vectors = {each.name: each.vector for each in lived}
    for each in lived:
        if error.notebook.overdue:
            lesson = error.notebook.lesson(vectors)
            if learn and lesson is not None:
                sums.take(lesson)
                if worth(sums, error.map):
                    error.adopt(sums.solve())
                sums.round()  # as between two lessons they are written down
                learned = True
            error.notebook.turn()
        error.likeness.take(each.vector)
        if not each.fine:
            error.end(behind=1)
        if not each.coarse:
            coarse.end(error.likeness, behind=1)
        error.enter(each.name)
        coarse.next(error.likeness)
    return sums.to_bytes(model) if learned else b"", error, coarse


class _Past:
    """Reads what a mind has lived through."""

    def __init__(self, mind: Mind, stores: Stores, models: Sequence[str]) -> None:
        self._mind = mind
        self._stores = stores
        self._models = models
        self._episodes: dict[str, Episode | None] = {}

    async def lived(self) -> list[Lived]:
        """The last percepts in order."""
        steps = (await self._steps())[-RELIVED_MAX:]
        found: list[Lived] = []
        last = ""
        for start in range(0, len(steps), PAGE):
            page = steps[start : start + PAGE]
            traces = await self._stores.memories.get_traces(self._mind.name, [s.memory_id for s in page])
            await self._read([step.episode_id for step in page])
            for step in page:
                trace = traces.get(step.memory_id)
                if trace is None or trace.memory.embedding_model not in self._models:
                    continue
                bare = as_kept(trace.context if trace.evidence is None else trace.evidence)
                fine, coarse = await self._continues(last, step.episode_id)
                found.append(Lived(step.memory_id, bare, fine, coarse))
                last = step.episode_id
        return found

    async def _steps(self) -> list[Step]:
        newest = await self._stores.replay.newest(self._mind.name, limit=RELIVED_MAX + OF_A_MOMENT)
        return sorted(
            Step(entry_order(came.entry), came.memory_id, came.episode_id)
            for came in newest
            if came.entry and not later(came.entry, self._mind.through)
        )

    async def _continues(self, last: str, episode: str) -> tuple[bool, bool]:
        """Whether only changes of meaning lie between these fine episodes, and between their coarse ones."""
        if not last:
            return False, False
        if last == episode:
            return True, True
        before, now = await self._episode(last), await self._episode(episode)
        fine = await self._follows(last, episode)
        if before is None or now is None or before.parent_id is None:
            return fine, fine
        if before.parent_id == now.parent_id:
            return fine, True
        ended = await self._episode(before.parent_id)
        by_score = ended is not None and (ended.boundary_threshold > 0.0 or LENGTH in ended.boundary_parts)
        return fine, by_score

    async def _follows(self, last: str, episode: str) -> bool:
        """Whether the fine episode comes after the other one by changes of meaning alone."""
        for _ in range(EMPTY_MAX):
            now = await self._episode(episode)
            earlier = await self._episode(now.previous_id) if now is not None and now.previous_id else None
            if earlier is None or not goes_on(earlier.boundary_type):
                return False
            if earlier.id == last:
                return True
            episode = earlier.id
        return False

    async def _episode(self, episode: str) -> Episode | None:
        opened = self._mind.episode
        if opened is not None and opened.id == episode:
            return opened.as_it_is(self._mind.name, epoch=0)
        if episode not in self._episodes:
            await self._read([episode])
        return self._episodes[episode]

    async def _read(self, episodes: Sequence[str]) -> None:
        new = [i for i in dict.fromkeys(episodes) if i not in self._episodes]
        if new:
            found: Mapping[str, Episode] = await self._stores.episodes.get(self._mind.name, new)
            self._episodes.update({i: found.get(i) for i in new})
