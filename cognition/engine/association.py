"""Association: a memory comes to know which others it speaks of.

Forms mention associations in the background, a bounded step at a time: the new ones of a mind in both
directions (what they name, who names them), and all of them anew whenever the mind has doubled, since
idf weighs them. What a step reads depends on what is stored and not on the order in which it came:
after a sweep the associations are a function of the set of memories and of the idf at the time.

A step may be repeated. It runs in the task of the mind's one writer, and recall never waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from cognition.engine.mind import Mind
from cognition.engine.minds import Minds
from cognition.engine.naming import named, spoken_terms
from cognition.engine.tongues import Tongues
from cognition.errors import LeaseLostError
from cognition.mechanisms.evidence import query_weights
from cognition.mechanisms.mentions import MENTIONS_MAX, strongest
from cognition.mechanisms.synapses import kept, key
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from cognition.ports.stores import Spoken, Stores, Terms
from schemas.association import Association, AssociationType
from schemas.events import AssociationsFormed

SWEPT_AT_ONCE = 32
FOLLOWED_AT_ONCE = 8
"""Memories of one step, 30 to 100 ms of which the next percepts may have to wait: a new one also asks what
others say."""

SUBJECTS_MAX = 16
"""Subjects looked at for one memory, those that share most idf mass with it. 2Wiki R@5 / all@5 with 8: .974 /
.928, 16: .975 / .930, 64: .974 / .927, all: .973 / .922: what is left out is named by common words."""

SPEAKERS_MAX = 32
"""Memories looked at that may name a new subject, those that speak of it most. The next sweep finds more."""

CHANGE_MIN = 0.02
"""Weights that have moved by less are not written anew."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A memory that names others: its terms, and the array that it holds, as it was read."""

    terms: frozenset[int]
    array: tuple[Association, ...]
    rev: int
    epoch: int


class Witness(Protocol):
    """Is told, before they are written, which arrays a step is about to change: the memory, the revision
    and the array that were read, and the array that is to be."""

    async def __call__(
        self, changes: Sequence[tuple[str, int, Sequence[Association], Sequence[Association]]]
    ) -> None: ...


