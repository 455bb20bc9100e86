"""What the engine asks of storage, in the words of memory.

Every write is safe to repeat. A read that fails raises; it is never answered as absence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.abstraction import Abstraction
from schemas.association import Association, Route
from schemas.cue import CueFilter
from schemas.episode import Episode, EpisodeScale
from schemas.identity import Identity
from schemas.memory import Memory, Tombstone
from schemas.quantization import Kept, Quantization, QuantizationKind
from schemas.sleep import SleepReport, UndoPage

Dense = NDArray[np.float32]
Scores = NDArray[np.float32]
Terms = Mapping[int, float]
"""Term id (u32) -> weight; all weights > 0."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A memory with its vectors, as it is written.

    `context` (768,) is the vector that recall searches, `evidence` (768,) the bare one of
    the content alone (None where they are the same, else kept in half precision); `lexical` and
    `subject` hold term weights.
    """

    memory: Memory
    context: Dense
    lexical: Terms
    subject: Terms = field(default_factory=dict)
    evidence: Dense | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """What the neighbours of a written memory changed of its vectors; None stays as it is."""

    mind: str
    memory_id: str
    lexical: Terms | None = None
    context: Dense | None = None
    evidence: Dense | None = None
    subject: Terms | None = None


Epoch = int | Mapping[str, int]
"""The epoch of the lease under which something is written; by mind, where they lie in several partitions."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which memories of a mind may answer: resolved from a cue's filters.

    `episodes` keeps to these; `filter` is the cue's own filter.
    """

    filter: CueFilter = field(default_factory=CueFilter)
    episodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What ranking reads of a memory before it is fetched whole. What was learned of it (associations
    that spread, routes, how often it was shown in vain, as of `learned_at`; since when another says
    otherwise) is changed by the mind's one writer alone; the rest never changes."""

    episode_id: str = ""
    actor: str = ""
    occurred_at: float = 0.0
    associations: tuple[Association, ...] = ()
    subject: str = ""
    valence: float = 0.0
    arousal: float = 0.5
    context: Mapping[str, str] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    unused: float = 0.0
    learned_at: float = 0.0
    superseded_at: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What answers a cue, in any order: ids, exact cosine (n,) and weighted sum of shared terms (n,),
    and the facts of those of which they were read. `ahead` gives those of some memories that were read
    meanwhile, where the store did so."""

    ids: list[str]
    dense: Scores
    lexical: Scores
    facts: Mapping[str, Facts] = field(default_factory=dict)
    ahead: Callable[[Sequence[str]], Awaitable[dict[str, Memory]]] | None = None


@dataclass(frozen=True, slots=True)
class Likely:
    """Which memories are likely to answer: the `limit` of highest dense x cosine + lexical x sum of
    shared terms. A store may read them while what was found is weighed."""

    limit: int
    dense: float
    lexical: float


@dataclass(frozen=True, slots=True)
class Probe:
    """One question to the memories: both vectors and where to look. `naming`: so many are also looked
    for by what they are about."""

    vector: Dense
    terms: Terms
    scope: Scope
    naming: int = 0


class MemoryStore(Protocol):
    """The `memories` of all minds; every method names the mind it is for."""

    async def get(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Memory]:
        """Those that exist and belong to this mind."""
        ...

    async def find(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Memory]:
        """Those of the (mind, memory id) pairs that exist, of any minds, in one round trip;
        what belongs to another mind than its pair says is left out."""
        ...

    async def get_traces(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Trace]:
        """The same with their vectors."""
        ...

    async def get_bare(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Dense]:
        """Their vectors (768,) in themselves, without what context brought: all of a memory that whoever
        compares meanings needs."""
        ...

    async def insert(self, traces: Sequence[Trace], *, epoch: Epoch) -> None:
        """Write new memories, of any minds, in one round trip. What exists from this or a
        newer epoch stays as it is."""
        ...

    async def patch(self, mind: str, patches: Mapping[str, Mapping[str, Any]], *, epoch: int) -> None:
        """Set fields of existing memories (field names of `Memory`), fenced by `epoch`."""
        ...

    async def amend(
        self,
        mind: str,
        changes: Mapping[str, tuple[int, Mapping[str, Any]]],
        *,
        epoch: int,
        sure: Collection[str] = (),
    ) -> set[str]:
        """Compare and set: id -> (the `rev` that was read, fields), fenced by `epoch`. Each is written,
        with the next `rev`, only where the stored one is still that. Which of them were, read
        back; one that was not is changed or gone: read it again. One write each.

        What was read under this very `epoch`, by who alone writes under it, is `sure`: only a later
        holder can have changed it, and it is not read back.
        """
        ...

    async def get_spoken(self, mind: str, memory_ids: Sequence[str]) -> dict[str, tuple[Memory, Terms]]:
        """Those that exist and belong to this mind, with their lexical weights."""
        ...

    async def revise(self, revisions: Sequence[Revision], *, epoch: int) -> None:
        """Replace vectors of existing memories, of any minds, in two round trips, fenced by `epoch`
        and stamped with it."""
        ...

    async def erase(self, mind: str, memory_ids: Sequence[str], *, epoch: int | None = None) -> None:
        """Delete for good; with an epoch what was written under that or an older one. Where it is not kept
        elsewhere, the caller has written tombstones first."""
        ...

    async def probe(
        self,
        mind: str,
        probes: Sequence[Probe],
        *,
        limit: int,
        also: Sequence[str] = (),
        with_facts: bool = True,
        likely: Likely | None = None,
    ) -> Found:
        """The union of the `limit` best by dense and the `limit` best by lexical score in the scope of
        each probe, and those of `also` that are this mind's; with exact scores. The probes ask the
        same question in different places. One round trip where the engine can, with `likely` too. Without
        facts a filter by mood keeps to the square around its disc: whoever has them draws the circle."""
        ...

    async def score(self, mind: str, probe: Probe, memory_ids: Sequence[str]) -> Found:
        """Those of these memories that are in the probe's scope, with exact scores and facts. One
        round trip where the engine can."""
        ...

    async def facts(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Facts]:
        """What ranking reads of these memories."""
        ...

    async def select(self, mind: str, scope: Scope, *, limit: int) -> list[str]:
        """Ids of the memories in scope, at most `limit`, in id order."""
        ...

    async def walk(self, mind: str, offset: str | None, *, limit: int) -> tuple[list[Memory], str | None]:
        """A page of all memories of a mind, in id order; the second value is the next offset."""
        ...

    async def count(self, mind: str, scope: Scope | None = None) -> int:
        """How many memories there are, in scope where one is given."""
        ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """What associations are formed from: what a memory says, who said it, what it is about, and the
    associations that it holds, as of `rev`, written last under `epoch`."""

    content: str = ""
    actor: str = ""
    subject: str = ""
    associations: tuple[Association, ...] = ()
    rev: int = 0
    epoch: int = 0


class AssociationStore(Protocol):
    """The association arrays of all minds' memories, and what is needed to form them."""

    async def read(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Spoken]:
        """Those that exist and belong to this mind."""
        ...

    async def page(
        self, mind: str, offset: str | None, *, limit: int
    ) -> tuple[dict[str, Spoken], str | None]:
        """The next memories of a mind in the order of their ids; the second value is the next offset."""
        ...

    async def about(self, mind: str, texts: Sequence[Terms], *, limit: int) -> list[list[str]]:
        """For each text the memories whose subject shares most of its terms, by summed weight, best
        first. One round trip."""
        ...

    async def saying(self, mind: str, texts: Sequence[Terms], *, limit: int) -> list[dict[str, Spoken]]:
        """For each text the memories whose content shares most of its terms, by summed weight times
        how strongly they speak of each. One round trip."""
        ...

    async def write(
        self, mind: str, arrays: Mapping[str, tuple[int, Sequence[Association]]], *, epoch: int
    ) -> set[str]:
        """Compare and set, as `MemoryStore.amend`: replace the arrays of existing memories, id -> (the
        `rev` that was read, array), fenced by `epoch`. Which of them were, read back: what another
        holder of the lease has changed since is not. One round trip for each `rev`, one to read back.
        """
        ...


