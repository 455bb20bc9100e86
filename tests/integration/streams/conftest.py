"""A real server for every test: the embedded Valkey, and a Redis, the one that `REDIS_URL` names, else
Debian's where it is on PATH.

The one that is named is somebody's: a test has a namespace of its own on it, which is cleared afterwards.
Tests that flush, configure or stop their server ask for `disturbed`, and get one of their own.
"""

import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streams.client import connect
from streams.keys import StreamKeys
from streams.testing import running_valkey

PARTITIONS = 4
NONE = "no Redis server: neither REDIS_URL nor a `redis-server` on PATH"
NO_BINARY = "no `redis-server` on PATH, so none of our own to disturb"


@pytest.fixture(scope="session")
def own_valkey() -> Iterator[str]:
    with running_valkey() as url:
        yield url


@pytest.fixture(scope="session")
def own_redis() -> Iterator[str | None]:
    """None where there is no program."""
    found = shutil.which("redis-server")
    if found is None:
        yield None
        return
    with running_valkey(Path(found)) as url:
        yield url


@pytest.fixture
def disturbed() -> None:
    """For tests that do to a server what its other users would notice."""


@pytest.fixture(params=["valkey", pytest.param("redis", marks=pytest.mark.server)])
def server_url(request: pytest.FixtureRequest) -> str:
    if request.param == "valkey":
        return str(request.getfixturevalue("own_valkey"))
    given = os.environ.get("REDIS_URL", "")
    if given and "disturbed" not in request.fixturenames:
        return given
    own = request.getfixturevalue("own_redis")
    if own is None:
        pytest.skip(NO_BINARY if given else NONE)
    return str(own)


@pytest.fixture
async def client(server_url: str) -> AsyncIterator[Redis]:
    client = connect(server_url)
    yield client
    await client.aclose()


@pytest.fixture
async def keys(server_url: str) -> AsyncIterator[StreamKeys]:
    keys = StreamKeys(namespace=f"test-{uuid.uuid4().hex[:12]}", partitions=PARTITIONS)
    yield keys
    client = connect(server_url)
    if left := [key async for key in client.scan_iter(match=f"{{{keys.namespace}:*", count=1_000)]:
        await client.delete(*left)
    await client.aclose()