class Associating:
    """Forms the mention associations of minds that are awake."""

    def __init__(
        self, stores: Stores, minds: Minds, clock: Clock, sink: Sink, *, tongues: Tongues, forms: bool = True
    ) -> None:
        self._forms = forms
        self._stores = stores
        self._minds = minds
        self._clock = clock
        self._sink = sink
        self._tongues = tongues

    def due(self) -> list[str]:
        """Minds in memory that have something to link; none where mentions are switched off."""
        if not self._forms:
            return []
        return [mind.name for mind in self._minds.all() if left(mind) and not mind.stopped]

    async def step(self, name: str, *, epoch: int, witness: Witness | None = None) -> bool:
        """Link the next memories of this mind, under the lock of its writer; whether more is left.

        A pass over all of them is written down when it is finished: it need not be made again.
        """
        if not self._forms:
            return False
        async with self._minds.writing:
            mind = await self._minds.awake(name, epoch=epoch)
            if mind.stopped or not left(mind):
                return False
            swept = mind.linking.swept
            await self._link(mind, epoch, witness)
            if mind.linking.swept != swept:
                await self._minds.checkpoint()
            return left(mind) > 0

    async def settle(self, *, durable: bool = True) -> None:
        """Write down what was linked, where nobody else does: after the last step, seldom. What is not
        `durable` may be lost with the power, until the next checkpoint."""
        async with self._minds.writing:
            if self._minds.unwritten:
                await (self._minds.checkpoint() if durable else self._minds.write_down())

    async def _link(self, mind: Mind, epoch: int, witness: Witness | None) -> None:
        linking = mind.linking
        if linking.grown(mind.lexicon.n):
            linking.sweep()
        if linking.sweeping:
            formed, looked = await self._sweep(mind, epoch, witness)
        else:
            formed, looked = await self._follow(mind, epoch, witness)
        self._sink.publish(
            AssociationsFormed(
                at=self._clock.now(),
                mind=mind.name,
                formed=formed,
                looked=looked if linking.subjects else 0,
                pending=len(linking.pending),
                sweeping=linking.sweeping,
            )
        )

    async def _sweep(self, mind: Mind, epoch: int, witness: Witness | None) -> tuple[int, int]:
        """One page of all memories: each anew with what it names now. How many associations are new, of how
        many memories."""
        page, offset = await self._stores.associations.page(
            mind.name, mind.linking.offset, limit=SWEPT_AT_ONCE
        )
        speakers = {i: self._speaker(mind, spoken) for i, spoken in page.items()}
        targets = await self._about(mind, speakers)
        formed, left = await self._write(mind, speakers, targets, epoch, witness)
        subjects = sum(1 for spoken in page.values() if spoken.subject)
        mind.linking.passed(subjects, offset, mind.lexicon.n)
        mind.linking.owe(left)
        return formed, len(speakers)

    async def _follow(self, mind: Mind, epoch: int, witness: Witness | None) -> tuple[int, int]:
        """The next new memories: what they name, and who names what they are about; as `_sweep`."""
        ids = mind.linking.pending[:FOLLOWED_AT_ONCE]
        new = await self._stores.associations.read(mind.name, ids)
        speakers = {i: self._speaker(mind, spoken) for i, spoken in new.items()}
        targets = await self._about(mind, speakers)
        for subject, found in (await self._naming(mind, new)).items():
            for i, spoken in found.items():
                speaker = speakers.setdefault(i, self._speaker(mind, spoken))
                targets.setdefault(i, held_mentions(speaker.array)).add(subject)
        formed, left = await self._write(mind, speakers, targets, epoch, witness)
        mind.linking.done(ids)
        mind.linking.owe(left)
        return formed, len(speakers)

    async def _about(self, mind: Mind, speakers: Mapping[str, Speaker]) -> dict[str, set[str]]:
        """For each of these the memories whose subject it may name."""
        speaking = [i for i, speaker in speakers.items() if speaker.terms]
        texts = [weighed(mind, speakers[i].terms) for i in speaking]
        found = await self._stores.associations.about(mind.name, texts, limit=SUBJECTS_MAX)
        named = dict(zip(speaking, map(set, found), strict=True))
        return {i: named.get(i, set()) for i in speakers}

    async def _naming(self, mind: Mind, new: Mapping[str, Spoken]) -> dict[str, dict[str, Spoken]]:
        """Who may name what each of these is about."""
        analyzer = self._tongues.of(mind.name)
        subjects = {i: analyzer.evidence_terms(spoken.subject) for i, spoken in new.items()}
        meant = [i for i, terms in subjects.items() if terms]
        texts = [weighed(mind, subjects[i]) for i in meant]
        found = await self._stores.associations.saying(mind.name, texts, limit=SPEAKERS_MAX)
        return dict(zip(meant, found, strict=True))

    async def _subjects(self, mind: Mind, ids: Collection[str]) -> dict[str, str]:
        """What these memories are about, as far as it is at hand; the rest is read."""
        known = self._minds.facts.of(mind.name)
        unknown = [i for i in ids if i not in known]
        read = await self._stores.memories.facts(mind.name, unknown) if unknown else {}
        return {i: facts.subject for i in ids if (facts := known.get(i) or read.get(i))}

    def _speaker(self, mind: Mind, spoken: Spoken) -> Speaker:
        terms = spoken_terms(self._tongues.of(mind.name), spoken.content, spoken.actor, spoken.subject)
        return Speaker(terms, spoken.associations, spoken.rev, spoken.epoch)

    def _weigh(
        self, mind: Mind, memory_id: str, speaker: Speaker, subjects: Mapping[str, str]
    ) -> dict[str, float]:
        """Which of these subjects, by memory, this memory names; itself it does not."""
        others = [i for i in subjects if i != memory_id]
        about, analyzer = [subjects[i] for i in others], self._tongues.of(mind.name)
        weights = named(speaker.terms, about, mind.lexicon, analyzer)
        return {i: w for i, w in zip(others, weights.tolist(), strict=True) if w > 0.0}

    async def _write(
        self,
        mind: Mind,
        speakers: Mapping[str, Speaker],
        targets: Mapping[str, Collection[str]],
        epoch: int,
        witness: Witness | None = None,
    ) -> tuple[int, list[str]]:
        """Write the arrays that have changed, with what each speaker names among its targets; how many
        associations they have more than before, and whose was not taken: it changed after it was read.
        """
        newest = max((speaker.epoch for speaker in speakers.values()), default=epoch)
        if newest > epoch:
            raise LeaseLostError(f"mind {mind.name!r} is under epoch {newest}, ours is {epoch}")
        now = self._clock.now()
        subjects = await self._subjects(mind, {j for found in targets.values() for j in found})
        mentions = {
            i: self._weigh(mind, i, speakers[i], {j: subjects[j] for j in found if j in subjects})
            for i, found in targets.items()
        }
        arrays = {i: with_mentions(speakers[i].array, found, now) for i, found in mentions.items()}
        changed = {i: array for i, array in arrays.items() if differs(speakers[i].array, array)}
        revised = {i: (speakers[i].rev, array) for i, array in changed.items()}
        if witness is not None and changed:
            await witness([(i, speakers[i].rev, speakers[i].array, new) for i, new in changed.items()])
        taken = await self._stores.associations.write(mind.name, revised, epoch=epoch)
        self._minds.facts.relate(mind.name, {i: changed[i] for i in taken})
        left = [i for i in changed if i not in taken]
        self._minds.facts.drop(mind.name, left)
        return sum(max(0, len(changed[i]) - len(speakers[i].array)) for i in taken), left


