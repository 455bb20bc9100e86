"""Two hundred minds, each with a secret in every field it has: nobody ever hears another's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognition.engine.assembly import Engine, Options, assemble
from cognition.engine.options import MindOptions
from cognition.mechanisms.synapses import LEARNED
from cognition.stores.stores import open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.embedder import HashEmbedder
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from schemas.association import AssociationType
from schemas.base import Message
from schemas.cue import Cue, CueFilter, EpisodeFilter, FilterMode, Mood
from schemas.dream import CoActivation, Feedback
from schemas.identifiers import episode_id, memory_id
from schemas.inquiry import (
    EpisodesInquiry,
    Failure,
    ForgettingInquiry,
    IdentityInquiry,
    MemoryInquiry,
    StatusInquiry,
)
from schemas.learning import FoldedInquiry, NeighboursInquiry, PathInquiry, ReportInquiry
from schemas.percept import BoundaryMark, Forget, Mark, Percept
from tests.simulation.virtual_time import play

MINDS = 200
SECRET = re.compile(r"canary(\d+)x")


def name(number: int) -> str:
    """The name itself is a secret: it may appear nowhere but in answers to its own mind."""
    return f"canary{number}x-mind"


def secret(number: int, part: str) -> str:
    return f"canary{number}x {part}"


def life(number: int) -> Iterator[Message]:
    """What one mind is told: secrets in content, key, actor, subject, source, labels, scopes and maps."""

    def of(part: str) -> str:
        return secret(number, part)

    mine = name(number)
    yield Percept(
        mind=mine,
        content=of("buried the treasure under the oak"),
        key=of("key"),
        actor=of("actor"),
        subject=of("subject"),
        source=of("source"),
        context={"place": of("place")},
        metadata={"note": of("note")},
        data={"map": of("map")},
        session=of("session"),
        user=of("user"),
        boundary_label=of("label"),
    )
    yield Mark(mind=mine, boundary=BoundaryMark.END, label=of("chapter"))
    yield Percept(mind=mine, content=of("the same words for everybody"), key="shared key")
    yield Percept(mind=mine, content=of("to be erased"), key="erased key")
    yield Forget(mind=mine, memory_ids=[memory_id(mine, "erased key")], reason=of("reason"))
    yield Percept(mind=mine, content=of("far too late"), occurred_at=9e9)
    yield Percept(mind=mine, content=f"we spoke of {of('subject')} at length", key=of("talk"))


def alien(number: int) -> Iterator[Message]:
    """What one mind is told about the memories of its neighbour."""
    mine, other = name(number), name((number + 1) % MINDS)
    yield Forget(mind=mine, memory_ids=[memory_id(other, "shared key")])


def lessons(number: int) -> Iterator[Message]:
    """What one mind is told of its use: of its own memories, of its neighbour's, and of both together."""
    mine, other = name(number), name((number + 1) % MINDS)
    own: list[str] = [memory_id(mine, key) for key in (secret(number, "key"), "shared key")]
    theirs: list[str] = [
        memory_id(other, "shared key"),
        memory_id(other, secret((number + 1) % MINDS, "key")),
    ]
    cue = secret(number, "where is the treasure")
    yield Feedback(mind=mine, cue_id=secret(number, "asked"), cue=cue, shown=own, useful=own)
    yield Feedback(mind=mine, cue_id=secret(number, "stolen"), cue=cue, shown=theirs, useful=theirs)
    yield Feedback(mind=mine, cue_id=secret(number, "unknown"), useful=theirs)
    yield CoActivation(mind=mine, memory_ids=[*own, *theirs], reason=secret(number, "used"))


