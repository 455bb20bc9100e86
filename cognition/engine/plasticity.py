"""Plasticity: what was used and what was shown in vain is folded into the memories it concerns.

The mind's one writer applies the events of `dream` in the order of their entries, a batch at a time:
one read and one conditional write per touched memory a batch. Each memory says through which entry it
has learned, the mind says it of itself; so an event that comes twice is folded in once, and a batch
that was cut off is completed. Nothing is acknowledged here.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import anyio.lowlevel
import msgspec

from cognition.engine.lessons import Lesson, of_coactivation, of_feedback
from cognition.engine.mind import Mind, entry_order, later
from cognition.engine.minds import Minds
from cognition.engine.shown import Shown
from cognition.engine.tongues import Tongues
from cognition.engine.usage import Usage
from cognition.errors import BadReportError, UnavailableError
from cognition.mechanisms import synapses
from cognition.mechanisms.plasticity import Learned
from cognition.mechanisms.retrievability import stability_after
from cognition.mechanisms.synapses import Key
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from cognition.ports.stores import Stores, Terms
from schemas.association import Association
from schemas.base import Message
from schemas.dream import COACTIVATED_MAX, CoActivation, Feedback
from schemas.events import UseFolded
from schemas.memory import Memory

T = TypeVar("T")

ATTEMPTS_MAX = 5
"""How often a memory is read anew that somebody else changed meanwhile; the lock of the one writer
leaves that to a holder who does not know yet that the lease is gone."""

TAUGHT_KEPT = 4_096
"""Lessons of which it is kept, for whoever waits, how many memories they taught: more than a batch."""

TOO_OLD = "so many later entries were folded in that it is not known any more whether this one was"

AT_ONCE = 256
"""Lessons that are applied, memories that are read or written, before anybody else gets a turn: cues are
answered while a batch is folded in, and wait for some hundredths of a second."""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of `dream`, decoded; `before` is how it was called until it was put last, if it was."""

    partition: int
    entry: str
    mind: str
    message: Message
    before: str = ""


@dataclass(slots=True)
class Changes:
    """What a fold did, in counts."""

    formed: int = 0
    potentiated: int = 0
    depressed: int = 0
    pruned: int = 0
    routed: int = 0
    missing: int = 0
    pairs: int = 0
    reported: int = 0


@dataclass(slots=True)
class Student:
    """One memory while lessons are applied to it. Lessons that it has learned already pass it by."""

    memory: Memory
    weights: Terms
    routing: bool = True
    learned: Learned = field(init=False)
    synapses: dict[Key, Association] = field(init=False)
    through: str = ""
    routed: bool = False
    connected: bool = False
    useful: int = 0
    accessed: float = field(init=False)
    stability_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.accessed, self.stability_s = self.memory.last_accessed, self.memory.stability_s
        self.learned = Learned.of(self.memory)
        self.synapses = {
            synapses.key(a): msgspec.structs.replace(a, repaired="") if a.repaired else a
            for a in self.memory.associations
        }

    def new(self, lesson: Lesson) -> bool:
        """Whether it has not learned this yet; from now on it has."""
        through = self.memory.plasticity_through
        if not later(lesson.entry, through) or (through and through == lesson.before):
            return False
        self.through = lesson.entry
        return True

    def use(self, lesson: Lesson, learned: float) -> None:
        """It served: recalled, and so the longer retrievable the nearer it was to being forgotten."""
        self.useful += 1
        self.stability_s = stability_after(
            self.stability_s,
            lesson.at - self.accessed,
            arousal=self.memory.arousal,
            strength=self.memory.consolidation_strength,
        )
        self.accessed = max(self.accessed, lesson.at)
        if self.routing:
            self.learned.use(lesson.terms, learned, lesson.at)
            self.routed = True

    def pass_over(self, lesson: Lesson) -> None:
        """It was shown in vain."""
        if self.routing:
            self.learned.pass_over(lesson.terms, lesson.at)
            self.routed = True

    def connect(self, target_id: str, evidence: float, at: float, changes: Changes) -> None:
        """It was used together with another."""
        key = synapses.learned_key(target_id)
        old = self.synapses.get(key)
        changes.formed += old is None
        changes.potentiated += old is not None
        self.synapses[key] = (
            synapses.formed(target_id, evidence, at)
            if old is None
            else synapses.potentiated(old, evidence, at)
        )
        self.connected = True

    def part(self, target_id: str, at: float, changes: Changes) -> None:
        """One of two served and the other did not."""
        key = synapses.learned_key(target_id)
        old = self.synapses.get(key)
        if old is not None:
            self.synapses[key] = synapses.depressed(old, at)
            self.connected = True
            changes.depressed += 1

    def patch(self, changes: Changes) -> dict[str, Any]:
        """The fields that are to be written."""
        fields: dict[str, Any] = {"plasticity_through": self.through}
        memory = self.memory
        if self.routed:
            fields |= {
                "routes": self.learned.routes(self.weights),
                "unused_count": self.learned.in_vain,
                "learned_at": self.learned.at,
            }
            changes.routed += 1
        if self.useful:
            fields |= {
                "useful_count": memory.useful_count + self.useful,
                "access_count": memory.access_count + self.useful,
                "last_accessed": self.accessed,
                "stability_s": self.stability_s,
            }
        if self.connected:
            grown = list(self.synapses.values())
            now = max(a.last_coactivated for a in grown)
            fields["associations"] = synapses.kept(grown, now)
            changes.pruned += len(grown) - len(fields["associations"])
        return fields


