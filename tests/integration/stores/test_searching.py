"""A search over gRPC finds the same whether it is made once, in two trips, or for each vector, in one."""

import itertools
import math
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from grpc import aio
from qdrant_client import AsyncQdrantClient, grpc
from qdrant_client.grpc.points_service_pb2_grpc import PointsServicer, add_PointsServicer_to_server

from cognition.errors import StoreUnavailableError
from cognition.ports.stores import Found, Likely, Probe, Scope, Trace
from cognition.stores import server_pace
from cognition.stores.backend import Ahead, Both, Gather, Match, Not, Range, Search, Sparse, Within
from cognition.stores.collections import CONTEXT, LEXICAL, MEMORIES
from cognition.stores.memories import MOOD_EXCESS
from cognition.stores.server_pace import KNOWN_MAX, Pace, kind_of
from cognition.stores.server_reading import Reads
from cognition.stores.server_searching import WHOLE_MAX, gather
from cognition.stores.stores import VectorStores, open_stores
from cognition.stores.vectors import mind_key
from schemas.cue import CueFilter, Mood
from schemas.identifiers import memory_id
from schemas.memory import Memory
from tests import servers

MANY, FEW = 150, 20
TERMS = 40
ANA, BO, CY = "ana", "bo", "cy"

ONCE, FOR_EACH = -1.0, math.inf
"""What a trip costs, so that a search is made once or for each vector."""

SCOPES = {
    "anywhere": Scope(),
    "felt": Scope(CueFilter(mood=Mood(valence=0.2, arousal=0.5, radius=0.4))),
    "in two episodes": Scope(episodes=("e1", "e2")),
}


def told(mind: str, number: int, rng: np.random.Generator) -> Trace:
    vector = rng.normal(size=768).astype(np.float32)
    key = f"k{number}"
    memory = Memory(
        id=memory_id(mind, key),
        mind=mind,
        key=key,
        entry=f"{number}-0",
        content=f"{mind} tells {number}",
        episode_id=f"e{number % 5}",
        valence=float(rng.uniform(-1, 1)),
        arousal=float(rng.uniform(0, 1)),
    )
    # of Bo the terms that fall on those of Cy in the index: what words find alone is not always one's own
    mixed = mind_key(CY) ^ mind_key(BO) if mind == BO else 0
    words = {int(term) ^ mixed: float(rng.uniform(0.1, 1)) for term in rng.choice(TERMS, 6, replace=False)}
    return Trace(memory, vector / np.linalg.norm(vector), words)


async def filled(stores: VectorStores) -> None:
    rng = np.random.default_rng(7)
    for mind, many in ((ANA, MANY), (BO, FEW), (CY, FEW)):
        await stores.memories.insert([told(mind, n, rng) for n in range(many)], epoch=1)


def probe(scope: Scope) -> Probe:
    vector = np.random.default_rng(11).normal(size=768).astype(np.float32)
    return Probe(vector / np.linalg.norm(vector), {n: 1.0 + n for n in range(8)}, scope)


def scored(found: Found) -> dict[str, Any]:
    """Scores by id, in single precision."""
    return {
        i: pytest.approx((float(d), float(x)), abs=1e-5)
        for i, d, x in zip(found.ids, found.dense, found.lexical, strict=True)
    }


def plain(found: Found) -> dict[str, tuple[float, float]]:
    return {i: (float(d), float(x)) for i, d, x in zip(found.ids, found.dense, found.lexical, strict=True)}


