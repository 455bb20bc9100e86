"""The backends under comparison, opened once for all tests: they share shards, examples share no mind."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from cognition.stores.backend import VectorBackend
from cognition.stores.edge import open_edge, open_inline
from cognition.stores.qdrant_server import open_local
from cognition.testing.oracle import OracleBackend

KINDS = ("oracle", "inline", "edge", "local")


@pytest.fixture(scope="session")
async def backends(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, VectorBackend]]:
    folder = tmp_path_factory.mktemp("congruence")
    async with AsyncExitStack() as stack:
        yield {
            "oracle": OracleBackend(),
            "inline": await stack.enter_async_context(open_inline(folder / "inline", started_at=0.0)),
            "edge": await stack.enter_async_context(open_edge(folder / "edge", started_at=0.0)),
            "local": await stack.enter_async_context(open_local()),
        }


@pytest.fixture(scope="session", params=KINDS)
def backend(request: pytest.FixtureRequest, backends: dict[str, VectorBackend]) -> VectorBackend:
    return backends[request.param]
