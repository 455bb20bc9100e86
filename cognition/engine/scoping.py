"""Which episodes a cue means: a coarse one stands for the fine ones that it holds.

A memory names its fine episode alone, and that one its coarse one. So the filter by episode is given the fine
ones, whatever the cue named. Reads only.
"""

from __future__ import annotations

import msgspec

from cognition.engine.mind import Mind
from cognition.ports.stores import Stores
from schemas.cue import Cue, EpisodeFilter
from schemas.episode import EpisodeScale
from schemas.identifiers import is_identifier


async def in_fine_episodes(cue: Cue, mind: Mind, stores: Stores) -> Cue:
    """The cue with the fine episodes of every coarse one that it names: no round trip where it names none by
    id, one where it does."""
    wanted = cue.episode
    if wanted is None:
        return cue
    if not wanted.ids:
        ids = held(mind) if wanted.scale is EpisodeScale.COARSE else []
        return _with_ids(cue, wanted, ids) if ids else cue
    opened = mind.coarse.id if mind.coarse is not None else ""
    asked = [i for i in wanted.ids if i != opened and is_identifier(i)]
    stored = await stores.episodes.get(mind.name, asked)
    ids = []
    for name in wanted.ids:
        if name == opened:
            ids += held(mind)
        elif name in stored and stored[name].scale is EpisodeScale.COARSE:
            ids += stored[name].child_ids
        else:
            ids.append(name)
    return _with_ids(cue, wanted, ids)


def held(mind: Mind) -> list[str]:
    """The fine episodes of the coarse one that is open."""
    if mind.coarse is None:
        return []
    now = [mind.episode.id] if mind.episode is not None else []
    return [*mind.coarse.child_ids, *now]


def _with_ids(cue: Cue, wanted: EpisodeFilter, ids: list[str]) -> Cue:
    return msgspec.structs.replace(cue, episode=msgspec.structs.replace(wanted, ids=ids))
