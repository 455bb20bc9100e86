"""What the planner says of Valkey, held against a daemon's streams: bytes an entry, by `MEMORY USAGE`."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from cognition import open_engine
from cognition.capacity import constants as c
from streams.dead_letters import DEAD_MAX
from streams.producer import BOUNDS
from streams.receipts import RECEIPTS_KEPT
from streams.reqreply import ANSWERS_KEPT
from streams.shown import KEPT_MAX
from tests.integration.support import Client, daemon_on, until

NEAR = 0.15
COUNT = 200
CONTENT = 160
WORDS = (
    "harbour", "kettle", "morning", "rover", "battery", "garden", "letter", "winter", "doctor", "engine",
    "window", "silver", "market", "river", "bridge", "paper", "colour", "music", "candle", "forest", "train",
    "ticket", "summer", "holiday", "friend", "visit", "dinner", "recipe", "butter", "salt",
)  # fmt: skip


def test_bounds_are_those_that_are_kept() -> None:
    bounds = (c.BACKLOG, c.REPORTS, c.CUES, c.RECEIPTS, c.ANSWERS, c.SHOWINGS, c.DEAD)
    kept = (*BOUNDS.values(), RECEIPTS_KEPT, ANSWERS_KEPT, KEPT_MAX, DEAD_MAX)
    assert [bound.value for bound in bounds] == list(kept)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_entries_take_what_was_planned(tmp_path: Path) -> None:
    chance = random.Random(3)
    texts = [" ".join(chance.choices(WORDS, k=40))[:CONTENT] for _ in range(COUNT)]
    with daemon_on(tmp_path / "data", texts=True) as daemon:
        client = daemon.client()
        async with open_engine(data=daemon.directory) as session:
            mind = session.mind("ana")
            receipts = [await mind.perceive(text) for text in texts]
            await receipts[-1].wait()
            answers = [await mind.recall(text[:60]) for text in texts]
            assert {len(answer.recalled) for answer in answers} == {int(c.IN_ANSWER.value)}
            told = each(client, "recollections") / c.IN_ANSWER.value
            assert told == pytest.approx(c.RECALLED.value + CONTENT, rel=NEAR)
            for answer in answers:
                await mind.feedback(answer, useful=[answer.recalled[0].memory.id])
        for text in texts:
            client.xadd("ana", {"t": "percept/1", "m": b"\xc1" + text.encode()})
        until(lambda: len(client.dead("ana")) == COUNT, "dead letters", within_s=60.0)
        assert each(client, "dream") == pytest.approx(c.REPORT.value, rel=NEAR)
        assert each(client, "cues") == pytest.approx(c.ASKED.value, rel=NEAR)
        assert each(client, "salience") == pytest.approx(c.RECEIPT.value, rel=NEAR)
        assert each(client, "shown") + each(client, "shown-order") == pytest.approx(c.SHOWN.value, rel=NEAR)
        dead = each(client, "dead") + each(client, "buried")
        assert dead == pytest.approx(c.BURIED.value + CONTENT, rel=NEAR)


def each(client: Client, name: str) -> float:
    """Bytes of one entry, on the partition of the mind."""
    server: Any = client.server
    key = client.awake("ana").replace(":awake", f":{name}")
    kind = server.type(key).decode()
    count = {"stream": server.xlen, "hash": server.hlen, "list": server.llen}[kind](key)
    return float(server.execute_command("MEMORY", "USAGE", key, "SAMPLES", "0")) / float(count)
