"""One mind in memory: everything that its past percepts left behind, and how it is written down.

A `Mind` changes one entry at a time and never awaits. Its state is a fold over the entries
of its stream: the checkpoint holds the state *through* one entry, whatever came later is
delivered again. It must not know streams, stores or embedders.
"""

from __future__ import annotations

import functools
import math
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.engine.coarse_episode import Child, CoarseEpisode, SavedCoarse
from cognition.engine.linking import Linking, unknown
from cognition.engine.open_episode import OpenEpisode, SavedEpisode
from cognition.engine.options import AttentionOptions, EpisodeOptions, MindOptions
from cognition.engine.sleepiness import Sleepiness
from cognition.engine.usage import SavedUsage, Usage
from cognition.errors import DataVersionError
from cognition.mechanisms.attention import Attention
from cognition.mechanisms.lexicon import Lexicon
from cognition.mechanisms.prediction import PredictionError, Scale
from cognition.mechanisms.profiles import Profile, profile_of
from cognition.mechanisms.segmentation import Segmenter
from cognition.mechanisms.slow_map import SlowMap, UnfitMapError
from cognition.mechanisms.thread import Thread
from cognition.mechanisms.turns import Changes
from cognition.mechanisms.working_memory import WorkingMemory
from schemas.identifiers import coarse_episode_id, episode_id
from schemas.identity import Lifetime

Dense = NDArray[np.float32]

STATE_VERSION = 2
"""Of the checkpoint. 1 knew no thread (a mind that is woken from it begins one), and its lexicon's
unsaved part was what had been added; now it is the terms that changed, as they are."""
STATE_SLOT = "state"
LEXICON_SLOTS = ("lexicon-0", "lexicon-1")
SLOW_MAP_SLOTS = ("slow-map-0", "slow-map-1")
SLOW_SUMS_SLOTS = ("slow-sums-0", "slow-sums-1")
"""What the stream has taught its segmenter: the map (0.6 MB), and the sums it is solved from (2.4 MB)."""
ORDERS_MAX = 4_096
"""Entries whose order is kept at hand: a percept's is asked for several times while it is encoded."""
TAKEN_MAX = 256
"""Repetitions kept by name: more than come in the second that a stream server may lose."""
NEVER_S = 1e12
"""A silence that no two moments are apart: 30,000 years, three times what RFC 3339 can write."""
LEXICON_DELTA_MIN = 256
LEXICON_DELTA_SHARE = 0.05
"""The whole lexicon is written once its unsaved part outgrows max(256, 5 % of it)."""


@functools.lru_cache(maxsize=ORDERS_MAX)
def entry_order(entry: str) -> tuple[int, int]:
    """Sort key of a stream entry id ``milliseconds-sequence``; ``""`` comes first."""
    if not entry:
        return (-1, -1)
    head, _, tail = entry.partition("-")
    return (int(head), int(tail or 0))


def profile(options: EpisodeOptions) -> Profile:
    """The segmentation profile that a person chose; without prediction error it never cuts by meaning."""
    chosen = without(profile_of(options.profile), options.without)
    both = options.scale == "both"
    chosen = replace(chosen, late=options.late, cue=options.cue, coarse=both, running=options.running_z)
    return chosen if options.prediction_error else replace(chosen, threshold=math.inf)


def without(chosen: Profile, names: Collection[str]) -> Profile:
    """The profile where these end nothing by themselves: the gap, or a key that is watched."""
    watched = tuple(key for key in chosen.watched if key not in names)
    return replace(chosen, watched=watched, gap_s=NEVER_S if "gap" in names else chosen.gap_s)


def later(entry: str, than: str) -> bool:
    """Whether `entry` came after `than`."""
    return entry_order(entry) > entry_order(than)


class SavedState(msgspec.Struct):
    """The checkpoint of a mind, without the bulk of its lexicon."""

    version: int
    through: str
    model: str
    segmenter: dict[str, Any]
    episode: SavedEpisode | None
    last_episode: str | None
    last_arrival: float
    working: dict[str, Any]
    echo: list[tuple[str, str, float]]
    taken: list[str]
    lifetime: Lifetime
    first_percept_at: float | None
    last_percept_at: float | None
    lexicon_slot: int
    lexicon_saved: int
    lexicon_delta: bytes
    linking: Linking | None = None
    thread: dict[str, Any] | None = None
    usage: SavedUsage | None = None
    sleep: Sleepiness | None = None
    language: str = ""
    slow_slot: int = -1
    coarse: SavedCoarse | None = None
    last_coarse: str | None = None
    relearns: bool = False
    attention: list[Any] | None = None
    foretold: dict[str, str] = {}
    erasing: str = ""


