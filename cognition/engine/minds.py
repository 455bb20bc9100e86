"""The minds that are awake: loaded on first need, written down in checkpoints, bounded in number.

One writer changes them; readers look at them in between. A mind whose identity does not
match its hashes is *stopped*: it is loaded, it is not served, and the others go on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.engine.facts import FactsCache
from cognition.engine.mind import LEXICON_SLOTS, SLOW_MAP_SLOTS, STATE_SLOT, Mind
from cognition.engine.options import AttentionOptions, EpisodeOptions, MindOptions
from cognition.errors import (
    DataVersionError,
    ErasingError,
    LeaseLostError,
    MindStoppedError,
    UnavailableError,
)
from cognition.mechanisms.identity import born, revise, verify
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from cognition.ports.stores import Stores
from schemas.events import IdentityBorn, MindStopped, MindWoke
from schemas.identity import Identity, Law

Dense = NDArray[np.float32]

SAME_MOMENT_S = 1e-3
"""Moments that are stored are rounded to microseconds."""

SWAP_ATTEMPTS_MAX = 5
"""Compare-and-set attempts on one identity; its only other writer is a person with a tool."""


class Minds:
    """Registry of the minds in memory. `awake` for the writer, `look` for readers."""

    def __init__(
        self,
        stores: Stores,
        clock: Clock,
        sink: Sink,
        *,
        options: MindOptions,
        attention: AttentionOptions,
        episodes: EpisodeOptions,
        laws: Sequence[Law],
        model: str = "",
    ) -> None:
        self._stores = stores
        self._clock = clock
        self._sink = sink
        self._options = options
        self._attention = attention
        self._episodes = episodes
        self._laws = tuple(laws)
        self._model = model
        self._resident: OrderedDict[str, Mind] = OrderedDict()
        self._identities: dict[str, Identity] = {}
        self._dirty: dict[str, int] = {}
        self._owned: dict[str, int] = {}
        self._loading = anyio.Lock()
        self._written = 0
        self._durable = 0
        self.facts = FactsCache(options.facts_max)
        self.writing = anyio.Lock()
        """Held by whoever changes minds or their memories, from reading what is changed until it is
        written, and around `checkpoint` and `discard`: the tasks of the one writer take turns."""
        self.generation = 0
        """How often all minds were dropped: what was changed before and not written down is void."""

    # --- loading ------------------------------------------------------------------------

    async def awake(self, name: str, *, epoch: int) -> Mind:
        """The mind for its writer, who will change it: marked for the next checkpoint.

        Under an epoch under which it was not awake yet it is read anew: what is in memory may be older
        than what another holder of the lease has written since. What was changed here under an older
        one and not written down is void then (`generation`).
        """
        mind = self._resident.get(name)
        if mind is None or self._owned.get(name) != epoch:
            if self._dirty.pop(name, None) is not None:
                self.generation += 1
            self._owned.pop(name, None)
            async with self._loading:
                mind = self._resident[name] = await self._load(name)
                self._dirty[name] = epoch  # from here on it is not put out of memory
            self.facts.forget(name)
            try:
                await self._begin_session(mind, epoch)
            except BaseException:
                del self._dirty[name]
                raise
            self._owned[name] = epoch
        self._dirty[name] = epoch
        self._resident.move_to_end(name)
        self._evict(keep=name)
        return mind

    @asynccontextmanager
    async def sleeping(self, name: str, *, epoch: int) -> AsyncIterator[Mind]:
        """The mind for a step of its night, with `writing` held. Raises `MindStoppedError` where it is
        stopped: what the step tells it would not be written down. Raises `ErasingError` while an erasure of
        its memories has begun and is not done: what a night reads it may write, and what is to be erased
        would be told, archived or counted once more."""
        async with self.writing:
            mind = await self.awake(name, epoch=epoch)
            served(mind)
            if mind.erasing:
                raise ErasingError(
                    f"memories of mind {name!r} are being erased (entry {mind.erasing})",
                    remedy="Its night goes on when they are gone; see `cognition doctor` if that takes long.",
                )
            yield mind

    async def look(self, name: str) -> Mind:
        """The mind as it is now, loaded if need be; one without a past is empty."""
        mind = self._resident.get(name)
        if mind is None:
            async with self._loading:
                mind = self._resident.get(name)
                if mind is None:
                    mind = await self._load(name)
                    self._resident[name] = mind
        self._resident.move_to_end(name)
        self._evict(keep=name)
        return mind

    def foreign(self, mind: Mind) -> str:
        """What to say of a mind that speaks another language now than what it remembers was encoded in;
        nothing where it is the same. It works, but words do not find what lies before the change."""
        speaks = self._options.language_of(mind.name)
        if not mind.living or mind.language == speaks:
            return ""
        return (
            f"encoded in {mind.language}, but its language is set to {speaks}: "
            f"run `cognition mind rebuild --mind {mind.name}`"
        )

    def resident(self, name: str) -> Mind | None:
        """The mind if it is in memory."""
        return self._resident.get(name)

    def all(self) -> list[Mind]:
        """The minds that are in memory."""
        return list(self._resident.values())

    def idle(self, now: float) -> list[Mind]:
        """Minds in memory whose open episode has been silent for longer than its gap."""
        return [
            m
            for m in self._resident.values()
            if m.episode is not None and now - m.last_arrival > m.segmenter.gap_s
        ]

    def __len__(self) -> int:
        return len(self._resident)

    async def _load(self, name: str) -> Mind:
        began = self._clock.monotonic()
        mind = self._new(name)
        slots = (STATE_SLOT, *LEXICON_SLOTS, *SLOW_MAP_SLOTS)
        found = await self._stores.checkpoints.load([(name, slot) for slot in slots])
        resumed = (name, STATE_SLOT) in found
        if resumed:
            try:
                mind.restore({slot: body for (_, slot), body in found.items()}, self._options, self._episodes)
            except (msgspec.MsgspecError, DataVersionError, ValueError, TypeError, LookupError) as error:
                mind = self._new(name)
                self._stop(mind, f"its checkpoint cannot be read ({error!r}); restore a copy of the store")
        await self._check_identity(mind, resumed)
        if resumed:
            took = self._clock.monotonic() - began
            self._sink.publish(MindWoke(at=self._clock.now(), mind=name, resumed=resumed, took_s=took))
        return mind

    def _new(self, name: str) -> Mind:
        return Mind.new(name, self._options, self._attention, self._episodes, model=self._model)

    async def _check_identity(self, mind: Mind, resumed: bool) -> None:
        identity = await self._stores.identities.get(mind.name)
        if identity is not None:
            self._identities[mind.name] = identity
            mind.identified = True
            problems = verify(identity, self._laws)
            if problems:
                self._stop(mind, "; ".join(problems))
        elif resumed and mind.memories:
            self._stop(mind, f"its identity is missing although it has {mind.memories} memories")

    def _stop(self, mind: Mind, reason: str) -> None:
        mind.stopped = reason
        self._sink.publish(MindStopped(at=self._clock.now(), mind=mind.name, reason=reason))

    def _evict(self, keep: str) -> None:
        excess = len(self._resident) - self._options.resident_max
        if excess <= 0:
            return
        clean = [n for n in self._resident if n not in self._dirty and n != keep]
        for name in clean[:excess]:
            del self._resident[name]
            self._identities.pop(name, None)
            self._owned.pop(name, None)
            self.facts.forget(name)

    # --- identity ---------------------------------------------------------------------------

    async def ensure_born(self, mind: Mind, concept: Dense, at: float, *, epoch: int) -> None:
        """Give a mind its identity before its first memory. An insert-only write confirms that
        there was none; whatever is stored afterwards is what counts."""
        if mind.identified:
            return
        now = self._clock.now()
        draft = msgspec.structs.replace(born(mind.name, now, self._laws), first_percept_at=at, epoch=epoch)
        stored = await self._stores.identities.create(draft, concept)
        held(stored, epoch)
        problems = verify(stored, self._laws)
        self._identities[mind.name] = stored
        mind.identified = True
        if problems:
            self._stop(mind, "; ".join(problems))
        self._sink.publish(IdentityBorn(at=now, mind=mind.name))

    async def _begin_session(self, mind: Mind, epoch: int) -> None:
        """Count a restart once for each daemon that takes over a mind with a past."""
        identity = self._identities.get(mind.name)
        if identity is None or mind.stopped:
            return
        held(identity, epoch)
        if identity.epoch == epoch:
            return
        now = self._clock.now()
        await self._swap(
            mind,
            epoch=epoch,
            restart_count=identity.restart_count + 1,
            session_started_at=now,
            laws_verified_at=now,
        )

    async def slept(self, mind: Mind, at: float, milestones: Sequence[str], *, epoch: int) -> None:
        """Note in the identity that a cycle began at this time, and what it lived through that matters for
        life: each milestone is a revision of its own. Safe to repeat."""
        identity = self._identities.get(mind.name)
        if identity is None or abs((identity.last_sleep_at or 0.0) - at) < SAME_MOMENT_S:
            return
        for each in milestones:
            identity = revise(identity, at, milestone(each))
        await self._swap(
            mind, epoch=epoch, last_sleep_at=at, lifetime=mind.lifetime, revisions=identity.revisions
        )

    def broken_laws(self, mind: Mind) -> list[str]:
        """What does not match in the identity of this mind, as last read or written."""
        identity = self._identities.get(mind.name)
        return verify(identity, self._laws) if identity is not None else []

    async def _swap(self, mind: Mind, *, epoch: int, **fields: object) -> None:
        for _ in range(SWAP_ATTEMPTS_MAX):
            identity = self._identities[mind.name]
            held(identity, epoch)
            fresh = msgspec.structs.replace(identity, **fields, epoch=epoch, rev=identity.rev + 1)
            if await self._stores.identities.swap(fresh, expected_rev=identity.rev):
                self._identities[mind.name] = fresh
                return
            stored = await self._stores.identities.get(mind.name)
            if stored is not None:
                self._identities[mind.name] = stored
        raise UnavailableError(f"the identity of mind {mind.name!r} changes faster than it can be written")

    # --- writing down -----------------------------------------------------------------------

    @property
    def unwritten(self) -> int:
        """Minds that were changed since the last checkpoint."""
        return len(self._dirty)

    def epoch_of(self, name: str) -> int:
        """The lease epoch under which this mind was last awake."""
        return self._dirty[name]

    async def checkpoint(self) -> int:
        """Write every changed mind: open episodes, states, counters; then make all of it durable.

        Returns how many minds were written. When it returns, everything folded before it was
        called is safe and may be acknowledged.
        """
        written = await self.write_down()
        await self.make_durable()
        return written

    async def write_down(self) -> int:
        """The first half: every changed mind is in the stores, and may be lost with the power."""
        if not self._dirty:
            return 0
        changed = [(self._resident[name], epoch) for name, epoch in self._dirty.items()]
        for epoch in sorted({epoch for _, epoch in changed}):
            minds = [mind for mind, held in changed if held == epoch and not mind.stopped]
            await self._write(minds, epoch)
        self._dirty.clear()
        self._written += 1
        return len(changed)

    async def make_durable(self) -> None:
        """The second half: whatever was written down before this was called is durable when it returns."""
        through = self._written
        if self._durable < through:
            await self._stores.flush()
            self._durable = max(self._durable, through)

    async def _write(self, minds: Sequence[Mind], epoch: int) -> None:
        episodes = [m.episode.record(m.name, epoch=epoch) for m in minds if m.episode is not None]
        for mind in minds:
            if mind.coarse is not None and mind.coarse.changed:
                episodes.append(mind.coarse.record(mind.name, mind.episode, epoch=epoch))
                mind.coarse.changed = False
        if episodes:
            await self._stores.episodes.save(episodes, epoch=epoch)
        await self._record([m for m in minds if m.identified and m.episodes != m.episodes_recorded], epoch)
        drafts = [(mind, mind.checkpoint()) for mind in minds]
        states = {(mind.name, slot): body for mind, draft in drafts for slot, body in draft.states.items()}
        await self._stores.checkpoints.save(states, epoch=epoch)
        for mind, draft in drafts:
            mind.written(draft)

    async def _record(self, minds: Sequence[Mind], epoch: int) -> None:
        """Write the counters of these minds into their identities, side by side."""

        async def record(mind: Mind) -> None:
            await self._swap(mind, epoch=epoch, lifetime=mind.lifetime, last_percept_at=mind.last_percept_at)
            mind.episodes_recorded = mind.episodes

        try:
            async with anyio.create_task_group() as swaps:
                for mind in minds:
                    swaps.start_soon(record, mind)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def discard(self) -> None:
        """Drop every mind from memory, as a crash would: the checkpoints are the truth again."""
        self._resident.clear()
        self._identities.clear()
        self._dirty.clear()
        self._owned.clear()
        self.generation += 1
        self.facts.clear()

    def identity(self, name: str) -> Identity | None:
        """The identity as last read or written, if the mind is in memory."""
        return self._identities.get(name)


def milestone(memory_id: str) -> str:
    """What a revision says that names a milestone."""
    return f"milestone {memory_id}"


def served(mind: Mind) -> None:
    """Raise `MindStoppedError` where a mind is stopped: nothing of it is written down."""
    if mind.stopped:
        raise MindStoppedError(f"mind {mind.name!r} is stopped: {mind.stopped}")


def held(identity: Identity, epoch: int) -> None:
    """Raise `LeaseLostError` when a later holder has written this identity: what is its, and what
    we would write from now on, is not for us."""
    if identity.epoch > epoch:
        raise LeaseLostError(f"mind {identity.mind!r} is under epoch {identity.epoch}, ours is {epoch}")