@pytest.mark.server
@pytest.mark.timeout(300)
@pytest.mark.parametrize("place", ["single", "apart", "cluster"])
async def test_once_or_for_each_vector_finds_scores_and_reads_the_same(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with getattr(servers, place)(tmp_path) as options, servers.backend_on(options) as backend:
        stores = await open_stores(backend)
        await filled(stores)
        for mind, scope, limit, facts in itertools.product(
            (ANA, CY), SCOPES, (2 * FEW, WHOLE_MAX), (True, False)
        ):
            own = {memory_id(mind, f"k{n}") for n in range(MANY)}
            also = sorted(own)[:2] if scope == "anywhere" else []
            asked: dict[str, Any] = {
                "limit": limit,
                "with_facts": facts,
                "likely": Likely(12, 1.0, 0.1),
                "also": also,
            }
            monkeypatch.setattr(server_pace, "TRIP_S", FOR_EACH)
            each = await stores.memories.probe(mind, [probe(SCOPES[scope])], **asked)
            monkeypatch.setattr(server_pace, "TRIP_S", ONCE)
            once = await stores.memories.probe(mind, [probe(SCOPES[scope])], **asked)
            assert set(once.ids) <= own
            assert plain(once) == scored(each), (mind, scope, limit, facts)
            wider = MOOD_EXCESS if scope == "felt" else 1
            assert len(once.ids) <= 2 * wider * limit + len(also), "of several shards no more than of one"
            assert once.facts == each.facts
            assert bool(once.facts) == facts
            assert once.ahead is not None
            read = await once.ahead(sorted(own))
            assert mind == CY or len(read) >= min(12, len(once.ids))
            assert read == await stores.memories.get(mind, list(read))


class AnswersOnce(PointsServicer):
    """A node that answers the searches, each with a point of its own, and then nobody."""

    def __init__(self) -> None:
        self.waits = anyio.Event()

    async def QueryBatch(self, request: grpc.QueryBatchPoints, context: Any) -> grpc.QueryBatchResponse:
        if any(each.params.exact for each in request.query_points):
            self.waits.set()
            await anyio.sleep_forever()
        found = [
            grpc.BatchResult(
                result=[grpc.ScoredPoint(id=grpc.PointId(uuid=memory_id(ANA, str(n))), score=0.9)]
            )
            for n, _ in enumerate(request.query_points)
        ]
        return grpc.QueryBatchResponse(result=found, time=0.001)

    async def Get(self, request: grpc.GetPoints, context: Any) -> grpc.GetResponse:
        return grpc.GetResponse()


@pytest.mark.timeout(60)
async def test_a_connection_that_is_closed_in_the_middle_is_no_answer() -> None:
    """What has not been scored is not taken for 0."""
    node, server = AnswersOnce(), aio.server()
    add_PointsServicer_to_server(node, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    client = AsyncQdrantClient(
        url="http://127.0.0.1:1", grpc_port=port, prefer_grpc=True, check_compatibility=False
    )
    condition = Match("mind", ANA)
    asked = Gather(
        {CONTEXT: np.ones(4, np.float32), LEXICAL: Sparse(np.array([1]), np.array([1.0]))},
        [Search(CONTEXT, 1, condition), Search(LEXICAL, 1, None)],
        Within(CONTEXT, condition),
        ahead=Ahead(1, {CONTEXT: 1.0}),
    )
    reads = Reads.of(client, "memories", MEMORIES, at=None, consistency=None, timeout_s=30.0)
    params = {CONTEXT: None, LEXICAL: None}

    async def close() -> None:
        await node.waits.wait()
        await client.close()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(close)
        with pytest.raises(StoreUnavailableError, match="closed in the middle"):
            await gather(reads, asked, params, shards=3, pace=Pace())
    await server.stop(None)


def test_what_took_long_is_made_once_until_it_is_fast_again() -> None:
    pace, kind = Pace(), ("memories", ANA, ("mind",))
    assert not pace.is_slow(kind, 2)
    pace.took(kind, 0.007)
    assert pace.is_slow(kind, 2)
    assert not pace.is_slow(("memories", BO, ("mind",)), 2), "of another mind nothing is known"
    assert not pace.is_slow(kind, 1), "by one vector it is made once either way"
    for _ in range(3):
        pace.took(kind, 0.0005)
    assert not pace.is_slow(kind, 2)


def test_how_long_is_known_of_so_many_kinds_at_most() -> None:
    pace = Pace()
    for number in range(KNOWN_MAX + 1):
        pace.took(("memories", f"mind {number}", ()), 1.0)
    assert not pace.is_slow(("memories", "mind 0", ()), 2)
    assert pace.is_slow(("memories", "mind 1", ()), 2)


def test_kinds_are_told_apart_by_the_fields_that_are_looked_at() -> None:
    def kind(*conditions: Any) -> Any:
        searches = [Search("context", 5, each) for each in conditions]
        return kind_of("memories", Gather({}, searches, Within("context", Match("mind", ANA))))

    felt = Both((Match("mind", ANA), Range("valence", gte=0.1), Not(Match("kind", "fact"))))
    assert kind(Match("mind", ANA), None) == ("memories", ANA, ("mind",))
    assert kind(felt) == ("memories", ANA, ("kind", "mind", "valence"))
