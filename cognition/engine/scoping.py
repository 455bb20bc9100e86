"""Which episodes a cue means: a coarse one stands for the fine ones that it holds.

A memory names its fine episode alone, and that one its coarse one. So the filter by episode is given the fine
ones, whatever the cue named. Reads only.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from cognition.engine.finding import Trips
from cognition.engine.mind import Mind
from cognition.ports.stores import EpisodeStore
from schemas.cue import Cue, EpisodeFilter
from schemas.episode import EpisodeScale
from schemas.identifiers import is_identifier

FINE_MAX = 1_024
"""Episodes that are known to be fine, of all minds: a cue that names these alone asks nothing."""


class Scoping:
    """Resolves the episodes that cues name."""

    def __init__(self, episodes: EpisodeStore) -> None:
        self._episodes = episodes
        self._fine: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def in_fine_episodes(self, cue: Cue, mind: Mind, trips: Trips) -> Cue:
        """The cue with the fine episodes of every coarse one that it names: one of the `trips` where it names
        by id what is not known to be fine, none elsewhere."""
        wanted = cue.episode
        if wanted is None:
            return cue
        if not wanted.ids:
            ids = held(mind) if wanted.scale is EpisodeScale.COARSE else []
            return _with_ids(cue, wanted, ids) if ids else cue
        opened = mind.coarse.id if mind.coarse is not None else ""
        children = await self._children(mind, [i for i in wanted.ids if i != opened], trips)
        children[opened] = held(mind)
        return _with_ids(cue, wanted, [i for name in wanted.ids for i in children.get(name, (name,))])

    async def _children(self, mind: Mind, names: list[str], trips: Trips) -> dict[str, list[str]]:
        """The fine episodes of those of these that are coarse. What is fine stays so; what a coarse one holds
        may change."""
        current = mind.episode.id if mind.episode is not None else ""
        unknown = [i for i in names if i != current and (mind.name, i) not in self._fine and is_identifier(i)]
        if not unknown:
            return {}
        trips.take()
        stored = await self._episodes.get(mind.name, unknown)
        for name, episode in stored.items():
            if episode.scale is EpisodeScale.FINE:
                self._fine[mind.name, name] = None
        while len(self._fine) > FINE_MAX:
            self._fine.popitem(last=False)
        return {i: each.child_ids for i, each in stored.items() if each.scale is EpisodeScale.COARSE}


def held(mind: Mind) -> list[str]:
    """The fine episodes of the coarse one that is open."""
    if mind.coarse is None:
        return []
    now = [mind.episode.id] if mind.episode is not None else []
    return [*mind.coarse.child_ids, *now]


def _with_ids(cue: Cue, wanted: EpisodeFilter, ids: list[str]) -> Cue:
    return msgspec.structs.replace(cue, episode=msgspec.structs.replace(wanted, ids=ids))
