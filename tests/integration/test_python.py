"""In Python: one class, whether the engine runs in this process, holds a directory, or is behind a URL."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import numpy as np
import pytest

from cognition import (
    BadPerceptError,
    CueFilter,
    DeadlineError,
    Mind,
    SchemaError,
    Session,
    Settings,
    UnavailableError,
    open_engine,
    open_mind,
)
from cognition.data_directory import is_held
from cognition.settings import EmbeddingSettings
from cognition.testing.embedder import HashEmbedder
from schemas.events import Outcome
from tests.integration.support import Daemon, bad_vector, daemon_on, vector_of

WAYS = ("here", "by directory", "by URL")
WITHOUT_MODEL = Settings(embedding=EmbeddingSettings(enabled=False))
LIFE = (
    "The keys are under the blue pot.",
    "Clara may not eat hazelnuts.",
    "The boiler is serviced in March.",
    "The blue pot broke this morning.",
)


@asynccontextmanager
async def opened(way: str, name: str, texts: Daemon, folder: Path) -> AsyncIterator[Mind]:
    """The same mind in each of the three ways."""
    if way == "here":
        async with open_mind(name, data=folder, embedder=HashEmbedder()) as mind:
            yield mind
    elif way == "by directory":
        async with open_mind(name, data=texts.directory) as mind:
            yield mind
    else:
        async with open_mind(name, url=texts.ready().url) as mind:
            yield mind


async def lived(mind: Mind) -> dict[str, object]:
    """A short life, and what is left of it where ids of entries play no part."""
    tickets = [await mind.perceive(text, actor="Ana", key=f"{n}") for n, text in enumerate(LIFE)]
    receipts = [await ticket.wait() for ticket in tickets]
    answer = await mind.recall("Which pot is blue?", limit=3)
    (episode,) = await mind.episodes()
    identity = (await mind.identity(verify=True)).identity
    status = await mind.status()
    recent = await mind.recent()
    gone = await mind.forget([answer.recalled[0].memory.id], reason="asked to")
    after = await mind.memory(key=answer.recalled[0].memory.key)
    assert identity is not None
    return {
        "outcomes": [receipt.outcome for receipt in receipts if receipt is not None],
        "saliences": [receipt.salience for receipt in receipts if receipt is not None],
        "recalled": [(r.memory.key, r.memory.content, r.score, r.why) for r in answer.recalled],
        "episode": (episode.label, episode.memory_count, episode.ended_at),
        "lifetime": identity.lifetime,
        "memories": status.memories,
        "recent": [memory.content for memory in recent.memories],
        "gone": (gone, after.memory, after.tombstone is not None),
    }


async def test_the_same_class_gives_the_same_answers_in_all_three_ways(texts: Daemon, tmp_path: Path) -> None:
    lives = []
    for number, way in enumerate(WAYS):
        async with opened(way, f"python-{number}", texts, tmp_path / "here") as mind:
            assert type(mind) is Mind
            lives.append(await lived(mind))
    here, by_directory, by_url = lives
    assert here["outcomes"] == [Outcome.ENCODED] * len(LIFE)
    assert here["gone"] == (1, None, True)
    assert here == by_directory == by_url


async def test_what_was_lived_here_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    for opening in range(2):
        async with open_mind("ana", data=tmp_path, embedder=HashEmbedder()) as mind:
            await (await mind.perceive(LIFE[opening])).wait()
    async with open_mind("ana", data=tmp_path, embedder=HashEmbedder()) as mind:
        answer = await mind.recall("keys or hazelnuts")
        assert {r.memory.content for r in answer.recalled} == set(LIFE[:2])
        assert (await mind.status()).lifetime.percepts == 2


async def test_a_directory_that_is_open_here_can_be_opened_again_inside(tmp_path: Path) -> None:
    async with (
        open_mind("ana", data=tmp_path, settings=WITHOUT_MODEL) as outer,
        open_mind("ana", data=tmp_path, settings=WITHOUT_MODEL) as inner,
    ):
        await (await outer.perceive(LIFE[0], vector=vector_of(LIFE[0]))).wait()
        answer = await inner.recall(vector=vector_of(LIFE[0]))
        assert [r.memory.content for r in answer.recalled] == [LIFE[0]]


async def test_two_minds_of_one_process_know_nothing_of_each_other(tmp_path: Path) -> None:
    async with open_engine(data=tmp_path, embedder=HashEmbedder()) as session:
        ana, bob = session.mind("ana"), session.mind("bob")
        await (await ana.perceive("Ana's secret is in the attic.")).wait()
        await (await bob.perceive("Bob's secret is in the cellar.")).wait()
        for mind, secret in ((ana, "attic"), (bob, "cellar")):
            (recalled,) = (await mind.recall("secret")).recalled
            assert secret in recalled.memory.content
            assert (await mind.status()).memories == 1


async def test_what_is_forgotten_is_forgotten_page_by_page_to_the_last(tmp_path: Path) -> None:
    secrets = CueFilter(sources=["old phone"])
    async with open_mind("ana", data=tmp_path, embedder=HashEmbedder()) as mind:
        for number in range(7):
            ticket = await mind.perceive(f"Secret number {number}.", source="old phone")
        await (await mind.perceive("Not a secret.")).wait()
        await ticket.wait()
        would = await mind.would_forget(filter=secrets, limit=3)
        assert (len(would.memory_ids), would.total) == (3, 7)
        assert await mind.forget(would.memory_ids, page=2) == 3
        assert await mind.forget(filter=secrets, page=3) == 4
        assert (await mind.would_forget(filter=secrets)).total == 0
        assert await mind.forget(filter=secrets) == 0
        assert (await mind.status()).memories == 1


async def test_the_daemon_tells_of_itself_to_whoever_asks(texts: Daemon) -> None:
    async with open_engine(data=texts.directory) as session:
        first = (await session.status()).daemon
        assert first["partitions"] == session.keys.partitions
        assert (await session.status()).daemon["uptime_s"] > first["uptime_s"]  # type: ignore[operator]


async def test_a_receipt_is_awaited_by_stage(texts: Daemon) -> None:
    async with open_mind("staged", data=texts.directory) as mind:
        ticket = await mind.perceive(LIFE[0])
        assert await ticket.wait("accepted") is None
        encoded = await ticket.wait("encoded")
        recallable = await ticket.wait("recallable")
        assert encoded == recallable
        assert encoded is not None
        assert (encoded.entry, encoded.outcome) == (ticket.entry, Outcome.ENCODED)


async def test_one_reads_ones_own_writes(texts: Daemon) -> None:
    async with open_mind("own-writes", data=texts.directory) as mind:
        for number in range(10):
            ticket = await mind.perceive(f"The number of the day is {number}.", key=f"{number}")
            answer = await mind.recall("number of the day", limit=20, after=ticket)
            assert len(answer.recalled) == number + 1


async def test_a_mark_closes_what_is_open(texts: Daemon) -> None:
    async with open_mind("marked", data=texts.directory) as mind:
        first = await (await mind.perceive(LIFE[0])).wait()
        receipt = await (await mind.mark("end", "the morning")).wait()
        second = await (await mind.perceive(LIFE[1])).wait()
        assert first is not None
        assert receipt is not None
        assert second is not None
        assert (receipt.outcome, receipt.episode_id) == (Outcome.MARKED, first.episode_id)
        assert second.episode_id != first.episode_id
        closed = (await mind.episodes())[1]
        assert (closed.id, closed.label, closed.boundary_type) == (
            first.episode_id,
            "the morning",
            "explicit",
        )


async def test_what_is_wrong_is_refused_before_it_is_published(texts: Daemon) -> None:
    async with open_mind("refusing", data=texts.directory) as mind:
        for fields, words in (
            ({"valence": 2}, "Percept.valence = 2"),
            ({"kind": "dream"}, "Use one of: episodic, semantic, procedural"),
            ({"moood": 1}, "no such field. Fields are: mind, content"),
            ({"content": "x" * 32_769}, "split longer texts"),
            ({"vector": ["a"]}, "Give 768 numbers"),
        ):
            with pytest.raises(SchemaError) as caught:
                await mind.perceive(**{"content": "It rains.", **fields})  # type: ignore[arg-type]
            assert words in str(caught.value)
        assert (await mind.status()).lifetime.percepts == 0


async def test_what_only_the_daemon_can_refuse_is_an_error_of_waiting(texts: Daemon) -> None:
    async with open_mind("refused", data=texts.directory) as mind:
        ticket = await mind.perceive("It rains.", vector=bad_vector("zero"))
        with pytest.raises(BadPerceptError, match="was rejected: vector has zero norm"):
            await ticket.wait()


@pytest.mark.parametrize("name", ["", "a" * 129, "a\nb"])
async def test_an_impossible_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SchemaError, match="Give the name of one mind, 1 to 128 printable characters"):
        async with open_mind(name, data=tmp_path):
            raise AssertionError("it was opened")
    assert not is_held(tmp_path)


async def test_a_service_out_of_reach_is_a_connection_error() -> None:
    with pytest.raises(UnavailableError, match="See that it runs"):
        async with open_mind("ana", url="redis://localhost:1/0"):
            raise AssertionError("it was opened")


async def test_every_field_of_a_percept_can_be_given_and_comes_back(texts: Daemon) -> None:
    given = {
        "kind": "semantic", "content_type": "fact", "source": "a book", "actor": "Ana", "subject": "pots",
        "occurred_at": 1_767_225_600.0, "valence": -0.5, "arousal": 0.9, "importance": 0.8,
        "context": {"place": "kitchen"}, "metadata": {"page": 7}, "session": "s", "agent": "a", "run": "r",
        "user": "u", "trust": 0.5,
    }  # fmt: skip
    async with open_mind("whole", data=texts.directory) as mind:
        await (await mind.perceive("Blue pots are rare.", key="rare", **given)).wait()
        memory = (await mind.memory(key="rare")).memory
        assert {name: getattr(memory, name) for name in given} == given


async def test_vectors_may_be_arrays(texts: Daemon) -> None:
    rng = np.random.default_rng(7)
    vectors = rng.standard_normal((2, 768))
    async with open_mind("arrays", data=texts.directory) as mind:
        for number, vector in enumerate(vectors):
            await (await mind.perceive(f"Number {number}.", vector=vector)).wait()
        answer = await mind.recall(vector=list(vectors[1]), limit=1)
        assert [r.memory.content for r in answer.recalled] == ["Number 1."]


async def test_calls_wait_while_the_daemon_restarts(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data", texts=True) as daemon:
        async with open_engine(data=daemon.directory) as session:
            mind = session.mind("ana")
            ticket = await mind.perceive(LIFE[0])
            daemon.kill()
            daemon.start()
            receipt = await ticket.wait()
            assert receipt is not None
            assert receipt.outcome is Outcome.ENCODED
            assert [r.memory.content for r in (await mind.recall("keys")).recalled] == [LIFE[0]]


async def test_a_question_that_nobody_answers_ends_at_its_deadline(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data") as daemon:
        async with open_engine(data=daemon.directory) as session:
            daemon.running().send_signal(signal.SIGSTOP)
            try:
                with pytest.raises(DeadlineError, match="had no answer within"), anyio.fail_after(20):
                    await session.mind("ana").recall(vector=vector_of("x"), deadline_s=0.5)
            finally:
                daemon.running().send_signal(signal.SIGCONT)


def test_everything_that_is_public_can_be_imported_by_its_name() -> None:
    import cognition

    assert all(getattr(cognition, name) is not None for name in cognition.__all__)
    assert Session.__module__ == "cognition.client"
