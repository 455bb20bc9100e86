"""A cue waits for the store at most three times in a row, whatever it asks and whatever is at hand."""

from __future__ import annotations

import itertools
from typing import Any, cast

import anyio.lowlevel
import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.engine.finding import TRIPS_MAX
from cognition.engine.options import RecallOptions
from cognition.stores.backend import Gather, VectorBackend
from cognition.stores.collections import MEMORIES
from cognition.stores.stores import open_stores
from schemas.abstraction import Abstraction
from schemas.cue import Cue, CueFilter, EpisodeFilter, FilterMode
from schemas.episode import EpisodeScale
from schemas.identifiers import memory_id
from schemas.percept import BoundaryMark, Percept
from schemas.recollection import Recollection
from tests.unit.engine.bench import ANA, Bench, bench, vector
from tests.unit.engine.test_association import linked

STEPS = 64
"""Turns of the event loop that a call takes: whoever asks at the same time has asked by then."""

FILM, DIRECTOR = "The Ferry Keeper", "Aldo Brenner"
CUE = f"who made the film {FILM}?"
CROWD = 40


class Trips:
    """A backend each of whose calls takes a while; how many had to wait for one another, in a row."""

    def __init__(self, inner: VectorBackend) -> None:
        self._inner = inner
        self.done = 0
        self.calls: list[tuple[int, str, str]] = []
        self.fields: set[str] = set()

    def __getattr__(self, verb: str) -> Any:
        asked = getattr(self._inner, verb)

        async def slow(collection: str, *given: Any, **named: Any) -> Any:
            trip = self.done + 1
            self.calls.append((trip, verb, collection))
            if collection == MEMORIES.name:
                self.fields.update(*(each.with_payload for each in given if isinstance(each, Gather)))
            for _ in range(STEPS):
                await anyio.lowlevel.checkpoint()
            answer = await asked(collection, *given, **named)
            self.done = max(self.done, trip)
            return answer

        return slow

    def of(self, trip: int) -> set[str]:
        """What was asked for in one of them."""
        return {f"{verb} {collection}" for at, verb, collection in self.calls if at == trip}


class Theatre:
    """A mind with all that a cue can ask for: what is named by what is found and far from the cue, coarse
    episodes that have ended, an archive in which something answers, something that recurs."""

    def __init__(self, on: Bench, trips: Trips) -> None:
        self.on = on
        self.trips = trips

    async def ask(self, known: str, **fields: Any) -> tuple[Trips, Recollection]:
        """Ask an engine that knows so much."""
        if known != "what it learned":
            await self._told(known)
        self.trips.done, self.trips.calls, self.trips.fields = 0, [], set()
        cue = Cue(id="cue", mind=ANA, content=CUE, vector=vector(0), **fields)
        return self.trips, await self.on.engine.recall.answer(cue)

    async def _told(self, known: str) -> None:
        """Facts of none, of all, or of most memories, but for those that the cue finds first."""
        ids = [memory_id(ANA, key) for key in (FILM, DIRECTOR, *(f"n{n}" for n in range(CROWD)))]
        hidden = {"nothing": len(ids), "most": 12, "all": 0}[known]
        facts = self.on.engine.minds.facts
        facts.clear()
        facts.add(ANA, await self.on.stores.memories.facts(ANA, ids[hidden:]), since=facts.changes)
        if known == "most":
            mind = await self.on.engine.minds.look(ANA)
            assert len(facts.of(ANA)) >= mind.living / 2


async def theatre() -> Theatre:
    on = await bench(options=Options(recall=RecallOptions(candidates=4)))
    begin = BoundaryMark.BEGIN
    film = f"{FILM}. A film that was made by {DIRECTOR}."
    director = f"{DIRECTOR}. Born in Trieste, he died young."
    await on.take(
        Percept(mind=ANA, key=FILM, subject=FILM, content=film, vector=vector(0), boundary=begin),
        Percept(mind=ANA, key=DIRECTOR, subject=DIRECTOR, content=director, vector=vector(5), boundary=begin),
        *(
            Percept(mind=ANA, key=f"n{n}", content=f"Of number {n}, {n * 7}.", vector=vector(0, 9 + n))
            for n in range(CROWD)
        ),
        Percept(mind=ANA, key="old", subject="film", content=CUE, vector=vector(0), boundary=begin),
    )
    await linked(on)
    film_id = memory_id(ANA, FILM)
    recurs = Abstraction(
        id=memory_id(ANA, "recurs"),
        mind=ANA,
        content=film,
        source_id=film_id,
        derived_from=[film_id],
        episodes=3,
        confidence=0.5,
    )
    await on.stores.abstractions.save(recurs, np.eye(768, dtype=np.float32)[0], {7: 1.0}, epoch=on.epoch)
    await archive(on, memory_id(ANA, "old"))
    trips = Trips(on.backend)
    on.stores = await open_stores(cast(VectorBackend, trips))
    on.again()
    await on.engine.minds.look(ANA)
    return Theatre(on, trips)


async def archive(on: Bench, gone: str) -> None:
    """Put a memory into the archive, as sleep does."""
    traces = await on.stores.memories.get_traces(ANA, [gone])
    await on.stores.archive.deposit(list(traces.values()), reason="decay", at=on.clock.now(), epoch=on.epoch)
    await on.stores.memories.erase(ANA, [gone])
    mind = await on.engine.minds.awake(ANA, epoch=on.epoch)
    mind.sleep.archived += 1
    await on.engine.minds.checkpoint()


