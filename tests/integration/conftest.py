"""Daemons for all tests that do not disturb them: processes, on the embedded engines, without the model."""

from collections.abc import Iterator

import pytest

from tests.integration.support import Client, Daemon, daemon_on


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with daemon_on(tmp_path_factory.mktemp("shared") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One that takes texts."""
    with daemon_on(tmp_path_factory.mktemp("texts") / "data", texts=True) as running:
        yield running


@pytest.fixture(scope="session")
def client(daemon: Daemon) -> Client:
    return daemon.client()
