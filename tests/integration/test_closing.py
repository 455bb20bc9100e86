"""What the running daemon does as an episode closes: it is told whole and linked, and of what was active in
it the most salient third stays so."""

from __future__ import annotations

import numpy as np
import pytest

from cognition.opening import connected
from tests.integration.support import Client, Daemon, cognition, vector_of

MIND = "closing"
WALK = [
    ("We walk down to the river before breakfast.", 0.2, 0.3, 0.2),
    ("A heron stands in the reeds and lets us come near.", 0.9, 0.8, 0.9),
    ("The heron flies up the river, low over the water.", 0.6, 0.6, 0.5),
    ("There is ice on the reeds by the river.", 0.0, 0.2, 0.1),
    ("We walk home from the river along the dike.", 0.1, 0.2, 0.1),
    ("Breakfast at last.", 0.3, 0.2, 0.1),
]


def about_the_walk(content: str) -> bytes:
    """Near the others: nothing but the marks ends it."""
    common, own = (np.frombuffer(vector_of(text), "<f4") for text in ("a walk to the river", content))
    row = 3.0 * common + own
    return np.asarray(row / np.linalg.norm(row), "<f4").tobytes()


async def test_an_episode_closes_with_all_that_is_told_of_it(daemon: Daemon, client: Client) -> None:
    entries = []
    for n, (content, valence, arousal, weight) in enumerate(WALK):
        felt = {"valence": valence, "arousal": arousal, "importance": weight, "relevance": weight}
        mark = {"boundary": "begin"} if n == 0 else {}
        entries.append(client.perceive(MIND, content, vector=about_the_walk(content), **felt, **mark))
    receipts = [client.receipt(MIND, entry) for entry in entries]
    walk = receipts[-1].episode_id
    client.receipt(MIND, client.perceive(MIND, "The post has come.", key="after", boundary="begin"))
    data = ("--data", str(daemon.directory), "--mind", MIND, "--json")
    post, closed = cognition("episodes", *data).json
    assert closed["id"] == walk
    assert (closed["next_id"], post["previous_id"]) == (post["id"], walk)
    assert (closed["memory_count"], closed["ended_at"] is not None) == (len(WALK), True)
    felt = closed["emotional_summary"]
    assert (felt["peak_valence"], felt["peak_arousal"]) == (0.9, 0.8)
    assert felt["mean_valence"] == pytest.approx(sum(valence for _, valence, *_ in WALK) / len(WALK))
    said = {content.rstrip(".") for content, *_ in WALK}
    assert closed["label"].rstrip("…") in {line[: len(closed["label"].rstrip("…"))] for line in said}
    assert set(closed["gist"].split(" / ")) <= said
    assert len(closed["gist"].split(" / ")) == 3
    assert closed["arousals"] == [arousal for _, _, arousal, _ in WALK]
    salient = sorted(range(len(WALK)), key=lambda n: receipts[n].salience)[-2:]
    async with connected(daemon.ready().url, client.keys) as session:
        at_hand = [memory.content for memory in (await session.mind(MIND).recent()).memories]
    assert at_hand == ["The post has come.", *(WALK[n][0] for n in sorted(salient, reverse=True))]
