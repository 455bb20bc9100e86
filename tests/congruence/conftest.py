"""The backends under comparison, each opened once for all tests: they share shards, examples no mind."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from cognition.stores.backend import VectorBackend
from cognition.stores.edge import open_edge, open_inline
from cognition.stores.qdrant_server import open_local
from cognition.testing.oracle import OracleBackend
from tests import servers

SERVERS = {
    "server": servers.single,
    "http": servers.over_http,
    "cluster": servers.cluster,
    "apart": servers.apart,
    "cluster-apart": servers.cluster_apart,
}
KINDS = (
    "oracle",
    "inline",
    "edge",
    "local",
    *(pytest.param(kind, marks=pytest.mark.server) for kind in SERVERS),
)


@pytest.fixture(scope="session", params=KINDS)
async def backend(
    request: pytest.FixtureRequest, anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[VectorBackend]:
    kind, folder = request.param, tmp_path_factory.mktemp("congruence")
    async with AsyncExitStack() as stack:
        if kind == "oracle":
            yield OracleBackend()
        elif kind == "inline":
            yield await stack.enter_async_context(open_inline(folder, started_at=0.0))
        elif kind == "edge":
            yield await stack.enter_async_context(open_edge(folder, started_at=0.0))
        elif kind == "local":
            yield await stack.enter_async_context(open_local())
        else:
            options = await stack.enter_async_context(SERVERS[kind](folder))
            yield await stack.enter_async_context(servers.backend_on(options))
