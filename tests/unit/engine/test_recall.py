"""What comes back to a cue: every filter alone and together, episodes, working memory, reasons, bounds."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from cognition.engine.assembly import Options
from cognition.engine.options import RecallOptions
from cognition.engine.weighing import MECHANISMS
from cognition.errors import BadCueError
from cognition.mechanisms.ranking import ACTOR_WEIGHT, SQUASH_MIDPOINT, SQUASH_SCALE, TIME_WEIGHT
from cognition.mechanisms.text import token_estimate
from schemas.cue import CueFilter, EpisodeFilter, FilterMode, Mood
from schemas.percept import BoundaryMark, ContentType, Mark, MemoryKind, Percept
from tests.unit.engine.bench import ANA, BO, START_MS, Bench, bench, contents, vector

FELT: dict[str, Any] = {
    "kind": MemoryKind.SEMANTIC,
    "content_type": ContentType.FACT,
    "source": "mail",
    "actor": "Bea",
    "subject": "tea",
    "session": "s1",
    "agent": "a1",
    "run": "r1",
    "user": "u1",
    "context": {"place": "garden", "task": "tea"},
    "metadata": {"n": 7, "ok": True, "who": "x"},
    "valence": 0.8,
    "arousal": 0.9,
    "occurred_at": START_MS / 1e3 - 500.0,
}
FILTERS: dict[str, CueFilter] = {
    "kinds": CueFilter(kinds=[MemoryKind.SEMANTIC]),
    "content_types": CueFilter(content_types=[ContentType.FACT, ContentType.SKILL]),
    "sources": CueFilter(sources=["mail"]),
    "actors": CueFilter(actors=["Bea", "nobody"]),
    "subjects": CueFilter(subjects=["tea"]),
    "session": CueFilter(session="s1"),
    "agent": CueFilter(agent="a1"),
    "run": CueFilter(run="r1"),
    "user": CueFilter(user="u1"),
    "context": CueFilter(context={"place": "garden"}),
    "metadata": CueFilter(metadata={"n": 7, "ok": True}),
    "time": CueFilter(occurred_from=START_MS / 1e3 - 501.0, occurred_to=START_MS / 1e3 - 499.0),
    "mood": CueFilter(mood=Mood(valence=0.7, arousal=0.8, radius=0.3)),
}
TOGETHER = CueFilter(
    kinds=[MemoryKind.SEMANTIC], actors=["Bea"], session="s1", context={"task": "tea"}, metadata={"who": "x"}
)


@pytest.fixture
async def many() -> Bench:
    """Sixty memories that say tea louder than the one that the filters are about."""
    on = await bench()
    await on.take(*(Percept(mind=ANA, content=f"green tea {i}", actor="Zed") for i in range(60)))
    await on.say("a cup of green tea and much else that has nothing to do with it", **FELT)
    return on


@pytest.mark.parametrize("name", FILTERS)
async def test_each_filter_finds_what_many_better_ones_would_hide(many: Bench, name: str) -> None:
    answer = await many.recall("green tea", filter=FILTERS[name], limit=5)
    assert [r.memory.subject for r in answer.recalled] == ["tea"]


@pytest.mark.parametrize("at_hand", [True, False])
async def test_a_mood_is_a_disc_whether_or_not_facts_are_at_hand(at_hand: bool) -> None:
    on = await bench()
    for content, valence, arousal in (("calm tea", 0.0, 0.5), ("wild tea", 0.25, 0.75)):
        await on.say(content, valence=valence, arousal=arousal)
    if not at_hand:
        on.engine.minds.facts.clear()
    corner = CueFilter(mood=Mood(valence=0.0, arousal=0.5, radius=0.3))
    assert contents(await on.recall("wild tea", filter=corner)) == ["calm tea"]
    empty = CueFilter(mood=Mood(valence=0.5, arousal=1.0, radius=0.3))
    answer = await on.recall("wild tea", filter=empty)
    assert (answer.recalled, answer.abstained) == ([], "no memory satisfies the filters")


async def test_filters_are_joined(many: Bench) -> None:
    assert len((await many.recall("green tea", filter=TOGETHER)).recalled) == 1
    other = CueFilter(kinds=[MemoryKind.SEMANTIC], actors=["Zed"])
    nothing = await many.recall("green tea", filter=other)
    assert (nothing.recalled, nothing.abstained) == ([], "no memory satisfies the filters")


@pytest.mark.parametrize("name", FILTERS)
async def test_working_memory_does_not_pass_a_filter(name: str) -> None:
    on = await bench()
    await on.say("green tea")
    assert not (await on.recall("green tea", filter=FILTERS[name])).recalled


# --- episodes ------------------------------------------------------------------------------


@pytest.fixture
async def two_episodes() -> tuple[Bench, str]:
    """The first episode is about the boat; the open one about tea. The first one's id."""
    on = await bench()
    first = await on.say("the blue boat in the harbour")
    await on.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    await on.say("the tea is green")
    return on, first.episode_id


