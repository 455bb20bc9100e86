"""Appraisal: what memories of a mind are worth keeping, from what is stored of them.

Joins `mechanisms.keeping` with a mind's lexicon and with what memories took in of each other. Reads only;
must not know why room is needed, nor what becomes of what is worth least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cognition.engine.mind import Mind
from cognition.engine.tongues import Tongues
from cognition.mechanisms.keeping import degree, keep_scores, worth
from cognition.mechanisms.text import Analyzer
from cognition.mechanisms.turns import handed_over
from cognition.ports.stores import Stores, Trace
from schemas.association import AssociationType
from schemas.memory import Memory

PAGE = 500

COMPARED_AT_ONCE = 512
"""Rows of likeness that are computed together: 8 MB of cosines with 4,096 others."""

Rows = NDArray[np.float32]


class Said(NamedTuple):
    """What a memory says by itself: summed idf of its terms, the share of its tokens that ask, how far its
    replies took that over, and how many tokens there are."""

    mass: float
    asked: float
    given: float
    length: float


class Appraising:
    """Says how much memories are worth keeping, each among the others that it is asked about."""

    def __init__(self, stores: Stores, tongues: Tongues) -> None:
        self._stores = stores
        self._tongues = tongues

    async def scores(self, mind: Mind, memory_ids: Sequence[str]) -> dict[str, float]:
        """The keep score of each that there is, 0..2 (`keeping.keep_scores`).

        One read a page of `PAGE`; 3 kB of each are held meanwhile, and all are compared with each other: give
        some thousands at most.
        """
        analyzer = self._tongues.of(mind.name)
        memories: list[Memory] = []
        said: list[Said] = []
        vectors: list[Rows] = []
        for start in range(0, len(memory_ids), PAGE):
            page = await self._stores.memories.get_traces(mind.name, memory_ids[start : start + PAGE])
            for trace in page.values():
                memories.append(trace.memory)
                said.append(said_by(trace, mind, analyzer))
                vectors.append(trace.context if trace.evidence is None else trace.evidence)
        return scored(memories, said, np.array(vectors, np.float32)) if memories else {}


def said_by(trace: Trace, mind: Mind, analyzer: Analyzer) -> Said:
    """What one memory says."""
    memory = trace.memory
    stated, asked = analyzer.turn_terms(memory.content, memory.actor)
    terms = sorted(stated.keys() | asked.keys())
    length = sum(stated.values()) + sum(asked.values())
    return Said(
        mass=float(mind.lexicon.idf(terms).sum()) if terms else 0.0,
        asked=sum(asked.values()) / length if length else 0.0,
        given=handed_over(stated, asked, trace.lexical, memory.mean_length or mind.lexicon.mean_length),
        length=float(length),
    )


def scored(memories: Sequence[Memory], said: Sequence[Said], vectors: Rows) -> dict[str, float]:
    """The keep score of each: passages about a subject by what names them and what they name, all else by
    what they say that was not said before.

    What was said before is what these memories know of it, and what was at hand when a memory was formed
    (its novelty).
    """
    mass, asked, given, length = (np.array(column, np.float64) for column in zip(*said, strict=True))
    known = np.array([1.0 - memory.novelty for memory in memories])
    likeness = np.maximum(known, earlier_likeness(memories, vectors))
    worths = worth(mass, asked, given, length, likeness)
    about = np.array([bool(memory.subject) for memory in memories], bool)
    worths = np.where(about, _degrees(memories), worths)
    scores = keep_scores(worths, [m.useful_count > 0 for m in memories], about.astype(int).tolist())
    return dict(zip((m.id for m in memories), scores.tolist(), strict=True))


def earlier_likeness(memories: Sequence[Memory], vectors: Rows) -> NDArray[np.float64]:
    """The largest cosine of each with one that was formed before it, (n,); -1 where there is none."""
    order = sorted(range(len(memories)), key=lambda n: _formed(memories[n]))
    rows = vectors[order] / np.maximum(np.linalg.norm(vectors[order], axis=1, keepdims=True), 1e-12)
    likeness = np.full(len(memories), -1.0)
    for start in range(0, len(rows), COMPARED_AT_ONCE):
        some = rows[start : start + COMPARED_AT_ONCE]
        cosines = some @ rows[: start + len(some)].T
        places = np.arange(start, start + len(some))
        cosines[np.arange(cosines.shape[1])[None, :] >= places[:, None]] = -1.0
        likeness[[order[n] for n in places]] = cosines.max(axis=1)
    return likeness


def _formed(memory: Memory) -> tuple[float, float, int, str]:
    return memory.encoded_at, memory.occurred_at, memory.position, memory.id


def _degrees(memories: Sequence[Memory]) -> NDArray[np.float64]:
    """How strongly each names others, and is named by them."""
    place: Mapping[str, int] = {memory.id: n for n, memory in enumerate(memories)}
    inward, outward = np.zeros(len(memories)), np.zeros(len(memories))
    for n, memory in enumerate(memories):
        for each in memory.associations:
            if each.type is AssociationType.SEMANTIC and not each.given:
                outward[n] += each.weight
                if each.target_id in place:
                    inward[place[each.target_id]] += each.weight
    return degree(inward, outward)
