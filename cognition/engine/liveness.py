"""Liveness: what each mechanism did in this store, so that a dead one is seen.

Counts over all minds, no names of any; a fixed set of rows, carried from one process to the next. It
listens to the events that the engine publishes anyway, and is told of recalls. It must not wait, and
nothing depends on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from cognition.engine.weighing import MECHANISMS, WORKING_MEMORY
from cognition.mechanisms import turns
from cognition.ports.sink import Sink
from schemas.association import AssociationType
from schemas.episode import BoundaryType
from schemas.events import (
    AnyEvent,
    AssociationsFormed,
    EpisodeClosed,
    MemoriesSurfaced,
    PerceptsEncoded,
    SleepEnded,
    UseFolded,
)
from schemas.mechanism import Lives, MechanismLife
from schemas.sleep import SleepStatus

TOP = 10
"""A mechanism did something for a recall if without it the first ten would be others: the default limit."""

FIRST_LOOKED_AT = 64
LOOKS_MAX = 16
"""Recalls that wait to be looked at, each with its candidates; where nobody catches up one of these pays."""

LOOKED_AT_EVERY = 16
"""Of the recalls of a process, the first 64 are looked at and then every 16th: some .2 ms each."""

CONTEXT = "context"
"""Not a switch but the sum of those at encoding: a recall that brought back a memory by words that it
does not hold itself."""

AT_ENCODING = (*sorted(turns.MECHANISMS), AssociationType.TEMPORAL.value, AssociationType.EMOTIONAL.value)
"""What a memory may take in, or be bound to, as it is encoded."""

RECALLS, MEMORIES, EPISODES = "recalls", "memories", "episodes"
ASSOCIATIONS, ROUTES, CYCLES = "associations", "routes", "cycles"
AT_NIGHT = "sleep."
"""Begins the rows of what a cycle does, as `sleep.without` names it."""

UNITS: Mapping[str, str] = {
    **dict.fromkeys(sorted(MECHANISMS - {WORKING_MEMORY}), RECALLS),
    CONTEXT: RECALLS,
    **dict.fromkeys(AT_ENCODING, MEMORIES),
    "echo": MEMORIES,
    "prediction_error": EPISODES,
    "given by callers": ASSOCIATIONS,
    "formed by mention": ASSOCIATIONS,
    "formed by use": ASSOCIATIONS,
    "potentiated": ASSOCIATIONS,
    "depressed": ASSOCIATIONS,
    "pruned": ASSOCIATIONS,
    "routes learned": ROUTES,
    "sleep": CYCLES,
    "sleep.replay": MEMORIES,
    "sleep.co_replay": ASSOCIATIONS,
    "sleep.associate": ASSOCIATIONS,
    "sleep.retell": EPISODES,
    "sleep.rare_terms": ASSOCIATIONS,
    "sleep.supersede": MEMORIES,
    "sleep.abstract": MEMORIES,
    "sleep.homeostasis": "cycles and faded associations",
    "sleep.forget": MEMORIES,
    "sleep.identity": "moves and milestones",
    "sleep.index": "collections",
    "surfaced": MEMORIES,
}
"""Every row there is, in the order in which it is told, with what it counts. Working memory has none: it
adds what the search may not see yet, and what it added is not known afterwards."""

CHANCES: Mapping[str, str] = {
    "formed by mention": "memories looked at",
    "formed by use": "pairs that served together",
    "routes learned": "memories reported on",
}
"""What a row is held against where that is not what it counts; rows of what a cycle does, against cycles."""

FORMED_BY: Mapping[str, tuple[str, ...]] = {
    "mention": ("formed by mention",),
    "routes": ("routes learned",),
    "co_activation": ("formed by use", "potentiated", "depressed", "pruned"),
}
"""The rows of what is formed and learned after encoding, by the name that switches it off in a mind."""


@dataclass(slots=True)
class Count:
    """How often something was done, out of how often, and when last."""

    did: int = 0
    of: int = 0
    last_at: float | None = None

    def add(self, did: int, of: int, at: float) -> None:
        self.did += did
        self.of += of
        if did:
            self.last_at = at if self.last_at is None else max(at, self.last_at)


class Liveness:
    """The counts of one store. `since` is when they began."""

    def __init__(self, since: float, *, off: Collection[str] = ()) -> None:
        self.since = since
        self._off = frozenset(off)
        self._counts = {name: Count() for name in UNITS}
        self._recalls = 0
        self._looks: deque[Callable[[], None]] = deque()
        self.changes = 0
        """Grows with every change: who keeps the counts sees whether there is something to keep."""

    def due(self) -> bool:
        """Whether this recall is looked at; call it once for each."""
        self._recalls += 1
        return self._recalls <= FIRST_LOOKED_AT or self._recalls % LOOKED_AT_EVERY == 0

    def later(self, look: Callable[[], None]) -> None:
        """Look at a recall once nobody waits for its answer: with `catch_up`, or before counts are told."""
        if len(self._looks) >= LOOKS_MAX:
            self.catch_up()
        self._looks.append(look)

    def catch_up(self) -> None:
        """Look at the recalls that wait for it."""
        while self._looks:
            self._looks.popleft()()

    def recalled(self, acted: Collection[str], off: Collection[str], at: float) -> None:
        """A recall was looked at: without any of `acted` its first ten would be others; `off` could not
        act: they were switched off, or the cue says nothing that they look at."""
        for name in (CONTEXT, *MECHANISMS):
            if name not in off:
                self._add(name, int(name in acted), 1, at)

    def publish(self, event: AnyEvent) -> None:
        """Count what an event tells."""
        if isinstance(event, PerceptsEncoded):
            for name in AT_ENCODING:
                self._add(name, event.context.get(name, 0), event.encoded, event.at)
            self._add("echo", event.strengthened, event.encoded + event.strengthened, event.at)
            self._add("given by callers", event.related, 0, event.at)
        elif isinstance(event, AssociationsFormed):
            self._add("formed by mention", event.formed, event.looked, event.at)
        elif isinstance(event, UseFolded):
            for name in ("potentiated", "depressed", "pruned"):
                self._add(name, getattr(event, name), 0, event.at)
            self._add("formed by use", event.formed, event.pairs, event.at)
            self._add("routes learned", event.routed, event.reported, event.at)
        elif isinstance(event, EpisodeClosed):
            cut = event.boundary_type == BoundaryType.PREDICTION_ERROR
            self._add("prediction_error", int(cut), 1, event.at)
        elif isinstance(event, SleepEnded):
            self._slept(event)
        elif isinstance(event, MemoriesSurfaced):
            self._add("surfaced", event.count, 0, event.at)

    def _slept(self, event: SleepEnded) -> None:
        """A cycle that stands counts with what it did, one that was taken back as none."""
        stands = event.status in (SleepStatus.COMPLETED, SleepStatus.INTERRUPTED)
        if event.status != SleepStatus.UNDONE:
            self._add("sleep", int(stands), 1, event.at)
        for name in (n.removeprefix(AT_NIGHT) for n in UNITS if n.startswith(AT_NIGHT)) if stands else ():
            self._add(AT_NIGHT + name, event.did.get(name, 0), 1, event.at)

    def _add(self, name: str, did: int, of: int, at: float) -> None:
        count = self._counts.get(name)
        if count is not None and (did or of):
            count.add(did, of, at)
            self.changes += 1

    def lives(self) -> list[MechanismLife]:
        """Every row, in order."""
        self.catch_up()
        return [
            MechanismLife(
                name=name,
                on=name not in self._off,
                did=count.did,
                of=count.of,
                unit=UNITS[name],
                chances=CYCLES if name.startswith(AT_NIGHT) else CHANCES.get(name, ""),
                last_at=count.last_at,
            )
            for name, count in self._counts.items()
        ]

    def kept(self) -> Lives:
        """What is written down."""
        return Lives(since=self.since, lives=self.lives())

    def carry_on(self, kept: Lives) -> None:
        """Go on from what an earlier process wrote down; rows that are not known any more are dropped."""
        self.since = min(self.since, kept.since)
        for life in kept.lives:
            if (count := self._counts.get(life.name)) is not None:
                count.did += life.did
                count.of += life.of
                count.last_at = max((t for t in (count.last_at, life.last_at) if t is not None), default=None)


class Watched:
    """A sink that lets the liveness hear everything that goes to another."""

    def __init__(self, sink: Sink, liveness: Liveness) -> None:
        self._sink = sink
        self._liveness = liveness

    def publish(self, event: AnyEvent) -> None:
        """Count it, and pass it on."""
        self._liveness.publish(event)
        self._sink.publish(event)
