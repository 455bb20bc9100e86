"""The times that a cue names, in each language."""

import datetime as dt
import math

import pytest

from cognition.dating import DateParser
from cognition.mechanisms import dates
from cognition.mechanisms.dates import DAY_S, SPANS_MAX, Span, hinted, named, time_match, window
from cognition.mechanisms.languages import LANGUAGES, language_of
from cognition.mechanisms.text import words

READ = DateParser().read


def epoch(year: int, month: int, day: int) -> float:
    return dt.datetime(year, month, day, tzinfo=dt.UTC).timestamp()


ASKED = epoch(2023, 11, 14) + 15 * 3_600.0
"""A Tuesday."""


def dated(content: str, language: str = "english", at: float = ASKED) -> tuple[Span, ...]:
    return named(content, language_of(language), at, READ)


def days(spans: tuple[Span, ...]) -> list[tuple[str, str, str | None]]:
    """Spans as dates, to be read."""
    told = [dt.datetime.fromtimestamp(t, dt.UTC).date().isoformat() for s in spans for t in s[:2]]
    return [(told[2 * n], told[2 * n + 1], span.bound) for n, span in enumerate(spans)]


@pytest.mark.parametrize(
    ("content", "start", "end"),
    [
        ("on 7 May 2023?", (2023, 5, 7), (2023, 5, 8)),
        ("May 7th, 2023", (2023, 5, 7), (2023, 5, 8)),
        ("the 7th of May", (2023, 5, 7), (2023, 5, 8)),
        ("2023-05-07", (2023, 5, 7), (2023, 5, 8)),
        ("2023-12", (2023, 12, 1), (2024, 1, 1)),
        ("Sept. 2021", (2021, 9, 1), (2021, 10, 1)),
        ("in December", (2022, 12, 1), (2023, 1, 1)),
        ("in June 2021?", (2021, 6, 1), (2021, 7, 1)),
        ("during May, 2020", (2020, 5, 1), (2020, 6, 1)),
        ("late in May 7th, 2020", (2020, 5, 7), (2020, 5, 8)),
        ("back in 2020", (2020, 1, 1), (2021, 1, 1)),
        ("29 February", (2020, 2, 29), (2020, 3, 1)),
        ("29 February 2000", (2000, 2, 29), (2000, 3, 1)),
    ],
)
def test_dates_are_read(content: str, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    assert dated(content) == (Span(epoch(*start), epoch(*end)),)


@pytest.mark.parametrize("content", ["may I go?", "31 February 2020", "march on", "room 2023b", "12345", ""])
def test_what_is_no_date_is_not_read(content: str) -> None:
    assert dated(content) == ()


def test_a_moment_that_is_none_dates_nothing() -> None:
    assert dated("in May 2020", at=math.nan) == ()
    assert dated("in May", at=1e18) == ()


def test_dates_of_one_cue_are_bounded() -> None:
    assert len(dated(" ".join(str(year) for year in range(1990, 2020)))) == SPANS_MAX


def test_time_match_falls_by_days_and_twice_as_fast_before() -> None:
    week = Span(0.0, DAY_S)
    assert time_match(DAY_S / 2, [week]) == 1.0
    assert time_match(8 * DAY_S, [week]) == pytest.approx(1 / math.e)
    assert time_match(-7 * DAY_S, [week]) == pytest.approx(1 / math.e**2)
    assert time_match(-1e15, [week, Span(-1e15, -1e15 + 1)]) == 1.0
    assert time_match(0.0, []) == 0.0


@pytest.mark.parametrize(
    ("language", "content", "begin", "end"),
    [
        ("english", "What did she do two weeks ago?", "2023-10-30", "2023-11-06"),
        ("english", "last week", "2023-11-06", "2023-11-13"),
        ("english", "a few days ago", "2023-11-11", "2023-11-12"),
        ("english", "last weekend", "2023-11-11", "2023-11-13"),
        ("english", "on Monday", "2023-11-13", "2023-11-14"),
        ("english", "the day before yesterday", "2023-11-12", "2023-11-13"),
        ("english", "in the last 3 months", "2023-08-14", "2023-11-14"),
        ("english", "What did we do in the last few days?", "2023-11-11", "2023-11-14"),
        ("english", "the last couple of weeks", "2023-10-31", "2023-11-14"),
        ("english", "the week before last?", "2023-10-30", "2023-11-06"),
        ("english", "3/4/2023", "2023-03-04", "2023-03-05"),
        ("english", "03.04.2023", "2023-03-04", "2023-03-05"),
        ("english", "13/4/2023", "2023-04-13", "2023-04-14"),
        ("english", "2023/05/05", "2023-05-05", "2023-05-06"),
        ("english", "March 3-5, 2023", "2023-03-03", "2023-03-06"),
        ("english", "from 3 to 5 March 2023", "2023-03-03", "2023-03-06"),
        ("english", "the 3rd to the 5th of March", "2023-03-03", "2023-03-06"),
        ("english", "between March 3 and 5, 2022", "2022-03-03", "2022-03-06"),
        ("english", "between 3 and 5 March 2022", "2022-03-03", "2022-03-06"),
        ("english", "two weeks before May 3rd, 2023", "2023-04-17", "2023-05-04"),
        ("english", "a month before the 3rd of May", "2023-04-01", "2023-05-04"),
        ("english", "3 days after May 3, 2023", "2023-05-03", "2023-05-07"),
        ("english", "a few days before yesterday", "2023-11-10", "2023-11-14"),
        ("english", "in 2021 people moved", "2021-01-01", "2022-01-01"),
        ("english", "between March and May 2022", "2022-03-01", "2022-06-01"),
        ("english", "from Monday to Friday", "2023-11-06", "2023-11-11"),
        ("german", "am 3. Mai", "2023-05-03", "2023-05-04"),
        ("german", "vor zwei Wochen", "2023-10-30", "2023-11-06"),
        ("german", "im März 2023", "2023-03-01", "2023-04-01"),
        ("german", "vergangene Woche", "2023-11-06", "2023-11-13"),
        ("german", "letzten Montag", "2023-11-13", "2023-11-14"),
        ("german", "vorgestern", "2023-11-12", "2023-11-13"),
        ("german", "am 03.05.2022", "2022-05-03", "2022-05-04"),
        ("german", "in den letzten drei Monaten", "2023-08-14", "2023-11-14"),
        ("german", "in den letzten Tagen", "2023-11-11", "2023-11-14"),
        ("german", "die letzten paar Wochen", "2023-10-24", "2023-11-14"),
        ("german", "vorletzte Woche", "2023-10-30", "2023-11-06"),
        ("german", "im vorletzten Monat", "2023-09-01", "2023-10-01"),
        ("german", "vorletztes Jahr", "2021-01-01", "2022-01-01"),
        ("german", "3/4/2023", "2023-04-03", "2023-04-04"),
        ("german", "2023/05/05", "2023-05-05", "2023-05-06"),
        ("german", "vom 3. bis 5. März 2023", "2023-03-03", "2023-03-06"),
        ("german", "zwischen dem 3. und 5. März", "2023-03-03", "2023-03-06"),
        ("german", "zwei Wochen vor dem 3. Mai 2023", "2023-04-17", "2023-05-04"),
        ("german", "drei Tage nach dem 3. Mai 2023", "2023-05-03", "2023-05-07"),
        ("german", "zwischen März und Mai 2022", "2022-03-01", "2022-06-01"),
        ("spanish", "el 3 de mayo", "2023-05-03", "2023-05-04"),
        ("spanish", "hace dos semanas", "2023-10-30", "2023-11-06"),
        ("spanish", "en marzo de 2023", "2023-03-01", "2023-04-01"),
        ("spanish", "la semana pasada", "2023-11-06", "2023-11-13"),
        ("spanish", "el lunes pasado", "2023-11-13", "2023-11-14"),
        ("spanish", "anteayer", "2023-11-12", "2023-11-13"),
        ("spanish", "el fin de semana pasado", "2023-11-11", "2023-11-13"),
        ("spanish", "entre marzo y mayo de 2022", "2022-03-01", "2022-06-01"),
        ("spanish", "el pasado lunes", "2023-11-13", "2023-11-14"),
        ("spanish", "el pasado mes", "2023-10-01", "2023-11-01"),
        ("spanish", "el pasado mes de mayo", "2023-05-01", "2023-06-01"),
        ("spanish", "la pasada semana", "2023-11-06", "2023-11-13"),
        ("spanish", "el pasado fin de semana", "2023-11-11", "2023-11-13"),
        ("spanish", "en los últimos días", "2023-11-11", "2023-11-14"),
        ("spanish", "hace un par de semanas", "2023-10-30", "2023-11-06"),
        ("spanish", "3.4.2023", "2023-04-03", "2023-04-04"),
        ("spanish", "del 3 al 5 de marzo de 2023", "2023-03-03", "2023-03-06"),
        ("spanish", "entre el 3 y el 5 de marzo", "2023-03-03", "2023-03-06"),
        ("spanish", "dos semanas antes del 3 de mayo de 2023", "2023-04-17", "2023-05-04"),
        ("spanish", "tres días después del 3 de mayo de 2023", "2023-05-03", "2023-05-07"),
        ("french", "le 3 mai", "2023-05-03", "2023-05-04"),
        ("french", "il y a deux semaines", "2023-10-30", "2023-11-06"),
        ("french", "en mars 2023", "2023-03-01", "2023-04-01"),
        ("french", "la semaine dernière", "2023-11-06", "2023-11-13"),
        ("french", "lundi dernier", "2023-11-13", "2023-11-14"),
        ("french", "avant-hier", "2023-11-12", "2023-11-13"),
        ("french", "ces trois derniers mois", "2023-08-14", "2023-11-14"),
        ("french", "entre mars et mai 2022", "2022-03-01", "2022-06-01"),
        ("french", "d'avril à juin 2022", "2022-04-01", "2022-07-01"),
        ("french", "d\u2019août à octobre 2022", "2022-08-01", "2022-11-01"),
        ("french", "ces dernières semaines", "2023-10-24", "2023-11-14"),
        ("french", "3.4.2023", "2023-04-03", "2023-04-04"),
        ("french", "du 3 au 5 mars 2023", "2023-03-03", "2023-03-06"),
        ("french", "entre le 3 et le 5 mars", "2023-03-03", "2023-03-06"),
        ("french", "deux semaines avant le 3 mai 2023", "2023-04-17", "2023-05-04"),
        ("french", "trois jours après le 3 mai 2023", "2023-05-03", "2023-05-07"),
        ("plain", "2023年5月3日に何を買いましたか", "2023-05-03", "2023-05-04"),
        ("plain", "１２月３日", "2022-12-03", "2022-12-04"),
        ("plain", "先週", "2023-11-06", "2023-11-13"),
        ("plain", "上周安娜做了什么？", "2023-11-06", "2023-11-13"),
        ("plain", "三天前", "2023-11-11", "2023-11-12"),
        ("plain", "2022-05", "2022-05-01", "2022-06-01"),
        ("plain", "2023/5/4", "2023-05-04", "2023-05-05"),
    ],
)
def test_each_language_says_dates_in_its_way(language: str, content: str, begin: str, end: str) -> None:
    assert days(dated(content, language)) == [(begin, end, None)]
    assert hinted(content, set(words(content)), language_of(language).calendar)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "content",
    [
        "What did Ana paint?",
        "Was will ich so gern?",
        "¿Qué quiere?",
        "Que veut-elle ?",
        "何をしたい",
        "walk and march",
    ],
)
def test_what_names_no_time_names_none(language: str, content: str) -> None:
    assert dated(content, language) == ()


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("english", "2000 dollars"),
        ("english", "$2000"),
        ("english", "\u20ac 2000"),
        ("english", "1999.99"),
        ("english", "Room 2021"),
        ("english", "no. 2021"),
        ("english", "room number 2021"),
        ("english", "#2021"),
        ("english", "the 2021 people who came"),
        ("german", "2000 Euro"),
        ("german", "Zimmer 2021"),
        ("german", "Nr. 2021"),
        ("spanish", "2000 pesos"),
        ("spanish", "habitación 2021"),
        ("french", "2000 euros"),
        ("french", "chambre 2021"),
        ("english", "March 30-32, 2023 dollars"),
        ("english", "March 5-3"),
        ("english", "two weeks before the wedding"),
        ("english", "two weeks before 31 February 2023"),
        ("spanish", "los últimos días del verano"),
        ("french", "les derniers jours de l'hiver"),
        ("german", "die letzten Tage des Sommers"),
        ("english", "the week before last Christmas"),
    ],
)
def test_numbers_and_distances_that_date_nothing(language: str, content: str) -> None:
    assert dated(content, language) == ()