def left(mind: Mind) -> int:
    """Memories of this mind whose associations are still to be formed."""
    linking = mind.linking
    whole = linking.sweeping or linking.grown(mind.lexicon.n)
    return mind.lexicon.n if whole else len(linking.pending)


def weighed(mind: Mind, terms: frozenset[int] | Mapping[int, int]) -> Terms:
    """Terms with the mind's idf, as a store is asked with."""
    asked = sorted(terms)
    return query_weights(asked, mind.lexicon.idf(asked).tolist())


def is_mention(association: Association) -> bool:
    """Whether it was formed here: a caller's semantic relation is the caller's."""
    return association.type is AssociationType.SEMANTIC and not association.given


def held_mentions(array: tuple[Association, ...]) -> set[str]:
    """The targets of the mentions of an array."""
    return {a.target_id for a in array if is_mention(a)}


def with_mentions(
    array: tuple[Association, ...], mentions: Mapping[str, float], now: float
) -> list[Association]:
    """An array with these mentions, the strongest, in place of those that it held."""
    before = {a.target_id: a for a in array if is_mention(a)}
    others = [a for a in array if not is_mention(a)]
    formed = []
    for target, weight in strongest(mentions, most=MENTIONS_MAX):
        fresh = Association(
            target_id=target, weight=weight, type=AssociationType.SEMANTIC, last_coactivated=now
        )
        held = before.get(target, fresh)
        formed.append(msgspec.structs.replace(held, weight=weight))
    return kept([*others, *formed], now)


def differs(before: tuple[Association, ...], after: list[Association]) -> bool:
    """Whether an array says something else: other connections, or weights that have moved."""
    was, new = ({key(a): a.weight for a in array} for array in (before, after))
    return was.keys() != new.keys() or any(abs(was[k] - new[k]) > CHANGE_MIN for k in new)
