"""Encoding: what arrives becomes a memory of its mind, in the order in which it arrived.

`commit` folds the arrivals into their minds one by one, writes what follows from them in few
store calls, and says what became of each. Its two halves, `fold` and `write`, are there by themselves
too: the next batch is folded while this one is written. It does not acknowledge: an entry is done
when a checkpoint *through* it has been written.

Every write can be repeated: identifiers come from the entry or its key, and a memory that is
found already written by the same entry is taken as it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np
from anyio.abc import TaskGroup
from numpy.typing import NDArray

from cognition.engine.archiving import Returning
from cognition.engine.arrivals import Arrival, Entry, entry_seconds
from cognition.engine.attending import LOST_BEFORE, archived, parts_of, passed_by, unattended
from cognition.engine.crossing import Crossing
from cognition.engine.forgetting import Forgetting
from cognition.engine.handover import HELD_BACK, Handover
from cognition.engine.ledger import INSERTED_AT_ONCE, LOW_SALIENCE, Committed, Folded, Ledger
from cognition.engine.mind import Mind, later
from cognition.engine.minds import Minds
from cognition.engine.open_episode import member
from cognition.engine.options import AttentionOptions
from cognition.engine.rebuilding import Rebuilding
from cognition.engine.slow_learning import SlowLearning
from cognition.engine.succession import CHAIN_MAX, foretell, marked, told_by
from cognition.engine.tongues import Tongues
from cognition.engine.traces import (
    GIVEN,
    bonds,
    compose,
    patched,
    spoken,
    spoken_again,
    subject_terms,
    total,
    weighed,
    with_memory,
)
from cognition.mechanisms import salience
from cognition.mechanisms.attention import Fate, Mode, Verdict
from cognition.mechanisms.plasticity import CueWords
from cognition.mechanisms.retrievability import EXPOSURE, stability_after
from cognition.mechanisms.thread import Placed
from cognition.mechanisms.working_memory import Active
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from cognition.ports.stores import Revision, Stores, Trace
from schemas.episode import Boundary, BoundaryType
from schemas.events import MindRebuilt, Outcome, Receipt
from schemas.memory import Memory
from schemas.percept import BoundaryMark, Forget, Mark, Percept, Rebuild

Dense = NDArray[np.float32]

REPEAT_STRENGTH = 0.1
"""How far a repetition moves consolidation strength towards 1 (soft bound; Hebb awake, schema)."""
FOLDED_AT_ONCE = 4
"""Arrivals that are folded before others may go on: about two milliseconds."""
PREVIEW_LENGTH = 280


class Encoder:
    """Turns entries into memories. One instance a daemon; `commit` must not run twice at once."""

    def __init__(
        self,
        stores: Stores,
        minds: Minds,
        forgetting: Forgetting,
        rebuilding: Rebuilding,
        clock: Clock,
        sink: Sink,
        *,
        learning: SlowLearning,
        returning: Returning,
        tongues: Tongues,
        attention: AttentionOptions,
        model: str,
        without: Collection[str] = (),
        held_back: int = HELD_BACK,
        inserted_at_once: int = INSERTED_AT_ONCE,
    ) -> None:
        self._attention = attention
        self._stores = stores
        self._minds = minds
        self._forgetting = forgetting
        self._rebuilding = rebuilding
        self._clock = clock
        self._sink = sink
        self._learning = learning
        self._returning = returning
        self._tongues = tongues
        self._model = model
        self._without = frozenset(without)
        self._held_back = held_back
        self._inserted_at_once = inserted_at_once
        self._crossing = Crossing(minds.facts, clock)

    # --- commit: fold, write ------------------------------------------------------------

    async def commit(self, arrivals: Sequence[Arrival], epochs: dict[int, int]) -> Committed:
        """Fold the arrivals into their minds in order and write what follows.

        `epochs` holds the lease epoch of every partition in the batch. After an error
        nothing may be acknowledged; the minds of the batch must be dropped from memory
        (`Minds.discard`) and the entries delivered again.
        """
        folded = await self.fold(arrivals, epochs)
        await self.write(folded)
        return folded.done

    async def fold(
        self,
        arrivals: Sequence[Arrival],
        epochs: dict[int, int],
        behind: Sequence[Folded] = (),
        handover: Handover | None = None,
    ) -> Folded:
        """The first half: the minds have taken the arrivals in, the store has not.

        `behind` are the batches before, under the same epochs, that may still be on their way into the store;
        `handover` takes new memories there meanwhile.
        """
        done = Committed()
        ledger = Ledger(epochs, [each.ledger for each in behind], self._inserted_at_once)
        wanted = [(a.mind, a.memory_id) for a in arrivals if a.memory_id and not a.rejection]
        erased: set[str] = set()
        if wanted:
            await ledger.after([memory for _, memory in wanted])
            archiving = await self._archiving(arrivals, epochs)
            async with anyio.create_task_group() as reads:
                reads.start_soon(self._read_known, wanted, ledger)
                reads.start_soon(self._read_erased, wanted, erased)
                if archiving:
                    reads.start_soon(self._read_archived, [w for w in wanted if w[0] in archiving], ledger)
        for number, arrival in enumerate(arrivals, 1):
            await self._take(arrival, ledger, erased, done)
            if number % FOLDED_AT_ONCE == 0:
                if handover is not None:
                    handover.go_on(ledger)
                await anyio.lowlevel.checkpoint()  # others go on meanwhile, also what is being written
        reached = {mind.name: mind.through for mind in map(self._minds.resident, done.touched) if mind}
        ledger.before = ()
        return Folded(ledger, done, reached)

    def handover(self, tasks: TaskGroup) -> Handover:
        """What takes new memories into the store while their batch is folded, in tasks of this group."""
        return Handover(self._stores, tasks, self._held_back)

    async def write(self, folded: Folded) -> None:
        """The second half, in the order of folding: all of the batch is in the store."""
        await folded.ledger.write(self._stores)
        for name, changed in folded.ledger.outdated.items():
            self._minds.facts.drop(name, changed)
        for name, through in folded.reached.items():
            mind = self._minds.resident(name)
            if mind is not None:
                mind.recallable = through
        folded.ledger.written.set()

    async def _read_known(self, wanted: Sequence[tuple[str, str]], ledger: Ledger) -> None:
        ledger.known = await self._stores.memories.find(wanted)

    async def _archiving(self, arrivals: Sequence[Arrival], epochs: dict[int, int]) -> set[str]:
        """The minds of what may become a memory that have something in the archive, or may come to."""
        epoch_of = {a.mind: epochs[a.entry.partition] for a in arrivals if a.memory_id and not a.rejection}
        minds = [await self._minds.awake(name, epoch=epoch) for name, epoch in epoch_of.items()]
        return {m.name for m in minds if m.sleep.archived or self._attention.rules_of(m.name).archives}

    async def _read_archived(self, wanted: Sequence[tuple[str, str]], ledger: Ledger) -> None:
        for i, (memory, why) in (await self._stores.archive.find(wanted)).items():
            passed_by = why == LOW_SALIENCE and self._attention.rules_of(memory.mind).archives
            (ledger.buried if passed_by else ledger.dormant)[i] = memory

    async def _read_erased(self, wanted: Sequence[tuple[str, str]], erased: set[str]) -> None:
        erased.update(await self._stores.tombstones.among(wanted))

    async def _take(self, arrival: Arrival, ledger: Ledger, erased: set[str], done: Committed) -> None:
        entry = arrival.entry
        mind = await self._minds.look(arrival.mind)
        if not leaves_nothing(mind, arrival):
            epoch = ledger.held[arrival.mind] = ledger.epochs[entry.partition]
            mind = await self._minds.awake(arrival.mind, epoch=epoch)
        done.touched[mind.name] = entry.partition
        fresh = later(entry.id, mind.through)
        if fresh and isinstance(entry.message, Percept | Mark) and self._learning.due_before(mind):
            await ledger.settle(self._stores)
            await self._learning.settle(mind)
        receipt = await self._outcome(mind, arrival, ledger, erased, done)
        if later(entry.id, mind.through):
            mind.through = entry.id
            mind.last_arrival = entry_seconds(entry.id)
        done.receipts.append((entry.partition, receipt))

    async def _outcome(
        self, mind: Mind, arrival: Arrival, ledger: Ledger, erased: set[str], done: Committed
    ) -> Receipt:
        """Do what the entry asks of this mind, and say what became of it."""
        message = arrival.entry.message
        epoch = ledger.epochs[arrival.entry.partition]
        sound = isinstance(message, Percept) and not arrival.rejection and arrival.memory_id not in erased
        if sound and arrival.vector is not None:
            await self._minds.ensure_born(mind, arrival.vector, arrival.at, epoch=epoch)
        if mind.stopped:
            arrival.rejection = f"this mind is stopped: {mind.stopped}"
        if arrival.rejection:
            done.rejected.append((arrival.entry, arrival.rejection))
            return self._receipt(arrival, Outcome.REJECTED, reason=arrival.rejection)
        if isinstance(message, Forget):
            return await self._forget(mind, arrival, message, ledger, erased)
        if isinstance(message, Rebuild):
            return await self._rebuild(mind, arrival, ledger)
        if isinstance(message, Mark):
            return self._mark(mind, arrival, ledger, done)
        if sound:
            return await self._percept(mind, arrival, ledger, done)
        reason = "this memory was erased and may not return; use another key"
        return self._receipt(arrival, Outcome.FORGOTTEN, memory_id=arrival.memory_id, reason=reason)

    async def _forget(
        self, mind: Mind, arrival: Arrival, request: Forget, ledger: Ledger, erased: set[str]
    ) -> Receipt:
        """Forget what was derived, write that down, then erase (see `forgetting`)."""
        entry = arrival.entry.id
        epoch = ledger.epochs[arrival.entry.partition]
        if later(entry, mind.through):
            await ledger.write(self._stores)
            await self._forgetting.unlearn(mind, request, entry, epoch=epoch)
            mind.through = mind.erasing = entry
            await self._minds.checkpoint()
        current = await self._forgetting.clean(mind, request, entry, epoch=epoch)
        gone = await self._forgetting.erase(mind.name, request, entry)
        mind.erasing = ""
        mind.erasures += 1
        erased.update(gone)
        self._minds.facts.drop(mind.name, [*gone, *current])
        for memory_id in gone:
            ledger.known.pop(memory_id, None)
        return self._receipt(arrival, Outcome.FORGOTTEN, count=len(gone))

    async def _rebuild(self, mind: Mind, arrival: Arrival, ledger: Ledger) -> Receipt:
        """Derive anew what this mind has derived, once an entry."""
        reason = ""
        if later(arrival.entry.id, mind.through):
            await ledger.write(self._stores)
            began, before = self._clock.monotonic(), mind.language
            epoch = ledger.epochs[arrival.entry.partition]
            await self._rebuilding.rebuild(mind, arrival.entry.id, epoch=epoch)
            await self._learning.relearn(mind)
            if mind.language != before:
                reason = await self._translated(mind, before, arrival.entry.id)
            took_s = self._clock.monotonic() - began
            self._sink.publish(
                MindRebuilt(at=self._clock.now(), mind=mind.name, count=mind.lexicon.n, took_s=took_s)
            )
        return self._receipt(arrival, Outcome.REBUILT, count=mind.lexicon.n, reason=reason)

    async def _translated(self, mind: Mind, before: str, entry: str) -> str:
        """What cues had taught was in the words of the language before: their routes are gone, and words of
        cues are counted afresh. Written down at once: an entry that is taken again would drop what is
        learned from now on. What to say of it."""
        mind.usage.words = CueWords()
        self._minds.facts.forget(mind.name)
        mind.through = entry
        await self._minds.checkpoint()
        if not mind.usage.reports:
            return ""
        return f"what cues in {before} had taught is dropped: the language is {mind.language} now"

    async def _percept(self, mind: Mind, arrival: Arrival, ledger: Ledger, done: Committed) -> Receipt:
        entry = arrival.entry.id
        fresh = later(entry, mind.through)
        known = ledger.known.get(arrival.memory_id)
        if known is None and (dormant := ledger.dormant.get(arrival.memory_id)) is not None:
            if not fresh:
                told = self._encoded if dormant.entry == entry else self._strengthened
                return told(arrival, dormant)
            known = await self._awaken(mind, dormant, ledger)
        if known is not None and known.entry == entry:
            if fresh:
                await self._fold_again(mind, arrival, known, ledger, done)
                await self._supersede(mind, known, ledger)
            return self._encoded(arrival, known)
        echo = None if known else mind.echo.find(arrival.hash, arrival.at)
        if known is None and echo is not None:
            known = await self._find_one(mind, echo, ledger)
        if known is not None:
            if fresh:
                mind.repeat(entry)
                mind.last_percept_at = arrival.at
            return self._repeat(mind, arrival, known, ledger, done)
        buried = ledger.buried.get(arrival.memory_id)
        if buried is not None and (buried.entry != entry or not fresh):
            if fresh:
                mind.repeat(entry)
            return self._receipt(arrival, **archived(arrival, buried, mind.attention.rules.forget_below))
        if entry in mind.taken:
            reason = "taken before: it strengthened a memory that cannot be named any more"
            return self._receipt(arrival, Outcome.STRENGTHENED, reason=reason)
        if not fresh and mind.attention.rules.mode is Mode.COMPETE:
            return self._receipt(arrival, Outcome.FORGOTTEN, reason=LOST_BEFORE)
        receipt = self._encode(mind, arrival, ledger, done)
        if (formed := ledger.known.get(arrival.memory_id)) is not None:
            await self._supersede(mind, formed, ledger)
        return receipt

    async def _awaken(self, mind: Mind, dormant: Memory, ledger: Ledger) -> Memory | None:
        """What lies in the archive and comes again is awake memory from now on. All that was folded is in the
        store before that: it writes the mind down."""
        await ledger.settle(self._stores)
        await ledger.write(self._stores)
        epoch = ledger.held[mind.name]
        await self._returning.back(mind.name, [dormant.id], at=None, epoch=epoch)
        await self._minds.awake(mind.name, epoch=epoch)  # this arrival changes it after that was written
        del ledger.dormant[dormant.id]
        return await self._find_one(mind, dormant.id, ledger)

    async def _supersede(self, mind: Mind, newer: Memory, ledger: Ledger) -> None:
        """What its caller said that it supersedes says how it was from now on, once this is in the store."""
        for target in told_by(newer):
            older = await self._find_one(mind, target, ledger)
            if older is not None:
                self._outdate(mind, older, newer, ledger)
            else:
                mind.foretold = foretell(mind.foretold, target, newer.id)
        if (told := mind.foretold.pop(newer.id, None)) is not None:
            by = await self._find_one(mind, told, ledger)
            late = ledger.known[newer.id]
            if by is not None and not await self._leads_to(mind, by, late.id, ledger):
                self._outdate(mind, late, by, ledger)

    def _outdate(self, mind: Mind, older: Memory, newer: Memory, ledger: Ledger) -> None:
        if mark := marked(older, newer):
            self._patch(mind, older, mark, ledger)
            ledger.outdated.setdefault(mind.name, set()).add(older.id)

    async def _leads_to(self, mind: Mind, by: Memory, target: str, ledger: Ledger) -> bool:
        """Whether what supersedes `by` leads to the target: such a circle says nothing."""
        for _ in range(CHAIN_MAX):
            if by.superseded_by is None:
                return False
            if by.superseded_by == target:
                return True
            above = await self._find_one(mind, by.superseded_by, ledger)
            if above is None:
                return False
            by = above
        return True

    async def _find_one(self, mind: Mind, memory: str, ledger: Ledger) -> Memory | None:
        """This memory, where it is one of this mind: a batch has met those of others too."""
        if (met := ledger.known.get(memory)) is not None:
            return met if met.mind == mind.name else None
        await ledger.after([memory])
        found = await self._stores.memories.get(mind.name, [memory])
        ledger.known.update(found)
        return found.get(memory)

    def _repeat(
        self, mind: Mind, arrival: Arrival, known: Memory, ledger: Ledger, done: Committed
    ) -> Receipt:
        """The same key, or the same content again: what exists grows stronger, once an entry."""
        entry = arrival.entry.id
        if later(entry, known.repeated_through) and later(entry, known.entry):
            strength = known.consolidation_strength
            patch: dict[str, Any] = {
                "access_count": known.access_count + 1,
                "last_accessed": arrival.at,
                "consolidation_strength": strength + REPEAT_STRENGTH * (1.0 - strength),
                "stability_s": stability_after(
                    known.stability_s,
                    arrival.at - known.last_accessed,
                    arousal=known.arousal,
                    strength=strength,
                    share=EXPOSURE,
                ),
                "repeated_through": entry,
            }
            done.strengthened += 1
            self._patch(mind, known, patch, ledger)
        return self._strengthened(arrival, known)

    def _strengthened(self, arrival: Arrival, known: Memory) -> Receipt:
        return self._receipt(
            arrival,
            Outcome.STRENGTHENED,
            memory_id=known.id,
            episode_id=known.episode_id,
            reason=f"the same {'key' if known.key == arrival.key else 'content'} as {known.key}",
        )

    def _patch(self, mind: Mind, known: Memory, patch: dict[str, Any], ledger: Ledger) -> None:
        if known.id in ledger.traces:
            fresh = patched(known, {**patch, "rev": known.rev + 1})
            ledger.traces[known.id] = with_memory(ledger.traces[known.id], fresh)
        else:
            read, fields = ledger.patches.setdefault(mind.name, {}).setdefault(known.id, (known, {}))
            fields.update(patch)
            epoch = ledger.held[mind.name]
            fresh = patched(known, {**patch, "rev": read.rev + 1, "epoch": epoch})
        ledger.known[known.id] = fresh

    def _encode(self, mind: Mind, arrival: Arrival, ledger: Ledger, done: Committed) -> Receipt:
        """A percept that the mind has not met becomes a memory."""
        percept = arrival.entry.message
        assert isinstance(percept, Percept)
        assert arrival.vector is not None, "prepare gives every sound percept its vector"
        novelty = salience.novelty(
            arrival.vector,
            mind.working.vectors(),
            mind.episode.tally.centroid() if mind.episode else None,
        )
        verdict = mind.attention.judge(total(weighed(percept, novelty)), arrival.at)
        fate = Fate.ARCHIVE if arrival.memory_id in ledger.buried else verdict.fate
        if fate is not Fate.MEMORY:
            return self._pass_by(mind, arrival, novelty, verdict, fate, ledger, done)
        self._crossing.enter(mind, arrival, arrival.vector, ledger, done)
        assert mind.episode is not None
        mean_length = mind.lexicon.mean_length
        placed = mind.thread.take(spoken(arrival, arrival.vector, mean_length))
        memory = compose(
            mind,
            arrival,
            novelty,
            mean_length=mean_length,
            now=self._clock.now(),
            model=self._model if percept.vector is None else GIVEN,
            epoch=ledger.epochs[arrival.entry.partition],
            tagged=verdict.tagged,
            bonds=bonds(mind, arrival, self._without),
        )
        trace = Trace(
            memory=memory,
            context=placed.context,
            lexical=placed.lexical,
            subject=subject_terms(percept.subject, self._tongues.of(mind.name)),
            evidence=placed.evidence,
        )
        ledger.traces[memory.id] = trace
        ledger.known[memory.id] = memory
        self._minds.facts.note(memory)
        self._fold(mind, arrival, memory, arrival.vector)
        mind.learn(placed.lexical, memory.length, placed.context)
        self._revise(mind, placed, ledger)
        done.encoded += 1
        done.context.update(placed.by)
        done.context.update({a.type.value for a in memory.associations if not a.given})
        done.related += sum(a.given for a in memory.associations)
        return self._encoded(arrival, memory, verdict.threshold)

    def _pass_by(
        self,
        mind: Mind,
        arrival: Arrival,
        novelty: float,
        verdict: Verdict,
        fate: Fate,
        ledger: Ledger,
        done: Committed,
    ) -> Receipt:
        """A percept that attention passes by is no part of any episode; what it says of their bounds counts.
        It lives in the stream alone, or is archived. What was archived before a crash is so again."""
        percept = arrival.entry.message
        assert isinstance(percept, Percept)
        mind.percepts += 1
        mind.first_percept_at = arrival.at if mind.first_percept_at is None else mind.first_percept_at
        mind.last_percept_at = arrival.at
        if percept.boundary is not None:
            mark = Mark(mind=mind.name, boundary=percept.boundary, label=percept.boundary_label)
            entry = Entry(arrival.entry.partition, arrival.entry.id, mark)
            self._mark(mind, replace(arrival, entry=entry), ledger, done)
        if fate is Fate.STREAM:
            done.passed_by += 1
            return self._receipt(arrival, **passed_by(arrival, novelty, verdict))
        trace = unattended(
            mind,
            arrival,
            novelty,
            tongues=self._tongues,
            without=self._without,
            now=self._clock.now(),
            model=self._model if percept.vector is None else GIVEN,
            epoch=ledger.epochs[arrival.entry.partition],
        )
        ledger.archive[trace.memory.id] = trace
        ledger.archived_at = max(ledger.archived_at, trace.memory.encoded_at)
        ledger.buried[trace.memory.id] = trace.memory
        mind.memories += 1
        mind.sleep.archived += 1
        done.archived += 1
        return self._receipt(arrival, **archived(arrival, trace.memory, mind.attention.rules.forget_below))

    async def _fold_again(
        self, mind: Mind, arrival: Arrival, known: Memory, ledger: Ledger, done: Committed
    ) -> None:
        """The entry's memory was written before a crash: fold it as it stands in the store.

        Its weights may be those after later entries already: they are derived as of now, and
        written where they differ, so that they follow what comes as they did before.
        """
        traces = await self._stores.memories.get_traces(mind.name, [known.id])
        trace = traces[known.id]
        again = spoken_again(
            trace, self._tongues.of(mind.name), known.mean_length or mind.lexicon.mean_length
        )
        mind.attention.judge(known.composite_salience, arrival.at)
        self._crossing.enter(mind, arrival, again.vector, ledger, done, known=known)
        known = self._crossing.placed(mind, known, ledger)
        placed = mind.thread.take(again)
        self._fold(mind, arrival, known, again.vector)
        mind.learn(placed.lexical, known.length, trace.context)
        if placed.lexical != trace.lexical:
            ledger.revisions[known.id] = Revision(mind.name, known.id, lexical=placed.lexical)
        self._revise(mind, placed, ledger)

    def _revise(self, mind: Mind, placed: Placed, ledger: Ledger) -> None:
        """What a new memory changed of those before it: one that is yet to be written follows its
        thread by itself, another is written anew."""
        for memory_id, changes in placed.changed.items():
            mind.relearn(changes)
            if memory_id not in ledger.traces:
                weights = mind.thread.weights(memory_id)
                ledger.revisions[memory_id] = Revision(mind.name, memory_id, lexical=weights)

    def _fold(self, mind: Mind, arrival: Arrival, memory: Memory, vector: Dense) -> None:
        episode = mind.episode
        assert episode is not None
        episode.take(
            member(
                memory.id,
                arrival.entry.id,
                arrival.at,
                vector,
                valence=memory.valence,
                arousal=memory.arousal,
                content=memory.content,
                salience=memory.composite_salience,
            )
        )
        episode.judge(mind.segmenter.judged)
        mind.linking.note(memory, mind.lexicon.n)
        mind.sleep.note(memory)
        mind.working.admit(
            Active(
                memory_id=memory.id,
                vector=vector,
                salience=memory.composite_salience,
                at=arrival.at,
                actor=memory.actor,
                preview=memory.content[:PREVIEW_LENGTH],
                episode_id=memory.episode_id,
                position=memory.position,
                valence=memory.valence,
                arousal=memory.arousal,
            )
        )
        mind.echo.add(arrival.hash, memory.id, arrival.at)
        mind.percepts += 1
        mind.memories += 1
        if mind.first_percept_at is None:
            mind.first_percept_at = arrival.at
        mind.last_percept_at = arrival.at

    def _mark(self, mind: Mind, arrival: Arrival, ledger: Ledger, done: Committed) -> Receipt:
        """An explicit boundary without a percept: what is open closes, the next percept opens."""
        mark = arrival.entry.message
        assert isinstance(mark, Mark)
        closed = ""
        if not later(arrival.entry.id, mind.through):
            return self._receipt(arrival, Outcome.MARKED)
        cuts, known = mind.segmenter.mark(mark.boundary, mark.label, mark.cause)
        boundary = known or Boundary(type=mark.cause, trigger=mark.label or str(mark.boundary))
        if mind.episode is not None:
            mind.episode.judge(mind.segmenter.judged)
        for cut in cuts:
            self._crossing.cut(mind, cut, arrival, ledger, done)
        if mind.episode is not None:
            if mark.label and mark.boundary is BoundaryMark.END:
                mind.episode.given_label = mark.label
            closed = mind.episode.id
            self._crossing.close(mind, boundary, arrival, ledger, done, continues=False)
        if mind.coarse is not None and boundary.type is BoundaryType.EXPLICIT:
            self._crossing.close_coarse(mind, boundary, arrival, ledger, continues=False)
        return self._receipt(arrival, Outcome.MARKED, episode_id=closed)

    def _encoded(self, arrival: Arrival, memory: Memory, threshold: float = 0.0) -> Receipt:
        return self._receipt(
            arrival,
            Outcome.ENCODED,
            memory_id=memory.id,
            episode_id=memory.episode_id,
            salience=memory.composite_salience,
            threshold=threshold,
            parts=parts_of(memory),
        )

    def _receipt(self, arrival: Arrival, outcome: Outcome, **rest: Any) -> Receipt:
        return Receipt(
            mind=arrival.mind,
            entry=arrival.entry.id,
            outcome=outcome,
            key=arrival.key,
            recallable_at=self._clock.now(),
            **rest,
        )


def leaves_nothing(mind: Mind, arrival: Arrival) -> bool:
    """Whether nothing need be kept of it: a mark that names nothing to come, or what is rejected, for a
    mind that never perceived anything. Names that are made up do not fill the store."""
    message = arrival.entry.message
    empty = not (mind.percepts or mind.identified or mind.stopped or mind.segmenter.label)
    names = isinstance(message, Mark) and message.boundary is BoundaryMark.BEGIN and bool(message.label)
    return empty and (bool(arrival.rejection) or (isinstance(message, Mark) and not names))
