"""The episode that a mind is in: its account so far, and its last members, which may yet belong to the next.

A boundary of meaning may come a few percepts late. So the account of an open episode is kept twice: of
what is settled, and of all; and who came last is kept by name. It must not know where boundaries are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.mechanisms.course import Course
from cognition.mechanisms.episodes import PREVIEW_LENGTH_MAX, EpisodeTally
from schemas.episode import Boundary, Episode

Dense = NDArray[np.float32]

UNSETTLED_MAX = 5
"""Last members that may yet move: a boundary comes at most four percepts late, and one to spare."""


@dataclass(frozen=True, slots=True)
class Member:
    """One of the last memories of an open episode; `vector` (768,) is the bare one."""

    memory_id: str
    entry: str
    at: float
    vector: Dense
    valence: float
    arousal: float
    content: str
    salience: float


class SavedMember(msgspec.Struct, array_like=True):
    memory_id: str
    entry: str
    at: float
    vector: bytes
    valence: float
    arousal: float
    content: str
    salience: float


class SavedEpisode(msgspec.Struct):
    """`tally` is that of the settled members."""

    id: str
    started_at: float
    last_at: float
    previous_id: str | None
    given_label: str
    tally: dict[str, Any]
    count: int
    members: list[SavedMember] = []
    course: bytes = b""
    entry: str = ""
    parent_id: str | None = None


@dataclass(slots=True)
class OpenEpisode:
    """`count` : members that it had, erased ones too; the next one's position. `tally` : of all of them,
    `settled` : of all but `members`, the last ones. `course` : how it went, member by member."""

    id: str
    started_at: float
    last_at: float
    previous_id: str | None
    given_label: str
    count: int = 0
    settled: EpisodeTally = field(default_factory=EpisodeTally)
    tally: EpisodeTally = field(default_factory=EpisodeTally)
    members: list[Member] = field(default_factory=list)
    course: Course = field(default_factory=Course)
    entry: str = ""
    """Of the stream, with which it began."""
    parent_id: str | None = None
    """The coarse episode that holds it."""

    def take(self, member: Member, error: float | None = None) -> None:
        """One more member, and how unexpected it was, if that is known yet."""
        self.course.note(member.arousal, error)
        _count(self.tally, member)
        self.members.append(member)
        if len(self.members) > UNSETTLED_MAX:
            _count(self.settled, self.members.pop(0))
        self.count += 1
        self.last_at = max(self.last_at, member.at)

    def judge(self, judged: Sequence[tuple[str, float]]) -> None:
        """How unexpected its members were, by entry; those of other episodes are passed over."""
        for entry, error in judged:
            back = next((n for n, m in enumerate(reversed(self.members)) if m.entry == entry), None)
            if back is not None:
                self.course.judge(back, error)

    def give_up(self, members: Sequence[Member]) -> list[float | None]:
        """These, its last ones, belong to the next episode; how unexpected each was."""
        stay = self.members[: len(self.members) - len(members)]
        self.count -= len(members)
        self._account(self.settled, stay)
        self.last_at = max(self.started_at, self.tally.ended_at) if self.tally.count else self.started_at
        return self.course.give_up(len(members))

    def retell(self, settled: EpisodeTally, doomed: Collection[str]) -> None:
        """Some members were erased: this is the account of the settled ones that are left."""
        self.given_label = ""
        self.course.clear()
        self._account(settled, [m for m in self.members if m.memory_id not in doomed])

    def _account(self, settled: EpisodeTally, members: list[Member]) -> None:
        self.settled = settled
        self.members = members
        self.tally = settled.copy()
        for member in members:
            _count(self.tally, member)

    def as_it_is(self, mind: str, *, epoch: int) -> Episode:
        """What can be said of it while it is open."""
        return Episode(
            id=self.id,
            mind=mind,
            parent_id=self.parent_id,
            label=self.given_label or self.tally.label(),
            started_at=self.started_at,
            prediction_errors=self.course.errors(self.count),
            arousals=self.course.arousals(self.count),
            previous_id=self.previous_id,
            memory_count=self.tally.count,
            emotional_summary=self.tally.emotion(),
            epoch=epoch,
            rev=self.count,
        )

    def record(self, mind: str, *, epoch: int) -> tuple[Episode, Dense | None]:
        """What is stored of it while it is open, with its centroid; an episode whose memories
        were all erased has none."""
        return self.as_it_is(mind, epoch=epoch), self.tally.centroid()

    def closed(
        self, mind: str, boundary: Boundary, next_id: str | None, *, epoch: int
    ) -> tuple[Episode, Dense | None]:
        """What is stored of it for good."""
        episode, centroid = self.record(mind, epoch=epoch)
        return msgspec.structs.replace(
            episode,
            ended_at=self.last_at,
            boundary_type=boundary.type,
            boundary_trigger=boundary.trigger,
            boundary_strength=boundary.strength,
            boundary_scores=list(boundary.scores),
            boundary_parts=dict(boundary.parts),
            boundary_threshold=boundary.threshold,
            next_id=next_id,
            gist=self.tally.gist(),
            rev=self.count + 1,
        ), centroid

    def saved(self) -> SavedEpisode:
        """All of it, for a checkpoint."""
        return SavedEpisode(
            id=self.id,
            started_at=self.started_at,
            last_at=self.last_at,
            previous_id=self.previous_id,
            given_label=self.given_label,
            tally=self.settled.snapshot(),
            count=self.count,
            course=self.course.snapshot(),
            entry=self.entry,
            parent_id=self.parent_id,
            members=[
                SavedMember(
                    m.memory_id, m.entry, m.at, m.vector.astype("<f4").tobytes(),
                    m.valence, m.arousal, m.content, m.salience,
                )
                for m in self.members
            ],
        )  # fmt: skip

    @classmethod
    def restore(cls, saved: SavedEpisode) -> OpenEpisode:
        """What `saved` wrote."""
        episode = cls(
            saved.id, saved.started_at, saved.last_at, saved.previous_id, saved.given_label, saved.count
        )
        members = [
            Member(
                m.memory_id, m.entry, m.at, np.frombuffer(m.vector, "<f4").astype(np.float32),
                m.valence, m.arousal, m.content, m.salience,
            )
            for m in saved.members
        ]  # fmt: skip
        episode._account(EpisodeTally.restore(saved.tally), members)
        episode.course = Course.restore(saved.course)
        episode.entry, episode.parent_id = saved.entry, saved.parent_id
        return episode


def member(memory_id: str, entry: str, at: float, vector: Dense, *, valence: float, arousal: float,
           content: str, salience: float) -> Member:  # fmt: skip
    """A member, with as much of its content as an account keeps."""
    return Member(memory_id, entry, at, vector, valence, arousal, content[:PREVIEW_LENGTH_MAX], salience)


def _count(tally: EpisodeTally, m: Member) -> None:
    tally.add(m.vector, m.valence, m.arousal, m.content, m.salience, m.at)
