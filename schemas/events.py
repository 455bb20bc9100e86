"""Events: what the daemon says of what it did. A closed union.

`Receipt` travels on the `salience` stream; the others go to the event sink
(one structured line each, and metrics).
"""

from __future__ import annotations

import enum

from schemas.base import Message


class Outcome(enum.StrEnum):
    """What became of an entry: a percept became a memory (encoded), strengthened the one that there is, was
    put into the `unconscious` (archived), is no memory since it lost the competition for attention or was
    erased (forgotten), or could not be taken (rejected). A request to forget is forgotten with a count."""

    ENCODED = "encoded"
    STRENGTHENED = "strengthened"
    ARCHIVED = "archived"
    FORGOTTEN = "forgotten"
    REJECTED = "rejected"
    MARKED = "marked"
    REBUILT = "rebuilt"


class SalienceParts(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The five ingredients of composite salience, each 0..1."""

    importance: float = 0.0
    novelty: float = 0.0
    relevance: float = 0.0
    emotional_intensity: float = 0.0
    connection_relevance: float = 0.0


class Receipt(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What became of one entry of the `awake` stream. At least once each; same entry, same outcome.
    Written whole, defaults too. A memory that moved to another episode later has a second one that says so.

    `entry` is the stream entry's id, `key` the percept's key, `reason` why it became no memory of its own,
    which one it strengthened, or what a rebuilding dropped; `threshold` the salience that it had to reach, 0
    where there was none.
    """

    mind: str
    entry: str
    outcome: Outcome
    key: str = ""
    memory_id: str = ""
    episode_id: str = ""
    salience: float = 0.0
    threshold: float = 0.0
    parts: SalienceParts | None = None
    reason: str = ""
    recallable_at: float = 0.0
    count: int = 0


class Event(Message, frozen=True, kw_only=True, tag=True):
    """Base of what the sink receives."""

    at: float


class DaemonStarted(Event, frozen=True, kw_only=True):
    version: str
    partitions: int
    backend: str


class DaemonStopped(Event, frozen=True, kw_only=True):
    reason: str
    took_s: float


class MindWoke(Event, frozen=True, kw_only=True):
    """A mind's state was loaded; `resumed` says from a checkpoint."""

    mind: str
    resumed: bool
    took_s: float


class MindStopped(Event, frozen=True, kw_only=True):
    """A mind is refused service, for example since a law does not match its hash."""

    mind: str
    reason: str


class IdentityBorn(Event, frozen=True, kw_only=True):
    mind: str


class PerceptsEncoded(Event, frozen=True, kw_only=True):
    """One batch was written and can be recalled; `partition` is that of its first entry. `context` counts
    the memories that each mechanism touched, `related` the relations that callers gave; `passed_by` are
    percepts that lost the competition for attention."""

    partition: int
    encoded: int
    strengthened: int
    rejected: int
    took_s: float
    context: dict[str, int] = {}
    related: int = 0
    archived: int = 0
    passed_by: int = 0


class EpisodeOpened(Event, frozen=True, kw_only=True):
    mind: str
    episode_id: str


class EpisodeClosed(Event, frozen=True, kw_only=True):
    mind: str
    episode_id: str
    label: str
    boundary_type: str
    memory_count: int


class SegmentationLearned(Event, frozen=True, kw_only=True):
    """A mind's segmenter applies a lesson: from how many percepts it has learned, whether its map is new."""

    mind: str
    learned: int
    solved: bool


class MemoriesForgotten(Event, frozen=True, kw_only=True):
    mind: str
    count: int


class MindRebuilt(Event, frozen=True, kw_only=True):
    """All that a mind derives was derived anew from so many memories."""

    mind: str
    count: int
    took_s: float


class AssociationsFormed(Event, frozen=True, kw_only=True):
    """A step of linking: so many more associations, of so many memories that were `looked` at in a mind with
    subjects to name; what is left: `pending` new memories, or `sweeping` through all of them."""

    mind: str
    formed: int
    looked: int = 0
    pending: int
    sweeping: bool


class UseFolded(Event, frozen=True, kw_only=True):
    """What was used, and what was shown in vain, was folded into the memories of a mind.

    `formed`, `potentiated`, `depressed`, `pruned` count ends of associations, `routed` the memories whose
    routes changed; `missing` what was named and is not there (any more). `pairs` served together and
    `reported` were served or shown in vain by words: what could form, or learn.
    """

    mind: str
    events: int
    refused: int
    formed: int
    potentiated: int
    depressed: int
    pruned: int
    routed: int
    missing: int
    took_s: float
    pairs: int = 0
    reported: int = 0


class SleepBegan(Event, frozen=True, kw_only=True):
    """A mind has fallen asleep, or begun its next cycle."""

    mind: str
    cycle: str
    number: int
    trigger: str


class SleepProgressed(Event, frozen=True, kw_only=True):
    """A step of a cycle is done; sums so far, and the most seconds that it may still take (`left_s`)."""

    mind: str
    cycle: str
    stage: str
    step: int
    replayed: int
    formed: int
    left_s: float | None = None


class SleepEnded(Event, frozen=True, kw_only=True):
    """A cycle has ended, or was taken back."""

    mind: str
    cycle: str
    status: str
    replayed: int
    formed: int
    archived: int
    abstracted: int
    took_s: float
    did: dict[str, int] = {}


class MemoriesSurfaced(Event, frozen=True, kw_only=True):
    """A cue has brought memories back from the archive, and they are awake again."""

    mind: str
    count: int


class CueAnswered(Event, frozen=True, kw_only=True):
    mind: str
    cue_id: str
    recalled: int
    took_s: float


class EntryBuried(Event, frozen=True, kw_only=True):
    """An entry went to the dead letters."""

    partition: int
    entry: str
    reason: str


class LeaseAcquired(Event, frozen=True, kw_only=True):
    partition: int
    epoch: int


class LeaseHandedOver(Event, frozen=True, kw_only=True):
    """A partition was given to a daemon that has fewer."""

    partition: int
    epoch: int


class LeaseLost(Event, frozen=True, kw_only=True):
    partition: int
    epoch: int
    reason: str


class StoreOpened(Event, frozen=True, kw_only=True):
    """The servers that keep the memories, and what is worth knowing of them."""

    nodes: list[str]
    notes: list[str]


class StoreOptimised(Event, frozen=True, kw_only=True):
    collection: str
    points: int
    took_s: float
    pause_s: float


class QuantizationMeasured(Event, frozen=True, kw_only=True):
    """Vectors kept in this way find such a share of the nearest memories that their originals find."""

    mind: str
    kind: str
    recall: float
    floor: float


class QuantizationFell(Event, frozen=True, kw_only=True):
    """The alarm: that share is below its floor, by more than chance explains. `cognition quantize rollback`
    goes back."""

    mind: str
    kind: str
    recall: float
    floor: float


class OperationRetried(Event, frozen=True, kw_only=True):
    """Something outside failed and will be tried again."""

    operation: str
    error: str
    attempt: int
    retry_in_s: float


AnyEvent = (
    DaemonStarted
    | DaemonStopped
    | MindWoke
    | MindStopped
    | IdentityBorn
    | PerceptsEncoded
    | EpisodeOpened
    | EpisodeClosed
    | SegmentationLearned
    | MemoriesForgotten
    | MindRebuilt
    | AssociationsFormed
    | UseFolded
    | SleepBegan
    | SleepProgressed
    | SleepEnded
    | MemoriesSurfaced
    | CueAnswered
    | EntryBuried
    | LeaseAcquired
    | LeaseHandedOver
    | LeaseLost
    | StoreOpened
    | StoreOptimised
    | QuantizationMeasured
    | QuantizationFell
    | OperationRetried
)
