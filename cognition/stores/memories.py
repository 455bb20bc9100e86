"""The `memories` of all minds over any vector backend."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from cognition.ports.stores import Epoch, Facts, Found, Likely, Probe, Revision, Scope, Terms, Trace
from cognition.stores import payloads, times, vectors
from cognition.stores.backend import (
    Ahead,
    Dense,
    Gather,
    HasId,
    Hit,
    Match,
    Payload,
    Point,
    ReadAhead,
    Search,
    Vector,
    VectorBackend,
    Within,
)
from cognition.stores.collections import CONTEXT, EVIDENCE, LEXICAL, MEMORIES, SUBJECT
from cognition.stores.conditions import of_scope
from cognition.stores.mending import sound_count, sound_routes, spreading
from cognition.stores.tenancy import (
    epoch_of,
    fenced,
    for_mind,
    for_minds,
    not_newer,
    older,
    owned,
    paired,
    payload_of,
)
from schemas.cue import Mood
from schemas.memory import Memory

PAGE: Final = 1_000
"""Points a round trip when everything of a mind is walked."""

MOOD_EXCESS: Final = 1.5
"""How many times the limit is fetched from the box around a mood. The disc covers pi/4 of it: of 45 some 35
are inside, fewer than 30 in 3 of 100."""

_LEARNED: Final = ("associations", "routes", "unused_count", "learned_at", "superseded_at")
_RANKED: Final = (
    *("episode_id", "actor", "subject", "valence", "arousal", "context", "occurred_at"),
    *_LEARNED,
)
_TOLD: Final = ("plasticity_through", "repeated_through")
"""Which entry changed a memory: tells one writer's next revision from another's."""
_FELT: Final = ("valence", "arousal")
VECTORS: Final = (CONTEXT, EVIDENCE, LEXICAL, SUBJECT)
_NOTHING: Final = Found([], np.zeros(0, np.float32), np.zeros(0, np.float32))


class VectorMemories:
    """`MemoryStore` over a `VectorBackend`."""

    def __init__(self, backend: VectorBackend, *, collection: str = MEMORIES.name) -> None:
        self._backend = backend
        self._collection = collection

    async def get(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Memory]:
        hits = owned(mind, await self._backend.retrieve(self._collection, memory_ids, owner=mind))
        return {i: _memory(hit) for i, hit in hits.items()}

    async def find(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Memory]:
        owners = {memory_id: mind for mind, memory_id in wanted}
        hits = paired(wanted, await self._backend.retrieve(self._collection, list(owners), owner=owners))
        return {i: _memory(hit) for i, hit in hits.items()}

    async def get_traces(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Trace]:
        hits = await self._backend.retrieve(self._collection, memory_ids, with_vectors=VECTORS, owner=mind)
        return {i: trace(hit) for i, hit in owned(mind, hits).items()}

    async def get_bare(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Dense]:
        ids = tuple(dict.fromkeys(memory_ids))
        if not ids:
            return {}
        page = await self._backend.scroll(
            self._collection,
            condition=for_mind(mind, HasId(ids)),
            limit=len(ids),
            with_payload=("mind",),
            with_vectors=(CONTEXT, EVIDENCE),
        )
        return {i: bare(hit.vectors or {}) for i, hit in owned(mind, page.hits).items()}

    async def insert(self, traces: Sequence[Trace], *, epoch: Epoch) -> None:
        if not traces:
            return
        points = [self._point(each, epoch_of(epoch, each.memory.mind)) for each in traces]
        condition = fenced(epoch, (each.memory.mind for each in traces), older)
        await self._backend.upsert(self._collection, points, condition=condition)

    async def patch(self, mind: str, patches: Mapping[str, Mapping[str, Any]], *, epoch: int) -> None:
        if not patches:
            return
        sets = {i: {**payloads.encode_patch(Memory, patch), "epoch": epoch} for i, patch in patches.items()}
        await self._backend.set_payloads(self._collection, sets, condition=for_mind(mind, not_newer(epoch)))

    async def amend(
        self,
        mind: str,
        changes: Mapping[str, tuple[int, Mapping[str, Any]]],
        *,
        epoch: int,
        sure: Collection[str] = (),
    ) -> set[str]:
        by_rev: dict[int, dict[str, Payload]] = {}
        for i, (rev, patch) in changes.items():
            fields = {**payloads.encode_patch(Memory, {**patch, "rev": rev + 1}), "epoch": epoch}
            by_rev.setdefault(rev, {})[i] = fields
        for rev, sets in by_rev.items():
            unchanged = Match("rev", rev)
            condition = for_mind(mind, not_newer(epoch), unchanged)
            await self._backend.set_payloads(self._collection, sets, condition=condition)
        written = {i for i in changes if i in sure}
        doubtful = [i for i in changes if i not in written]
        if doubtful:
            stored = owned(mind, await self._backend.retrieve(self._collection, doubtful, owner=mind))
            written |= {i for i, hit in stored.items() if _took(payload_of(hit), changes[i], epoch)}
        return written

    async def get_spoken(self, mind: str, memory_ids: Sequence[str]) -> dict[str, tuple[Memory, Terms]]:
        hits = await self._backend.retrieve(self._collection, memory_ids, with_vectors=(LEXICAL,), owner=mind)
        return {
            i: (_memory(hit), vectors.terms(hit.vectors or {}, LEXICAL, mind))
            for i, hit in owned(mind, hits).items()
        }

    async def revise(self, revisions: Sequence[Revision], *, epoch: int) -> None:
        if not revisions:
            return
        changes = {each.memory_id: _revised(each) for each in revisions}
        minds = {each.mind for each in revisions}
        stamp, ids = {"epoch": epoch}, list(changes)
        await self._backend.set_payload(
            self._collection, ids, stamp, condition=for_minds(minds, older(epoch))
        )
        condition = for_minds(minds, not_newer(epoch))
        await self._backend.update_vectors(self._collection, changes, condition=condition)

    async def erase(self, mind: str, memory_ids: Sequence[str], *, epoch: int | None = None) -> None:
        if memory_ids:
            condition = for_mind(mind, *([] if epoch is None else [not_newer(epoch)]))
            await self._backend.delete(self._collection, memory_ids, owner=mind, condition=condition)

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
        if not probes:
            return _NOTHING
        searches = [search for probe in probes for search in _searches(mind, probe, limit)]
        if also:
            searches.append(Search(CONTEXT, len(also), for_mind(mind, HasId(tuple(dict.fromkeys(also))))))
        mood = probes[0].scope.filter.mood
        return await self._gather(mind, probes[0], searches, mood, with_facts=with_facts, likely=likely)

    async def score(self, mind: str, probe: Probe, memory_ids: Sequence[str]) -> Found:
        ids = tuple(dict.fromkeys(memory_ids))
        if not ids:
            return _NOTHING
        inside = for_mind(mind, HasId(ids), *of_scope(probe.scope))
        return await self._gather(mind, probe, [Search(CONTEXT, len(ids), inside)], probe.scope.filter.mood)

    async def facts(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Facts]:
        hits = owned(mind, await self._backend.retrieve(self._collection, memory_ids, owner=mind))
        return {i: facts_of(payload_of(hit)) for i, hit in hits.items()}

    async def _gather(
        self,
        mind: str,
        probe: Probe,
        searches: Sequence[Search],
        mood: Mood | None,
        *,
        with_facts: bool = True,
        likely: Likely | None = None,
    ) -> Found:
        asked: dict[str, Vector] = {CONTEXT: vectors.dense(probe.vector, "the cue")}
        if probe.terms:
            asked[LEXICAL] = vectors.sparse(probe.terms, mind, "the cue")
            if probe.naming:
                asked[SUBJECT] = asked[LEXICAL]
        fields = _RANKED if with_facts else ()
        ahead = _ahead(likely, asked) if likely is not None else None
        within = Within(CONTEXT, for_mind(mind))
        found = await self._backend.gather(self._collection, Gather(asked, searches, within, fields, ahead))
        read = _reader(mind, found.ahead) if found.ahead is not None else None
        zeros = np.zeros(len(found.ids), np.float32)
        dense, lexical = found.scores[CONTEXT], found.scores.get(LEXICAL, zeros)
        if not fields:
            return Found(found.ids, dense, lexical, ahead=read)
        payloads = found.payloads or []
        kept = [n for n, payload in enumerate(payloads) if payload]
        if mood is not None:
            kept = [n for n in kept if _in(mood, payloads[n])]
        places = np.fromiter(kept, np.intp)
        ids = [found.ids[n] for n in kept]
        facts = {i: facts_of(payloads[n]) for i, n in zip(ids, kept, strict=True)}
        return Found(ids, dense[places], lexical[places], facts, read)

    async def select(self, mind: str, scope: Scope, *, limit: int) -> list[str]:
        condition = for_mind(mind, *of_scope(scope))
        mood = scope.filter.mood
        chosen: list[str] = []
        offset: str | None = None
        while len(chosen) < limit:
            page = await self._backend.scroll(
                self._collection,
                condition=condition,
                limit=min(PAGE, limit - len(chosen)),
                offset=offset,
                with_payload=_FELT if mood else False,
            )
            chosen += [hit.id for hit in _felt(page.hits, mood)]
            offset = page.next_offset
            if offset is None:
                break
        return chosen

    async def walk(self, mind: str, offset: str | None, *, limit: int) -> tuple[list[Memory], str | None]:
        page = await self._backend.scroll(
            self._collection, condition=for_mind(mind), limit=limit, offset=offset
        )
        return [_memory(hit) for hit in page.hits], page.next_offset

    async def count(self, mind: str, scope: Scope | None = None) -> int:
        asked = scope or Scope()
        boxed = await self._backend.count(self._collection, condition=for_mind(mind, *of_scope(asked)))
        if asked.filter.mood is None:
            return boxed
        return len(await self.select(mind, asked, limit=boxed))

    def _point(self, each: Trace, epoch: int) -> Point:
        return point(each, {"epoch": epoch})


def _searches(mind: str, probe: Probe, limit: int) -> list[Search]:
    """How a probe finds candidates. By words it finds those of this mind alone, whose term ids they are, and
    needs a condition only for what the scope asks beyond."""
    scope = of_scope(probe.scope)
    condition = for_mind(mind, *scope)
    worded = condition if scope else None
    wanted = math.ceil(limit * MOOD_EXCESS) if probe.scope.filter.mood else limit
    asked = [Search(CONTEXT, wanted, condition)]
    if probe.terms:
        asked.append(Search(LEXICAL, wanted, worded))
    if probe.naming and probe.terms:
        asked.append(Search(SUBJECT, probe.naming, worded))
    return asked


def _ahead(likely: Likely, asked: Mapping[str, Vector]) -> Ahead:
    weights = {CONTEXT: likely.dense, LEXICAL: likely.lexical}
    return Ahead(likely.limit, {name: weight for name, weight in weights.items() if name in asked})


def _reader(mind: str, read: ReadAhead) -> Callable[[Sequence[str]], Awaitable[dict[str, Memory]]]:
    async def ahead(memory_ids: Sequence[str]) -> dict[str, Memory]:
        hits = owned(mind, await read(memory_ids))
        return {i: _memory(hits[i]) for i in memory_ids if i in hits}

    return ahead


def facts_of(payload: Payload) -> Facts:
    """What ranking reads of a memory, from those fields of its payload."""
    return Facts(
        episode_id=payload.get("episode_id", ""),
        actor=payload.get("actor", ""),
        subject=payload.get("subject", ""),
        valence=payload.get("valence", 0.0),
        arousal=payload.get("arousal", 0.5),
        context=payload.get("context") or {},
        occurred_at=times.from_text(payload["occurred_at"]),
        associations=tuple(spreading(payload.get("associations") or ())),
        routes=tuple(sound_routes(payload.get("routes") or ())),
        unused=sound_count(payload.get("unused_count")),
        learned_at=sound_count(payload.get("learned_at")),
        superseded_at=_moment(payload.get("superseded_at")),
    )


def _moment(text: object) -> float | None:
    """A stored moment; what a hand has spoiled is none."""
    try:
        return times.from_text(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _revised(each: Revision) -> dict[str, Vector]:
    whose = f"memory {each.memory_id}"
    found: dict[str, Vector] = {}
    if each.lexical is not None:
        found[LEXICAL] = vectors.sparse(each.lexical, each.mind, whose)
    if each.context is not None:
        found[CONTEXT] = vectors.dense(each.context, whose)
    if each.evidence is not None:
        found[EVIDENCE] = vectors.dense(each.evidence, whose)
    if each.subject is not None:
        found[SUBJECT] = vectors.sparse(each.subject, each.mind, whose)
    return found


def point(each: Trace, extra: Mapping[str, Any]) -> Point:
    """A trace as a point, with extra fields over its memory's own."""
    whose = f"memory {each.memory.id}"
    found: dict[str, Vector] = {CONTEXT: vectors.dense(each.context, whose)}
    if each.lexical:
        found[LEXICAL] = vectors.sparse(each.lexical, each.memory.mind, whose)
    if each.subject:
        found[SUBJECT] = vectors.sparse(each.subject, each.memory.mind, whose)
    if each.evidence is not None:
        found[EVIDENCE] = vectors.dense(each.evidence, whose)
    return Point(each.memory.id, {**payloads.encode(each.memory), **extra}, found)


