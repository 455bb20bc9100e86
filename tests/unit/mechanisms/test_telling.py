"""Telling: who names an episode, and that it can be said again by naming them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms.episodes import GIST_MEMBERS, EpisodeTally
from cognition.mechanisms.telling import (
    BETTER_MIN,
    Member,
    gist_said,
    label_said,
    telling,
    told_by,
    worth,
)
from schemas.sleep import Telling

FRESH = Telling(label="", gist=[])


def near(cosine: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A unit vector at this cosine from the first axis."""
    return np.array([cosine, np.sqrt(1.0 - cosine * cosine), 0.0], np.float32)


def member(
    name: str, cosine: float = 0.8, *, worth: float = 0.5, current: bool = True, words: str = ""
) -> Member:
    return Member(name, words or f"What {name} has to say of it.", near(cosine), worth, current)


def contents(members: list[Member]) -> dict[str, str]:
    return {m.memory_id: m.content for m in members}


def test_what_is_worth_most_names_it_and_the_gist_keeps_the_order_in_which_they_came() -> None:
    members = [member("a"), member("b", worth=0.9), member("c", worth=0.7), member("d", worth=0.6)]
    told = told_by(members, FRESH)
    assert told == Telling(label="b", gist=["b", "c", "d"])
    assert label_said(told, contents(members)) == "What b has to say of it"
    assert gist_said(told, contents(members)) == " / ".join(f"What {n} has to say of it" for n in "bcd")


def test_what_was_superseded_says_nothing_unless_nothing_else_has_words() -> None:
    old, new = member("old", worth=0.9, current=False), member("new", worth=0.1)
    assert told_by([old, new], FRESH) == Telling(label="new", gist=["new"])
    silent = Member("silent", "", near(0.8), 0.5)
    assert told_by([old, silent], FRESH).label == "old"


def test_asides_come_last_and_the_same_words_are_said_once() -> None:
    members = [
        member("aside", worth=1.0, words="ok"),
        member("a"),
        member("twin", words="What a has to say of it."),
    ]
    assert told_by(members, FRESH) == Telling(label="a", gist=["aside", "a"])


def test_a_name_stays_until_another_is_better_by_some_margin() -> None:
    known = Telling(label="a", gist=["a"])
    little, more = 0.5 + BETTER_MIN, 0.5 + 4 * BETTER_MIN
    assert told_by([member("a"), member("b", worth=little)], known).label == "a"
    assert told_by([member("a"), member("b", worth=more)], known).label == "b"


def test_what_a_caller_gave_stays_and_nobody_left_changes_nothing() -> None:
    given = telling("standup", "what nobody said", [member("a")])
    assert given == Telling(label=None, gist=None)
    assert told_by([member("a")], given) == given
    assert told_by([], Telling(label="gone", gist=["gone"])) == Telling(label="gone", gist=["gone"])
    assert label_said(given, {}) is gist_said(given, {}) is None


def test_who_is_gone_says_nothing_any_more() -> None:
    told = Telling(label="a", gist=["a", "b"])
    assert label_said(told, {"b": "other words of b"}) is None
    assert gist_said(told, {"b": "other words of b"}) is None
    assert (label_said(FRESH, {}), gist_said(FRESH, {})) == ("", "")


@pytest.mark.parametrize(("salience", "strength"), [(0.2, 0.1), (0.9, 0.9), (0.0, 0.0), (1.0, 0.3)])
def test_worth_is_no_less_than_salience_or_strength(salience: float, strength: float) -> None:
    assert max(salience, strength) <= worth(salience, strength) <= 1.0


words = st.text("ab /.…", min_size=0, max_size=30)
lives = st.lists(st.tuples(words, st.floats(-1.0, 1.0), st.floats(0.0, 1.0), st.booleans()), max_size=8)


def members_of(life: list[tuple[str, float, float, bool]]) -> list[Member]:
    return [Member(f"m{n}", text, near(c), w, now) for n, (text, c, w, now) in enumerate(life)]


@given(lives, lives)
def test_telling_twice_is_telling_once(
    life: list[tuple[str, float, float, bool]], other: list[tuple[str, float, float, bool]]
) -> None:
    members = members_of(life)
    known = told_by(members_of(other[: len(life)]), FRESH)
    once = told_by(members, known)
    assert told_by(members, once) == once


@given(lives)
def test_what_an_open_episode_says_is_found_in_its_members_and_said_again(
    life: list[tuple[str, float, float, bool]],
) -> None:
    members, tally = members_of(life), EpisodeTally(3)
    for m in members:
        tally.add(m.vector, 0.0, 0.5, m.content, m.worth, 0.0)
    told = telling(tally.label(), tally.gist(), members)
    said = contents(members)
    assert told.gist is None or len(told.gist) <= GIST_MEMBERS
    assert label_said(told, said) in (None, tally.label())
    assert gist_said(told, said) in (None, tally.gist())
    if all(m.content.strip(" .…/") for m in members):
        assert label_said(told, said) == tally.label()
        assert gist_said(told, said) == tally.gist()
