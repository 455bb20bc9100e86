"""A Qdrant server that speaks TLS, over HTTP and gRPC, to who has its key and knows who vouches for it."""

import random
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from cognition.errors import SettingsError, StoreDeniedError, StoreUnavailableError
from cognition.stores.backend import Gather, Match, Search, Within
from cognition.stores.server_opening import open_server, readiness
from cognition.stores.server_options import Mark, ServerOptions
from cognition.testing.nodes import Certificate, Node, running_nodes
from tests import servers
from tests.integration.stores.things import SPEC, assert_whole, point, point_id
from tests.integration.support import cognition, daemon_on, environment

pytestmark = [pytest.mark.server, pytest.mark.timeout(200)]

TLS = Path(__file__).parents[1] / "streams" / "tls"
PROGRAM = Path(__file__).parents[3] / "deploy/nodes.py"
OURS = Certificate(TLS / "certificate.pem", TLS / "key.pem")
STRANGER = Certificate(TLS / "stranger.pem", TLS / "stranger_key.pem")
NAME = SPEC.name
KEY = "right"
BOTH = pytest.mark.parametrize("grpc", [True, False], ids=["gRPC", "HTTP"])


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    servers.require_binary()
    key = {"QDRANT__SERVICE__API_KEY": KEY}
    async with running_nodes(tmp_path / "nodes", 1, environment=key, certificate=OURS) as nodes:
        yield nodes[0]


def reached(node: Node, *, grpc: bool = True, **more: object) -> ServerOptions:
    url = node.url if grpc else f"{node.http}?grpc_port=0"
    known: dict[str, object] = {"url": url, "api_key": KEY, "ca_file": str(OURS.chain)}
    return ServerOptions(**known | more)  # type: ignore[arg-type]


async def refused(options: ServerOptions) -> StoreUnavailableError:
    """What is said at once, however long a server that is away is waited for."""
    with anyio.fail_after(20), pytest.raises(StoreUnavailableError) as caught:
        async with open_server(options, Mark(), chance=random.Random(0)) as opened:
            await opened.backend.ensure(SPEC)
    return caught.value


@BOTH
async def test_what_is_written_over_tls_is_gathered_and_read(node: Node, grpc: bool) -> None:
    async with open_server(reached(node, grpc=grpc), Mark(), chance=random.Random(0)) as opened:
        assert opened.nodes[0].endswith(", gRPC)" if grpc else ", HTTP)")
        backend, mine = opened.backend, Match("mind", "m")
        await backend.ensure(SPEC)
        await backend.upsert(NAME, [point(number) for number in range(20)])
        asked = Gather({"v": point(3).vectors["v"]}, [Search("v", 5, mine)], Within("v", mine), ("n",))
        found = await backend.gather(NAME, asked)
        assert found.ids[int(found.scores["v"].argmax())] == point_id(3)
        ids = [point_id(number) for number in range(20)]
        assert_whole(await backend.retrieve(NAME, ids, with_vectors=("v", "s")), range(20))
        assert len(await backend.retrieve(NAME, ids)) == 20
    assert await readiness(reached(node)) == [(node.http, "")]


@BOTH
async def test_a_key_that_is_wrong_is_refused_over_tls(node: Node, grpc: bool) -> None:
    error = await refused(reached(node, grpc=grpc, api_key="wrong"))
    assert isinstance(error, StoreDeniedError)
    assert f"{NAME}: the server refuses this key" in str(error)
    assert "store.api_key_file" in error.remedy


@BOTH
@pytest.mark.parametrize("named", ["", str(STRANGER.chain)], ids=["nobody", "a stranger"])
async def test_who_vouches_for_another_certificate_is_told_the_address_and_what_to_name(
    node: Node, grpc: bool, named: str
) -> None:
    options = reached(node, grpc=grpc, ca_file=named)
    error = await refused(options)
    assert str(error).startswith(f"{node.http}: ")
    assert "store.ca_file" in error.remedy
    ((_, why),) = await readiness(options)
    assert "certificate verify failed" in why


@BOTH
async def test_a_file_may_name_two_authorities_while_one_takes_the_place_of_the_other(
    node: Node, grpc: bool, tmp_path: Path
) -> None:
    (tmp_path / "both.pem").write_text(STRANGER.chain.read_text() + OURS.chain.read_text())
    options = reached(node, grpc=grpc, ca_file=str(tmp_path / "both.pem"))
    async with open_server(options, Mark(), chance=random.Random(0)) as opened:
        await opened.backend.ensure(SPEC)
        assert opened.nodes[0].endswith(", gRPC)" if grpc else ", HTTP)")


