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
    return [f"{name} server: {_place(*where)}" for name, where in SERVERS.items()]


def _place(variable: str, binary: str) -> str:
    """A server that is named is disturbed by no test: those that do so start the program."""
    from cognition.settings import hide_password

    given, program = os.environ.get(variable), shutil.which(binary)
    if not given:
        return program or "none, its tests are skipped"
    disturbing = program or f"no `{binary}` on PATH, they are skipped"
    return f"{hide_password(given)}; for tests that disturb one: {disturbing}"
