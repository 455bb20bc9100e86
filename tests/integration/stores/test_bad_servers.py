"""Qdrant servers as they should not be: each is told with what to do, and nothing is lost."""

import random
import re
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import anyio
import grpc
import msgspec
import numpy as np
import pytest
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener
from qdrant_client import AsyncQdrantClient, models

from cognition.errors import (
    SchemaDriftError,
    SettingsError,
    StoreDeniedError,
    StoreRefusedError,
    StoreUnavailableError,
    StoreVersionError,
)
from cognition.stores import qdrant_server, server_key
from cognition.stores.backend import FieldType, Match, Query, Range
from cognition.stores.qdrant_server import ServerBackend
from cognition.stores.server_addresses import addresses_of
from cognition.stores.server_key import Key
from cognition.stores.server_nodes import Nodes
from cognition.stores.server_opening import open_server, readiness
from cognition.stores.server_options import Mark, ServerOptions
from cognition.stores.server_shards import all_shards_of
from cognition.testing.nodes import Node, binary, running_nodes
from schemas.quantization import Quantization, QuantizationKind
from tests import servers
from tests.integration.stores.things import SPEC, point, point_id

TLS = Path(__file__).parents[1] / "streams" / "tls"
NAME = SPEC.name
API_KEY = "QDRANT__SERVICE__API_KEY"