class SavedSleep(msgspec.Struct):
    """What a checkpoint says of sleep; the rest of it is passed over."""

    sleep: Sleepiness | None = None


def saved_sleep(state: bytes) -> Sleepiness | None:
    """What drives the sleep of a mind, read off its checkpointed state; nothing where that is damaged:
    whoever loads it says so."""
    try:
        return msgspec.msgpack.decode(state, type=SavedSleep).sleep
    except msgspec.MsgspecError:
        return None


@dataclass(frozen=True, slots=True)
class Draft:
    """A checkpoint on its way: slot -> bytes, in the order in which they are to be written, and the slot
    that holds the whole lexicon, and the one that holds what the stream taught, if they are among them."""

    states: dict[str, bytes]
    lexicon_slot: int | None
    slow_slot: int | None = None


class EchoWindow:
    """Contents seen lately -> the memory that holds them, bounded in entries and event time."""

    def __init__(self, options: AttentionOptions) -> None:
        self._window_s = options.echo_window_s
        self._entries_max = options.echo_entries_max
        self._seen: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def find(self, content_hash: str, at: float) -> str | None:
        """The memory of the same content within the window, if any; a window of 0 s is none."""
        if not self._window_s:
            return None
        memory_id, seen_at = self._seen.get(content_hash, ("", float("-inf")))
        return memory_id if abs(at - seen_at) <= self._window_s and memory_id else None

    def add(self, content_hash: str, memory_id: str, at: float) -> None:
        """Remember this content as seen now."""
        self._seen[content_hash] = (memory_id, at)
        self._seen.move_to_end(content_hash)
        while len(self._seen) > self._entries_max:
            self._seen.popitem(last=False)

    def drop(self, memory_ids: set[str]) -> None:
        """Forget these memories."""
        self._seen = OrderedDict(
            (key, value) for key, value in self._seen.items() if value[0] not in memory_ids
        )

    def rows(self) -> list[tuple[str, str, float]]:
        return [(key, memory_id, at) for key, (memory_id, at) in self._seen.items()]

    def restore(self, rows: list[tuple[str, str, float]]) -> None:
        self._seen = OrderedDict((key, (memory_id, at)) for key, memory_id, at in rows)


@dataclass(frozen=True, slots=True)
class Taught:
    """A lesson of a mind's notebook that was learned: of which percepts, the sums after it, and the map
    that was solved, None where that is not worth it yet."""

    page: tuple[str, ...]
    sums: bytes
    map: SlowMap | None


@dataclass(frozen=True, slots=True)
class Relived:
    """What was learned anew from all memories: the sums, what judges from now on at either scale, and of
    which state of the mind (`token`)."""

    token: tuple[str, int]
    sums: bytes
    error: PredictionError
    coarse: Scale


