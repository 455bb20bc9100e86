"""The coarse episode that a mind is in: which fine ones it holds, and an account of them together.

A coarse boundary comes a few percepts late, at a fine one. So the account is kept of those fine episodes that
will stay, and of each of the last few by itself. No memory moves when they do. It must not know where
boundaries are, nor stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.engine.open_episode import OpenEpisode
from cognition.mechanisms.coarse import BACK_MAX
from cognition.mechanisms.episodes import EpisodeTally
from schemas.episode import Boundary, Episode, EpisodeScale

Dense = NDArray[np.float32]


@dataclass(slots=True)
class Child:
    """A fine episode that has ended; `entry` is its first percept's, `count` the percepts that it had."""

    id: str
    entry: str
    started_at: float
    ended_at: float
    count: int
    tally: EpisodeTally


class SavedChild(msgspec.Struct, array_like=True):
    id: str
    entry: str
    started_at: float
    ended_at: float
    count: int
    tally: dict[str, Any]


class SavedCoarse(msgspec.Struct):
    """`tally` is that of the settled children."""

    id: str
    started_at: float
    previous_id: str | None
    given_label: str
    tally: dict[str, Any]
    child_ids: list[str]
    recent: list[SavedChild] = []


@dataclass(slots=True)
class CoarseEpisode:
    """`child_ids` are the fine ones that have ended, in order; `settled` is the account of all of them but
    `recent`, the last ones, which may yet belong to the next coarse episode."""

    id: str
    started_at: float
    previous_id: str | None
    given_label: str
    child_ids: list[str] = field(default_factory=list)
    settled: EpisodeTally = field(default_factory=EpisodeTally)
    recent: list[Child] = field(default_factory=list)
    changed: bool = True
    """Whether what is stored of it is out of date."""

    def add(self, child: Child) -> None:
        """One more fine episode has ended. Those that began too long ago to be moved are settled."""
        self.child_ids.append(child.id)
        self.recent.append(child)
        self.changed = True
        while sum(each.count for each in self.recent) > BACK_MAX:
            self.settled.merge(self.recent.pop(0).tally)

    def give_up(self, entry: str) -> list[Child] | None:
        """The fine episodes from the one on that began with this entry belong to the next coarse one; None
        where none of those that could move began so."""
        at = next((n for n, child in enumerate(self.recent) if child.entry == entry), None)
        if at is None:
            return None
        moved = self.recent[at:]
        del self.recent[at:], self.child_ids[len(self.child_ids) - len(moved) :]
        self.changed = True
        return moved

    def tally(self, opened: OpenEpisode | None = None) -> EpisodeTally:
        """The account of all, the fine episode that is open among them."""
        whole = self.settled.copy()
        for child in self.recent:
            whole.merge(child.tally)
        if opened is not None:
            whole.merge(opened.tally)
        return whole

    def record(
        self, mind: str, opened: OpenEpisode | None = None, *, epoch: int
    ) -> tuple[Episode, Dense | None]:
        """What is stored of it while it is open, with its centroid: as it is at the end of the batch in which
        a fine one of it last began or ended. How many members that one has by then is the batch's affair."""
        tally = self.tally(opened)
        child_ids = [*self.child_ids, opened.id] if opened is not None else list(self.child_ids)
        episode = Episode(
            id=self.id,
            mind=mind,
            scale=EpisodeScale.COARSE,
            child_ids=child_ids,
            label=self.given_label or tally.label(),
            gist=tally.gist(),
            started_at=self.started_at,
            previous_id=self.previous_id,
            memory_count=tally.count,
            emotional_summary=tally.emotion(),
            epoch=epoch,
            rev=len(child_ids),
        )
        return episode, tally.centroid()

    def closed(
        self, mind: str, boundary: Boundary, next_id: str | None, *, epoch: int
    ) -> tuple[Episode, Dense | None]:
        """What is stored of it for good; every fine one has ended."""
        episode, centroid = self.record(mind, epoch=epoch)
        ended_at = max((c.ended_at for c in self.recent), default=self.started_at)
        if self.settled.count:
            ended_at = max(ended_at, self.settled.ended_at)
        return ended(episode, boundary, ended_at, next_id), centroid

    def saved(self) -> SavedCoarse:
        """All of it, for a checkpoint."""
        return SavedCoarse(
            id=self.id,
            started_at=self.started_at,
            previous_id=self.previous_id,
            given_label=self.given_label,
            tally=self.settled.snapshot(),
            child_ids=list(self.child_ids),
            recent=[
                SavedChild(c.id, c.entry, c.started_at, c.ended_at, c.count, c.tally.snapshot())
                for c in self.recent
            ],
        )

    @classmethod
    def restore(cls, saved: SavedCoarse) -> CoarseEpisode:
        """What `saved` wrote."""
        return cls(
            saved.id,
            saved.started_at,
            saved.previous_id,
            saved.given_label,
            list(saved.child_ids),
            EpisodeTally.restore(saved.tally),
            [
                Child(c.id, c.entry, c.started_at, c.ended_at, c.count, EpisodeTally.restore(c.tally))
                for c in saved.recent
            ],
        )


def ended(episode: Episode, boundary: Boundary, at: float, next_id: str | None) -> Episode:
    """An episode that this boundary ended."""
    return msgspec.structs.replace(
        episode,
        ended_at=at,
        boundary_type=boundary.type,
        boundary_trigger=boundary.trigger,
        boundary_strength=boundary.strength,
        boundary_scores=list(boundary.scores),
        boundary_parts=dict(boundary.parts),
        boundary_threshold=boundary.threshold,
        next_id=next_id,
        rev=episode.rev + 1,
    )


def begun(moved: Sequence[Child], opened: OpenEpisode | None) -> float:
    """When the first of these began."""
    if moved:
        return moved[0].started_at
    assert opened is not None, "a coarse episode begins with a fine one"
    return opened.started_at
