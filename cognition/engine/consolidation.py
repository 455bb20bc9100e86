"""Consolidation: from the `dream` stream to what memories have learned, acknowledged last.

One task. A batch is folded in under the writer's lock; its entries are acknowledged after a checkpoint
that knows of them. Whatever fails in between ends the session: everything unacknowledged is delivered
again, and what it had taught already is passed over. Must not know what an event teaches.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

import anyio
import msgspec

from cognition.engine.arrivals import entry_seconds
from cognition.engine.intake import ENTRY, POISON, REFUSED, RETRIED, batches, chunks
from cognition.engine.mind import later
from cognition.engine.minds import Minds
from cognition.engine.options import MindOptions
from cognition.engine.plasticity import Event, Plasticity
from cognition.engine.shown import IDS_KEPT
from cognition.errors import BadCueError, UnavailableError
from cognition.ports.clock import Clock
from cognition.ports.line import Delivered, Line
from cognition.ports.sink import Sink
from schemas.dream import CoActivation, Feedback
from schemas.events import EntryBuried, OperationRetried
from schemas.learning import FoldedAnswer, FoldedInquiry

FOLDED_AT_ONCE = 2_048
"""Events folded in at once: percepts wait for half a second at most."""

TOUCHED_AT_ONCE = 2 * FOLDED_AT_ONCE
"""Memories that those name together: as many as so many pairs. One event may name more, and stands alone."""

UNSETTLED_MAX = 4_096
"""Entries folded in before they are acknowledged at the latest, whatever a person has chosen: with a batch
less than a mind knows by name."""

REFUSALS_KEPT = 256
"""Reasons for refused entries, and new names of late ones, that are kept for whoever waits for them."""


class Consolidation:
    """Runs until told to stop."""

    def __init__(
        self, line: Line, plasticity: Plasticity, minds: Minds, clock: Clock, sink: Sink, options: MindOptions
    ) -> None:
        self._line = line
        self._plasticity = plasticity
        self._minds = minds
        self._clock = clock
        self._sink = sink
        self._options = options
        self._stopping = anyio.Event()
        self._reading = anyio.CancelScope()
        self._news = anyio.Event()
        self._unsettled: list[tuple[int, str]] = []
        self._since = 0.0
        self._generation = 0
        self._refused: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._renamed: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._before: dict[tuple[str, str], str] = {}
        self._one_by_one = False
        self._settled = 0

    def stop(self) -> None:
        """Read no more; finish, checkpoint and acknowledge what is in hand."""
        self._stopping.set()
        self._reading.cancel()

    async def run(self) -> None:
        """Session after session until `stop`; each failed one waits a little longer."""
        failures = 0
        while not self._stopping.is_set():
            before = self._settled
            try:
                await self._session()
            except RETRIED as error:
                failures = 0 if self._settled != before else failures + 1
                self._one_by_one = isinstance(error, REFUSED)
                await self._wait_after(error, failures)

    async def _wait_after(self, error: BaseException, failures: int) -> None:
        wait = self._line.pause_s(failures)
        self._sink.publish(
            OperationRetried(
                at=self._clock.now(),
                operation="consolidation",
                error=f"{type(error).__name__}: {error}",
                attempt=failures + 1,
                retry_in_s=wait,
            )
        )
        with anyio.move_on_after(wait):
            await self._stopping.wait()

    async def _session(self) -> None:
        self._unsettled.clear()
        recovered = await self._line.recover()
        for chunk in chunks(recovered, 1) if self._one_by_one else portions(recovered):
            await self._take(chunk)
        while not self._stopping.is_set():
            delivered = await self._read()
            for chunk in portions(delivered):
                await self._take(chunk)
            if self._unsettled and (not delivered or self._due()):
                await self._settle()
        await self._settle()

    async def _read(self) -> list[Delivered]:
        """The next entries; nothing when told to stop meanwhile (they stay pending)."""
        with anyio.CancelScope() as self._reading:
            return await self._line.read()
        return []

    # --- one batch ---------------------------------------------------------------------

    async def _take(self, batch: Sequence[Delivered]) -> None:
        for delivered in batch:
            if delivered.message is None:
                await self._bury(delivered, delivered.problem)
        sound = [d for d in batch if d.message is not None]
        if any(d.suspect for d in sound):
            await self._take_suspect(sound[0])
        elif sound:
            await self._fold(sound)
        self._advance()

    async def _take_suspect(self, suspect: Delivered) -> None:
        """Nothing else is in hand while the attempt counts."""
        await self._settle()
        if not await self._line.attempt_alone(suspect):
            await self._bury(suspect, POISON)
            return
        try:
            await self._fold([suspect])
            await self._settle()
        except RETRIED:
            await self._line.absolve(suspect)
            raise

    async def _fold(self, sound: Sequence[Delivered]) -> None:
        events = [
            Event(d.partition, d.entry, mind_of(d), d.message, self._before.get((mind_of(d), d.entry), ""))
            for d in sound
            if d.message is not None
        ]
        async with self._minds.writing:
            if not self._unsettled:
                self._since = self._clock.monotonic()
                self._generation = self._minds.generation
            self._hold()
            late = {event.entry for event in await self._plasticity.passed_by(events)}
            try:
                refused = await self._plasticity.fold(events, self._line.epochs())
            except REFUSED as error:
                if len(events) > 1:
                    raise
                refused = {events[0].entry: f"the store refuses it: {error}"}
        for delivered in sound:
            if delivered.entry in refused:
                await self._bury(delivered, refused[delivered.entry])
            elif delivered.entry in late:
                await self._put_last(delivered)
            else:
                self._unsettled.append((delivered.partition, delivered.entry))

    async def _put_last(self, delivered: Delivered) -> None:
        """It came late, after later ones were folded in: once more, as a new entry of the same moment."""
        message = delivered.message
        assert message is not None, "what cannot be read is not folded in"
        if isinstance(message, CoActivation | Feedback) and message.at is None:
            message = msgspec.structs.replace(message, at=entry_seconds(delivered.entry))
        renamed = await self._line.put_last(delivered, message)
        if renamed:
            mind = mind_of(delivered)
            self._renamed[mind, delivered.entry] = renamed
            self._before[mind, renamed] = delivered.entry
        while len(self._renamed) > REFUSALS_KEPT:
            (mind, _), renamed = self._renamed.popitem(last=False)
            self._before.pop((mind, renamed), None)

    async def _bury(self, delivered: Delivered, reason: str) -> None:
        await self._line.bury(delivered, reason)
        self._refused[mind_of(delivered), delivered.entry] = reason
        while len(self._refused) > REFUSALS_KEPT:
            self._refused.popitem(last=False)
        self._sink.publish(
            EntryBuried(
                at=self._clock.now(), partition=delivered.partition, entry=delivered.entry, reason=reason
            )
        )

    # --- settling ----------------------------------------------------------------------

    def _due(self) -> bool:
        late = self._clock.monotonic() - self._since >= self._options.checkpoint_s
        return late or len(self._unsettled) >= min(self._options.checkpoint_entries, UNSETTLED_MAX)

    async def _settle(self) -> None:
        """Write the minds down that have learned, then acknowledge what they know of."""
        if not self._unsettled:
            return
        self._line.epochs()
        async with self._minds.writing:
            self._hold()
            await self._minds.checkpoint()
        done, self._unsettled = self._unsettled, []
        await self._line.acknowledge(done)
        self._settled += len(done)

    def _hold(self) -> None:
        """What was folded since the last settling counts only if no mind was dropped meanwhile."""
        if self._unsettled and self._generation != self._minds.generation:
            raise UnavailableError("the minds were read anew from their checkpoints")

    # --- for those who wait ------------------------------------------------------------

    def _advance(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    async def folded(self, inquiry: FoldedInquiry) -> FoldedAnswer:
        """Return once this entry was folded in, or refused. The caller sets the deadline."""
        if not ENTRY.match(inquiry.entry):
            raise BadCueError(
                f"entry = {inquiry.entry[:64]!r} is not an entry of the stream",
                remedy="Give the id that publishing returned, such as 1700000000000-0.",
            )
        key = (inquiry.mind, inquiry.entry)
        while key not in self._refused:
            mind = await self._minds.look(inquiry.mind)
            if key in self._renamed:
                key = (inquiry.mind, self._renamed[key])
            elif not later(key[1], mind.usage.through):
                break
            else:
                await self._news.wait()
        useful, vain = self._plasticity.taught(*key) or (None, None)
        return FoldedAnswer(
            inquiry_id=inquiry.id,
            mind=inquiry.mind,
            entry=inquiry.entry,
            refused=self._refused.get(key, ""),
            useful=useful,
            vain=vain,
        )


def portions(items: Sequence[Delivered]) -> Iterable[Sequence[Delivered]]:
    """Consecutive parts that are folded in at once, bounded by events and by the memories they name."""
    return batches(items, TOUCHED_AT_ONCE, touched)


def touched(delivered: Delivered) -> int:
    """How many memories an event names at most, counted as no fewer than a pair. A report that leaves to
    the daemon what was shown may mean as many as are remembered of a recollection."""
    message = delivered.message
    named: set[str] = set()
    if isinstance(message, CoActivation):
        named.update(message.memory_ids)
    remembered = 0
    if isinstance(message, Feedback):
        named.update(message.shown, message.useful, message.misleading)
        remembered = 0 if message.shown else IDS_KEPT
    return max(TOUCHED_AT_ONCE // FOLDED_AT_ONCE, len(named) + remembered)


def mind_of(delivered: Delivered) -> str:
    """Whose event it is; nobody's where it cannot be read."""
    name = getattr(delivered.message, "mind", "")
    assert isinstance(name, str)
    return name