@asynccontextmanager
async def pretending(version: str, *, secure: bool = False) -> AsyncIterator[int]:
    """The port of something that answers over HTTP as a Qdrant of this version does."""
    body = f'{{"title": "qdrant - vector search engine", "version": "{version}"}}'.encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"

    async def answer(stream: ByteStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(head.encode() + body)

    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = plain.extra(SocketAttribute.local_port)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    listener = TLSListener(plain, context, standard_compatible=False) if secure else plain
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        yield port
        tasks.cancel_scope.cancel()


async def opened(options: ServerOptions) -> list[str]:
    async with open_server(options, Mark(), chance=random.Random(0)) as found:
        return found.nodes + found.notes


@pytest.mark.parametrize("version", ["1.15.4", "0.11.0", "2.0.0"])
async def test_a_server_that_is_too_old_or_of_another_major_version_is_refused(version: str) -> None:
    async with pretending(version) as port:
        options = ServerOptions(url=f"http://127.0.0.1:{port}", grpc_port=0, wait_s=0)
        with pytest.raises(StoreVersionError, match=f"is Qdrant {version}") as caught:
            await opened(options)
        assert "1.16 or newer" in caught.value.remedy


async def test_a_server_far_from_the_client_is_served_and_that_is_noted() -> None:
    async with pretending("1.16.0") as port:
        told = await opened(ServerOptions(url=f"http://127.0.0.1:{port}", grpc_port=0, wait_s=0))
    assert told[0] == f"http://127.0.0.1:{port} (1.16.0, HTTP)"
    assert "the vendor supports a distance of 1 minor version" in told[1]


@pytest.mark.parametrize(("version", "unsure"), [("1.18.3", True), ("1.19.0", False)])
async def test_a_server_that_may_pass_over_its_log_after_a_kill_is_noted(version: str, unsure: bool) -> None:
    async with pretending(version) as port:
        told = await opened(ServerOptions(url=f"http://127.0.0.1:{port}", grpc_port=0, wait_s=0))
    assert any("Upgrade it to 1.19" in note for note in told) is unsure


async def test_a_certificate_of_an_unknown_authority_is_refused_and_accepted_once_it_is_named() -> None:
    async with pretending("1.18.2", secure=True) as port:
        url = f"https://localhost:{port}"
        with pytest.raises(StoreUnavailableError, match="certificate verify failed") as caught:
            await opened(ServerOptions(url=url, grpc_port=0, wait_s=30))
        assert "store.ca_file" in caught.value.remedy
        options = ServerOptions(url=url, grpc_port=0, wait_s=0, ca_file=str(TLS / "certificate.pem"))
        assert (await opened(options))[0] == f"{url} (1.18.2, HTTP)"


async def test_a_server_that_nobody_serves_is_told_as_such() -> None:
    options = ServerOptions(url="http://127.0.0.1:9", wait_s=0, timeout_s=1)
    with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:9"):
        await opened(options)
    ((node, problem),) = await readiness(options)
    assert node == "http://127.0.0.1:9"
    assert "refused" in problem


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("qdrant:6333", "is no address"),
        ("http://host:port", "port"),
        ("http://host:1?grpc=2", "only grpc_port"),
        ("http://user:secret@host", "holds a secret"),
        (",", "names 0 nodes"),
    ],
)
def test_an_address_that_is_none_is_named_with_a_remedy(url: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        addresses_of(ServerOptions(url=url))
    assert "http://127.0.0.1:6333" in caught.value.remedy
    assert "secret@" not in str(caught.value)


def test_each_node_may_have_a_port_of_grpc_of_its_own() -> None:
    found = addresses_of(ServerOptions(url="http://a:1, http://b?grpc_port=9,https://c:443/q/"))
    assert [(a.url, a.grpc_port) for a in found] == [
        ("http://a:1", 2),
        ("http://b:6333", 9),
        ("https://c:443/q", 444),
    ]


@pytest.mark.parametrize("name", ["api_key_file", "ca_file"])
async def test_a_file_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    options = ServerOptions(**{"url": "http://h", name: str(tmp_path / "none")})
    with pytest.raises(
        SettingsError, match=f"store.{name} = .*: No such file or directory. Name a"
    ) as caught:
        await opened(options)
    assert str(caught.value).count(str(tmp_path)) == 1, "a path is said once"


@pytest.mark.parametrize(
    ("content", "problem"), [(b" \n", "holds nothing"), (b"\xff", "can't decode"), (None, "No such file")]
)
async def test_a_file_that_holds_no_key_any_more_is_named_and_the_key_kept(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    file = tmp_path / "key"
    file.write_text("old")
    key = Key(ServerOptions(api_key_file=str(file)))
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(StoreDeniedError, match=f"^no.*{re.escape(str(file))}.*{problem}") as caught:
        await key.exchange("old", StoreDeniedError("no", remedy="None."))
    assert key.now() == "old"
    assert f"into {file} (store.api_key_file)" in caught.value.remedy


@pytest.mark.parametrize(("again_s", "read"), [(60.0, False), (0.0, True)])
async def test_a_file_is_read_anew_so_often_and_told_of_by_one_of_those_who_were_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again_s: float, read: bool
) -> None:
    monkeypatch.setattr(server_key, "READ_AGAIN_S", again_s)
    file = tmp_path / "key"
    file.write_text("old")
    key, refusal = Key(ServerOptions(api_key_file=str(file))), StoreDeniedError("refused")
    with pytest.raises(StoreDeniedError, match=f"refused; {file} holds no other"):
        await key.exchange("old", refusal)
    file.write_text("new")
    if not read:
        with pytest.raises(StoreDeniedError, match="holds no other"):
            await key.exchange("old", refusal)
    else:
        assert [await key.exchange("old", refusal) for _ in range(3)] == [True, False, False]
    assert key.now() == ("new" if read else "old")


async def test_a_node_that_does_not_answer_is_passed_over_with_growing_pauses() -> None:
    pauses: list[float] = []
    asked: list[str] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def verb(client: str) -> str:
        asked.append(client)
        if len(asked) < 5:
            raise ConnectionError("away")
        return client

    nodes = Nodes(["a", "b", "c"], attempts_max=5, chance=random.Random(1), sleep=sleep)  # type: ignore[list-item]
    assert await nodes.ask("things", verb) == "b"  # type: ignore[arg-type]
    assert asked == ["a", "b", "c", "a", "b"]
    assert all(0.05 * 2**n <= pause <= 0.1 * 2**n for n, pause in enumerate(pauses))
    asked.clear()
    with pytest.raises(StoreUnavailableError, match="away"):
        await Nodes(["a"], attempts_max=3, chance=random.Random(1), sleep=sleep).ask("things", verb)  # type: ignore[list-item, arg-type]
    assert asked == ["a"] * 3


async def hanging(client: str) -> str:
    """As a node does that was stopped: it takes the question, and nothing comes; and as gRPC does that is
    cancelled: it takes that for itself, and raises a cancellation of its own."""
    cancelled = anyio.get_cancelled_exc_class()
    if client == "hangs":
        with suppress(cancelled):
            await anyio.sleep_forever()
        raise cancelled
    return client


async def test_who_was_cancelled_while_a_node_hung_has_the_next_one_ask_another() -> None:
    nodes = Nodes(["hangs", "b"], attempts_max=6, chance=random.Random(1))  # type: ignore[list-item]
    with anyio.move_on_after(0.01) as given:
        await nodes.ask("things", hanging)  # type: ignore[arg-type]
    assert given.cancelled_caught
    with anyio.fail_after(1):
        assert await nodes.ask("things", hanging) == "b"  # type: ignore[arg-type]


async def test_a_node_that_hangs_is_passed_over_sooner_than_one_that_is_alone() -> None:
    nodes = Nodes(["hangs", "b"], attempts_max=6, chance=random.Random(1))  # type: ignore[list-item]
    with anyio.fail_after(5):
        assert await nodes.ask("things", hanging, soon_s=0.01) == "b"  # type: ignore[arg-type]
    alone = Nodes(["hangs"], attempts_max=6, chance=random.Random(1))  # type: ignore[list-item]
    with anyio.move_on_after(0.1) as given:
        await alone.ask("things", hanging, soon_s=0.01)  # type: ignore[arg-type]
    assert given.cancelled_caught


async def test_nodes_that_are_all_slow_are_given_their_whole_time_once_each_was_asked() -> None:
    asked: list[str] = []

    async def slow(client: str) -> str:
        asked.append(client)
        await anyio.sleep(0.05)
        return client

    nodes = Nodes(["a", "b"], attempts_max=6, chance=random.Random(1))  # type: ignore[list-item]
    assert await nodes.ask("things", slow, soon_s=0.01) == "a"  # type: ignore[arg-type]
    assert asked == ["a", "b", "a"]


class Refusal(Exception):
    """As gRPC says that a key is refused."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAUTHENTICATED

    def details(self) -> str:
        return "Invalid API key or JWT"


async def test_a_node_that_refuses_the_key_is_passed_over_at_once_and_told_of_once() -> None:
    told: list[tuple[str, float]] = []
    asked: list[str] = []
    refusing, away = {"a", "b"}, set[str]()

    async def sleep(_: float) -> None:
        asked.append("pause")

    async def verb(client: str) -> str:
        asked.append(client)
        if client in refusing:
            raise Refusal
        if client in away:
            raise ConnectionError("away")
        return client

    async def ask(expected: str, *order: str) -> None:
        asked.clear()
        assert await nodes.ask("things", verb) == expected  # type: ignore[arg-type]
        assert asked == list(order)

    nodes = Nodes(
        ["a", "b", "c"],  # type: ignore[list-item]
        attempts_max=3,
        chance=random.Random(1),
        sleep=sleep,
        told=lambda error, pause_s: told.append((str(error), pause_s)),
    )
    await ask("c", "a", "b", "c")
    assert [pause_s for _, pause_s in told] == [0.0, 0.0]
    assert told[0][0].startswith("node 1 of 3 in store.url: things: the server refuses this key: UNAUTH")
    await ask("c", "c")
    away.add("c")
    asked.clear()
    with pytest.raises(StoreDeniedError, match="things: the server refuses this key"):
        await nodes.ask("things", verb)  # type: ignore[arg-type]
    assert asked == ["c", "pause", "a", "b", "c", "pause", "c"], "who refuses is asked once"
    assert len(told) == 2, "and told of once"
    refusing.remove("a")
    await ask("a", "a")
    refusing.update("abc")
    asked.clear()
    with pytest.raises(StoreDeniedError, match="things: the server refuses this key"):
        await nodes.ask("things", verb)  # type: ignore[arg-type]
    assert asked == ["a", "b", "c"]
    assert [text[:11] for text, _ in told] == ["node 1 of 3", "node 2 of 3", "node 1 of 3"]


# --- on a real server ----------------------------------------------------------------------------


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    servers.require_binary()
    async with running_nodes(tmp_path / "nodes", 1) as nodes:
        yield nodes[0]


@asynccontextmanager
async def bare(node: Node) -> AsyncIterator[AsyncQdrantClient]:
    client = AsyncQdrantClient(url=node.http, check_compatibility=False)
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.server
@pytest.mark.parametrize("grpc_port", ["0", None], ids=["HTTP", "gRPC"])
async def test_a_wrong_key_is_refused_at_once_and_the_right_one_from_a_file_taken(
    tmp_path: Path, grpc_port: str | None
) -> None:
    servers.require_binary()
    key = {API_KEY: "right"}
    async with running_nodes(tmp_path / "nodes", 1, environment=key) as (node,):
        url = node.url if grpc_port is None else f"{node.http}?grpc_port={grpc_port}"
        for given in ("", "wrong"):
            with pytest.raises(StoreDeniedError, match="refuses this key") as caught:
                async with servers.backend_on(ServerOptions(url=url, api_key=given)) as backend:
                    await backend.ensure(SPEC)
            assert "store.api_key_file" in caught.value.remedy
        file = tmp_path / "key"
        file.write_text("right\n")
        async with servers.backend_on(ServerOptions(url=url, api_key_file=str(file))) as backend:
            await backend.ensure(SPEC)
            await backend.upsert(NAME, [point(1)])
            assert await backend.count(NAME) == 1


@pytest.mark.server
@pytest.mark.parametrize("over_grpc", [False, True], ids=["HTTP", "gRPC"])
async def test_a_key_that_one_node_refuses_already_is_shown_to_the_next(
    tmp_path: Path, over_grpc: bool
) -> None:
    """As while keys are exchanged node by node."""
    servers.require_binary()
    told: list[str] = []
    async with (
        running_nodes(tmp_path / "a", 1, environment={API_KEY: "new"}) as (ahead,),
        running_nodes(tmp_path / "b", 1, environment={API_KEY: "old"}) as (behind,),
        keyed(ahead, over_grpc) as first,
        keyed(behind, over_grpc) as second,
    ):
        nodes = Nodes(
            [first, second],
            attempts_max=2,
            chance=random.Random(1),
            told=lambda error, pause_s: told.append(str(error)),
        )
        for _ in range(3):
            assert (await nodes.ask("things", lambda c: c.get_collections())).collections == []
        assert [text.split(":")[0] for text in told] == ["node 1 of 2 in store.url"]
        behind.kill()
        with pytest.raises(StoreDeniedError, match="things: the server refuses this key"):
            await nodes.ask("things", lambda c: c.get_collections())
        assert len(told) == 1


@asynccontextmanager
async def keyed(node: Node, over_grpc: bool) -> AsyncIterator[AsyncQdrantClient]:
    """A client with the old key."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        client = AsyncQdrantClient(
            url=node.http,
            grpc_port=node.grpc_port,
            prefer_grpc=over_grpc,
            api_key="old",
            check_compatibility=False,
        )
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.server
@pytest.mark.parametrize("grpc_port", ["0", None], ids=["HTTP", "gRPC"])
async def test_a_key_that_its_file_holds_anew_is_shown_without_being_opened_again(
    tmp_path: Path, grpc_port: str | None
) -> None:
    servers.require_binary()
    file = tmp_path / "key"
    file.write_text("old\n")
    told: list[str] = []
    async with running_nodes(tmp_path / "nodes", 1, environment={API_KEY: "old"}) as (node,):
        url = node.url if grpc_port is None else f"{node.http}?grpc_port={grpc_port}"
        options = ServerOptions(url=url, api_key_file=str(file))
        async with open_server(
            options, Mark(), chance=random.Random(0), told=lambda error, pause_s: told.append(str(error))
        ) as opened:
            backend = opened.backend
            await backend.ensure(SPEC)
            node.stop()
            node.is_given(**{API_KEY: "new"})
            node.start()
            await node.ready()
            with pytest.raises(StoreDeniedError, match=f"{NAME}: the server refuses.*{file} holds no other"):
                await backend.upsert(NAME, [point(1)])
            assert told == []
            file.write_text("new")
            await anyio.sleep(server_key.READ_AGAIN_S)
            async with anyio.create_task_group() as tasks:
                for number in range(8):
                    tasks.start_soon(backend.upsert, NAME, [point(number)])
            assert await backend.count(NAME) == 8
    (said,) = told
    assert f"{file} holds another" in said


