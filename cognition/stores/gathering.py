"""`gather` for engines that have queries and reads but no such verb: the same in three steps. For those that
search inside a query: what its answers make together. And which points of what was gathered are likely to be
read next.

Must not know any engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from cognition.stores.backend import (
    Ahead,
    Both,
    Condition,
    Gather,
    Gathered,
    HasId,
    Payload,
    Query,
    Sparse,
    VectorBackend,
)
from cognition.stores.tenancy import only_mind_of


async def gathered(backend: VectorBackend, collection: str, asked: Gather, *, sure: bool = True) -> Gathered:
    """Two round trips, three with payloads: the searches; what each vector has not scored yet; the fields.
    Where the scores of dense searches are not `sure` (compressed vectors, not scored anew), none has been."""
    answers = await backend.query(
        collection, [Query(s.using, asked.vectors[s.using], s.limit, s.condition) for s in asked.searches]
    )
    scores: dict[str, dict[str, float]] = {name: {} for name in asked.vectors}
    found: dict[str, None] = {}
    for search, hits in zip(asked.searches, answers, strict=True):
        if sure or isinstance(asked.vectors[search.using], Sparse):
            scores[search.using].update((hit.id, hit.score) for hit in hits)
        found.update((hit.id, None) for hit in hits)
    await _complete(backend, collection, asked, found, scores)
    ids = [i for i in found if i in scores[asked.within.using]]
    payloads = None
    if asked.with_payload:
        owner = only_mind_of(asked.within.condition)
        hits = await backend.retrieve(collection, ids, owner=owner)
        held = {hit.id: hit.payload or {} for hit in hits}
        payloads = [
            {field: held[i][field] for field in asked.with_payload if field in held[i]} if i in held else {}
            for i in ids
        ]
    table = {name: np.array([by.get(i, 0.0) for i in ids], np.float32) for name, by in scores.items()}
    return Gathered(ids, table, payloads)


async def _complete(
    backend: VectorBackend,
    collection: str,
    asked: Gather,
    found: Mapping[str, None],
    scores: Mapping[str, dict[str, float]],
) -> None:
    missing = {name: tuple(i for i in found if i not in by) for name, by in scores.items()}
    queries = {
        name: Query(name, asked.vectors[name], len(ids), _among(ids, asked.within.condition), exact=True)
        for name, ids in missing.items()
        if ids
    }
    if queries:
        answers = await backend.query(collection, list(queries.values()))
        for name, hits in zip(queries, answers, strict=True):
            scores[name].update((hit.id, hit.score) for hit in hits)


def _among(ids: tuple[str, ...], within: Condition) -> Condition:
    return Both((HasId(ids), within))


class Row(NamedTuple):
    """One point of the answer to one query, with its payload as it came."""

    id: str
    score: float
    payload: Any


def tabled(
    asked: Gather,
    found: Mapping[str, Sequence[Row]],
    *,
    shards: int = 1,
    payload: Callable[[Any], Payload] = dict,
) -> Gathered:
    """What one query for each vector has found, each over all that the searches find: everything that is
    within, with its score by each vector, 0 where a sparse one shares nothing. Each of the `shards` has
    searched by itself: what one alone would not have found is left out."""
    kept = _best(asked, found) if shards > 1 else None
    inside = [row for row in found[asked.within.using] if kept is None or row.id in kept]
    ids = [row.id for row in inside]
    scores = {}
    for using, rows in found.items():
        known = {row.id: row.score for row in rows}
        scores[using] = np.array([known.get(i, 0.0) for i in ids], np.float32)
    payloads = [payload(row.payload) for row in inside] if asked.with_payload else None
    return Gathered(ids, scores, payloads)


def _best(asked: Gather, found: Mapping[str, Sequence[Row]]) -> set[str] | None:
    """What one shard would have found; None where that cannot be told, several searches being by one
    vector."""
    limits = {search.using: search.limit for search in asked.searches}
    if len(limits) < len(asked.searches):
        return None
    inside = {row.id for row in found[asked.within.using]}
    best: set[str] = set()
    for using, limit in limits.items():
        best.update([row.id for row in found[using] if row.id in inside][:limit])
    return best


def first(found: Gathered, ahead: Ahead) -> list[str]:
    """Ids of the points of highest weighted sum of scores, best first, equals as they were found."""
    if not found.ids:
        return []
    sums = np.zeros(len(found.ids))
    for name, weight in ahead.weights.items():
        sums -= weight * found.scores[name]
    order = np.argsort(sums, kind="stable")
    return [found.ids[place] for place in order[: ahead.limit].tolist()]