def keys(answer: Recollection) -> list[str]:
    return [r.memory.key for r in answer.recalled]


async def coarse(at: Theatre) -> str:
    """The coarse episode that holds the film."""
    found = await at.on.stores.episodes.latest(ANA, limit=100, scale=EpisodeScale.COARSE)
    film = (await at.on.stores.memories.get(ANA, [memory_id(ANA, FILM)]))[memory_id(ANA, FILM)]
    return next(e.id for e in found if film.episode_id in e.child_ids)


KNOWN = ("nothing", "most", "all")
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "exact": {"exact": True},
    "budget": {"token_budget": 60},
    "sure": {"abstain_below": 0.05},
    "unsure": {"abstain_below": 0.999},
    "many": {"limit": 30},
    "direct": {"without": ["spreading"]},
    "filtered": {"filter": CueFilter(actors=[""])},
}


async def test_no_cue_waits_more_than_three_times() -> None:
    """Every combination of what is asked, what it keeps to, and what is at hand."""
    at = await theatre()
    whole = await coarse(at)
    fine = (await at.on.stores.memories.get(ANA, [memory_id(ANA, FILM)]))[memory_id(ANA, FILM)].episode_id
    episodes: dict[str, EpisodeFilter | None] = {
        "anywhere": None,
        "strict coarse": EpisodeFilter(ids=[whole], mode=FilterMode.STRICT),
        "soft coarse": EpisodeFilter(ids=[whole]),
        "soft fine": EpisodeFilter(ids=[fine]),
        "open coarse": EpisodeFilter(scale=EpisodeScale.COARSE),
    }
    costs: dict[tuple[str, ...], int] = {}
    for known, shape, episode, abstractions in itertools.product(KNOWN, SHAPES, episodes, (0, 2)):
        asked = {"limit": 3, "abstractions": abstractions, "episode": episodes[episode], **SHAPES[shape]}
        trips, _ = await at.ask(known, **asked)
        costs[known, shape, episode, str(abstractions)] = trips.done
    assert {cost for cost in costs.values() if cost > TRIPS_MAX} == set()
    assert costs["all", "direct", "anywhere", "0"] == 2  # the oracle reads nothing ahead
    assert costs["most", "plain", "soft coarse", "0"] == TRIPS_MAX


@pytest.mark.parametrize("known", KNOWN)
async def test_what_one_trip_leaves_out_of_three_changes_no_answer(known: str) -> None:
    """The last trip reads whatever may answer; what is said is what all of it at hand would say."""
    at = await theatre()
    episode = EpisodeFilter(ids=[await coarse(at)])
    for asked in ({}, {"episode": episode}, {"token_budget": 60}):
        fields: dict[str, Any] = {"limit": 3, "abstractions": 2, "explain": True, **asked}
        _, told = await at.ask("all", **fields)
        trips, answer = await at.ask(known, **fields)
        assert (answer.recalled, answer.abstractions) == (told.recalled, told.abstractions)
        assert DIRECTOR in keys(answer)
        assert trips.done <= TRIPS_MAX


async def test_facts_that_are_missing_then_what_they_lead_to_leave_no_trip_for_a_read() -> None:
    at = await theatre()
    trips, answer = await at.ask("most", limit=3, without=["working_memory"])
    assert DIRECTOR in keys(answer)
    assert trips.of(1) == {"gather memories", "gather unconscious"}
    assert "retrieve memories" in trips.of(2)
    assert trips.of(3) == {"gather memories", "retrieve memories"}


async def test_after_a_cue_that_had_to_ask_for_facts_the_next_asks_for_them_with_the_search() -> None:
    """And the one after that, which has them all at hand, does not ask for them."""
    at = await theatre()
    cost = []
    for known in ("most", "what it learned", "what it learned"):
        trips, _ = await at.ask(known, limit=3, without=["spreading", "working_memory"])
        cost.append((trips.done, "episode_id" in trips.fields))
    assert cost == [(3, False), (2, True), (2, False)]


async def test_a_cue_that_finds_nothing_tells_nothing_of_what_is_at_hand() -> None:
    at = await theatre()
    facts = at.on.engine.minds.facts
    await at.ask("nothing", filter=CueFilter(actors=["nobody"]))
    assert facts.sufficed(ANA) is None
    await at.ask("nothing")
    assert facts.sufficed(ANA) is False


async def test_the_archive_and_what_recurs_are_asked_beside_awake_memory() -> None:
    at = await theatre()
    trips, answer = await at.ask("all", limit=10, abstractions=1)
    assert "old" in keys(answer)
    assert answer.abstractions
    assert trips.of(1) == {"gather memories", "gather unconscious", "gather abstractions"}
    assert {"retrieve unconscious", "retrieve abstractions"} < trips.of(2)


async def test_an_episode_that_is_known_to_be_fine_is_not_asked_for_again() -> None:
    at = await theatre()
    film = memory_id(ANA, FILM)
    fine = (await at.on.stores.memories.get(ANA, [film]))[film].episode_id
    strict = EpisodeFilter(ids=[fine], mode=FilterMode.STRICT)
    trips, first = await at.ask("all", episode=strict)
    assert trips.of(1) == {"retrieve episodes"}
    trips, again = await at.ask("all", episode=strict)
    assert trips.of(1) == {"gather memories"}
    assert keys(again) == keys(first) == [FILM]
