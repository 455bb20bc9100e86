"""What the daemon needs is away, lost, full or stopped for a while: it says so and waits; nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest
import redis

from cognition.opening import open_mind
from cognition.stores.edge_directory import RESERVE_BYTES
from schemas.events import Outcome
from schemas.inquiry import StatusAnswer
from streams.dead_letters import DEAD_MAX
from streams.embedded import EmbeddedServer
from tests.integration.support import Client, Daemon, client_of, cognition, daemon_on, processes_of, until

PERCEPTS = 40
DISK_BYTES = 640 << 20
"""Room for an empty data directory (some 200 MB on tmpfs), the reserve of 128 MiB, and a little more."""

LEFT_BYTES = 2 << 20


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One daemon to which all these things happen, each time to another mind."""
    with daemon_on(tmp_path_factory.mktemp("tried") / "data", "--set", "streams.lease_s=2") as daemon:
        yield daemon
        assert daemon.stop() == 0


@contextmanager
def server_in(folder: Path) -> Iterator[EmbeddedServer]:
    """A stream server of its own, which the daemon is pointed to by URL."""
    server = EmbeddedServer(folder)
    anyio.run(server.start)
    try:
        yield server
    finally:
        anyio.run(server.stop)


def live_on(client: Client, mind: str, first: int = 0) -> list[str]:
    """Publish a handful of percepts with keys; their entries."""
    numbers = range(first, first + PERCEPTS)
    return [client.perceive(mind, f"Thought number {n}.", key=f"thought-{n}") for n in numbers]


def assert_remembers(daemon: Daemon, mind: str, count: int) -> None:
    """So many memories, each once, and counters that agree."""

    async def asked() -> StatusAnswer:
        async with open_mind(mind, data=daemon.directory) as itself:
            return await itself.status()

    status = anyio.run(asked)
    life = status.lifetime
    assert (status.memories, life.memories, life.percepts, life.repeats) == (count, count, count, 0)


def retried(daemon: Daemon, operation: str) -> bool:
    """Whether the log says that this was tried again."""
    told = [line for line in daemon.lines() if line["type"] == "OperationRetried"]
    return any(line["operation"] == operation for line in told)


def alive(daemon: Daemon) -> bool:
    return daemon.running().poll() is None


# --- the stream server ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("redis://localhost:1/0", 3, ["redis://localhost:1/0 is not available", "See that it runs"]),
        ("localhost:6379", 2, ["url = localhost:6379: no scheme", "Write redis://user:password@host:6379/0"]),
        ("http://localhost", 2, ["unknown scheme 'http'", "unix:///path/to/socket"]),
    ],
)
def test_without_a_stream_server_the_daemon_says_so_and_does_not_start(
    tmp_path: Path, url: str, code: int, words: list[str]
) -> None:
    told = cognition("daemon", "--no-model", "--data", str(tmp_path / "data"), "--url", url)
    assert told.code == code
    assert [word for word in words if word not in told.err] == []
    assert "Traceback" not in told.err


def test_a_stream_server_that_dies_in_the_middle_and_comes_back_costs_nothing(tmp_path: Path) -> None:
    with (
        server_in(tmp_path / "server") as server,
        daemon_on(tmp_path / "data", "--url", server.url) as daemon,
    ):
        client = daemon.client()
        live_on(client, "ana")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: retried(daemon, "intake"), "word of a lost server")
        assert alive(daemon)
        anyio.run(server.stop)
        anyio.run(server.start)
        last = live_on(client_of(server.url), "ana", PERCEPTS)[-1]
        assert client.receipt("ana", last).outcome is Outcome.ENCODED
        assert_remembers(daemon, "ana", 2 * PERCEPTS)
        assert daemon.stop() == 0


def test_the_daemon_stops_in_time_and_cleanly_while_the_stream_server_is_gone(tmp_path: Path) -> None:
    with (
        server_in(tmp_path / "server") as server,
        daemon_on(tmp_path / "data", "--url", server.url) as daemon,
    ):
        live_on(daemon.client(), "ana")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: retried(daemon, "intake"), "word of a lost server")
        assert daemon.stop() == 0
        assert processes_of(daemon.directory) == {}
        anyio.run(server.stop)
        anyio.run(server.start)
        daemon.start().ready()
        until(daemon.client().settled, "acknowledged line")
        assert_remembers(daemon, "ana", PERCEPTS)


def test_a_private_server_that_dies_is_started_again(tried: Daemon) -> None:
    client = tried.client()
    live_on(client, "served")
    (pid,) = [p for p, words in processes_of(tried.directory).items() if "unixsocket" in words]
    os.kill(pid, signal.SIGKILL)
    until(lambda: retried(tried, "private stream server"), "word of a new server")
    last = live_on(client, "served", PERCEPTS)[-1]
    assert client.receipt("served", last).outcome is Outcome.ENCODED
    assert_remembers(tried, "served", 2 * PERCEPTS)


def test_a_flushed_stream_server_takes_nothing_that_was_remembered(tried: Daemon) -> None:
    client = tried.client()
    entries = live_on(client, "flushed")
    client.receipt("flushed", entries[-1])
    client.server.flushall()
    last = live_on(client, "flushed", PERCEPTS)[-1]
    assert client.receipt("flushed", last).outcome is Outcome.ENCODED
    assert_remembers(tried, "flushed", 2 * PERCEPTS)


def test_a_key_of_the_wrong_kind_stops_no_daemon(tried: Daemon) -> None:
    client = tried.client()
    salience = client.awake("confused").replace("awake", "salience")
    client.server.delete(salience)
    client.server.set(salience, "somebody else's")
    live_on(client, "confused")
    until(lambda: "WRONGTYPE" in tried.log.read_text(), "word of the wrong key")
    client.server.delete(salience)
    until(client.settled, "acknowledged line")
    assert_remembers(tried, "confused", PERCEPTS)


