"""`cognition mind promote` as a user gives it: beside a daemon at work, killed and given again."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread
import pytest

from cognition.stores.backend import HasId, Not
from cognition.stores.collections import MEMORIES
from cognition.stores.stores import over
from cognition.testing.nodes import Node, running_nodes
from schemas.events import Outcome
from tests import servers
from tests.integration.support import Client, Told, cognition, daemon_on, environment

MINDS = ("ada", "bo")
EACH = 40
APART = {"COGNITION_STORE__SHARDING": "custom", "COGNITION_STORE__SHARD_NUMBER": "1"}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    servers.require_binary()
    async with running_nodes(tmp_path / "nodes", 1, clustered=True) as nodes:
        yield nodes[0]


def perceived(client: Client, first: int) -> list[tuple[str, str]]:
    return [
        (mind, client.perceive(mind, f"Percept {number} of {mind}.", key=f"k{number}"))
        for number in range(first, first + EACH)
        for mind in MINDS
    ]


async def outcomes(client: Client, entries: list[tuple[str, str]]) -> set[Outcome]:
    def ask(mind: str, entry: str) -> Outcome:
        return client.receipt(mind, entry, within_s=60.0).outcome

    return {await anyio.to_thread.run_sync(ask, mind, entry) for mind, entry in entries}


def killed_at_work(directory: Path, url: str) -> None:
    """The command, gone by SIGKILL once the server copies."""
    words = ["-m", "cognition", "mind", "promote", "ada", "--data", str(directory)]
    asked = subprocess.Popen(
        [sys.executable, *words], stderr=subprocess.PIPE, env=environment(QDRANT_URL=url, **APART)
    )
    with asked:
        assert asked.stderr is not None
        assert b"are being copied" in asked.stderr.readline()
        asked.kill()


async def stored(node: Node) -> list[tuple[str, str]]:
    """(mind, content) of every memory, in whichever shard."""
    async with servers.backend_on(servers.options_of([node])) as backend:
        await over(backend).ensure()
        page = await backend.scroll(MEMORIES.name, condition=Not(HasId(())), limit=1_000)
        assert page.next_offset is None
        return sorted(
            (str(hit.payload["mind"]), str(hit.payload["content"])) for hit in page.hits if hit.payload
        )


@pytest.mark.server
@pytest.mark.timeout(300)
async def test_a_mind_at_work_is_promoted_though_command_and_daemon_are_killed(
    node: Node, tmp_path: Path
) -> None:
    directory = tmp_path / "data"
    given = {"QDRANT_URL": node.url, **APART}

    def told(*words: str) -> Told:
        return cognition(*words, "--data", str(directory), **given)

    with daemon_on(directory, **given) as daemon:
        entries = perceived(daemon.client(), 0)
        assert await outcomes(daemon.client(), entries) == {Outcome.ENCODED}
        entries = perceived(daemon.client(), EACH)
        killed_at_work(directory, node.url)
        daemon.kill()
    with daemon_on(directory, **given) as daemon:
        entries += perceived(daemon.client(), 2 * EACH)
        done = told("mind", "promote", "ada", "--json")
        assert done.code == 0, done.err
        assert done.json["mind"] == "ada"
        assert done.json["points"].keys() == {"memories", "unconscious"}
        assert await outcomes(daemon.client(), entries) <= {Outcome.ENCODED, Outcome.STRENGTHENED}
        again = told("mind", "promote", "--mind", "ada", "--json")
        assert again.json["points"]["memories"] == 3 * EACH
        checked = told("schema", "check")
        assert checked.code == 0, checked.out
        late = perceived(daemon.client(), 3 * EACH)
        assert await outcomes(daemon.client(), late) == {Outcome.ENCODED}
        nobody = told("mind", "promote", "eve")
        assert nobody.code == 2
        assert "there is no mind 'eve'" in nobody.err
    contents = [(mind, f"Percept {number} of {mind}.") for mind in MINDS for number in range(4 * EACH)]
    assert await stored(node) == sorted(contents)


def test_an_embedded_store_refuses_in_a_sentence(tmp_path: Path) -> None:
    refused = cognition("mind", "promote", "ada", "--data", str(tmp_path / "data"))
    assert refused.code == 2
    assert "an embedded store has no shards to share" in refused.err
    assert "store.url" in refused.err