class Plasticity:
    """Folds events of `dream`. The caller holds `Minds.writing`."""

    def __init__(
        self,
        stores: Stores,
        minds: Minds,
        shown: Shown,
        clock: Clock,
        sink: Sink,
        *,
        tongues: Tongues,
        without: Collection[str] = (),
    ) -> None:
        self._taught: OrderedDict[tuple[str, str], tuple[int, int]] = OrderedDict()
        self._routing = "routes" not in without
        self._connecting = "co_activation" not in without
        self._stores = stores
        self._minds = minds
        self._shown = shown
        self._clock = clock
        self._sink = sink
        self._tongues = tongues

    async def passed_by(self, events: Iterable[Event]) -> list[Event]:
        """Those that were not folded in although later ones were: they were delivered late. Folding them
        in now would pass by what has learned from later ones; as new entries they teach everybody."""
        found = []
        for event in events:
            usage = (await self._minds.look(event.mind)).usage
            if not later(event.entry, usage.through) and usage.passed_by(event.entry):
                found.append(event)
        return found

    async def fold(self, events: Sequence[Event], epochs: Mapping[int, int]) -> dict[str, str]:
        """Fold a batch in; of what cannot be learned from, entry -> reason.

        When it returns, what follows in memories is written, and each mind knows in memory that it
        was: acknowledge after a checkpoint. After an error, fold the same events again.
        """
        by_mind: dict[str, list[Event]] = {}
        for event in events:
            by_mind.setdefault(event.mind, []).append(event)
        refused: dict[str, str] = {}
        for name, own in by_mind.items():
            mind = await self._minds.look(name)
            if mind.stopped or not mind.memories:
                reason = f"it is stopped: {mind.stopped}" if mind.stopped else "it has no memories"
                refused |= {e.entry: f"mind {name!r} cannot learn: {reason}" for e in own}
                continue
            mind = await self._minds.awake(name, epoch=epochs[own[0].partition])
            refused |= await self._fold(mind, sorted(own, key=lambda e: entry_order(e.entry)))
        return refused

    async def _fold(self, mind: Mind, events: Sequence[Event]) -> dict[str, str]:
        fresh = [event for event in events if later(event.entry, mind.usage.through)]
        again = [event.entry for event in events if not later(event.entry, mind.usage.through)]
        stale = {entry: TOO_OLD for entry in again if mind.usage.too_old(entry)}
        if not fresh:
            return stale
        began = self._clock.monotonic()
        usage = mind.usage.copy()
        lessons, refused = await self._lessons(fresh, usage)
        changes = await self._teach(mind, lessons)
        usage.through = fresh[-1].entry
        names = {event.entry: event.before for event in fresh if event.entry not in refused}
        usage.take_in(name for name in (*names, *names.values()) if name)
        mind.usage = usage
        if lessons:
            taught = changes.routed + changes.formed + changes.potentiated
            mind.sleep.use(taught, max(lesson.at for lesson in lessons))
        self._note(mind.name, lessons)
        self._sink.publish(
            UseFolded(
                at=self._clock.now(),
                mind=mind.name,
                events=len(lessons),
                refused=len(refused),
                formed=changes.formed,
                potentiated=changes.potentiated,
                depressed=changes.depressed,
                pruned=changes.pruned,
                routed=changes.routed,
                missing=changes.missing,
                pairs=changes.pairs,
                reported=changes.reported,
                took_s=self._clock.monotonic() - began,
            )
        )
        return refused | stale

    def taught(self, mind: str, entry: str) -> tuple[int, int] | None:
        """How many memories this entry taught that they served, and that they were shown in vain; None
        where it was folded in too long ago, or by another process."""
        return self._taught.get((mind, entry))

    def _note(self, mind: str, lessons: Iterable[Lesson]) -> None:
        for lesson in lessons:
            self._taught[mind, lesson.entry] = (len(lesson.used), len(lesson.vain))
        while len(self._taught) > TAUGHT_KEPT:
            self._taught.popitem(last=False)

    async def _lessons(self, events: Sequence[Event], usage: Usage) -> tuple[list[Lesson], dict[str, str]]:
        lessons: list[Lesson] = []
        refused: dict[str, str] = {}
        for event in events:
            message = event.message
            if isinstance(message, CoActivation):
                lessons.append(of_coactivation(message, event.entry))
            elif isinstance(message, Feedback):
                try:
                    analyzer = self._tongues.of(message.mind)
                    lesson = await of_feedback(message, event.entry, self._shown, usage, analyzer)
                    lessons.append(lesson)
                except BadReportError as error:
                    refused[event.entry] = str(error)
            else:
                refused[event.entry] = f"this daemon does not fold {type(message).__name__} in yet"
        before = {event.entry: event.before for event in events if event.before}
        if before:
            lessons = [replace(each, before=before.get(each.entry, "")) for each in lessons]
        return lessons, refused

    async def _teach(self, mind: Mind, lessons: Sequence[Lesson]) -> Changes:
        """Apply the lessons, in order, to every memory that they touch, and write those once each."""
        left = list(dict.fromkeys(i for lesson in lessons for i in lesson.memory_ids))
        routes = any(lesson.terms for lesson in lessons)
        there: set[str] | None = None
        told = Changes()
        for _ in range(ATTEMPTS_MAX):
            students = await self._read(mind.name, left, routes=routes)
            there = set(students) if there is None else there
            changes = Changes()
            for part in pages(lessons):
                apply(part, students, there, changes, connecting=self._connecting)
                await anyio.lowlevel.checkpoint()
            left = await self._write(mind, [s for s in students.values() if s.through], changes)
            told = changes if told == Changes() else told
            if not left:
                return told
        raise UnavailableError(f"memory {left[0]} of mind {mind.name!r} changes faster than it can learn")

    async def _read(self, mind: str, memory_ids: Sequence[str], *, routes: bool) -> dict[str, Student]:
        """Those that there are, with their term weights where routes are to be learned."""
        students: dict[str, Student] = {}
        for page in pages(memory_ids):
            if routes:
                spoken = await self._stores.memories.get_spoken(mind, page)
                students |= {i: Student(m, weights, self._routing) for i, (m, weights) in spoken.items()}
            else:
                found = await self._stores.memories.get(mind, page)
                students |= {i: Student(m, {}, self._routing) for i, m in found.items()}
        return students

    async def _write(self, mind: Mind, students: Sequence[Student], changes: Changes) -> list[str]:
        """Write what they have learned; those that somebody else changed meanwhile."""
        epoch = self._minds.epoch_of(mind.name)
        left: list[str] = []
        for page in pages(students):
            patches = {s.memory.id: (s.memory.rev, s.patch(changes)) for s in page}
            sure = {s.memory.id for s in page if s.memory.epoch == epoch}
            written = await self._stores.memories.amend(mind.name, patches, epoch=epoch, sure=sure)
            self._minds.facts.drop(mind.name, patches)
            left += [i for i in patches if i not in written]
        return left


