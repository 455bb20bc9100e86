"""A promotion whose answers get lost: what was asked for is asked again, is refused, and the move goes on."""

from pathlib import Path

import anyio
import pytest

from tests.integration.stores.test_promotion import (
    NAME,
    SPEC,
    Writer,
    kept_apart,
    nodes_at,
    promotion,
    seed,
    silent,
)

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]


async def test_an_answer_that_was_lost_is_asked_for_again_and_the_move_comes_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with nodes_at(tmp_path, 1) as nodes, kept_apart(nodes) as backend:
        await seed(backend)
        writer, done = Writer(backend), anyio.Event()
        moving = promotion(nodes, anyio.sleep, silent)
        once = moving.nodes.ask
        twice = 0

        async def ask(about: str, verb):  # type: ignore[no-untyped-def]
            """As `Nodes.ask` where the first answer has timed out, of whatever is no look at shards."""
            nonlocal twice
            await once(about, verb)
            twice += 1
            return await once(about, verb)

        monkeypatch.setattr(moving.nodes, "ask", ask)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.run, done)
            await moving.run()
            done.set()
        await moving.nodes.close()
        assert twice > 3
        await writer.assert_whole(backend)
        assert await backend.unfinished(SPEC) == []
        assert await backend.count(NAME) > 0
