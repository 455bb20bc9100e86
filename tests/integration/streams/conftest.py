"""A real server for every test: the embedded Valkey, and Debian's Redis where it is on PATH."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streams.client import connect
from streams.keys import StreamKeys
from streams.testing import running_valkey


@pytest.fixture(scope="session", params=["valkey", pytest.param("redis", marks=pytest.mark.server)])
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    binary = None
    if request.param == "redis":
        found = shutil.which("redis-server")
        if found is None:
            pytest.skip("no redis-server on PATH")
        binary = Path(found)
    with running_valkey(binary) as url:
        yield url


@pytest.fixture
async def client(server_url: str) -> AsyncIterator[Redis]:
    client = connect(server_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def keys() -> StreamKeys:
    return StreamKeys(namespace="test", partitions=4)
