"""Revising where an episode ended: the last memories of one move to the next that begins with them, and the
last fine episodes of a coarse one to the next.

A boundary of meaning is known a few percepts late. What moves is at most the members that an open episode
keeps by name; all of it is worked out in memory, and written in one batch with the rest. It must not
know stores.

A move is fenced by the lease's epoch and by no `rev`. It sets `episode_id` and `position`, which nobody else
sets, and reads nothing first: what is learned of a memory between two batches is in other fields, and stays.
Of its own kind there is one writer, who moves under `Minds.writing`; where the lease was lost in between, the
next holder folds the same percepts and puts them in the same places. What is read before it is written, the
bonds to the episode that was left, does compare the `rev` (`ledger.unbind`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cognition.engine.coarse_episode import begun
from cognition.engine.mind import Mind, later
from cognition.engine.open_episode import Dense, Member
from cognition.mechanisms.observation import Cut
from schemas.episode import Episode
from schemas.identifiers import coarse_episode_id, episode_id


class Place(NamedTuple):
    """Where a memory belongs now."""

    episode_id: str
    position: int


@dataclass(slots=True)
class Promoted:
    """What a coarse boundary changed: the coarse episode that ended with its centroid, and the id of the one
    that is open now with the fine ones that moved to it."""

    closed: tuple[Episode, Dense | None]
    opened: str
    children: Sequence[str]


@dataclass(slots=True)
class Revised:
    """What a late boundary changed: the episode that ended with its centroid, the id of the one that is open
    now, and which memories moved to it, in order."""

    closed: tuple[Episode, Dense | None]
    opened: str
    places: dict[str, Place] = field(default_factory=dict)
    members: Sequence[Member] = ()
    lapsed: tuple[Episode, Dense | None] | None = None
    """The coarse episode that ended with it, where there are none any more."""


def members_from(mind: Mind, entry: str) -> list[Member]:
    """The members of the open episode that came with this entry or after it."""
    assert mind.episode is not None
    return [m for m in mind.episode.members if not later(entry, m.entry)]


def revise(mind: Mind, cut: Cut, *, epoch: int) -> Revised | None:
    """Put a boundary before the cut's percept; None where nothing is left to move, or the open episode
    begins there already."""
    episode = mind.episode
    assert episode is not None
    moved = members_from(mind, cut.entry)
    if not moved or len(moved) == episode.tally.count:
        return None
    errors = episode.give_up(moved)
    opened = episode_id(mind.name, moved[0].entry)
    revised = Revised(episode.closed(mind.name, cut.boundary, opened, epoch=epoch), opened)
    mind.ended(episode)
    if mind.coarse is not None and mind.lapses:
        revised.lapsed = mind.coarse.closed(mind.name, cut.boundary, None, epoch=epoch)
        mind.coarse = None
    mind.open_episode(moved[0].entry, moved[0].at, cut.label)
    assert mind.episode is not None
    for each, error in zip(moved, errors, strict=True):
        revised.places[each.memory_id] = Place(opened, mind.episode.count)
        mind.episode.take(each, error)
    revised.members = moved
    mind.working.at_boundary(revised.places)
    return revised


def promote(mind: Mind, cut: Cut, *, epoch: int) -> Promoted | None:
    """Let a coarse episode begin with the fine one that began with the cut's percept; None where no fine one
    did, or the coarse one begins there already."""
    coarse, episode = mind.coarse, mind.episode
    assert coarse is not None
    moved = coarse.give_up(cut.entry)
    if moved is None:
        if episode is None or episode.entry != cut.entry:
            return None
        moved = []
    if not coarse.child_ids:
        for child in moved:
            coarse.add(child)
        return None
    opened = coarse_episode_id(mind.name, cut.entry)
    closed = coarse.closed(mind.name, cut.boundary, opened, epoch=epoch)
    begins = mind.open_coarse(cut.entry, begun(moved, episode))
    for child in moved:
        begins.add(child)
    if episode is not None:
        episode.parent_id = begins.id
    return Promoted(closed, begins.id, [child.id for child in moved])
