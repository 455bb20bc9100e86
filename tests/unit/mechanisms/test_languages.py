"""What is known of a language is whole, and its dates are such as the date parser understands."""

from typing import get_args

import pytest

from cognition.dating import DateParser
from cognition.engine.options import LanguageName
from cognition.mechanisms.languages import LANGUAGES, PLAIN, Language, language_of
from cognition.mechanisms.text import Analyzer, normalised, words

NAMED = [language for language in LANGUAGES.values() if language is not PLAIN]


def test_the_settings_know_every_language_and_no_other() -> None:
    assert set(get_args(LanguageName)) == set(LANGUAGES)


def test_a_language_that_is_not_known_is_plain() -> None:
    assert language_of("klingon") is PLAIN
    assert Analyzer("klingon").terms("the boats") == ["the", "boats"]


@pytest.mark.parametrize("language", NAMED, ids=lambda language: language.name)
def test_words_are_written_as_texts_are_read(language: Language) -> None:
    """Stop words, pronouns and hints are compared with casefolded words."""
    for word in language.stop_words | language.first_person:
        assert words(word) == [word]
    for word in language.calendar.hints | language.elisions:
        assert normalised(word) == word


@pytest.mark.parametrize("language", NAMED, ids=lambda language: language.name)
def test_pronouns_of_the_first_person_carry_no_evidence(language: Language) -> None:
    rare = {"mine", "conmigo", "mien", "mienne", "miens", "miennes"}
    assert language.first_person - language.stop_words <= rare


@pytest.mark.parametrize("language", NAMED, ids=lambda language: language.name)
def test_a_stop_word_gives_no_term_and_a_plural_meets_its_singular(language: Language) -> None:
    analyzer = Analyzer(language.name)
    assert analyzer.terms(" ".join(sorted(language.stop_words))) == []
    singular, plural = {
        "english": ("boat", "boats"),
        "german": ("Haus", "Häuser"),
        "spanish": ("libro", "libros"),
        "french": ("cheval", "chevaux"),
    }[language.name]
    assert analyzer.terms(singular) == analyzer.terms(plural)


def test_what_an_apostrophe_binds_in_french_is_taken_away() -> None:
    french = Analyzer("french")
    assert french.terms("l'école d'Anne, qu'elle aime; aujourd'hui j'arrive") == french.terms(
        "école Anne aime aujourd'hui arrive"
    )


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.name)
def test_every_month_and_weekday_is_understood(language: Language) -> None:
    read = DateParser().read
    at = 1_700_000_000.0
    tongue = {"english": "en", "german": "de", "spanish": "es", "french": "fr", "plain": "ja"}[language.name]
    months = _MONTHS.get(language.name, " ".join(f"{n}月" for n in range(1, 13))).split()
    found = [read(month, tongue, at) for month in months]
    assert [(date.month, date.period) for date in found if date] == [(n, "month") for n in range(1, 13)]
    if language is not PLAIN:
        weekdays = [read(day, tongue, at) for day in _WEEKDAYS[language.name].split()]
        assert [date.period for date in weekdays if date] == ["day"] * 7
        assert set(months) | set(_WEEKDAYS[language.name].split()) <= language.calendar.hints


_MONTHS = {
    "english": "january february march april may june july august september october november december",
    "german": "januar februar märz april mai juni juli august september oktober november dezember",
    "spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "french": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
_WEEKDAYS = {
    "english": "monday tuesday wednesday thursday friday saturday sunday",
    "german": "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "spanish": "lunes martes miércoles jueves viernes sábado domingo",
    "french": "lundi mardi mercredi jeudi vendredi samedi dimanche",
}
