import anyio
import pytest

from schemas.percept import Percept
from streams.client import ServerInfo, check_version, connect, server_info, wait_until_ready
from streams.embedded import embedded_server
from streams.errors import (
    StreamsDeniedError,
    StreamsRefusedError,
    StreamsUnavailableError,
    StreamsVersionError,
)
from streams.producer import Producer
from streams.testing import running_valkey


def path_of(url: str) -> str:
    return url.removeprefix("unix://")


async def test_the_server_is_known_by_name_and_version(client) -> None:
    info = await wait_until_ready(client, within_s=1.0)
    assert info.name in {"valkey", "redis"}
    assert int(info.version.partition(".")[0]) >= 7


async def test_a_server_that_is_away_is_named_with_what_to_do(tmp_path) -> None:
    client = connect(f"unix://:secret@{tmp_path}/none.sock")
    with pytest.raises(StreamsUnavailableError, match=r"none\.sock is not available") as caught:
        await wait_until_ready(client, within_s=0.06)
    assert "secret" not in str(caught.value)
    assert "See that it runs" in caught.value.remedy
    await client.aclose()


@pytest.mark.usefixtures("disturbed")
async def test_a_wrong_password_and_a_missing_right_are_denials(server_url, client, keys) -> None:
    await client.execute_command("ACL", "SETUSER", "reader", "on", ">right", "~*", "+@read", "+@connection")
    wrong = connect(f"unix://reader:wrong@{path_of(server_url)}")
    with pytest.raises(StreamsDeniedError, match="user and password") as caught:
        await server_info(wrong)
    assert "wrong" not in str(caught.value).lower().replace("wrongpass", "")
    reader = connect(f"unix://reader:right@{path_of(server_url)}")
    await server_info(reader)
    with pytest.raises(StreamsDeniedError, match="permission"):
        await Producer(reader, keys).publish(Percept(mind="ada"), "ada")
    for one in (wrong, reader):
        await one.aclose()
    await client.execute_command("ACL", "DELUSER", "reader")


async def test_a_key_of_another_kind_is_a_refusal(client, keys) -> None:
    await client.set(keys.stream(keys.partition_of("ada"), "awake"), "not a stream")
    with pytest.raises(StreamsRefusedError, match="WRONGTYPE"):
        await Producer(client, keys).publish(Percept(mind="ada"), "ada")


async def test_a_client_outlives_a_restart_of_its_server(tmp_path) -> None:
    async with embedded_server(tmp_path) as url:
        client = connect(url)
        await client.incr("count")
    with pytest.raises(StreamsUnavailableError):
        await wait_until_ready(client, within_s=0.01)
    async with embedded_server(tmp_path):
        await wait_until_ready(client, within_s=5.0)
        assert await client.incr("count") == 2
    await client.aclose()


@pytest.mark.parametrize(("name", "version"), [("redis", "6.2.14"), ("valkey", "7.1.9"), ("keydb", "6.3.4")])
def test_an_old_server_is_refused(name: str, version: str) -> None:
    with pytest.raises(StreamsVersionError, match=rf"somewhere is {name} {version}.*Redis 7\.0"):
        check_version("somewhere", ServerInfo(name, version))


@pytest.mark.parametrize(("name", "version"), [("redis", "7.0.0"), ("valkey", "7.2.4"), ("redis", "10.1")])
def test_a_new_enough_server_is_accepted(name: str, version: str) -> None:
    check_version("somewhere", ServerInfo(name, version))


def test_a_running_server_for_tests_is_fresh_each_time() -> None:
    async def count(url: str) -> int:
        client = connect(url)
        try:
            return int(await client.incr("count"))
        finally:
            await client.aclose()

    for _ in range(2):
        with running_valkey() as url:
            assert anyio.run(count, url) == 1