class TombstoneStore(Protocol):
    """What was erased and may not return."""

    async def bury(self, tombstones: Sequence[Tombstone]) -> None: ...

    async def among(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Tombstone]:
        """Those of the (mind, memory id) pairs that were erased, in one round trip."""
        ...


class EpisodeStore(Protocol):
    async def get(self, mind: str, episode_ids: Sequence[str]) -> dict[str, Episode]: ...

    async def save(self, episodes: Sequence[tuple[Episode, Dense | None]], *, epoch: Epoch) -> None:
        """Write whole episodes with their centroids, fenced by `epoch`. None where no member
        is left: what was stored of the centroid goes too."""
        ...

    async def patch(self, mind: str, patches: Mapping[str, Mapping[str, Any]], *, epoch: int) -> None:
        """Set fields of existing episodes, fenced by `epoch`."""
        ...

    async def latest(
        self, mind: str, *, limit: int, scale: EpisodeScale = EpisodeScale.FINE
    ) -> list[Episode]:
        """Those of this scale, newest first by start."""
        ...

    async def count(self, mind: str, scale: EpisodeScale = EpisodeScale.FINE) -> int: ...


class IdentityStore(Protocol):
    async def get(self, mind: str) -> Identity | None:
        """The identity, or None when the read found none. None is *not yet* proof of absence:
        confirm it with `create`."""
        ...

    async def create(self, identity: Identity, concept: Dense) -> Identity:
        """Insert-only, then read back: the identity that is stored now, ours or an earlier one."""
        ...

    async def concept(self, mind: str) -> Dense | None:
        """The vector of the self, None where there is no identity."""
        ...

    async def turn(self, mind: str, concept: Dense, *, epoch: int) -> None:
        """Replace the vector of the self, fenced by `epoch`."""
        ...

    async def minds(self, offset: str | None, *, limit: int) -> tuple[list[str], str | None]:
        """The names of the next minds that have an identity, for the daemon's own upkeep; the second value
        is the next offset."""
        ...

    async def swap(self, identity: Identity, *, expected_rev: int) -> bool:
        """Replace the fields if the stored rev is `expected_rev`; False when it was not."""
        ...