@pytest.mark.server
async def test_where_grpc_is_not_reachable_http_is_spoken(node: Node) -> None:
    told = await opened(ServerOptions(url=f"{node.http}?grpc_port=9", timeout_s=1))
    assert told[0].endswith("HTTP)")


@pytest.mark.server
async def test_a_collection_of_another_tool_is_left_alone(node: Node) -> None:
    async with bare(node) as client:
        await client.create_collection(NAME, models.VectorParams(size=4, distance=models.Distance.DOT))
        async with servers.backend_on(servers.options_of([node])) as backend:
            with pytest.raises(SchemaDriftError, match="made by another tool") as caught:
                await backend.ensure(SPEC)
            assert "store.prefix" in caught.value.remedy
        async with servers.backend_on(servers.options_of([node], prefix="ours-")) as backend:
            await backend.ensure(SPEC)
            await backend.upsert(NAME, [point(1)])
        assert (await client.count(NAME)).count == 0
        assert (await client.count(f"ours-{NAME}")).count == 1


@pytest.mark.server
async def test_other_sizes_models_and_partitions_are_told_before_anything_is_written(node: Node) -> None:
    options = servers.options_of([node])
    async with servers.backend_on(options, Mark(model="one", partitions=16)) as backend:
        await backend.ensure(SPEC)
    larger = replace(SPEC, dense={name: 2 * size for name, size in SPEC.dense.items()})
    for mark, spec, words in [
        (Mark(model="two", partitions=16), SPEC, ["'one'", "'two'", "embedding.model = 'one'"]),
        (Mark(model="one", partitions=8), SPEC, ["16 partitions", "schema migrate --partitions 8"]),
        (Mark(model="one", partitions=16), larger, ["has vectors", "store.prefix"]),
    ]:
        async with servers.backend_on(options, mark) as backend:
            with pytest.raises(SchemaDriftError) as caught:
                await backend.ensure(spec)
            assert all(word in str(caught.value) for word in words), str(caught.value)
    async with servers.backend_on(options, Mark()) as backend:
        await backend.ensure(SPEC)


