"""The engine over a server, beside the bare client on the same one: taking in, four kinds of cue.

Both run in this process, in turns: the machine's own speed drifts. The bare client asks the collection that
it has filled itself, field by field, with the very filter that the engine's cue becomes; and ours, where what
nobody filters by is one text that it takes as it is.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from qdrant_client import AsyncQdrantClient

from benchmarks.engine import Bench
from benchmarks.progress import Progress
from benchmarks.timing import server_bare
from benchmarks.timing.figures import figure, percentile
from benchmarks.timing.ingest import all_points, backend_of
from benchmarks.timing.real import BEGINNING, PLACES, STEP_S, RealMaterials
from cognition.mechanisms.text import Analyzer
from cognition.mechanisms.vectors import decode_vector
from cognition.ports.stores import Scope
from cognition.stores import vectors
from cognition.stores.collections import MEMORIES
from cognition.stores.conditions import of_scope
from cognition.stores.server_values import filter_or_none
from cognition.stores.tenancy import for_mind
from schemas.cue import Cue, CueFilter, EpisodeFilter, FilterMode, Mood
from schemas.recollection import Recollection

BARE = "bare"
"""Suffix of the collection that the bare client fills."""

OWN, OURS = "", "_in_ours"
"""What a figure's name says of which collection the bare client asked."""

CHUNK = 2_048
WARM_UP = 20
CUES = 200
TURN = 20
LIMIT = 10
CALM = Mood(valence=0.5, arousal=0.5, radius=0.5)
KINDS = ("plain", "spreading", "episode", "felt")
"""Of cues: meaning and words alone; with spreading and all else on; inside one episode; by emotion, time and
context."""


async def ingest(
    bench: Bench, client: AsyncQdrantClient, materials: RealMaterials, count: int, prefix: str
) -> list[dict[str, Any]]:
    """Percepts to memories through the streams; then the very same points through the bare client, in a
    collection that stays."""
    progress = Progress("memories", count)
    started = [time.perf_counter()]
    for start in range(0, count, CHUNK):
        await bench.perceive_all(materials.percepts(min(CHUNK, count - start)), progress.step)
        if not start:
            started.append(time.perf_counter())
    measured = max(1, count - CHUNK) if count > CHUNK else count
    ours = measured / (time.perf_counter() - started[1 if count > CHUNK else 0])
    points = await all_points(backend_of(bench))
    name = prefix + BARE
    await server_bare.made_like(client, name, prefix + MEMORIES.name)
    head = len(points) - measured
    await server_bare.upsert(client, name, points[:head])
    bare = measured / await server_bare.upsert(client, name, points[head:])
    return [
        figure("ingest", ours, bare, "memories/s", "upsert of the same points, 256 at a time, waited for")
    ]


async def settled(client: AsyncQdrantClient, name: str, pause: Callable[[], Awaitable[None]]) -> None:
    """Return once the server has optimised what was written."""
    while (await client.get_collection(name)).status != "green":
        await pause()


async def cues(
    bench: Bench, client: AsyncQdrantClient, materials: RealMaterials, minds: int, prefix: str, points: int
) -> list[dict[str, Any]]:
    """p50 and p99 of each kind of cue, and of the bare client's same query, over so many points: in its own
    collection and in ours; in ours alone where it has none."""
    places = {OWN: prefix + BARE, OURS: prefix + MEMORIES.name}
    if not await client.collection_exists(places[OWN]):
        places = {OWN: places[OURS]}
    asked = materials.near(WARM_UP + CUES)
    episodes = {f"mind-{n}": await _an_episode(bench, f"mind-{n}") for n in range(minds)}
    rows = []
    for kind in KINDS:
        ours: list[float] = []
        bare: dict[str, list[float]] = {place: [] for place in places}
        made = [
            _cue(kind, number, f"mind-{number % minds}", text, vector, episodes)
            for number, (text, vector) in enumerate(asked)
        ]
        for start in range(0, len(made), TURN):
            turn = made[start : start + TURN]
            for place, name in places.items():
                bare[place] += [await _bare(client, name, cue) for cue in turn]
            ours += [await _ours(bench, cue) for cue in turn]
        what = (
            "hybrid query, 2 x 30 prefetched, fused by rank, with payload, the same filter; "
            f"{points // minds:,} memories a mind"
        )
        rows += [
            figure(
                f"cue_{kind}{place}_p{p}",
                percentile(ours[WARM_UP:], p),
                percentile(took[WARM_UP:], p),
                "ms",
                f"{what}, in {places[place]}",
            )
            for place, took in bare.items()
            for p in (50, 99)
        ]
    return rows


async def _ours(bench: Bench, cue: Cue) -> float:
    daemon = bench.session.daemon
    assert daemon is not None
    began = time.perf_counter()
    answer = await daemon.answering.answer(cue)
    took = (time.perf_counter() - began) * 1e3
    assert isinstance(answer, Recollection), answer
    return took


async def _bare(client: AsyncQdrantClient, name: str, cue: Cue) -> float:
    """The same vectors, the same terms, each of weight 1, and the same filter."""
    assert cue.vector is not None
    terms = dict.fromkeys(Analyzer().evidence_terms(cue.content), 1.0)
    strict = tuple(cue.episode.ids) if cue.episode is not None else ()
    where = filter_or_none(for_mind(cue.mind, *of_scope(Scope(cue.filter, strict))))
    sparse = vectors.sparse(terms, cue.mind, "the cue")
    took, _ = await server_bare.hybrid(client, name, decode_vector(cue.vector), sparse, where, LIMIT)
    return took


def _cue(kind: str, number: int, mind: str, text: str, vector: Any, episodes: dict[str, str]) -> Cue:
    episode, chosen, without = None, CueFilter(), ["spreading"]
    if kind == "episode":
        episode = EpisodeFilter(ids=[episodes[mind]], mode=FilterMode.STRICT)
    elif kind == "felt":
        place = PLACES[number % len(PLACES)]
        chosen = CueFilter(mood=CALM, occurred_from=BEGINNING + 100 * STEP_S, context={"place": place})
    elif kind == "spreading":
        without = []
    return Cue(
        id=f"{kind}-{number}",
        mind=mind,
        content=text,
        vector=vector.astype("<f4").tobytes(),
        limit=LIMIT,
        filter=chosen,
        episode=episode,
        without=without,
    )


async def _an_episode(bench: Bench, mind: str) -> str:
    """The episode of some memory of this mind."""
    daemon = bench.session.daemon
    assert daemon is not None
    some, _ = await daemon.stores.memories.walk(mind, None, limit=1)
    return some[0].episode_id