class City:
    """Two hundred minds in one engine."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.sink = RecordingSink()
        self.streams = MemoryStreams(partitions=4)
        self.dreams = MemoryStreams(partitions=4)
        self.published: dict[str, int] = {}
        self.taught: dict[str, int] = {}
        self.backend = OracleBackend()

    async def engine(self) -> Engine:
        stores = await open_stores(self.backend)
        options = Options(minds=MindOptions(resident_max=50))
        line, dreams = self.streams.hold(batch=64), self.dreams.hold(batch=64)
        return assemble(stores, line, self.clock, self.sink, HashEmbedder(), options, dreams=dreams)

    async def live(self) -> None:
        for number in range(MINDS):
            for message in (*life(number), *alien(number)):
                self.published[self.streams.publish(name(number), message)] = number
        engine = await self.engine()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.intake.run)
            await self.streams.settled()
            engine.intake.stop()
        await self.learn(engine)

    async def learn(self, engine: Engine) -> None:
        """What the minds are told of their use, and what their memories say of each other."""
        now_ms = round(self.clock.now() * 1e3)
        told = [(number, message) for number in range(MINDS) for message in lessons(number)]
        for n, (number, message) in enumerate(told):
            self.taught[self.dreams.publish(name(number), message, entry=f"{now_ms}-{n + 1}")] = number
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.consolidation.run)
            await self.dreams.settled()
            engine.consolidation.stop()
        for number in range(MINDS):
            while await engine.associating.step(name(number), epoch=self.dreams.partitions[0].epoch):
                pass
        await engine.minds.checkpoint()


@pytest.fixture(scope="module")
def city() -> City:
    async def main(clock: ManualClock) -> City:
        built = City(clock)
        await built.live()
        return built

    return play(main)


def heard(value: Any) -> set[int]:
    """Whose secrets are in this."""
    return {int(found) for found in SECRET.findall(repr(msgspec.to_builtins(value)))}


def ask(city: City, *questions: Any) -> list[Any]:
    """The answers of a fresh engine."""

    async def main() -> list[Any]:
        engine = await city.engine()
        return [await engine.answering.answer(question) for question in questions]

    return anyio.run(main)


# --- recall under any filter ----------------------------------------------------------------

minds = st.integers(0, MINDS - 1)
others = st.builds(secret, minds, st.sampled_from(["actor", "source", "subject", "place", "note", "user"]))
filters = st.builds(
    CueFilter,
    actors=st.lists(others | st.just(""), max_size=2),
    sources=st.lists(others, max_size=1),
    subjects=st.lists(others | st.just(""), max_size=1),
    session=st.none() | st.just("") | others,
    user=st.none() | others,
    context=st.just({}) | st.builds(lambda v: {"place": v}, others),
    metadata=st.just({}) | st.builds(lambda v: {"note": v}, others) | st.just({"mind": "x"}),
    mood=st.none() | st.just(Mood(radius=3.0)),
)
entries = st.integers(1, 8 * MINDS)
known_episodes = st.builds(lambda number, e: episode_id(name(number), f"{e}-0"), minds, entries)
episodes = st.none() | st.builds(
    EpisodeFilter,
    ids=st.lists(known_episodes | st.just(""), max_size=3),
    mode=st.sampled_from(FilterMode),
)


@settings(max_examples=150, deadline=None)
@given(minds, minds, filters, episodes, st.sampled_from(["", "treasure oak"]))
def test_no_recall_brings_back_what_is_anothers(
    city: City, asker: int, other: int, filter: CueFilter, episode: EpisodeFilter | None, words: str
) -> None:
    cue = Cue(
        id="q",
        mind=name(asker),
        content=f"{secret(other, 'buried the treasure')} {words}",
        filter=filter,
        episode=episode,
        limit=1000,
        explain=True,
    )
    (answer,) = ask(city, cue)
    assert heard(answer) <= {asker}


def test_a_mind_hears_its_own_and_all_of_it(city: City) -> None:
    for number in (0, 7, MINDS - 1):
        (answer,) = ask(city, Cue(id="q", mind=name(number), content="treasure", limit=1000))
        keys = {secret(number, "key"), "shared key", secret(number, "talk")}
        assert {r.memory.key for r in answer.recalled} == keys
        assert heard(answer) == {number}


def test_the_episodes_of_others_are_no_episodes(city: City) -> None:
    everybodys = anyio.run(all_of, city, "episodes")
    theirs = [h.id for h in everybodys if h.payload is not None and h.payload["mind"] != name(3)][:300]
    strict = EpisodeFilter(ids=theirs, mode=FilterMode.STRICT)
    soft = EpisodeFilter(ids=theirs, mode=FilterMode.SOFT)
    none, own = ask(
        city,
        Cue(id="q", mind=name(3), content="treasure", episode=strict),
        Cue(id="q", mind=name(3), content="treasure", episode=soft, limit=1000),
    )
    assert none.recalled == []
    assert heard(own) == {3}


async def all_of(city: City, collection: str) -> list[Any]:
    return (await city.backend.scroll(collection, limit=10_000)).hits


# --- everything else that is answered -----------------------------------------------------


@pytest.mark.parametrize("asker", [0, 42, MINDS - 1])
def test_no_inquiry_answers_with_what_is_anothers(city: City, asker: int) -> None:
    mine, other = name(asker), name((asker + 1) % MINDS)
    theirs = [memory_id(other, "shared key"), memory_id(other, secret((asker + 1) % MINDS, "key"))]
    erased = memory_id(other, "erased key")
    questions = [
        EpisodesInquiry(id="q", mind=mine, limit=1000),
        IdentityInquiry(id="q", mind=mine, verify=True),
        StatusInquiry(id="q", mind=mine),
        *(MemoryInquiry(id="q", mind=mine, memory_id=i) for i in (*theirs, erased)),
        ForgettingInquiry(id="q", mind=mine, memory_ids=theirs),
        ForgettingInquiry(id="q", mind=mine, filter=CueFilter(actors=[])),
        ForgettingInquiry(id="q", mind=mine, filter=CueFilter(context={})),
        ForgettingInquiry(id="q", mind=mine, filter=CueFilter(mood=Mood(radius=3.0))),
        MemoryInquiry(id="q", mind=mine, memory_id="no id"),
        Cue(id="q", mind=mine, content="treasure", without=["everything"]),
        Cue(id="q", mind=mine, content="treasure", after="never"),
        EpisodesInquiry(id="q", mind="a mind that is new"),
        StatusInquiry(id="q", mind="a mind that is new"),
        Cue(id="q", mind="a mind that is new", content=secret(asker, "treasure")),
    ]
    for question, answer in zip(questions, ask(city, *questions), strict=True):
        assert heard(answer) <= ({asker} if question.mind == mine else set()), question
    found = ask(city, *(MemoryInquiry(id="q", mind=mine, memory_id=i) for i in (*theirs, erased)))
    assert all(answer.memory is None and answer.tombstone is None for answer in found)


@pytest.mark.parametrize("asker", [0, 42, MINDS - 1])
def test_nothing_learned_is_told_to_another(city: City, asker: int) -> None:
    mine, neighbour = name(asker), (asker + 1) % MINDS
    other = name(neighbour)
    own = memory_id(mine, secret(asker, "key"))
    theirs: list[str] = [memory_id(other, "shared key"), memory_id(other, secret(neighbour, "key"))]
    entries = [entry for entry, number in city.taught.items() if number == neighbour]
    questions: list[Any] = [
        Cue(id="asked by another", mind=other, content="treasure"),
        ReportInquiry(id="q", mind=mine, cue_id="asked by another", useful=[own]),
        ReportInquiry(id="q", mind=mine, cue_id="x", cue="treasure", shown=theirs, useful=[own, *theirs]),
        ReportInquiry(id="q", mind=mine, cue_id="x", cue="treasure", shown=theirs, misleading=theirs),
        *(NeighboursInquiry(id="q", mind=mine, memory=i, depth=3) for i in (own, *theirs)),
        *(PathInquiry(id="q", mind=mine, start=own, goal=goal, depth=6) for goal in theirs),
        *(PathInquiry(id="q", mind=mine, start=start, goal=own, depth=6) for start in theirs),
        *(FoldedInquiry(id="q", mind=mine, entry=entry, deadline_s=0.01) for entry in entries),
    ]
    answers = ask(city, *questions)
    assert heard(answers[0]) == {neighbour}
    for question, answer in zip(questions[1:], answers[1:], strict=True):
        assert heard(answer) <= {asker}, question
    unknown, part, none, around, *rest = answers[1:]
    assert isinstance(unknown, Failure)
    assert isinstance(none, Failure)
    assert part.useful == [own]
    assert {step.target for step in around.neighbours} <= set(everything(mine, asker))
    assert all(not answer.neighbours and answer.preview is None for answer in rest[:2])
    assert all(not answer.steps for answer in rest[2:6])


def everything(mine: str, number: int) -> list[str]:
    return [memory_id(mine, key) for key in (secret(number, "key"), "shared key", secret(number, "talk"))]


def test_a_mind_learns_of_its_own_and_is_told_so(city: City) -> None:
    for number in (0, 7, MINDS - 1):
        talk, oak, shared = (
            memory_id(name(number), key)
            for key in (secret(number, "talk"), secret(number, "key"), "shared key")
        )
        said, used, path = ask(
            city,
            NeighboursInquiry(id="q", mind=name(number), memory=talk, types=[AssociationType.SEMANTIC]),
            NeighboursInquiry(id="q", mind=name(number), memory=oak, types=[LEARNED]),
            PathInquiry(id="q", mind=name(number), start=talk, goal=shared),
        )
        assert [step.target for step in said.neighbours] == [oak]
        assert [step.target for step in used.neighbours] == [shared]
        assert path.steps
        assert heard([said, used, path]) == {number}


def test_no_array_of_associations_leads_into_another_mind(city: City) -> None:
    whose = {hit.id: hit.payload["mind"] for hit in anyio.run(all_of, city, "memories")}
    led = 0
    for hit in anyio.run(all_of, city, "memories"):
        for each in hit.payload.get("associations", ()):
            assert whose.get(each["target_id"]) in {hit.payload["mind"], None}
            led += 1
    assert led >= 3 * MINDS


def test_reports_that_cannot_be_folded_in_say_why_to_their_own_mind(city: City) -> None:
    assert len(city.dreams.dead) == MINDS
    for entry, reason in city.dreams.dead.items():
        assert heard(reason) <= {city.taught[entry]}


def test_a_mind_cannot_forget_for_another(city: City) -> None:
    shared = ask(city, *(MemoryInquiry(id="q", mind=name(n), key="shared key") for n in range(MINDS)))
    assert all(answer.memory is not None for answer in shared)


def test_receipts_mirrors_and_dead_letters_speak_of_their_own_entry_only(city: City) -> None:
    assert len(city.streams.receipts) == len(city.published)
    for receipt in city.streams.receipts:
        assert heard(receipt) <= {city.published[receipt.entry]}
    for mind, body in city.streams.recent.items():
        assert {int(n) for n in SECRET.findall(body.decode())} <= heard(mind)
    for entry, reason in city.streams.dead.items():
        assert heard(reason) <= {city.published[entry]}
    assert len(city.streams.dead) == MINDS


def test_events_name_one_mind_at_most(city: City) -> None:
    assert city.sink.events
    for event in city.sink.events:
        assert len(heard(event)) <= 1


@pytest.mark.parametrize("collection", ["memories", "episodes", "identity", "tombstones"])
def test_what_is_stored_under_a_mind_is_its_own(city: City, collection: str) -> None:
    hits = anyio.run(all_of, city, collection)
    assert len(hits) >= MINDS
    for hit in hits:
        assert heard(hit.payload) <= heard(hit.payload["mind"])