def test_a_full_house_of_dead_letters_stops_the_line_but_not_the_daemon(tried: Daemon) -> None:
    client = tried.client()
    dead = client.awake("littering").replace("awake", "dead")
    with client.server.pipeline() as line:
        for _ in range(DEAD_MAX):
            line.xadd(dead, {"stream": "awake", "entry": "0-1"})
        line.execute()
    bad = client.xadd("littering", {"t": "percept/1", "j": "{oops"})
    after = client.perceive("littering", "After what was bad.")
    until(lambda: "cognition dead list" in tried.log.read_text(), "word of too many dead letters")
    assert alive(tried)
    client.server.delete(dead)
    assert client.receipt("littering", bad).outcome is Outcome.REJECTED
    assert client.receipt("littering", after).outcome is Outcome.ENCODED
    until(lambda: client.dead("littering"), "dead letter")


def test_a_daemon_that_was_stopped_beyond_its_leases_goes_on_with_new_ones(tried: Daemon) -> None:
    client = tried.client()
    live_on(client, "paused")
    lease = client.keys.lease(client.keys.partition_of("paused"))
    tried.running().send_signal(signal.SIGSTOP)
    try:
        until(lambda: not client.server.exists(lease), "end of the lease")
        entries = live_on(client, "paused", PERCEPTS)
    finally:
        tried.running().send_signal(signal.SIGCONT)
    assert client.receipt("paused", entries[-1]).outcome is Outcome.ENCODED
    until(lambda: any(line["type"] == "LeaseLost" for line in tried.lines()), "word of a lost lease")
    assert_remembers(tried, "paused", 2 * PERCEPTS)


# --- the store --------------------------------------------------------------------------------


def test_an_engine_that_dies_in_the_middle_is_started_again(tried: Daemon) -> None:
    client = tried.client()
    live_on(client, "hosted")
    for pid, words in processes_of(tried.directory).items():
        if "edge_host" in words:
            os.kill(pid, signal.SIGKILL)
    last = live_on(client, "hosted", PERCEPTS)[-1]
    assert client.receipt("hosted", last).outcome is Outcome.ENCODED
    assert_remembers(tried, "hosted", 2 * PERCEPTS)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of its own; only root can make one."""
    folder.mkdir()
    mount = shutil.which("mount")
    words = ["-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *words], capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def publish_until_refused(client: Client, mind: str) -> int:
    """Publish until there is no room for more; how many were taken."""
    for number in range(10_000):
        try:
            client.perceive(mind, f"Thought number {number}. " + "x" * 2_000, key=f"thought-{number}")
        except redis.ResponseError:
            return number
    raise AssertionError("the disk was never full")


def taken(client: Client, mind: str) -> str:
    """Publish as soon as there is room; the entry, '' while there is none."""
    try:
        return client.perceive(mind, "There is room again.")
    except redis.ResponseError:
        return ""


def test_a_full_disk_refuses_publishers_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        daemon = Daemon(disk / "data")
        daemon.log = tmp_path / "log"
        try:
            client = daemon.start().client()
            client.receipt("ana", client.perceive("ana", "There is room."))
            with (disk / "filler").open("wb") as filler:
                os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(disk).free - LEFT_BYTES)
            count = publish_until_refused(client, "ana")
            until(lambda: retried(daemon, "intake"), "word of the full disk")
            assert alive(daemon)
            assert "free space there" in daemon.tail().lower() or "Free some space" in daemon.tail()
            (disk / "filler").unlink()
            last = until(partial(taken, client, "ana"), "room")
            assert client.receipt("ana", last).outcome is Outcome.ENCODED
            until(client.settled, "acknowledged line")
            assert_remembers(daemon, "ana", count + 2)
        finally:
            assert daemon.stop() == 0


def test_a_disk_that_is_full_in_the_night_holds_it_up_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        daemon = Daemon(disk / "data", "--set", "sleep.check_s=0.1", "--set", "sleep.turn=20")
        daemon.log = tmp_path / "log"
        where = ("--mind", "ana", "--data", str(disk / "data"))
        try:
            client = daemon.start().client()
            client.receipt("ana", live_on(client, "ana")[-1])
            assert cognition("sleep", *where, "--no-wait").code == 0
            with (disk / "filler").open("wb") as filler:
                os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(disk).free - RESERVE_BYTES // 2)
            until(lambda: retried(daemon, "sleep"), "word of the full disk")
            held = cognition("sleep", "show", "1", *where, "--json").json
            assert held["status"] == "in_progress"
            (disk / "filler").unlink()
            until(lambda: slept(where), "the end of the night")
            report = cognition("sleep", "show", "1", *where, "--json").json
            assert (report["replayed"], report["strengthened"]) == (35, 35)
            assert_remembers(daemon, "ana", PERCEPTS)
        finally:
            assert daemon.stop() == 0


def slept(where: tuple[str, ...]) -> bool:
    """Whether the first night has come to its end."""
    return bool(cognition("sleep", "show", "1", *where, "--json").json["status"] == "completed")


# --- the model -----------------------------------------------------------------------------------


def test_without_weights_the_daemon_says_what_to_do_and_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    told = cognition(
        "daemon", "--data", str(tmp_path / "data"), "--set", f"embedding.path={tmp_path / 'weights'}"
    )
    assert told.code == 3
    assert str(tmp_path / "weights") in told.err
    assert "Traceback" not in told.err
    assert processes_of(tmp_path / "data") == {}
