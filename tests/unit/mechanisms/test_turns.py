"""What turns hand to each other, by small examples that can be worked out by hand."""

import pytest

from cognition.mechanisms.evidence import length_norm, noisy_or, on_grid, saturated
from cognition.mechanisms.turns import REACH, Taken, Turns, rule_without

MEAN = 20.0
ASK, YES, LISBON = 1, 2, 3


def take(turns: Turns, name: str, actor: str, stated: dict[int, int], asked: dict[int, int]) -> Taken:
    return turns.take(name, actor, stated, asked, MEAN)


def own(tf: float, length: int) -> float:
    return saturated(tf, length_norm(length, MEAN))


def test_a_turn_alone_has_its_own_words_only() -> None:
    taken = take(Turns(), "a", "ana", {YES: 2, LISBON: 1}, {})
    assert taken.weights == {YES: on_grid(own(2, 3)), LISBON: on_grid(own(1, 3))}
    assert taken.changed == {}


def test_a_question_hands_its_words_to_the_reply_and_loses_them() -> None:
    turns = Turns(rule_without({"lexical_context"}))
    take(turns, "question", "ana", {}, {LISBON: 1})
    reply = take(turns, "reply", "bo", {YES: 1}, {})
    assert reply.weights[LISBON] == on_grid(own(1, 1))
    assert reply.changed == {"question": {LISBON: (on_grid(own(1, 1)), on_grid(own(0.2, 1)))}}


def test_a_long_reply_needs_less_and_so_takes_less() -> None:
    turns = Turns(rule_without({"lexical_context"}))
    take(turns, "question", "ana", {}, {LISBON: 1})
    reply = take(turns, "reply", "bo", dict.fromkeys(range(10, 60), 1), {})
    assert reply.gate == 0.5
    assert reply.weights[LISBON] == on_grid(0.5 * own(1, 1))
    assert reply.changed["question"][LISBON][1] == on_grid(own(1 - 0.8 * 1.25 * 0.5, 1))
    spendthrift = Turns(rule_without({"lexical_context", "conservation"}))
    take(spendthrift, "question", "ana", {}, {LISBON: 1})
    reply = take(spendthrift, "reply", "bo", dict.fromkeys(range(10, 60), 1), {})
    assert reply.changed["question"][LISBON][1] == on_grid(own(0.2, 1))


def test_a_reply_of_up_to_31_terms_takes_all_of_its_question() -> None:
    for length, taken in ((31, 1.0), (32, 1.25 * 25 / 32)):
        turns = Turns(rule_without({"lexical_context"}))
        take(turns, "question", "ana", {}, {LISBON: 1})
        reply = take(turns, "reply", "bo", dict.fromkeys(range(10, 10 + length), 1), {})
        assert reply.changed["question"][LISBON][1] == on_grid(own(1 - 0.8 * taken, 1))


def test_the_second_turn_of_a_reply_has_half_of_the_link() -> None:
    turns = Turns(rule_without({"lexical_context"}))
    take(turns, "question", "ana", {}, {LISBON: 1})
    take(turns, "reply", "bo", {YES: 1}, {})
    more = take(turns, "more", "bo", {YES: 1}, {})
    assert more.weights[LISBON] == on_grid(0.5 * own(1, 1))
    assert more.changed == {}, "the first reply has taken all of it"


def test_nobody_replies_to_himself_or_to_the_turn_before_the_last_run() -> None:
    turns = Turns(rule_without({"lexical_context"}))
    take(turns, "question", "ana", {}, {LISBON: 1})
    assert LISBON not in take(turns, "more", "ana", {YES: 1}, {}).weights
    take(turns, "aside", "bo", {YES: 1}, {})
    assert LISBON not in take(turns, "third", "clara", {YES: 1}, {}).weights


def test_neighbours_share_their_words_both_ways_and_less_with_distance() -> None:
    turns = Turns()
    take(turns, "a", "", {LISBON: 1}, {})
    take(turns, "b", "", {YES: 1}, {})
    c = take(turns, "c", "", {ASK: 1}, {})
    e = own(1, 1)
    assert c.weights == {
        ASK: on_grid(e),
        YES: on_grid(0.3 * e),
        LISBON: on_grid(0.15 * e),
    }
    assert c.changed["b"] == {ASK: (0.0, on_grid(0.3 * e))}
    assert turns.weights("a") == {
        LISBON: on_grid(e),
        YES: on_grid(0.3 * e),
        ASK: on_grid(0.15 * e),
    }
    assert LISBON not in take(turns, "d", "", {ASK: 1}, {}).weights


def test_a_word_of_both_is_more_certain() -> None:
    turns = Turns()
    take(turns, "a", "", {LISBON: 1}, {})
    b = take(turns, "b", "", {LISBON: 1}, {})
    assert b.weights[LISBON] == noisy_or(own(1, 1), 0.3 * own(1, 1))
    assert turns.weights("a") == b.weights


def test_what_is_left_out_by_name_leaves_the_plain_weights() -> None:
    turns = Turns(rule_without({"lexical_context", "question_inheritance"}))
    take(turns, "a", "ana", {LISBON: 1}, {ASK: 1})
    b = take(turns, "b", "bo", {YES: 1}, {})
    assert b.weights == {YES: on_grid(own(1, 1))}
    assert b.changed == {}


def test_without_the_length_gate_a_long_turn_takes_in_as_much_as_a_short_one() -> None:
    words = dict.fromkeys(range(10, 260), 1)
    gated, open_to_all = Turns(), Turns(rule_without({"length_gate"}))
    for turns in (gated, open_to_all):
        take(turns, "a", "", {LISBON: 3}, {})
    assert LISBON not in take(gated, "b", "", words, {}).weights
    assert take(open_to_all, "b", "", words, {}).weights[LISBON] == on_grid(0.3 * own(3, 3)) > 0.05


def test_words_of_its_own_stay_however_little_they_weigh() -> None:
    long = dict.fromkeys(range(10, 2000), 1)
    weights = Turns().take("a", "", long, {}, MEAN).weights
    assert weights.keys() == long.keys()
    assert max(weights.values()) < 0.05


def test_after_its_end_a_thread_hands_on_nothing() -> None:
    turns = Turns()
    take(turns, "question", "ana", {}, {LISBON: 1})
    turns.end()
    taken = take(turns, "reply", "bo", {YES: 1}, {})
    assert taken.weights.keys() == {YES}
    assert taken.changed == {}
    assert turns.weights("question") is None


def test_one_more_turn_changes_at_most_the_last_few() -> None:
    turns = Turns()
    for number in range(8):
        take(turns, f"ask {number}", "ana", {}, {number: 1, 99: 1})
    changed = take(turns, "reply", "bo", {YES: 1}, {}).changed
    assert set(changed) == {f"ask {number}" for number in range(8 - REACH, 8)}


def test_a_snapshot_of_something_else_is_refused() -> None:
    with pytest.raises(TypeError):
        Turns.restore([["one", "row", "that", "is", "too", "short"][:2]])
