"""The daemon as a service: it starts, says so, perceives, answers, stops, and takes up where it left off."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import msgspec
import pytest

from cognition.client import Session
from cognition.errors import BadCueError
from cognition.opening import connected, open_mind
from cognition.settings import EmbeddingSettings, Settings
from schemas.events import Outcome
from streams.embedded import embedded_server
from tests.integration.support import (
    Client,
    Daemon,
    client_of,
    cognition,
    daemon_on,
    processes_of,
    until,
    vector_of,
)

CONTENT = "The spare key hangs behind the boiler."
PERCEPTS = 200
STOPPED_WITHIN_S = 20.0
WITHOUT_MODEL = Settings(embedding=EmbeddingSettings(enabled=False))


@pytest.fixture
async def session(daemon: Daemon, client: Client):  # type: ignore[no-untyped-def]
    async with connected(daemon.ready().url, client.keys) as open_session:
        yield open_session


def published(client: Client, form: str, mind: str) -> str:
    """One percept in one of the documented forms."""
    if form == "flat":
        return client.xadd(mind, {"mind": mind, "content": CONTENT, "actor": "Ana", "valence": "0.3"})
    body = {"mind": mind, "content": CONTENT, "actor": "Ana", "valence": 0.3, "vector": vector_of(CONTENT)}
    if form == "j":
        return client.xadd(mind, {"t": "percept/1", "j": msgspec.json.encode(body)})
    return client.xadd(mind, {"t": "percept/1", "m": msgspec.msgpack.encode(body)})


@pytest.mark.parametrize("form", ["j", "m"])
async def test_a_percept_in_either_packed_form_is_remembered_and_recalled(
    client: Client, session: Session, form: str
) -> None:
    mind = f"form-{form}"
    receipt = client.receipt(mind, published(client, form, mind))
    assert receipt.outcome is Outcome.ENCODED
    assert receipt.mind == mind
    assert receipt.parts is not None
    answer = await session.mind(mind).recall(vector=vector_of(CONTENT))
    (recalled,) = answer.recalled
    assert recalled.memory.id == receipt.memory_id
    assert (recalled.memory.content, recalled.memory.actor, recalled.memory.valence) == (CONTENT, "Ana", 0.3)


async def test_the_flat_form_is_read_and_what_it_lacks_here_is_said(client: Client) -> None:
    receipt = client.receipt("form-flat", published(client, "flat", "form-flat"))
    assert receipt.outcome is Outcome.REJECTED
    assert "without an embedder and the percept has no vector" in receipt.reason
    assert "embedding.enabled = true" in receipt.reason


async def test_a_cue_in_words_is_told_what_it_lacks_while_there_is_no_model(session: Session) -> None:
    ticket = await session.mind("words").perceive("Marzipan is for Clara.", vector=vector_of("Marzipan"))
    await ticket.wait()
    with pytest.raises(BadCueError, match=r"without an embedder and the cue has no vector\. Give `vector`"):
        await session.mind("words").recall("marzipan")


def test_the_service_manager_is_told_when_it_is_ready_and_when_it_stops(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        with daemon_on(tmp_path / "data", NOTIFY_SOCKET=str(tmp_path / "notify")) as daemon:
            assert manager.recv(64) == b"READY=1"
            assert daemon.ready().ready
            assert daemon.stop() == 0
            assert manager.recv(64) == b"STOPPING=1"


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_in_the_middle_of_work_ends_it_soon_and_loses_nothing(
    tmp_path: Path, sign: signal.Signals
) -> None:
    with daemon_on(tmp_path / "data") as daemon:
        client = daemon.client()
        for n in range(PERCEPTS):
            client.perceive("ana", f"Thought number {n}.")
        began = time.monotonic()
        daemon.running().send_signal(sign)
        assert daemon.ended() == 0
    assert time.monotonic() - began < STOPPED_WITHIN_S
    assert daemon.lines()[-1]["type"] == "DaemonStopped"
    assert daemon.lines()[-1]["reason"] == "stopped"
    assert processes_of(daemon.directory) == {}
    assert not (daemon.directory / "daemon.json").exists()
    async with embedded_server(daemon.directory / "streams") as url:
        (group,) = client_of(url).server.xinfo_groups(client.awake("ana"))
        assert group["pending"] == 0
    async with open_mind("ana", data=daemon.directory, settings=WITHOUT_MODEL) as mind:
        last = await mind.perceive("The last one.", vector=vector_of("The last one."))
        await last.wait()
        status = await mind.status()
    assert status.memories == status.lifetime.memories == status.lifetime.percepts == PERCEPTS + 1


@pytest.mark.parametrize("begun", ["daemon.json", "streams/valkey.sock", "store/memories"])
def test_a_signal_while_it_starts_is_heeded(tmp_path: Path, begun: str) -> None:
    daemon = Daemon(tmp_path / "data").start()
    until(lambda: (daemon.directory / begun).exists(), "begun start")
    assert daemon.stop() == 0
    assert processes_of(daemon.directory) == {}


def test_a_restart_resumes_the_open_episode(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data") as daemon:
        client = daemon.client()
        first = client.receipt("ana", client.perceive("ana", "We start to bake the bread."))
        assert daemon.stop() == 0
        daemon.start()
        client = daemon.client()
        second = client.receipt("ana", client.perceive("ana", "We bake the bread for an hour."))
        assert second.episode_id == first.episode_id
        identity = cognition("identity", "show", "--mind", "ana", "--data", str(daemon.directory), "--json")
        assert identity.json["identity"]["restart_count"] == 1


def test_a_second_daemon_is_refused_and_told_who_holds_the_directory(daemon: Daemon) -> None:
    second = cognition("daemon", "--no-model", "--data", str(daemon.directory))
    assert second.code == 3
    assert f"process {daemon.running().pid} on {socket.gethostname()}" in second.err
    assert "stop it, or choose another directory" in second.err
    assert "Traceback" not in second.err


def test_the_log_is_one_json_object_a_line(daemon: Daemon, client: Client) -> None:
    client.receipt("logged", client.xadd("logged", {"mind": "logged"}))
    until(lambda: any(line["type"] == "EntryBuried" for line in daemon.lines()), "log line of a burial")
    assert all({"level", "type", "at"} <= line.keys() for line in daemon.lines())
    assert daemon.lines()[0]["type"] == "DaemonStarted"


def test_the_log_is_for_people_where_the_settings_say_so(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data", "--set", "log.form=human") as daemon:
        assert daemon.stop() == 0
    assert "info    DaemonStarted" in daemon.log.read_text()


def test_it_is_not_stopped_by_a_manager_that_is_gone(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data", NOTIFY_SOCKET=str(tmp_path / "nobody")) as daemon:
        assert daemon.stop() == 0