def pages(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Consecutive parts of a bounded size."""
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]


def apply(
    lessons: Iterable[Lesson],
    students: Mapping[str, Student],
    there: Collection[str],
    changes: Changes,
    *,
    connecting: bool,
) -> None:
    """Apply lessons to those students that have not learned them yet. `there` : memories that exist;
    `connecting` : whether what was used together is associated."""
    for lesson in lessons:
        ids = lesson.memory_ids
        changes.missing += sum(i not in there for i in ids)
        changes.pairs += math.comb(sum(i in there for i in lesson.together), 2)
        changes.reported += sum(i in there for i in ids) if lesson.terms else 0
        learning = {i: s for i in ids if (s := students.get(i)) is not None and s.new(lesson)}
        for i, learned in lesson.used.items():
            if i in learning:
                learning[i].use(lesson, learned)
        for i in lesson.vain:
            if i in learning:
                learning[i].pass_over(lesson)
        if connecting:
            _connect(lesson, learning, there, changes)


def _connect(
    lesson: Lesson, learning: Mapping[str, Student], there: Collection[str], changes: Changes
) -> None:
    """Both directions of every pair: each memory holds its own end."""
    together = [i for i in lesson.together if i in there]
    for one in together:
        if one in learning:
            for other in together:
                if other != one:
                    learning[one].connect(other, lesson.evidence, lesson.at, changes)
    for served in list(lesson.used)[:COACTIVATED_MAX]:
        for idle in lesson.vain:
            for one, other in ((served, idle), (idle, served)):
                if one in learning:
                    learning[one].part(other, lesson.at, changes)