@dataclass(slots=True)
class Mind:
    """The state of one mind. `through` is the last entry folded into it, `recallable` the last
    one of which everything is in the store."""

    name: str
    segmenter: Segmenter
    working: WorkingMemory
    echo: EchoWindow
    attention: Attention = field(default_factory=Attention)
    thread: Thread = field(default_factory=Thread)
    taken: OrderedDict[str, None] = field(default_factory=OrderedDict)
    lexicon: Lexicon = field(default_factory=Lexicon)
    lexicon_slot: int = -1
    lexicon_saved: int = 0
    through: str = ""
    recallable: str = ""
    model: str = ""
    language: str = ""
    episode: OpenEpisode | None = None
    last_episode: str | None = None
    coarse: CoarseEpisode | None = None
    """The coarse episode that is open; it may be while no fine one is."""
    last_coarse: str | None = None
    last_arrival: float = 0.0
    percepts: int = 0
    memories: int = 0
    episodes: int = 0
    repeats: int = 0
    forgotten: int = 0
    first_percept_at: float | None = None
    last_percept_at: float | None = None
    stopped: str = ""
    identified: bool = False
    lexicon_whole_due: bool = False
    episodes_recorded: int = 0
    linking: Linking = field(default_factory=Linking)
    usage: Usage = field(default_factory=Usage)
    sleep: Sleepiness = field(default_factory=Sleepiness)
    foretold: dict[str, str] = field(default_factory=dict)
    erasing: str = ""
    """The entry that asked for an erasure which is written down here and not done in the store yet."""
    """Memories that have not come yet, and what came before and supersedes them."""
    slow_slot: int = -1
    slow_unsaved: tuple[bytes, bytes] | None = None
    """Map and sums that the next checkpoint writes."""
    taught: Taught | None = None
    """A lesson that was learned beside the stream and is not yet applied."""
    slow_void: bool = False
    """What is written down of map and sums is to go."""
    relearns: bool = False
    """All of it is to be learned anew before the next percept."""
    relived: Relived | None = None
    """What was learned anew beside the stream and is not yet applied."""
    erasures: int = 0
    """Of memories of this mind since it woke: what was read before one is void."""

    @classmethod
    def new(
        cls,
        name: str,
        minds: MindOptions,
        attention: AttentionOptions,
        episodes: EpisodeOptions,
        *,
        model: str = "",
    ) -> Mind:
        """A mind without a past; `model` is what embeds its percepts."""
        return cls(
            name=name,
            segmenter=Segmenter(profile(episodes)),
            working=WorkingMemory(minds.working_memory),
            echo=EchoWindow(attention),
            attention=Attention(attention.rules_of(name)),
            thread=Thread(minds.without),
            language=minds.language_of(name),
            model=model,
        )

    @property
    def living(self) -> int:
        """Memories that were formed, and neither erased nor archived since."""
        return self.memories - self.forgotten - self.sleep.archived

    @property
    def lifetime(self) -> Lifetime:
        """The counters as the identity keeps them."""
        return Lifetime(
            percepts=self.percepts,
            memories=self.memories,
            episodes=self.episodes,
            repeats=self.repeats,
            forgotten=self.forgotten,
            sleeps=self.sleep.cycles,
            strengthened=self.repeats,
        )

    def open_episode(self, entry: str, at: float, label: str, *, known_id: str = "") -> str:
        """Open an episode with this entry; its id is derived from the entry."""
        new_id = known_id or episode_id(self.name, entry)
        if self.coarse is None and self.segmenter.profile.coarse:
            self.open_coarse(entry, at, label)
        if self.coarse is not None:
            self.coarse.changed = True
        self.episode = OpenEpisode(
            id=new_id,
            started_at=at,
            last_at=at,
            previous_id=self.last_episode,
            given_label=label,
            entry=entry,
            parent_id=self.coarse.id if self.coarse is not None else None,
        )
        self.last_episode = new_id
        self.episodes += 1
        return new_id

    def open_coarse(self, entry: str, at: float, label: str = "") -> CoarseEpisode:
        """Open a coarse episode with this entry."""
        new_id = coarse_episode_id(self.name, entry)
        self.coarse = CoarseEpisode(new_id, at, self.last_coarse, label)
        self.last_coarse = new_id
        return self.coarse

    @property
    def lapses(self) -> bool:
        """Whether the coarse episode that is open is of a time when there were coarse ones: it ends with the
        fine one in it, and none follows."""
        return self.coarse is not None and not self.segmenter.profile.coarse

    def ended(self, episode: OpenEpisode) -> None:
        """This fine episode has ended: the coarse one holds it."""
        if self.coarse is not None:
            self.coarse.add(
                Child(
                    episode.id, episode.entry, episode.started_at, episode.last_at,
                    episode.count, episode.tally,
                )
            )  # fmt: skip

    def repeat(self, entry: str) -> None:
        """Count an entry that made no memory of its own. The last ones are kept by name: after its
        acknowledgement was lost it comes again, and what it repeated may be erased by then."""
        self.taken[entry] = None
        while len(self.taken) > TAKEN_MAX:
            self.taken.popitem(last=False)
        self.percepts += 1
        self.repeats += 1

    def learn(self, terms: dict[int, float], length: int, vector: Dense) -> None:
        """Add one memory to the lexicon."""
        self.lexicon.add(terms, length, vector)

    def relearn(self, changes: Changes) -> None:
        """Some weights of a memory that was learned have changed."""
        self.lexicon.revise(changes)

    def unlearn(self, terms: dict[int, float], length: int, vector: Dense) -> None:
        """Take one memory out of the lexicon; the next checkpoint writes it whole."""
        self.lexicon.remove(terms, length, vector)
        self.taught = None
        self.lexicon_whole_due = True

    def learned(self, taught: Taught) -> None:
        """Judge by what was taught from now on; the next checkpoint writes it down."""
        error = self.segmenter.error
        error.notebook.turn()
        if taught.map is not None:
            error.adopt(taught.map)
        self.slow_unsaved = (self._map_bytes(), taught.sums)
        self.taught = None

    def unlearned(self) -> None:
        """What the stream taught is void, and begins anew."""
        self.segmenter.error.adopt(None)
        self.segmenter.error.notebook.drop()
        self.slow_slot, self.slow_unsaved, self.taught = -1, None, None
        self.slow_void, self.relived = True, None

    def void(self, contexts: Iterable[Mapping[str, str]]) -> None:
        """What was perceived in these surroundings is erased: nothing of what the stream has taught, and of
        how its last percepts were judged, is left; all of it is learned anew before the next percept."""
        self.unlearned()
        self.erasures += 1
        self.segmenter.forget(contexts)
        self.relearns = True

    def relearned(self, relived: Relived) -> None:
        """Judge by what was learned anew; the next checkpoint writes it down."""
        self.segmenter.relearned(relived.error, relived.coarse)
        self.slow_unsaved = (self._map_bytes(), relived.sums) if relived.sums else None
        self.slow_slot, self.slow_void = -1, True
        self.relearns, self.relived, self.taught = False, None, None

    def _map_bytes(self) -> bytes:
        learned = self.segmenter.error.map
        return learned.to_bytes(self.model) if learned is not None else b""

    # --- writing down -------------------------------------------------------------

    def checkpoint(self) -> Draft:
        """What is to be written. The lexicon goes whole into the *other* slot before the state points
        there, so that a crash between the two leaves the old pair intact. Changes nothing: a draft that
        could not be written is made again (`written` says that it was)."""
        states: dict[str, bytes] = {}
        slow: int | None = None
        if self.slow_void:
            states.update(dict.fromkeys((*SLOW_MAP_SLOTS, *SLOW_SUMS_SLOTS), b""))
        if self.slow_unsaved is not None:
            slow = (self.slow_slot + 1) % 2
            states[SLOW_MAP_SLOTS[slow]], states[SLOW_SUMS_SLOTS[slow]] = self.slow_unsaved
        unsaved = self.lexicon.n - self.lexicon_saved
        limit = max(LEXICON_DELTA_MIN, LEXICON_DELTA_SHARE * self.lexicon.n)
        if not self.lexicon_whole_due and unsaved <= limit:
            state = self._saved(self.lexicon_slot, self.lexicon_saved, self.lexicon.changes(), slow)
            return Draft({**states, STATE_SLOT: msgspec.msgpack.encode(state)}, None, slow)
        slot = (self.lexicon_slot + 1) % 2
        state = self._saved(slot, self.lexicon.n, self.lexicon.no_changes(), slow)
        states[LEXICON_SLOTS[slot]] = self.lexicon.snapshot()
        return Draft({**states, STATE_SLOT: msgspec.msgpack.encode(state)}, slot, slow)

    def written(self, draft: Draft) -> None:
        """This draft is in the store, and nothing has changed since it was made."""
        if draft.lexicon_slot is not None:
            self.lexicon_slot = draft.lexicon_slot
            self.lexicon_saved = self.lexicon.n
            self.lexicon_whole_due = False
            self.lexicon.saved()
        self.slow_void = False
        if draft.slow_slot is not None:
            self.slow_slot, self.slow_unsaved = draft.slow_slot, None

    def _saved(
        self, lexicon_slot: int, lexicon_saved: int, lexicon_delta: bytes, slow_slot: int | None
    ) -> SavedState:
        episode = self.episode
        return SavedState(
            version=STATE_VERSION,
            through=self.through,
            model=self.model,
            language=self.language,
            slow_slot=self.slow_slot if slow_slot is None else slow_slot,
            segmenter=self.segmenter.snapshot(),
            episode=episode.saved() if episode is not None else None,
            coarse=self.coarse.saved() if self.coarse is not None else None,
            last_coarse=self.last_coarse,
            last_episode=self.last_episode,
            last_arrival=self.last_arrival,
            working=self.working.snapshot(),
            echo=self.echo.rows(),
            taken=list(self.taken),
            lifetime=self.lifetime,
            first_percept_at=self.first_percept_at,
            last_percept_at=self.last_percept_at,
            lexicon_slot=lexicon_slot,
            lexicon_saved=lexicon_saved,
            lexicon_delta=lexicon_delta,
            linking=self.linking,
            thread=self.thread.snapshot(),
            usage=self.usage.saved(),
            relearns=self.relearns,
            sleep=self.sleep,
            attention=self.attention.snapshot(),
            foretold=self.foretold,
            erasing=self.erasing,
        )

    def restore(self, slots: dict[str, bytes], minds: MindOptions, episodes: EpisodeOptions) -> None:
        """Take over a checkpoint. Raises `msgspec.DecodeError` or `ValueError` if it is damaged."""
        saved = msgspec.msgpack.decode(slots[STATE_SLOT], type=SavedState)
        if saved.version > STATE_VERSION:
            raise DataVersionError(
                f"the checkpoint was written in version {saved.version}, this release reads up to "
                f"{STATE_VERSION}",
                remedy="Start the release that wrote it, or a later one.",
            )
        self.through = saved.through
        self.language = saved.language or "english"
        self.recallable = saved.through
        self.segmenter = Segmenter.restore(saved.segmenter, profile(episodes))
        self.relearns = saved.relearns
        self._restore_map(slots, saved.slow_slot if episodes.learned else -1)
        self.working = WorkingMemory.restore(saved.working)
        self.echo.restore(saved.echo)
        self.taken = OrderedDict.fromkeys(saved.taken)
        self.last_episode, self.last_arrival = saved.last_episode, saved.last_arrival
        self.first_percept_at = saved.first_percept_at
        self.last_percept_at = saved.last_percept_at
        self._restore_counters(saved.lifetime)
        if saved.episode is not None:
            self.episode = OpenEpisode.restore(saved.episode)
        self._restore_coarse(saved)
        self.lexicon_slot, self.lexicon_saved = saved.lexicon_slot, saved.lexicon_saved
        if saved.lexicon_slot >= 0:
            self.lexicon = Lexicon.restore(slots[LEXICON_SLOTS[saved.lexicon_slot]])
        if saved.version == 1:
            self.lexicon.merge(Lexicon.restore(saved.lexicon_delta))
        else:
            self.lexicon.take_over(saved.lexicon_delta)
        if saved.thread is not None:
            self.thread = Thread.restore(saved.thread, minds.without)
        self.linking = saved.linking or unknown(self.memories)
        if saved.usage is not None:
            self.usage = Usage.restore(saved.usage)
        self.sleep = saved.sleep or Sleepiness()
        self.foretold = saved.foretold
        self.erasing = saved.erasing
        if saved.attention is not None:
            self.attention.resume(saved.attention)

    def _restore_coarse(self, saved: SavedState) -> None:
        """An episode that was open when there were no coarse ones begins the first of them; a coarse one that
        was open when there were some stays so until it `lapses`."""
        self.last_coarse = saved.last_coarse
        if saved.coarse is not None:
            self.coarse = CoarseEpisode.restore(saved.coarse)
        elif self.segmenter.profile.coarse and self.episode is not None:
            entry = self.episode.entry or self.segmenter.first_entry
            opened = self.open_coarse(entry, self.episode.started_at, self.episode.given_label)
            self.episode.entry, self.episode.parent_id = entry, opened.id

    def _restore_map(self, slots: dict[str, bytes], slot: int) -> None:
        """A map that does not fit (another model or dimension, damaged) is no reason to stop: it is learned
        anew from the memories that there are."""
        if slot < 0:
            return
        try:
            body = slots[SLOW_MAP_SLOTS[slot]]
            self.segmenter.error.adopt(SlowMap.from_bytes(body, self.model) if body else None)
            self.slow_slot = slot
        except (UnfitMapError, LookupError):
            self.unlearned()
            self.relearns = True

    def _restore_counters(self, lifetime: Lifetime) -> None:
        self.percepts, self.memories = lifetime.percepts, lifetime.memories
        self.episodes, self.repeats = lifetime.episodes, lifetime.repeats
        self.forgotten = lifetime.forgotten
        self.episodes_recorded = lifetime.episodes