async def test_another_certificate_over_grpc_than_over_http_is_refused_too(
    node: Node, tmp_path: Path
) -> None:
    """As where gRPC still shows the one that HTTP has exchanged."""
    key = {"QDRANT__SERVICE__API_KEY": KEY}
    async with running_nodes(tmp_path / "old", 1, environment=key, certificate=STRANGER) as (old,):
        error = await refused(reached(node, url=f"{node.http}?grpc_port={old.grpc_port}"))
    assert str(error).startswith(f"{node.http}: UNAVAILABLE")
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert "store.ca_file" in error.remedy


async def test_a_port_of_http_that_is_named_as_one_of_grpc_is_told_with_what_to_name(node: Node) -> None:
    port = node.http.rpartition(":")[2]
    for at in (node.http, node.http.replace(port, str(node.grpc_port))):
        with anyio.fail_after(20), pytest.raises(SettingsError) as caught:
            async with open_server(
                reached(node, url=f"{at}?grpc_port={port}"), Mark(), chance=random.Random(0)
            ):
                pass
        assert f"port {port} of {at} does not speak Qdrant's gRPC" in str(caught.value)
        assert "grpc_port=0 for HTTP alone" in caught.value.remedy


async def test_a_server_that_speaks_tls_asked_without_is_told_with_what_to_write(node: Node) -> None:
    plain = node.url.replace("https://", "http://")
    error = await refused(reached(node, url=plain, wait_s=0))
    assert "https:// where it speaks TLS" in error.remedy
    ((_, why),) = await readiness(reached(node, url=plain))
    assert "is no HTTP" in why
    asked = [sys.executable, str(PROGRAM), "ask", "GET", "/collections"]
    done = await anyio.to_thread.run_sync(
        lambda: subprocess.run(
            asked, env=environment(QDRANT_URL=plain), capture_output=True, text=True, check=False
        )
    )
    assert (done.returncode, "https:// where it speaks TLS" in done.stderr) == (1, True)


def settings(node: Node, tmp_path: Path, **more: str) -> dict[str, str]:
    (tmp_path / "key").write_text(f"{KEY}\n")
    named = {
        "COGNITION_STORE__URL": node.url,
        "COGNITION_STORE__CA_FILE": str(OURS.chain),
        "COGNITION_STORE__API_KEY_FILE": str(tmp_path / "key"),
    }
    return named | more


async def test_a_daemon_and_doctor_reach_a_server_over_tls(node: Node, tmp_path: Path) -> None:
    named = settings(node, tmp_path)

    def lived() -> None:
        with daemon_on(tmp_path / "data", **named) as daemon:
            client = daemon.client()
            client.receipt("ada", client.perceive("ada", "It rains."))
            (opened,) = [line for line in daemon.lines() if line["type"] == "StoreOpened"]
            assert opened["nodes"][0].endswith(", gRPC)")
        told = cognition("doctor", "--json", "--data", str(tmp_path / "data"), **named)
        (found,) = [each for each in told.json if each["check"] == "store"]
        assert (found["ok"], found["found"]) == (True, f"{node.http} is ready")

    await anyio.to_thread.run_sync(lived)


async def test_a_daemon_that_is_kept_out_ends_and_doctor_says_what_to_name(
    node: Node, tmp_path: Path
) -> None:
    def ended(words: str, remedy: str, **more: str) -> None:
        named = settings(node, tmp_path, **more)
        told = cognition("daemon", "--no-model", "--data", str(tmp_path / "data"), **named)
        assert (told.code, words in told.err, remedy in told.err) == (3, True, True), told
        asked = cognition("doctor", "--json", "--data", str(tmp_path / "data"), **named)
        (found,) = [each for each in asked.json if each["check"] == "store" and not each["ok"]]
        assert (words in found["found"], remedy in found["remedy"]) == (True, True), found

    absent = str(STRANGER.chain)
    await anyio.to_thread.run_sync(
        lambda: ended("certificate verify failed", "store.ca_file", COGNITION_STORE__CA_FILE=absent)
    )
    (tmp_path / "other").write_text("wrong")
    wrong = str(tmp_path / "other")
    await anyio.to_thread.run_sync(
        lambda: ended("refuses this key", "store.api_key_file", COGNITION_STORE__API_KEY_FILE=wrong)
    )