async def test_a_strict_filter_keeps_to_its_episodes(two_episodes: tuple[Bench, str]) -> None:
    on, first = two_episodes
    strict = EpisodeFilter(ids=[first], mode=FilterMode.STRICT)
    assert contents(await on.recall("the tea is green", episode=strict)) == ["the blue boat in the harbour"]


async def test_no_ids_mean_the_open_episode(two_episodes: tuple[Bench, str]) -> None:
    on, _ = two_episodes
    strict = EpisodeFilter(mode=FilterMode.STRICT)
    assert contents(await on.recall("the blue boat", episode=strict)) == ["the tea is green"]
    await on.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    assert contents(await on.recall("the blue boat", episode=strict)) == []


async def test_a_soft_filter_prefers_its_episode_and_says_so(two_episodes: tuple[Bench, str]) -> None:
    on, first = two_episodes
    plain = await on.recall("the tea is green", explain=True)
    prefers = EpisodeFilter(ids=[first], factor=0.1)
    soft = await on.recall("the tea is green", episode=prefers, explain=True)
    assert contents(plain)[0] == "the tea is green"
    scores = {r.memory.content: r.score for r in plain.recalled}
    for r in soft.recalled:
        factor = 1.0 if r.memory.episode_id == first else 0.1
        assert r.score == pytest.approx(scores[r.memory.content] * factor)
    off = await on.recall("the tea is green", episode=prefers, without=["episode"])
    assert contents(off) == contents(plain)


# --- whom and when a cue means ---------------------------------------------------------------


async def test_a_cue_prefers_whom_it_names() -> None:
    on = await bench()
    await on.say("tea with lemon is the best there is, says Ana", actor="Bo")
    await on.say("tea with honey is the best there is", actor="Ana")
    answer = await on.recall("Which tea is the best for Bo?", explain=True)
    match = {r.memory.actor: {p.name: p for p in r.parts}["actor"].contribution for r in answer.recalled}
    assert match == {"Bo": ACTOR_WEIGHT, "Ana": 0.0}
    assert [r.memory.actor for r in answer.recalled if "whom the cue means" in r.why] == ["Bo"]
    off = await on.recall("Which tea is the best for Bo?", explain=True, without=["actor"])
    assert "actor" not in {p.name for p in off.recalled[0].parts}


async def test_a_cue_in_the_first_person_prefers_its_own_actor() -> None:
    on = await bench()
    await on.say("the blue boat", actor="Ana")
    await on.say("the blue boat", actor="Bo")
    for asker in ("Ana", "Bo"):
        answer = await on.recall("What is my boat like?", actor=asker)
        assert [r.memory.actor for r in answer.recalled if "whom the cue means" in r.why] == [asker]
    assert "whom" not in (await on.recall("What is the boat like?", actor="Ana")).recalled[0].why
    assert "whom" not in (await on.recall("What is my boat like?")).recalled[0].why