def test_days_of_two_months_are_not_days_of_one() -> None:
    assert days(dated("from May 3 to 5 June 2022")) == [("2022-05-03", "2022-06-06", None)]
    assert days(dated("from 3 May to June 5, 2022")) == [("2022-05-03", "2022-06-06", None)]


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("english", "What did Ana paint at the harbour?"),
        ("german", "Was will ich so gern machen?"),
        ("spanish", "¿Qué pintó Ana en el puerto?"),
        ("french", "Qu'a peint Anne au port ?"),
        ("plain", "アナは何を描きましたか"),
    ],
)
def test_a_cue_without_a_hint_is_not_read(language: str, content: str) -> None:
    assert not hinted(content, set(words(content)), language_of(language).calendar)


@pytest.mark.parametrize(
    ("language", "content", "bound"),
    [
        ("english", "before March 2023", "before"),
        ("english", "since last Monday", "since"),
        ("english", "after 3 May 2023", "after"),
        ("german", "vor dem 3. Mai 2022", "before"),
        ("german", "seit März", "since"),
        ("german", "vor zwei Wochen", None),
        ("spanish", "antes de mayo", "before"),
        ("spanish", "desde el lunes", "since"),
        ("french", "avant le 3 mai", "before"),
        ("french", "depuis mars", "since"),
    ],
)
def test_one_side_of_a_date_is_told_from_the_date(language: str, content: str, bound: str | None) -> None:
    assert [span.bound for span in dated(content, language)] == [bound]


def test_beside_a_date_with_its_year_others_are_meant_from_there() -> None:
    assert days(dated("last weekend before April 10, 2022")) == [
        ("2022-04-09", "2022-04-11", None),
        ("2022-04-10", "2022-04-11", "before"),
    ]
    assert [s[0] for s in days(dated("on 7 May 2021 and in June"))] == ["2021-05-07", "2021-06-01"]


def test_a_window_holds_what_all_spans_allow() -> None:
    day = Span(10.0, 20.0)
    assert window([day]) == (10.0, 20.0)
    assert window([day, Span(40.0, 50.0)]) == (10.0, 50.0)
    assert window([day._replace(bound="before")]) == (None, 10.0)
    assert window([day._replace(bound="until")]) == (None, 20.0)
    assert window([day._replace(bound="since")]) == (10.0, None)
    assert window([day._replace(bound="after")]) == (20.0, None)
    assert window([]) == (None, None)


def test_a_day_that_its_month_lacks_is_no_date() -> None:
    assert dated("2月31日", "plain") == ()
    assert dates.named("2月30日", language_of("plain"), ASKED, READ) == ()