@pytest.mark.server
async def test_an_index_that_is_missing_or_of_another_kind_is_made_where_there_are_few_points(
    node: Node,
) -> None:
    options = servers.options_of([node])
    async with servers.backend_on(options) as backend, bare(node) as client:
        await backend.ensure(SPEC)
        await backend.upsert(NAME, [point(number) for number in range(5)])
        field = next(name for name, kind in SPEC.indexes.items() if kind is FieldType.INTEGER)
        for there, words in [(None, "has no index of"), ("keyword", "as keyword, needed integer")]:
            await client.delete_payload_index(NAME, field)
            if there is not None:
                await client.create_payload_index(NAME, field, there)
            (drift,) = await backend.drifts(SPEC)
            assert words in drift.problem
            assert not drift.stops
            await backend.ensure(SPEC)
            assert await backend.drifts(SPEC) == []
        page = await backend.scroll(NAME, order_by=field, descending=True)
        assert [(hit.payload or {})[field] for hit in page.hits] == [4, 3, 2, 1, 0]


@pytest.mark.server
async def test_an_index_that_is_none_of_tenants_and_entries_without_one_are_told_and_made(node: Node) -> None:
    options, mapped = servers.options_of([node]), replace(SPEC, maps=("context",))
    async with servers.backend_on(options) as backend, bare(node) as client:
        await backend.ensure(SPEC)
        await client.delete_payload_index(NAME, "mind")
        await client.create_payload_index(NAME, "mind", "keyword")
        told = await backend.drifts(mapped)
        assert [drift.index for drift in told] == ["mind", *(f"context.{n}" for n in options.context_indexes)]
        assert "not one of tenants" in told[0].problem
        for drift in told:
            await backend.mend(drift, mapped)
        assert await backend.drifts(mapped) == []