class CheckpointStore(Protocol):
    """Opaque states, each written whole, named by (mind, slot)."""

    async def load(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes]: ...

    async def save(self, states: Mapping[tuple[str, str], bytes], *, epoch: int) -> None:
        """Fenced by `epoch`: an older epoch changes nothing, nor does an earlier save of the same one that
        is applied late. One round trip."""
        ...


class Archive(Protocol):
    """The `unconscious`: whole memories that left awake memory."""

    async def deposit(self, traces: Sequence[Trace], *, reason: str, at: float, epoch: Epoch) -> None:
        """Write these whole, in one round trip. What lies there from a newer epoch stays as it is."""
        ...

    async def get(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Memory]: ...

    async def get_traces(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Trace]:
        """The same with their vectors."""
        ...

    async def walk(
        self, mind: str, offset: str | None, *, limit: int
    ) -> tuple[list[tuple[Memory, str]], str | None]:
        """A page of all of it, as `MemoryStore.walk`, with why each was archived."""
        ...

    async def within(self, mind: str, episode_id: str, *, but: str, limit: int) -> list[str]:
        """Ids of those of an episode that were archived for another reason than `but`, at most `limit`."""
        ...

    async def find(self, wanted: Sequence[tuple[str, str]]) -> dict[str, tuple[Memory, str]]:
        """Those of the (mind, memory id) pairs that exist, as `MemoryStore.find`, with why they were
        archived."""
        ...

    async def revise(self, revisions: Sequence[Revision], *, epoch: int) -> None:
        """Replace vectors, as `MemoryStore.revise`."""
        ...

    async def patch(self, mind: str, patches: Mapping[str, Mapping[str, Any]], *, epoch: int) -> None:
        """Set fields, as `MemoryStore.patch`."""
        ...

    async def erase(self, mind: str, memory_ids: Sequence[str], *, epoch: int | None = None) -> None:
        """Delete for good; with an epoch what was written under that or an older one."""
        ...

    async def probe(self, mind: str, probe: Probe, *, limit: int) -> Found:
        """What of the archive answers a cue, as `MemoryStore.probe`."""
        ...


class AbstractionStore(Protocol):
    """What recurs in the episodes of all minds. Nothing else in the store leads there."""

    async def get(self, mind: str, ids: Sequence[str]) -> dict[str, Abstraction]: ...

    async def naming(self, mind: str, memory_ids: Sequence[str], *, limit: int) -> list[Abstraction]:
        """Those that have any of these memories among their sources or their conflicts. One call."""
        ...

    async def page(
        self, mind: str, offset: str | None, *, limit: int
    ) -> tuple[list[Abstraction], str | None]:
        """The next ones in the order of their ids; the second value is the next offset."""
        ...

    async def save(self, abstraction: Abstraction, centroid: Dense, terms: Terms, *, epoch: int) -> None:
        """Write it whole, fenced by `epoch`."""
        ...

    async def erase(self, mind: str, ids: Sequence[str]) -> None:
        """Delete for good."""
        ...

    async def probe(self, mind: str, probe: Probe, *, limit: int) -> Found:
        """What answers a cue, as `MemoryStore.probe`, without facts."""
        ...

    async def count(self, mind: str) -> int: ...


@dataclass(frozen=True, slots=True)
class Keyed:
    """A memory as a night meets it: its replay key, when it was encoded, where it stands in which episode,
    and the last step of a night that changed it. Nothing of what it says."""

    memory_id: str
    key: float
    encoded_at: float
    episode_id: str = ""
    position: int = 0
    slept_through: str = ""


class Came(NamedTuple):
    """With which entry a memory came, and to which fine episode it belongs."""

    memory_id: str
    entry: str
    episode_id: str


