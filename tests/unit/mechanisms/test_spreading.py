"""What was found lends activation to what it is associated with."""

import pytest

from cognition.mechanisms.spreading import (
    EDGES_MAX,
    LEARNED_GATE,
    MENTION_GATE,
    Edge,
    direct_activation,
    lend,
    sources,
    spread,
)


def names(*targets: str, weight: float = 1.0) -> list[Edge]:
    return [Edge(target, weight, MENTION_GATE) for target in targets]


def used_with(*targets: str, weight: float = 1.0) -> list[Edge]:
    return [Edge(target, weight, LEARNED_GATE) for target in targets]


def test_evidence_counts_relative_to_the_best_and_what_speaks_against_is_nothing() -> None:
    assert direct_activation({"a": 4.0, "b": 1.0, "c": -2.0}) == {"a": 1.0, "b": 0.25, "c": 0.0}


def test_where_nothing_speaks_for_anything_nothing_is_active() -> None:
    assert direct_activation({"a": -1.0, "b": 0.0}) == {"a": 0.0, "b": 0.0}
    assert direct_activation({}) == {}


def test_a_mention_fills_nine_tenths_of_what_its_target_lacks() -> None:
    state = spread({"a": 1.0, "b": 0.2}, {"a": names("b")})
    assert state["b"].total == pytest.approx(1 - 0.8 * 0.1)
    assert state["b"].direct == 0.2
    assert state["b"].paths[0].through == ("a",)


def test_what_was_no_candidate_joins() -> None:
    state = spread({"a": 1.0}, {"a": names("new")})
    assert (state["new"].direct, state["new"].total) == (0.0, pytest.approx(0.9))


def test_several_mentions_add_up_and_several_learned_edges_do_not() -> None:
    two = {"a": 1.0, "b": 1.0}
    assert spread(two, {"a": names("t"), "b": names("t")})["t"].total == pytest.approx(0.99)
    assert spread(two, {"a": used_with("t"), "b": used_with("t")})["t"].total == pytest.approx(0.5)


def test_below_the_threshold_nothing_is_lent() -> None:
    assert lend(0.3, names("b")) == []
    assert lend(0.5, used_with("b")) == []
    assert lend(0.51, used_with("b")) != []


def test_the_more_one_memory_names_the_less_each_gets() -> None:
    one, many = lend(1.0, names("b")), lend(1.0, names(*"bcdefghi"))
    assert many[0].share == pytest.approx(one[0].share / 8**0.25)


def test_only_the_most_active_are_sources_and_each_follows_its_strongest_edges() -> None:
    assert sources({"a": 0.9, "b": 1.0, "c": 0.9, "d": 0.1}, most=2) == ["b", "a"]
    many = [Edge(f"{place:03}", 0.001 * place, MENTION_GATE) for place in range(1, 100)]
    assert {each.target for each in lend(1.0, many)} == {
        f"{place:03}" for place in range(100 - EDGES_MAX, 100)
    }


def test_a_cycle_ends() -> None:
    ring = {"a": names("b"), "b": names("c"), "c": names("a")}
    once = spread({"a": 1.0, "b": 0.0, "c": 0.0}, ring, depth=1)
    often = spread({"a": 1.0, "b": 0.0, "c": 0.0}, ring, depth=50)
    assert once["c"].total == 0.0
    assert 0.0 < often["c"].total < often["b"].total < 1.0
    assert often["a"].total == 1.0
    assert often == spread({"a": 1.0, "b": 0.0, "c": 0.0}, ring, depth=3)


def test_a_second_hop_tells_the_whole_way() -> None:
    state = spread({"a": 1.0}, {"a": names("b"), "b": names("c")}, depth=2)
    assert state["c"].paths[0].through == ("a", "b")


def test_a_hub_that_everything_is_associated_with_does_not_take_over() -> None:
    crowd = {f"{place:05}": 1.0 - place * 1e-6 for place in range(10_000)}
    state = spread(crowd, {source: used_with("hub") for source in crowd})
    assert state["hub"].total <= LEARNED_GATE.reach
    assert len(state["hub"].paths) <= 3