@pytest.mark.server
@pytest.mark.parametrize("wanted", [False, True], ids=["held", "on disk"])
async def test_indexes_are_on_disk_where_the_settings_say_so(node: Node, wanted: bool) -> None:
    options = servers.options_of([node], index_on_disk=wanted)
    async with servers.backend_on(options) as backend, bare(node) as client:
        await backend.ensure(SPEC)
        found = await client.get_collection(NAME)
        fields = [bool(getattr(index.params, "on_disk", None)) for index in found.payload_schema.values()]
        words = [
            bool(each.index and each.index.on_disk) for each in found.config.params.sparse_vectors.values()
        ]
        assert fields == [wanted] * len(SPEC.indexes)
        assert words == [wanted] * len(SPEC.sparse)
        assert await backend.drifts(SPEC) == []
        await backend.upsert(NAME, [point(number) for number in range(3)])
        assert (await backend.count(NAME)) == 3


@pytest.mark.server
@pytest.mark.timeout(300)
async def test_fewer_live_replicas_than_the_write_factor_is_waited_for_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    servers.require_binary()
    async with running_nodes(tmp_path / "nodes", 3) as nodes:
        options = servers.options_of(
            nodes[:2], replication_factor=3, write_consistency_factor=3, attempts_max=2, timeout_s=5
        )
        async with servers.backend_on(options) as backend:
            await backend.ensure(SPEC)
            await backend.upsert(NAME, [point(1)])
            nodes[2].kill()
            with pytest.raises(StoreUnavailableError):
                await backend.upsert(NAME, [point(2)])
            nodes[2].start()
            await nodes[2].ready()
            with anyio.fail_after(90):
                while True:
                    try:
                        await backend.upsert(NAME, [point(2)])
                        break
                    except StoreUnavailableError:
                        await anyio.sleep(0.2)
            assert await backend.count(NAME) == 2
            assert {h.id for h in await backend.retrieve(NAME, [point_id(1), point_id(2)])} == {
                point_id(1),
                point_id(2),
            }


