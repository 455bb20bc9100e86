"""Telling episodes anew from what is left of them, when some of their memories are to be erased.

Label, gist, feeling and centroid of a fine episode, and of the coarse one that holds it, come from their
members: so they are derived again without the doomed. What was given as a label, and what is said of an end,
goes too: it may come from what is erased. It must not know why memories are erased.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from cognition.engine.coarse_episode import CoarseEpisode
from cognition.engine.mind import Mind
from cognition.engine.surroundings import Surroundings
from cognition.mechanisms.episodes import EpisodeTally
from cognition.mechanisms.vectors import as_kept
from cognition.ports.stores import Stores
from schemas.episode import Episode


class Retelling:
    """Tells the episodes of one mind anew."""

    def __init__(self, stores: Stores, surroundings: Surroundings) -> None:
        self._stores = stores
        self._surroundings = surroundings

    async def without(
        self, mind: Mind, doomed: Collection[str], episodes: Mapping[str, bool], *, epoch: int
    ) -> None:
        """Tell these fine episodes without the doomed; of each, whether its first memory is one of them: then
        what is said of the end before it goes too."""
        coarse: dict[str, None] = {}
        for episode, opened in episodes.items():
            told = await self._fine(mind, episode, doomed, epoch=epoch)
            if told is None:
                continue
            if told.parent_id is not None:
                coarse[told.parent_id] = None
            if opened and told.previous_id:
                await self._end_of(mind, told, epoch=epoch)
        for parent in coarse:
            await self._coarse(mind, parent, doomed, episodes, epoch=epoch)

    async def _end_of(self, mind: Mind, told: Episode, *, epoch: int) -> None:
        """Say no more why what was before this episode ended, at either scale."""
        assert told.previous_id is not None
        silent = {"boundary_trigger": ""}
        patches = {told.previous_id: silent}
        if told.parent_id is not None:
            coarse = await self._coarse_named(mind, told.parent_id)
            if coarse is not None and coarse[0][:1] == [told.id] and coarse[1] is not None:
                patches[coarse[1]] = silent
        await self._stores.episodes.patch(mind.name, patches, epoch=epoch)

    async def _coarse_named(self, mind: Mind, episode: str) -> tuple[Sequence[str], str | None] | None:
        """The fine episodes that a coarse one holds, and the one before it."""
        if mind.coarse is not None and mind.coarse.id == episode:
            now = [mind.episode.id] if mind.episode is not None else []
            return [*mind.coarse.child_ids, *now], mind.coarse.previous_id
        stored = (await self._stores.episodes.get(mind.name, [episode])).get(episode)
        return None if stored is None else (stored.child_ids, stored.previous_id)

    async def _fine(self, mind: Mind, episode: str, doomed: Collection[str], *, epoch: int) -> Episode | None:
        """One fine episode; as it is now."""
        if mind.episode is not None and mind.episode.id == episode:
            unsettled = [member.memory_id for member in mind.episode.members]
            settled = await self._tally(mind, episode, {*doomed, *unsettled})
            mind.episode.retell(settled, doomed)
            return mind.episode.as_it_is(mind.name, epoch=epoch)
        stored = (await self._stores.episodes.get(mind.name, [episode])).get(episode)
        if stored is None:
            return None
        tally = await self._tally(mind, episode, doomed)
        told = msgspec.structs.replace(_told(stored, tally), prediction_errors=[], arousals=[])
        await self._stores.episodes.save([(told, tally.centroid())], epoch=epoch)
        return told

    async def _coarse(
        self, mind: Mind, episode: str, doomed: Collection[str], fine: Collection[str], *, epoch: int
    ) -> None:
        """One coarse episode."""
        if mind.coarse is not None and mind.coarse.id == episode:
            await self._open_coarse(mind, mind.coarse, doomed, fine)
            return
        stored = (await self._stores.episodes.get(mind.name, [episode])).get(episode)
        if stored is None:
            return
        tally = await self._merged(mind, stored.child_ids, doomed)
        await self._stores.episodes.save([(_told(stored, tally), tally.centroid())], epoch=epoch)

    async def _open_coarse(
        self, mind: Mind, coarse: CoarseEpisode, doomed: Collection[str], fine: Collection[str]
    ) -> None:
        settled = coarse.child_ids[: len(coarse.child_ids) - len(coarse.recent)]
        if not set(settled).isdisjoint(fine):
            coarse.settled = await self._merged(mind, settled, doomed)
        for child in coarse.recent:
            if child.id in fine:
                child.tally = await self._tally(mind, child.id, doomed)
        coarse.given_label, coarse.changed = "", True

    async def _merged(self, mind: Mind, episodes: Sequence[str], doomed: Collection[str]) -> EpisodeTally:
        whole = EpisodeTally()
        for episode in episodes:
            whole.merge(await self._tally(mind, episode, doomed))
        return whole

    async def _tally(self, mind: Mind, episode: str, doomed: Collection[str]) -> EpisodeTally:
        """The account of an episode's members without the doomed ones, in the order in which they came."""
        tally = EpisodeTally()
        for trace in await self._surroundings.members(mind.name, episode):
            m = trace.memory
            if m.id not in doomed:
                bare = as_kept(trace.context if trace.evidence is None else trace.evidence)
                tally.add(bare, m.valence, m.arousal, m.content, m.composite_salience, m.occurred_at)
        return tally


def _told(episode: Episode, tally: EpisodeTally) -> Episode:
    return msgspec.structs.replace(
        episode,
        memory_count=tally.count,
        emotional_summary=tally.emotion(),
        label=tally.label(),
        gist=tally.gist(),
        boundary_trigger="",
    )
