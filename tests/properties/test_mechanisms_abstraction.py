"""Laws of what sleep makes of many memories: shared rare words, what recurs, what is no longer so."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms.abstraction import (
    EPISODES_MIN,
    SOURCES_MAX,
    Content,
    abstracted,
    known_as,
    recurring,
)
from cognition.mechanisms.rare_terms import (
    DF_MAX,
    SHARED_MAX,
    WEAKEST,
    Having,
    frequencies,
    rare,
    sharing,
    telling,
)
from cognition.mechanisms.superseding import Fact, conflicts, holds, stated, succession, superseded

UNIT = st.floats(0.0, 1.0)
TERMS = st.frozensets(st.integers(0, 12), max_size=8)

# --- rare terms -------------------------------------------------------------------------

HAVING = st.builds(Having, TERMS, st.integers(0, 200))
LIVES = st.lists(HAVING, min_size=2, max_size=25)


@given(LIVES)
def test_associations_by_rare_terms_are_symmetric_and_bounded(lives: list[Having]) -> None:
    mind = {f"{n:02}": having for n, having in enumerate(lives)}
    seldom = rare(frequencies(h.terms for h in lives))
    idf = dict.fromkeys(seldom, 6.0)
    found = {
        i: dict(sharing(me, {j: o for j, o in mind.items() if j != i}, idf, most=len(mind)))
        for i, me in mind.items()
    }
    for i, partners in found.items():
        assert len(sharing(mind[i], {j: o for j, o in mind.items() if j != i}, idf)) <= SHARED_MAX
        for j, weight in partners.items():
            assert WEAKEST <= weight <= 1.0
            assert found[j][i] == pytest.approx(weight)
            assert any(t in mind[i].terms and t in mind[j].terms for t in seldom)
    assert all(2 <= sum(t in h.terms for h in lives) <= DF_MAX for t in seldom)


@given(st.dictionaries(st.integers(0, 30), st.integers(0, 40), max_size=20), st.integers(0, 10_000))
def test_the_rarer_a_word_the_more_it_tells(counts: dict[int, int], memories: int) -> None:
    idf = telling(counts, memories)
    assert idf.keys() == rare(counts)
    assert all(weight > 0.0 for weight in idf.values())
    assert all(idf[a] >= idf[b] for a in idf for b in idf if counts[a] <= counts[b])
    more = telling(counts, memories + 100)
    assert all(more[t] >= idf[t] for t in idf)


# --- abstraction ------------------------------------------------------------------------

IDF = dict.fromkeys(range(60), 4.0)


def content(n: int, episode: str, mean: int, chance: np.random.Generator, noise: float = 0.2) -> Content:
    vector = np.eye(8)[mean] + noise * chance.standard_normal(8)
    vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    own = frozenset(range(10 * mean, 10 * mean + 6))
    return Content(f"{n:03}", episode, vector, own, f"text {n}", 0.9, float(n))


SCENES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=30)


@given(SCENES, st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
def test_what_is_abstracted_recurs_and_is_said_by_a_source(
    scenes: list[tuple[int, int]], seed: int, shuffling: random.Random
) -> None:
    chance = np.random.default_rng(seed)
    life = [content(n, f"e{episode}", topic, chance) for n, (topic, episode) in enumerate(scenes)]
    members = recurring(life[0], life, IDF)
    shuffled = life[1:]
    shuffling.shuffle(shuffled)
    assert [c.memory_id for c in recurring(life[0], shuffled, IDF)] == [c.memory_id for c in members]
    if not members:
        return
    assert len({c.episode_id for c in members}) >= EPISODES_MIN
    assert all(c.terms == life[0].terms for c in members), "another topic shares no word"
    one, again = abstracted(members), abstracted(members[::-1])
    assert one.gist in {c.text for c in members}
    assert one.derived_from == again.derived_from
    assert np.array_equal(one.vector, again.vector)
    assert float(np.linalg.norm(one.vector)) == pytest.approx(1.0, abs=1e-5)
    assert set(one.derived_from) <= {c.memory_id for c in members}
    assert len(one.derived_from) == min(len(members), SOURCES_MAX)
    assert 0.0 < one.confidence < 0.9


@given(st.integers(3, 20), st.integers(1, 5))
def test_more_episodes_give_more_confidence_and_the_same_abstraction(episodes: int, more: int) -> None:
    chance = np.random.default_rng(episodes)
    life = [content(n, f"e{n}", 1, chance) for n in range(episodes + more)]
    before, after = abstracted(life[:episodes]), abstracted(life)
    assert after.confidence > before.confidence
    assert after.anchor == before.anchor
    if more <= episodes:
        assert known_as(after.derived_from, {"known": before.derived_from}) == "known"


def test_deriving_again_finds_what_exists_and_not_what_is_about_something_else() -> None:
    known = {"pottery": ["a", "b", "c"], "dogs": ["x", "y", "z"]}
    assert known_as(["a", "b", "c"], known) == "pottery"
    assert known_as(["a", "b", "c", "d", "e"], known) == "pottery"
    assert known_as(["a", "q", "r", "s"], known) is None
    assert known_as(["a"], {}) is None


def test_nothing_recurs_in_two_episodes_however_often() -> None:
    chance = np.random.default_rng(1)
    life = [content(n, f"e{n % 2}", 1, chance) for n in range(12)]
    assert recurring(life[0], life, IDF) == []
    with pytest.raises(ValueError, match="no members"):
        abstracted([])


# --- superseding ------------------------------------------------------------------------

FACTS = st.lists(
    st.builds(
        Fact,
        st.uuids().map(str),
        st.sampled_from(["ana", "ben"]),
        st.sampled_from(["city", "job"]),
        st.sampled_from(["lisbon", "porto", "nurse"]),
        st.integers(0, 5).map(float),
        st.sampled_from([0.2, 0.9, 1.0]),
    ),
    unique_by=lambda f: f.memory_id,
    max_size=20,
)


@given(FACTS, st.randoms(use_true_random=False))
def test_what_is_superseded_is_older_and_of_another_value_of_the_same_attribute(
    facts: list[Fact], chance: random.Random
) -> None:
    marks = superseded(facts)
    of = {f.memory_id: f for f in facts}
    for old, new in marks.items():
        assert of[old].at < of[new].at
        assert (of[old].subject, of[old].slot) == (of[new].subject, of[new].slot)
        assert of[old].value != of[new].value
        assert new not in marks
        assert of[old].trust - of[new].trust <= 0.3 + 1e-9
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert superseded(shuffled) == marks
    assert conflicts(shuffled) == conflicts(facts)
    for conflict in conflicts(facts):
        assert len({of[i].value for i in conflict.memory_ids}) > 1


@given(FACTS, st.randoms(use_true_random=False))
def test_what_is_superseded_ends_when_the_next_value_came(facts: list[Fact], chance: random.Random) -> None:
    ends = succession(facts)
    of = {f.memory_id: f for f in facts}
    assert ends.keys() == superseded(facts).keys()
    for old, (by, at) in ends.items():
        assert of[by].at == at > of[old].at
        assert of[by].value != of[old].value
        between = [f for f in facts if of[old].at < f.at < at and f.value != of[old].value]
        same = [f for f in between if (f.subject, f.slot) == (of[old].subject, of[old].slot)]
        assert all(of[old].trust - f.trust > 0.3 for f in same)
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert succession(shuffled) == ends


def test_each_of_three_values_ends_when_the_next_came() -> None:
    cities = [
        Fact(str(n), "ana", "city", city, float(n)) for n, city in enumerate(("lisbon", "porto", "faro"))
    ]
    assert succession(cities) == {"0": ("1", 1.0), "1": ("2", 2.0)}
    assert superseded(cities) == {"0": "2", "1": "2"}


def test_a_newer_value_supersedes_and_who_said_it_before_does_not() -> None:
    facts = [
        Fact("1", "ana", "city", "lisbon", 1.0),
        Fact("2", "ana", "city", "porto", 2.0),
        Fact("3", "ana", "city", "lisbon", 3.0),
        Fact("4", "ana", "job", "nurse", 1.0),
    ]
    assert superseded(facts) == {"2": "3"}
    assert conflicts(facts) == []


def test_a_little_trusted_source_does_not_overrule_and_the_conflict_is_recorded() -> None:
    facts = [Fact("1", "ana", "city", "lisbon", 1.0, 1.0), Fact("2", "ana", "city", "porto", 2.0, 0.2)]
    assert superseded(facts) == {}
    assert [c.memory_ids for c in conflicts(facts)] == [("1", "2")]


@pytest.mark.parametrize(
    ("subject", "content", "data", "said"),
    [
        ("Ana", "Ana's favourite colour is blue.", None, ("ana", "favourite colour", "blue")),
        ("Ana", "The city of Ana is Porto", None, ("ana", "city", "porto")),
        ("Ana", "", {"slot": "home_city", "value": "Porto"}, ("ana", "home city", "porto")),
        ("Ana", "", {"attribute": "age", "value": 41}, ("ana", "age", "41")),
        ("Ana", "Ana is tall", None, None),
        ("Ana", "Ana's city was Lisbon", None, None),
        ("Ana", "Is Ana's city Porto?", None, None),
        ("Ana", "Ana's city is Porto. She likes it there.", None, None),
        ("Ana", "Her city is Porto", None, None),
        ("", "Ana's city is Porto", None, None),
        ("Ana", "", {"city": "Porto"}, None),
    ],
)
def test_only_a_plain_statement_of_an_attribute_is_taken_for_a_fact(
    subject: str, content: str, data: dict[str, object] | None, said: tuple[str, str, str] | None
) -> None:
    assert stated(subject, content, data) == said


@pytest.mark.parametrize(
    ("superseded_at", "as_of", "so"),
    [(None, None, True), (None, 5.0, True), (7.0, None, False), (7.0, 5.0, True), (7.0, 7.0, False)],
)
def test_how_things_were_is_told_as_of_then(
    superseded_at: float | None, as_of: float | None, so: bool
) -> None:
    assert holds(superseded_at, as_of) is so
