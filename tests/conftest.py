"""What every test needs: one event loop backend, laws that a busy machine does not break, and a word on
which servers there are."""

import os
import shutil

import hypothesis
import pytest

hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

SERVERS = {"Qdrant": ("QDRANT_URL", "qdrant"), "Redis": ("REDIS_URL", "redis-server")}


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def pytest_report_header() -> list[str]:
    """Which servers tests marked `server` have; those that miss theirs are skipped."""
    found = {name: os.environ.get(url) or shutil.which(binary) for name, (url, binary) in SERVERS.items()}
    return [f"{name} server: {place or 'none, its tests are skipped'}" for name, place in found.items()]
