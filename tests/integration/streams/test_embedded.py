import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from streams.client import connect
from streams.embedded import OPTIONS, EmbeddedServer, embedded_server
from streams.errors import EmbeddedServerError
from streams.sockets import SOCKET_PATH_MAX, is_running, recorded_url

CHILD = """
import sys, anyio
from pathlib import Path
from streams.embedded import embedded_server
async def main():
    async with embedded_server(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await anyio.sleep_forever()
anyio.run(main)
"""


async def increment(url: str) -> int:
    client = connect(url)
    try:
        return int(await client.incr("count"))
    finally:
        await client.aclose()


async def test_what_was_written_survives_a_restart(tmp_path: Path) -> None:
    for life in (1, 2, 3):
        async with embedded_server(tmp_path / "deep" / "data") as url:
            assert await increment(url) == life
        assert not is_running(url)


async def test_it_is_private_durable_and_never_evicts(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as url:
        client = connect(url)
        for name in ("appendonly", "appendfsync", "save", "maxmemory-policy", "port"):
            assert (await client.config_get(name))[name] == OPTIONS[name]
        await client.aclose()
        assert oct((tmp_path / "valkey.sock").stat().st_mode)[-3:] == "700"
        assert recorded_url(tmp_path) == url


async def test_a_long_data_directory_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 20) / ("name" * 20)
    async with embedded_server(deep) as url:
        assert len(url.removeprefix("unix://")) <= SOCKET_PATH_MAX
        assert await increment(url) == 1
        assert recorded_url(deep) == url


async def test_a_second_user_of_a_directory_joins_the_running_server_and_leaves_it_running(
    tmp_path: Path,
) -> None:
    async with embedded_server(tmp_path) as url:
        async with embedded_server(tmp_path) as again:
            assert again == url
            assert await increment(again) == 1
        assert await increment(url) == 2


async def test_a_killed_parent_takes_its_server_along_and_nothing_acknowledged_is_lost(
    tmp_path: Path,
) -> None:
    for life in range(3):
        with subprocess.Popen(  # noqa: ASYNC220 (killed, not awaited)
            [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            url = child.stdout.readline().strip()
            assert await increment(url) == 2 * life + 1
            child.kill()
        async with embedded_server(tmp_path) as again:
            assert again == url
            assert await increment(again) == 2 * life + 2


async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    await server.start()
    assert server.pid is not None
    assert os.getpgid(server.pid) != os.getpgid(0)
    await server.stop()


async def test_a_server_that_dies_is_started_again(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    await server.start()
    told: list[str] = []
    again = anyio.Event()

    def on_restarted(reason: str) -> None:
        told.append(reason)
        again.set()

    assert await increment(server.url) == 1
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.keep_alive, on_restarted)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGTERM)
        with anyio.fail_after(5):
            await again.wait()
        assert await increment(server.url) == 2
        tasks.cancel_scope.cancel()
    await server.stop()
    assert told == ["the embedded server ended with status 0"]


async def test_a_program_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho no room left; exit 3\n")
    program.chmod(0o755)
    with pytest.raises(EmbeddedServerError, match=r"(?s)ended with status 3.*no room left"):
        async with embedded_server(tmp_path / "data", binary=program):
            raise AssertionError("it must not start")
    async with embedded_server(tmp_path / "data") as url:
        assert await increment(url) == 1


async def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="nowhere cannot be started"):
        await EmbeddedServer(tmp_path, binary=tmp_path / "nowhere").start()


async def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedServerError, match="Give a data directory"):
        await EmbeddedServer(tmp_path / "file" / "data").start()


ORPHAN = CHILD.replace(
    "async def main",
    "import streams.embedded\nstreams.embedded.dies_with_parent = list\nasync def main",
)


def left_behind(directory: Path) -> tuple[str, int]:
    """A server whose parent was killed on a platform where it lives on."""
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(directory)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        parent.kill()
    return url, int((directory / "valkey.pid").read_text())


async def test_an_orphan_is_adopted_and_ended_in_the_end(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("streams.embedded.TAKEOVER_AFTER_S", 0.05)
    url, pid = left_behind(tmp_path)
    assert await increment(url) == 1
    async with embedded_server(tmp_path) as again:
        assert again == url
        assert await increment(again) == 2
        assert int((tmp_path / "valkey.pid").read_text()) == pid
    assert not is_running(url)
    async with embedded_server(tmp_path) as fresh:
        assert await increment(fresh) == 3
        assert int((tmp_path / "valkey.pid").read_text()) != pid


async def test_an_orphan_that_hangs_is_named_rather_than_doubled(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("streams.embedded.TAKEOVER_AFTER_S", 0.05)
    monkeypatch.setattr("streams.sockets.PING_TIMEOUT_S", 0.05)
    _, pid = left_behind(tmp_path)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(EmbeddedServerError, match=r"does not answer.*valkey\.pid"):
            await EmbeddedServer(tmp_path).start()
    finally:
        os.kill(pid, signal.SIGKILL)
