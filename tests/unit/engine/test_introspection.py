"""What a mind says of itself, and how every question gets an answer."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from schemas.cue import Cue, CueFilter
from schemas.events import CueAnswered
from schemas.identifiers import memory_id
from schemas.inquiry import (
    DaemonAnswer,
    DaemonInquiry,
    EpisodesAnswer,
    EpisodesInquiry,
    Failure,
    ForgettingAnswer,
    ForgettingInquiry,
    IdentityAnswer,
    IdentityInquiry,
    Inquiry,
    MemoryAnswer,
    MemoryInquiry,
    StatusAnswer,
    StatusInquiry,
)
from schemas.percept import BoundaryMark, Forget, Mark, Percept
from schemas.recollection import Recollection
from tests.unit.engine.bench import ANA, BO, Bench, assemble, bench, contents


@pytest.fixture
async def on() -> Bench:
    on = await bench()
    await on.take(
        Percept(mind=ANA, content="green tea", key="tea", actor="Bea"),
        Mark(mind=ANA, boundary=BoundaryMark.END, label="first"),
        Percept(mind=ANA, content="blue boat", key="boat"),
    )
    return on


async def asked(on: Bench, inquiry: Inquiry | Cue, **waited: float) -> Any:
    return await on.engine.answering.answer(inquiry, **waited)


async def test_episodes_come_newest_first_the_open_one_as_it_is(on: Bench) -> None:
    await on.commit(on.entry(Percept(mind=ANA, content="blue sail")))
    answer = await asked(on, EpisodesInquiry(id="q", mind=ANA))
    assert isinstance(answer, EpisodesAnswer)
    assert [(e.memory_count, e.ended_at is None) for e in answer.episodes] == [(2, True), (1, False)]
    assert answer.episodes[1].label == "first"
    limited = await asked(on, EpisodesInquiry(id="q", mind=ANA, limit=1))
    assert len(limited.episodes) == 1


async def test_a_memory_is_found_by_id_and_by_key_and_its_tombstone_remains(on: Bench) -> None:
    for inquiry in (
        MemoryInquiry(id="q", mind=ANA, key="tea"),
        MemoryInquiry(id="q", mind=ANA, memory_id=memory_id(ANA, "tea")),
    ):
        answer = await asked(on, inquiry)
        assert isinstance(answer, MemoryAnswer)
        assert answer.memory is not None
        assert answer.memory.content == "green tea"
    await on.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "tea")], reason="asked to"))
    gone = await asked(on, MemoryInquiry(id="q", mind=ANA, key="tea"))
    assert gone.memory is None
    assert gone.tombstone.reason == "asked to"


async def test_identity_has_live_counters_and_is_verified_on_request(on: Bench) -> None:
    plain = await asked(on, IdentityInquiry(id="q", mind=ANA))
    verified = await asked(on, IdentityInquiry(id="q", mind=ANA, verify=True))
    assert isinstance(verified, IdentityAnswer)
    assert (plain.verified, verified.verified, verified.problems) == (False, True, [])
    assert verified.identity is not None
    assert (verified.identity.lifetime.memories, verified.identity.lifetime.episodes) == (2, 2)
    assert (await asked(on, IdentityInquiry(id="q", mind=BO))).identity is None


async def test_status_counts(on: Bench) -> None:
    answer = await asked(on, StatusInquiry(id="q", mind=ANA))
    assert isinstance(answer, StatusAnswer)
    assert (answer.memories, answer.episodes, answer.lifetime.percepts) == (2, 2, 2)
    assert answer.open_episode is not None
    assert answer.lexicon_terms == 5
    assert answer.stopped == ""


async def test_an_open_episode_without_memories_can_be_looked_at(on: Bench) -> None:
    await on.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "boat")]))
    status = await asked(on, StatusInquiry(id="q", mind=ANA))
    episodes = await asked(on, EpisodesInquiry(id="q", mind=ANA))
    assert status.open_episode.memory_count == episodes.episodes[0].memory_count == 0


async def test_what_would_be_forgotten_is_shown_and_nothing_is_erased(on: Bench) -> None:
    by_filter = await asked(on, ForgettingInquiry(id="q", mind=ANA, filter=CueFilter(actors=["Bea"])))
    ids = [memory_id(ANA, "boat"), memory_id(BO, "boat")]
    by_id = await asked(on, ForgettingInquiry(id="q", mind=ANA, memory_ids=ids))
    assert isinstance(by_id, ForgettingAnswer)
    assert (by_filter.memory_ids, by_filter.previews) == ([memory_id(ANA, "tea")], ["green tea"])
    assert by_id.memory_ids == ids[:1]
    assert await on.stores.memories.count(ANA) == 2


async def test_of_what_would_be_forgotten_a_part_is_named_and_all_is_counted(on: Bench) -> None:
    for place in range(5):
        await on.say(f"letter number {place}", source="old phone")
    some = CueFilter(sources=["old phone"])
    answer = await asked(on, ForgettingInquiry(id="q", mind=ANA, filter=some, limit=2))
    assert isinstance(answer, ForgettingAnswer)
    assert (len(answer.memory_ids), answer.total, len(answer.previews)) == (2, 5, 2)
    whole = await asked(on, ForgettingInquiry(id="q", mind=ANA, filter=some))
    assert (len(whole.memory_ids), whole.total) == (5, 5)
    by_id = await asked(on, ForgettingInquiry(id="q", mind=ANA, memory_ids=whole.memory_ids, limit=2))
    assert (by_id.memory_ids, by_id.total) == (whole.memory_ids[:2], 5)


async def test_the_daemon_tells_of_itself_without_a_mind(on: Bench) -> None:
    engine = assemble(
        on.stores, on.line, on.clock, on.sink, on.embedder, on.options, figures=lambda: {"uptime_s": 7.5}
    )
    answer = await engine.answering.answer(DaemonInquiry(id="q"))
    assert isinstance(answer, DaemonAnswer)
    assert answer.daemon == {"uptime_s": 7.5}
    assert {life.name: life.did for life in answer.mechanisms}["drift"] == 0
    assert await engine.answering.answer(DaemonInquiry(id="q", deadline_s=1.0), waited_s=1.0) is None


BAD: list[tuple[Inquiry | Cue, str, str]] = [
    (ForgettingInquiry(id="q", mind=ANA), "would erase the whole mind", "Name ids"),
    (ForgettingInquiry(id="q", mind=ANA, filter=CueFilter()), "would erase the whole mind", "Name ids"),
    (ForgettingInquiry(id="q", mind=ANA, memory_ids=["tea"]), "'tea'", ""),
    (MemoryInquiry(id="q", mind=ANA), "neither memory_id nor key", "Give one"),
    (MemoryInquiry(id="q", mind=ANA, memory_id="tea"), "'tea'", ""),
    (Cue(id="q", mind=ANA), "neither content nor vector", "Give one"),
    (Cue(id="q", mind=ANA, content="x", after="yesterday"), "after = 'yesterday'", "1700000000000-0"),
    (Cue(id="q", mind=ANA, content="x", after="1-2-3"), "after = '1-2-3'", "1700000000000-0"),
]


@pytest.mark.parametrize(("inquiry", "value", "remedy"), BAD)
async def test_a_bad_question_is_answered_with_what_to_do(
    on: Bench, inquiry: Inquiry | Cue, value: str, remedy: str
) -> None:
    answer = await asked(on, inquiry)
    assert isinstance(answer, Failure)
    assert value in answer.message
    assert remedy in answer.remedy
    assert (answer.inquiry_id, answer.mind) == ("q", ANA)


async def test_a_question_that_waited_too_long_is_not_answered(on: Bench) -> None:
    assert await asked(on, StatusInquiry(id="q", mind=ANA, deadline_s=1.0), waited_s=1.0) is None


# --- after an entry -------------------------------------------------------------------------


async def test_recall_after_an_entry_waits_until_it_is_in_the_store(on: Bench) -> None:
    entry = on.entry(Percept(mind=ANA, content="red kite"))
    folded, may_write = anyio.Event(), anyio.Event()

    async def gate(verb: str, collection: str) -> None:
        if (verb, collection) == ("upsert", "memories"):
            folded.set()
            await may_write.wait()

    answers: list[Any] = []

    async def ask() -> None:
        answers.append(await asked(on, Cue(id="q", mind=ANA, content="red kite", after=entry.id)))

    on.backend.gate = gate
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(on.commit, entry)
        await folded.wait()
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        assert answers == []
        may_write.set()
        await anyio.wait_all_tasks_blocked()
        on.engine.progress.advance()
    assert contents(answers[0])[0] == "red kite"
    assert len(on.sink.of(CueAnswered)) == 1


async def test_recall_after_an_entry_that_does_not_come_ends_at_the_deadline(on: Bench) -> None:
    cue = Cue(id="q", mind=ANA, content="tea", after="99999999999999-0", deadline_s=0.01)
    answer = await asked(on, cue)
    assert isinstance(answer, Failure)
    assert answer.kind == "DeadlineError"
    assert "no answer within 0.01 s" in answer.message


async def test_recall_after_an_entry_of_the_past_does_not_wait(on: Bench) -> None:
    answer = await asked(on, Cue(id="q", mind=ANA, content="tea", after="1-0"))
    assert isinstance(answer, Recollection)