@pytest.mark.server
@pytest.mark.timeout(300)
async def test_a_cluster_that_is_still_coming_together_is_waited_for_so_that_every_shard_has_its_copies(
    tmp_path: Path,
) -> None:
    servers.require_binary()
    async with running_nodes(tmp_path / "first", 1, clustered=True) as (first,):
        found = binary()
        assert found is not None
        later = [Node(found, tmp_path / f"later-{n}", first=first.between, clustered=True) for n in (1, 2)]
        options = servers.options_of([first, *later], replication_factor=2, wait_s=120, attempts_max=1)
        waited = anyio.Event()
        told: list[str] = []

        def tell(error: StoreUnavailableError, _: float) -> None:
            told.append(str(error))
            waited.set()

        async with open_server(options, Mark(), chance=random.Random(0), told=tell) as server:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server.backend.ensure, SPEC)
                await waited.wait()
                try:
                    for each in later:
                        each.start()
                        await each.ready()
                except BaseException:
                    for each in later:
                        each.kill()
                    raise
            try:
                assert "the cluster knows 1 nodes, and store.url names 3" in told[0]
                assert await server.backend.drifts(SPEC) == []
                async with bare(first) as client:
                    shards = await all_shards_of(client, NAME)
                assert [shard.serving for shard in shards] == [2] * len(shards)
            finally:
                for each in later:
                    each.kill()


async def next_problem(backend: ServerBackend, last: str) -> str:
    """The one thing that drifted, once it is no longer the last one: nodes hear of a change one by one."""
    with anyio.fail_after(60):
        while True:
            told = [drift.problem for drift in await backend.drifts(SPEC)]
            if not any(last in each for each in told):
                return "; ".join(told)
            await anyio.sleep(0.2)


@pytest.mark.server
@pytest.mark.timeout(300)
async def test_more_replicas_wanted_than_there_are_is_told_until_they_were_added(tmp_path: Path) -> None:
    servers.require_binary()
    async with running_nodes(tmp_path / "nodes", 3) as nodes:
        async with servers.backend_on(servers.options_of(nodes, shard_number=1)) as backend:
            await backend.ensure(SPEC)
        async with servers.backend_on(servers.options_of(nodes, replication_factor=2)) as backend:
            (drift,) = await backend.drifts(SPEC)
            assert "replication factor 1" in drift.problem
            await backend.mend(drift, SPEC)
            assert "fewer than 2 replicas" in await next_problem(backend, drift.problem)
            told: list[str] = []
            await backend.replicate(SPEC, told.append)
            assert "acknowledged by 1 of 2 replicas" in told[0]
            assert await next_problem(backend, "fewer than 2 replicas") == ""
            await backend.replicate(SPEC, told.append)
            assert len(told) == 1
            assert await backend.cluster_drifts() == []