def trace(hit: Hit) -> Trace:
    """A point with its vectors as a trace; dense vectors come back with unit length."""
    found, memory = hit.vectors or {}, _memory(hit)
    return Trace(
        memory=memory,
        context=vectors.array(found, CONTEXT),
        lexical=vectors.terms(found, LEXICAL, memory.mind),
        subject=vectors.terms(found, SUBJECT, memory.mind),
        evidence=vectors.array(found, EVIDENCE) if EVIDENCE in found else None,
    )


def bare(found: Mapping[str, Vector]) -> Dense:
    """The vector in itself among those of a memory, which keeps it apart only where context changed it."""
    return vectors.array(found, EVIDENCE if EVIDENCE in found else CONTEXT)


def _took(payload: Payload, change: tuple[int, Mapping[str, Any]], epoch: int) -> bool:
    """Whether the stored point is what this change made of it: the token tells it from another's."""
    rev, patch = change
    told = all(payload.get(name) == patch[name] for name in _TOLD if name in patch)
    return payload.get("rev") == rev + 1 and payload.get("epoch") == epoch and told


def _memory(hit: Hit) -> Memory:
    return payloads.decode(Memory, hit.id, payload_of(hit))


def _in(mood: Mood, payload: Payload) -> bool:
    return mood.holds(payload["valence"], payload["arousal"])


def _felt(hits: Iterable[Hit], mood: Mood | None) -> list[Hit]:
    return [hit for hit in hits if mood is None or _in(mood, payload_of(hit))]