async def test_a_cue_prefers_what_lies_near_the_date_that_it_names() -> None:
    on = await bench()
    for month in ("march", "june"):
        at = dt.datetime(2021, 3 if month == "march" else 6, 5, tzinfo=dt.UTC)
        await on.say("the blue boat sails", occurred_at=at, subject=month)
    for content, month in (("June 2021", "june"), ("March 2021", "march")):
        answer = await on.recall(f"Where was the boat in {content}?")
        assert answer.recalled[0].memory.subject == month
    assert not any("date" in r.why for r in (await on.recall("Where was the boat in June?")).recalled)
    answer = await on.recall("Where was the boat in June?", at=dt.datetime(2022, 1, 1, tzinfo=dt.UTC))
    assert answer.recalled[0].memory.subject == "june"
    answer = await on.recall("Where was the boat in June 2021?", explain=True, limit=1)
    time = {p.name: p for p in answer.recalled[0].parts}["time"]
    assert (time.value, time.contribution) == (1.0, TIME_WEIGHT)
    assert "near the date" in answer.recalled[0].why
    off = await on.recall("Where was the boat in June 2021?", explain=True, without=["time"])
    assert "time" not in {p.name for p in off.recalled[0].parts}


async def test_an_episode_lifts_what_belongs_to_its_best_memory() -> None:
    on = await bench()
    await on.say("the green tea of Uji")
    await on.say("it was cold that day")
    await on.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    await on.say("it was cold that week")
    answer = await on.recall("the green tea of Uji", explain=True)
    prior = {r.memory.content: {p.name: p for p in r.parts}["episode_prior"].z for r in answer.recalled}
    assert prior["the green tea of Uji"] == prior["it was cold that day"] == 0.0
    assert prior["it was cold that week"] < 0.0
    off = await on.recall("the green tea of Uji", explain=True, without=["episode_prior"])
    assert off.recalled[0].score == answer.recalled[0].score
    assert "episode_prior" not in {p.name for p in off.recalled[0].parts}


# --- what else ------------------------------------------------------------------------------


async def test_working_memory_joins_what_the_store_does_not_offer() -> None:
    on = await bench(options=Options(recall=RecallOptions(candidates=1)))
    await on.take(*(Percept(mind=ANA, content=f"green tea {i}") for i in range(5)))
    with_it = await on.recall("green tea 0", limit=1)
    without = await on.recall("green tea 0", limit=1, without=["working_memory"])
    assert with_it.candidates == 5
    assert without.candidates < 5


@pytest.mark.parametrize(("off", "kept", "weight"), [("dense", "lexical", 0.5), ("lexical", "dense", 1.0)])
async def test_a_part_that_is_off_weighs_nothing_and_the_other_what_it_did(
    off: str, kept: str, weight: float
) -> None:
    on = await bench()
    await on.take(*(Percept(mind=ANA, content=text) for text in ("green tea", "blue boat", "green boat")))
    both = await on.recall("green boat", explain=True)
    one = await on.recall("green boat", explain=True, without=[off])
    parts = {p.name: p for p in one.recalled[0].parts}
    assert (parts[off].weight, parts[off].contribution, parts[kept].weight) == (0.0, 0.0, weight)
    assert not (await on.recall("green boat")).recalled[0].parts
    assert "words green, boat" in both.recalled[0].why


@pytest.mark.parametrize("without", [[], *([name] for name in sorted(MECHANISMS))])
async def test_every_score_can_be_computed_again_from_its_parts(
    two_episodes: tuple[Bench, str], without: list[str]
) -> None:
    on, first = two_episodes
    prefers = EpisodeFilter(ids=[first], factor=0.6)
    asked = "Was the tea green when I had it in June 2023?"
    answer = await on.recall(asked, actor="Ana", episode=prefers, explain=True, without=without)
    assert len(answer.recalled) == 2
    assert not set(without) & {p.name for r in answer.recalled for p in r.parts if p.contribution}
    for r in answer.recalled:
        assert [p.contribution for p in r.parts] == pytest.approx([p.weight * p.z for p in r.parts])
        logit = (sum(p.contribution for p in r.parts) - SQUASH_MIDPOINT) / SQUASH_SCALE
        assert r.score == pytest.approx(math.prod(p.factor for p in r.parts) / (1 + math.exp(-logit)))
    factors = {p.factor for r in answer.recalled for p in r.parts}
    assert factors == ({1.0} if "episode" in without else {1.0, 0.6})


async def test_below_the_threshold_the_answer_is_nothing_with_the_reason() -> None:
    on = await bench()
    await on.say("the tea is green")
    answer = await on.recall("quantum chromodynamics", abstain_below=0.99)
    assert answer.recalled == []
    assert "is below abstain_below = 0.99" in answer.abstained
    assert answer.candidates == 1