@pytest.mark.server
async def test_copies_are_refused_where_there_is_no_cluster_to_hold_them(node: Node) -> None:
    async with servers.backend_on(servers.options_of([node], replication_factor=2)) as backend:
        with pytest.raises(StoreRefusedError, match="is in no cluster") as caught:
            await backend.ensure(SPEC)
        assert "store.replication_factor = 1" in caught.value.remedy


@pytest.mark.server
async def test_how_vectors_are_kept_is_noticed_by_searches_of_those_who_did_not_change_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = servers.options_of([node])
    int8 = Quantization(kind=QuantizationKind.INT8, oversampling=3.0)
    asked = [Query("v", np.ones(16, np.float32), 5)]
    async with servers.backend_on(options) as one, servers.backend_on(options) as other:
        for each in (one, other):
            await each.ensure(SPEC)
        await one.upsert(NAME, [point(number) for number in range(5)])
        await one.quantize(NAME, int8)
        await other.query(NAME, asked)
        assert other.kept(NAME).kind is QuantizationKind.NONE
        monkeypatch.setattr(qdrant_server, "KEPT_AGAIN_S", 0.0)
        await other.info(NAME)
        await one.quantize(NAME, msgspec.structs.replace(int8, kind=QuantizationKind.BINARY))
        await other.query(NAME, asked)
        assert other.kept(NAME).kind is QuantizationKind.BINARY


# --- writers that meet ---------------------------------------------------------------------------


@pytest.mark.server
@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [1, 3])
async def test_writers_on_one_point_lose_nothing(tmp_path: Path, count: int) -> None:
    """Each adds one, over and over, if nobody has since it looked; all that it saw done is there."""
    servers.require_binary()
    writers, each = 4, 15
    async with running_nodes(tmp_path / "nodes", count) as nodes:
        options = servers.options_of(nodes, replication_factor=min(count, 2), timeout_s=30)
        async with servers.backend_on(options) as first:
            await first.ensure(SPEC)
            await first.upsert(NAME, [point(1)])
            await first.set_payload(NAME, [point_id(1)], {"rev": 0})
        done: list[str] = []

        async def write(name: int) -> None:
            own = ServerOptions(
                url=",".join(n.url for n in nodes[name % count :] + nodes[: name % count]), timeout_s=30
            )
            async with servers.backend_on(own) as backend:
                await backend.ensure(SPEC)
                mine = 0
                while mine < each:
                    (hit,) = await backend.retrieve(NAME, [point_id(1)])
                    seen = (hit.payload or {})["rev"]
                    token = f"{name}-{mine}"
                    await backend.set_payload(
                        NAME, [point_id(1)], {"rev": seen + 1, f"by{seen + 1}": token},
                        condition=Match("rev", seen),
                    )  # fmt: skip
                    (hit,) = await backend.retrieve(NAME, [point_id(1)])
                    if (hit.payload or {}).get(f"by{seen + 1}") == token:
                        done.append(token)
                        mine += 1

        async with anyio.create_task_group() as tasks:
            for name in range(writers):
                tasks.start_soon(write, name)
        async with servers.backend_on(options) as last:
            await last.ensure(SPEC)
            (hit,) = await last.retrieve(NAME, [point_id(1)])
        payload = hit.payload or {}
        assert payload["rev"] == writers * each
        assert {v for k, v in payload.items() if k.startswith("by")} == set(done)


@pytest.mark.server
async def test_an_older_epoch_changes_nothing_whatever_it_tries(node: Node) -> None:
    async with servers.backend_on(servers.options_of([node])) as backend:
        await backend.ensure(SPEC)
        await backend.upsert(NAME, [point(1)])
        await backend.set_payload(NAME, [point_id(1)], {"epoch": 7, "text": "newer"})
        fence = Range("epoch", lte=6)
        await backend.set_payload(NAME, [point_id(1)], {"text": "older"}, condition=fence)
        await backend.set_payloads(NAME, {point_id(1): {"text": "older"}}, condition=fence)
        await backend.upsert(NAME, [point(1)], condition=fence)
        (hit,) = await backend.retrieve(NAME, [point_id(1)])
        assert (hit.payload or {})["text"] == "newer"
