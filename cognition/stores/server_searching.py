"""A cue's search over gRPC: in one trip; in two where searches take long (`Pace`) or several shards answer.

In one each vector's query holds all the searches, which are made once for each vector then, by every shard
for itself. In two each is made once: the first trip is the searches; the second, all at once, is what each
vector has not scored yet, by id, and payloads, those that are asked for or likely to be read. Must not know
what a memory is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from qdrant_client import grpc, models
from qdrant_client.conversions.conversion import RestToGrpc

from cognition.errors import StoreUnavailableError
from cognition.stores import packing
from cognition.stores.backend import (
    Ahead,
    CollectionSpec,
    Gather,
    Gathered,
    Hit,
    Payload,
    ReadAhead,
    Search,
    Vector,
)
from cognition.stores.gathering import first, tabled
from cognition.stores.server_messages import put_vector
from cognition.stores.server_pace import Pace, kind_of
from cognition.stores.server_reading import BARE, Reads, chosen, filter_of, payload_of
from cognition.tasks import at_once

WHOLE_MAX: Final = 80
"""Points of which payloads are read whole, at most, where fields of all are asked for: a node reads them
whole whatever it sends, and who is read then needs no trip. Of twice as many, as where a filter by mood looks
wider, what nobody reads outweighs that."""

_EXACT: Final = grpc.SearchParams(exact=True)
_RESCORED: Final = grpc.SearchParams(quantization=grpc.QuantizationSearchParams(rescore=True))
"""Of vectors that somebody may have compressed meanwhile: their scores are those of the originals."""

Params = Mapping[str, models.SearchParams | None]
"""How each vector is searched, where not as it is."""

Ask = Callable[[], Awaitable[None]]


async def gather(reads: Reads, asked: Gather, params: Params, *, shards: int, pace: Pace) -> Gathered:
    """What the searches find, each point scored exactly by every vector. Each of the `shards` answers the
    queries of one trip by itself, and most of that would be left out again: then it is two (6 shards, p50 of
    a cue: 24 ms in one, 11 in two)."""
    if not asked.searches:
        return tabled(asked, {using: [] for using in asked.vectors}, shards=shards)
    kind = kind_of(reads.collection, asked)
    if asked.ahead is not None and (shards > 1 or pace.is_slow(kind, len(asked.vectors))):
        return await Twice(reads, asked, params, asked.ahead, pace).gathered()
    return await in_one_trip(reads, asked, params, shards=shards, pace=pace)


async def in_one_trip(reads: Reads, asked: Gather, params: Params, *, shards: int, pace: Pace) -> Gathered:
    """For each vector a query over all that the searches find: of several shards more may be found."""
    searches = [_prefetch(asked, each, params) for each in asked.searches]
    total = shards * sum(each.limit for each in searches)
    names = asked.with_payload
    whole = bool(names) and asked.ahead is not None and total <= WHOLE_MAX
    queries = []
    for using, vector in asked.vectors.items():
        inside = using == asked.within.using
        query = grpc.QueryPoints(
            prefetch=searches,
            query=_query(vector),
            using=using,
            limit=total,
            params=_EXACT,
            filter=filter_of(asked.within.condition) if inside else None,
            with_payload=chosen(reads.spec, whole or names) if inside else BARE,
        )
        queries.append(query)
    answers, seconds = await reads.query(queries)
    if asked.ahead is not None:  # else it is no search but a few by id
        pace.took(kind_of(reads.collection, asked), seconds / len(queries))
    rows = dict(zip(asked.vectors, answers, strict=True))
    found = tabled(asked, rows, shards=shards, payload=_picked(reads.spec, names))
    if not whole:
        return found
    return replace(
        found, ahead=_reader(reads.spec, {row.id: row.payload for row in rows[asked.within.using]})
    )


class Twice:
    """One gathering in two trips. `ahead` says who is likely to be read."""

    def __init__(self, reads: Reads, asked: Gather, params: Params, ahead: Ahead, pace: Pace) -> None:
        self._reads = reads
        self._asked = asked
        self._params = params
        self._ahead = ahead
        self._pace = pace
        self._scores: dict[str, dict[str, float]] = {using: {} for using in asked.vectors}
        self._read: dict[str, Mapping[str, grpc.Value]] = {}
        self._fields: dict[str, Mapping[str, grpc.Value]] = {}
        self._unanswered = 0

    async def gathered(self) -> Gathered:
        """Both trips."""
        found = await self._search()
        missing = {using: [i for i in found if i not in by] for using, by in self._scores.items()}
        async with at_once() as asking:
            for ask in (*self._scorings(missing), *self._readings(found)):
                asking.start_soon(self._answered, ask)
        if self._unanswered:
            raise StoreUnavailableError(
                f"{self._reads.collection}: the connection was closed in the middle of a search",
                remedy="Trying again is safe.",
            )
        ids = [i for i in found if i in self._scores[self._asked.within.using]]
        table = self._table(ids)
        names, spec = self._asked.with_payload, self._reads.spec
        pick = _picked(spec, names)
        payloads = [pick(self._fields.get(i, {})) for i in ids] if names else None
        return Gathered(ids, table, payloads, _reader(spec, self._read))

    async def _answered(self, ask: Ask) -> None:
        """A connection that is closed meanwhile cancels what is asked, and a task group takes that for its
        own: what has not been answered is counted."""
        self._unanswered += 1
        await ask()
        self._unanswered -= 1

    async def _search(self) -> list[str]:
        """All that the searches find, and the scores that come with it."""
        searches = self._asked.searches
        answers, seconds = await self._reads.query(self._searched(each) for each in searches)
        self._pace.took(kind_of(self._reads.collection, self._asked), seconds)
        found: dict[str, None] = {}
        for search, rows in zip(searches, answers, strict=True):
            if _is_sure(self._params[search.using]):
                self._scores[search.using].update((row.id, row.score) for row in rows)
            found.update((row.id, None) for row in rows)
        return list(found)

    def _searched(self, search: Search) -> grpc.QueryPoints:
        return grpc.QueryPoints(
            query=_query(self._asked.vectors[search.using]),
            using=search.using,
            limit=search.limit,
            filter=filter_of(search.condition),
            params=_params(self._params[search.using]),
            with_payload=BARE,
        )

    def _scorings(self, missing: Mapping[str, Sequence[str]]) -> list[Ask]:
        """What each vector has not scored yet, where there is any."""
        wanted = {using: ids for using, ids in missing.items() if ids}
        return [partial(self._score, wanted)] if wanted else []

    async def _score(self, missing: Mapping[str, Sequence[str]]) -> None:
        """Exactly, each by the vectors that did not find it, where it is within."""
        answers, _ = await self._reads.query(self._exact(using, ids) for using, ids in missing.items())
        for using, rows in zip(missing, answers, strict=True):
            self._scores[using].update((row.id, row.score) for row in rows)

    def _exact(self, using: str, ids: Sequence[str]) -> grpc.QueryPoints:
        query = grpc.QueryPoints(
            query=_query(self._asked.vectors[using]),
            using=using,
            limit=len(ids),
            filter=filter_of(self._asked.within.condition),
            params=_EXACT,
            with_payload=BARE,
        )
        named = query.filter.must.add().has_id
        for point_id in ids:
            named.has_id.add().uuid = point_id
        return query

    def _readings(self, found: Sequence[str]) -> list[Ask]:
        """The fields that were asked for, and whoever is likely to be read."""
        names = self._asked.with_payload
        if not found:
            return []
        if names and len(found) <= WHOLE_MAX:
            return [partial(self._get_all, found)]
        likely = partial(self._get_likely, found)
        return [likely, partial(self._get_fields, found, names)] if names else [likely]

    async def _get_all(self, ids: Sequence[str]) -> None:
        self._read = self._fields = await self._reads.payloads(ids)

    async def _get_likely(self, found: Sequence[str]) -> None:
        """By the scores that came with the searches, without those that are still asked for."""
        likely = first(Gathered(list(found), self._table(found)), self._ahead)
        self._read = await self._reads.payloads(likely)

    async def _get_fields(self, ids: Sequence[str], names: Sequence[str]) -> None:
        self._fields = await self._reads.payloads(ids, names)

    def _table(self, ids: Sequence[str]) -> dict[str, Any]:
        return {
            using: np.array([by.get(i, 0.0) for i in ids], np.float32) for using, by in self._scores.items()
        }


def _is_sure(params: models.SearchParams | None) -> bool:
    """Whether what is found has the score of the originals."""
    compressed = None if params is None else params.quantization
    return compressed is None or compressed.rescore is not False


def _prefetch(asked: Gather, search: Search, params: Params) -> grpc.PrefetchQuery:
    return grpc.PrefetchQuery(
        query=_query(asked.vectors[search.using]),
        using=search.using,
        limit=search.limit,
        filter=filter_of(search.condition),
        params=_params(params[search.using]),
    )


def _query(vector: Vector) -> grpc.Query:
    query = grpc.Query()
    put_vector(query.nearest, vector)
    return query


def _params(params: models.SearchParams | None) -> grpc.SearchParams:
    return _RESCORED if params is None else RestToGrpc.convert_search_params(params)


def _reader(spec: CollectionSpec, read: Mapping[str, Mapping[str, grpc.Value]]) -> ReadAhead:
    """Turned into a payload where it is read, not before: one takes 60 us."""

    async def those(ids: Sequence[str]) -> list[Hit]:
        return [Hit(i, 0.0, payload_of(spec, read[i]), None) for i in ids if i in read]

    return those


def _picked(spec: CollectionSpec, names: Sequence[str]) -> Callable[[Mapping[str, grpc.Value]], Payload]:
    """Takes those of these fields out of a payload that it has."""
    stored = packing.stored_as(spec, names)

    def pick(fields: Mapping[str, grpc.Value]) -> Payload:
        return payload_of(spec, {name: fields[name] for name in stored if name in fields}, names)

    return pick