@pytest.fixture
async def long_and_short() -> Bench:
    """Two long memories that answer best, then short ones; one short one is 4 tokens."""
    on = await bench()
    long = "tell me about the green tea in the blue pot, tell me about the green tea"
    await on.take(*(Percept(mind=ANA, content=f"{long} {i}") for i in range(2)))
    await on.take(*(Percept(mind=ANA, content=f"a green tea {i}") for i in range(9)))
    return on


CUE = "tell me about the green tea in the blue pot"


async def test_a_token_budget_takes_what_fits_from_beyond_the_limit(long_and_short: Bench) -> None:
    free = await long_and_short.recall(CUE, limit=2)
    assert all(text.startswith("tell me") for text in contents(free))
    assert free.notes == []
    within = await long_and_short.recall(CUE, limit=2, token_budget=8)
    assert [text[:11] for text in contents(within)] == ["a green tea"] * 2
    assert within.notes == ["2 that ranked higher did not fit token_budget = 8"]


async def test_a_token_budget_ends_the_answer_where_it_is_spent(long_and_short: Bench) -> None:
    answer = await long_and_short.recall(CUE, token_budget=13)
    assert sum(token_estimate(text) for text in contents(answer)) <= 13
    assert len(answer.recalled) == 3


async def test_the_search_for_what_fits_ends_at_four_times_the_limit() -> None:
    on = await bench()
    await on.take(*(Percept(mind=ANA, content=f"green tea of the garden, {i}") for i in range(4)))
    await on.say("boat")
    assert (await on.recall("green tea of the garden", limit=1, token_budget=2)).recalled == []
    assert contents(await on.recall("green tea of the garden", limit=2, token_budget=2)) == ["boat"]


async def test_a_budget_too_small_for_any_says_so() -> None:
    on = await bench()
    await on.take(*(Percept(mind=ANA, content=f"green tea {i}") for i in range(5)))
    answer = await on.recall("green tea", token_budget=1)
    assert (answer.recalled, answer.candidates) == ([], 5)
    assert answer.abstained == "none of the best 5 fits token_budget = 1"


async def test_a_preference_without_an_open_episode_says_so_and_lowers_nothing(
    two_episodes: tuple[Bench, str],
) -> None:
    on, _ = two_episodes
    await on.take(Mark(mind=ANA, boundary=BoundaryMark.END))
    plain = await on.recall("the tea is green")
    soft = await on.recall("the tea is green", episode=EpisodeFilter())
    assert [r.score for r in soft.recalled] == [r.score for r in plain.recalled]
    assert soft.notes == ["no episode is open: none was preferred"]


async def test_a_limit_is_kept_and_a_mind_without_a_past_says_so() -> None:
    on = await bench()
    await on.take(*(Percept(mind=ANA, content=f"green tea {i}") for i in range(5)))
    assert len((await on.recall("green tea", limit=3)).recalled) == 3
    assert (await on.recall("tea", mind=BO)).abstained == "this mind has no memories yet"


BAD_CUES: list[tuple[dict[str, Any], str]] = [
    ({}, "neither content nor vector"),
    ({"content": "  "}, "neither content nor vector"),
    ({"content": "x", "without": ["magic"]}, r"\['magic'\] names no mechanism. Use any of actor"),
    ({"content": "x", "vector": b"\0" * 8}, "8 bytes"),
    ({"content": "x", "filter": CueFilter(context={'a"b': "c"})}, "without double quotes"),
]


@pytest.mark.parametrize(("fields", "words"), BAD_CUES)
async def test_a_bad_cue_is_refused_with_a_remedy(fields: dict[str, Any], words: str) -> None:
    on = await bench()
    await on.say("tea")
    with pytest.raises(BadCueError, match=words):
        await on.recall(**fields)


async def test_a_vector_alone_is_a_cue_and_without_an_embedder_the_only_one() -> None:
    on = await bench(blind=True)
    await on.say("one", vector=vector(1))
    await on.say("two", vector=vector(2))
    assert contents(await on.recall(vector=vector(2)))[0] == "two"
    with pytest.raises(BadCueError, match="without an embedder"):
        await on.recall("two")
