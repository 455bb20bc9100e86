"""Whom a cue means, in each language."""

import pytest

from cognition.mechanisms.asking import Said, actor_match, heard, named_actors, speaks_first_person
from cognition.mechanisms.languages import language_of


def said(content: str, language: str = "english") -> Said:
    return heard(content, language_of(language))


@pytest.mark.parametrize("content", ["What did I say?", "tell me", "I've lost it", "MY boat", "myself"])
def test_the_first_person_is_heard(content: str) -> None:
    assert speaks_first_person(said(content))


@pytest.mark.parametrize("content", ["What did Ana say?", "II. act", ""])
def test_others_are_not_the_first_person(content: str) -> None:
    assert not speaks_first_person(said(content))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("What did Ana say?", {"Ana"}),
        ("ana's boat and Rossi's", {"Ana", "Bob Rossi"}),
        ("Analysis of bananas", set()),
        ("Ana, Bob and Cleo", set()),
        ("who was it?", set()),
    ],
)
def test_actors_are_named_by_a_word_of_their_name(content: str, named: set[str]) -> None:
    assert named_actors(said(content), ["Ana", "Bob Rossi", "Cleo"]) == named


def test_a_name_that_all_answer_to_tells_nothing_apart() -> None:
    assert named_actors(said("Ana?"), ["Ana"]) == frozenset()


def test_actor_match_is_the_named_one_or_oneself() -> None:
    assert actor_match("Ana", {"Ana"}, "", first_person=False) == 1.0
    assert actor_match("Bob", {"Ana"}, "Bob", first_person=True) == 1.0
    assert actor_match("Bob", {"Ana"}, "Bob", first_person=False) == 0.0
    assert actor_match("", set(), "", first_person=True) == 0.0


@pytest.mark.parametrize(
    ("language", "content", "oneself"),
    [
        ("german", "Was habe ich gesagt?", True),
        ("german", "Wo ist meine Jacke?", True),
        ("german", "Was hat Ida gesagt?", False),
        ("spanish", "¿Dónde dejé mis llaves?", True),
        ("spanish", "¿Qué compró Ana?", False),
        ("french", "Qu'est-ce que j'ai dit ?", True),
        ("french", "Où est ma veste ?", True),
        ("french", "Qu'a dit Jean ?", False),
        ("plain", "我昨天说了什么？", True),
        ("plain", "私の傘はどこですか", True),
        ("plain", "安娜说了什么？", False),
    ],
)
def test_the_first_person_is_heard_in_each_language(language: str, content: str, oneself: bool) -> None:
    assert speaks_first_person(said(content, language)) is oneself


@pytest.mark.parametrize(
    ("language", "content", "actors", "named"),
    [
        ("german", "Was macht Annas Hund?", ["Anna", "Bo"], {"Anna"}),
        ("german", "Welche Farbe hat Thomas' Rad?", ["Thomas", "Bo"], {"Thomas"}),
        ("spanish", "¿Qué dijo la hija de Inés?", ["Inés", "Bo"], {"Inés"}),
        ("french", "Quel est le chien d'Anne ?", ["Anne", "Bo"], {"Anne"}),
        ("french", "Qu'Élise a-t-elle lu ?", ["Élise", "Bo"], {"Élise"}),
        ("plain", "田中さんは何を買いましたか", ["田中", "中村"], {"田中"}),
        ("plain", "さくらの傘", ["さくら", "くるみ"], {"さくら"}),
        ("plain", "Ana 说了什么？", ["Ana", "Bo"], {"Ana"}),
    ],
)
def test_actors_are_named_in_each_language(
    language: str, content: str, actors: list[str], named: set[str]
) -> None:
    assert named_actors(said(content, language), actors) == named