class ReplayStore(Protocol):
    """Which memories of a mind a night is about, or come to mind again in order: always by an index, never by
    looking at all of them."""

    async def newest(self, mind: str, *, limit: int) -> list[Came]:
        """The memories that were encoded last, the newest first; those of one moment in any order. In pages,
        so that other reads have their turn between them."""
        ...

    async def novel(
        self, mind: str, *, below: float, after: float | None, until: float | None, limit: int
    ) -> list[Keyed]:
        """Of those encoded after `after` and until `until` (None is open), with a consolidation strength
        below `below`, the first by their replay key. One call."""
        ...

    async def sample(
        self, mind: str, *, start: str, limit: int, strength: tuple[float, float] | None = None
    ) -> list[Keyed]:
        """The next `limit` memories in the order of their ids, from the id `start` on and then from the
        beginning: where `start` is drawn at random, a sample. `strength` keeps to consolidation strengths
        from the first and below the second. At most two calls."""
        ...

    async def permanent(self, mind: str, *, strength: float) -> tuple[int, int]:
        """How many memories are consolidated to that strength, and how many are milestones. Two calls."""
        ...

    async def moving(self, mind: str, *, limit: int) -> list[str]:
        """Ids of those that moved most, the first by emotional intensity. One call."""
        ...

    async def latest_about(self, mind: str, subject: str, *, limit: int) -> list[Memory]:
        """The memories of exactly this subject, the latest first by when they happened. One call."""
        ...

    async def superseded_by(self, mind: str, memory_ids: Sequence[str], *, limit: int) -> list[str]:
        """Ids of memories that any of these supersedes. One call."""
        ...


class CycleStore(Protocol):
    """Cycles of sleep, and what was there before each of their steps."""

    async def get(self, mind: str, cycle_id: str) -> SleepReport | None: ...

    async def save(self, report: SleepReport, *, epoch: int) -> None:
        """Write it whole, fenced by `epoch`: an older epoch changes nothing."""
        ...

    async def latest(self, mind: str, *, limit: int, below: int | None = None) -> list[SleepReport]:
        """Newest first by number; only those whose number is less than `below`, if given."""
        ...

    async def unfinished(self, *, limit: int) -> list[tuple[str, str]]:
        """(mind, cycle id) of what is to be taken up again, whoever's it is."""
        ...

    async def keep(self, page: UndoPage, *, epoch: int) -> None:
        """Write what a step is about to change, fenced by `epoch`. The last page of a step stands."""
        ...

    async def pages(self, mind: str, cycle_id: str, steps: Sequence[int]) -> dict[int, UndoPage]:
        """What these steps were about to change, as far as it is kept."""
        ...

    async def drop(self, mind: str, cycle_id: str, steps: Sequence[int]) -> None:
        """Keep it no longer: that cycle cannot be undone any more."""
        ...


class Fidelity(NamedTuple):
    """How many of the ten nearest memories are found by vectors kept in this way, as a share of those that
    their originals find in the same index, the least that it should be, and how many `neighbours` those
    found."""

    kind: QuantizationKind
    recall: float
    floor: float
    neighbours: int


class QuantizingStore(Protocol):
    """How the vectors that are searched are kept."""

    async def shown(self) -> list[Kept]:
        """Each collection that has such vectors."""
        ...

    async def change(self, wanted: Quantization, collections: Sequence[str]) -> None:
        """Have them kept so from the next building of indexes on; without names in the collections that grow
        large. Raises `StoreRefusedError` for a name that is none, and where the settings say otherwise."""
        ...

    async def fidelity(self, mind: str, asked: Sequence[Dense]) -> Fidelity | None:
        """Ask these of a mind's memories, as always, by the originals and exactly; None where nothing is
        compressed, or nothing is asked. A call each, which looks at every memory of the mind."""
        ...

    async def sample(self, mind: str, offset: str | None, *, limit: int) -> tuple[Dense, str | None]:
        """The next vectors (n, 768) of a mind's memories, in the order of ids; the second value is the next
        offset."""
        ...


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One collection whose indexes were built anew: how long it took, how long anyone had to wait."""

    collection: str
    points: int
    took_s: float
    pause_s: float


class Stores(Protocol):
    """Everything that is kept, as one value."""

    memories: MemoryStore
    associations: AssociationStore
    tombstones: TombstoneStore
    episodes: EpisodeStore
    identities: IdentityStore
    checkpoints: CheckpointStore
    archive: Archive
    abstractions: AbstractionStore
    cycles: CycleStore
    replay: ReplayStore
    quantizing: QuantizingStore

    async def flush(self) -> None:
        """Make all of it durable against loss of power."""
        ...

    async def optimise(self, *, force: bool = False) -> list[Rebuilt]:
        """Index what needs it, while reads and writes go on; what was done, nothing when none was due."""
        ...

    async def close(self) -> None: ...
