"""Text becomes the same terms wherever and however it is written."""

import pytest

from cognition.mechanisms import text
from cognition.mechanisms.text import Analyzer, content_hash, searchable_text, term_id, token_estimate

ENGLISH = Analyzer()


def test_words_are_stemmed_and_stop_words_dropped() -> None:
    assert ENGLISH.terms("She was painting the boats, and we paint a boat!") == ["paint", "boat"] * 2


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("Ana’s café isn’t open", ["ana", "café", "open"]),
        ("'quoted' rock'n'roll ''", ["quot", "rock'n'rol"]),
        ("ＦＵＬＬ ｗｉｄｔｈ", ["full", "width"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("हिन्दी", ["हिन्दी"]),
        ("price_list 12,50€", ["price", "list", "12", "50"]),
        ("the of and 'tis", ["tis"]),
        ("", []),
        ("🙂 — …", []),
    ],
)
def test_any_script_gives_terms(written: str, terms: list[str]) -> None:
    assert ENGLISH.terms(written) == terms


def test_plain_keeps_words_as_they_are() -> None:
    plain = Analyzer("klingon")
    assert plain.language == "plain"
    assert plain.terms("the boats") == ["the", "boats"]


def test_another_language_stems_by_its_own_rules() -> None:
    assert Analyzer("german").terms("Häuser") == Analyzer("german").terms("Häusern")


def test_term_ids_are_stable_across_releases() -> None:
    assert term_id("boat") == 1_274_525_083
    assert term_id("café") == 3_603_235_629


def test_evidence_counts_terms_and_the_actors_name() -> None:
    boat, ana, rossi = map(term_id, ("boat", "ana", "rossi"))
    assert ENGLISH.evidence_terms("Boats, boats", "Ana Rossi") == {boat: 2, ana: 1, rossi: 1}
    assert ENGLISH.evidence_terms("Boats, boats", "Ana Rossi") == {boat: 2, ana: 1, rossi: 1}
    assert ENGLISH.evidence_terms("the", "") == {}


def test_the_memo_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "WORDS_MAX", 10)
    monkeypatch.setattr(text, "ACTORS_MAX", 2)
    analyzer = Analyzer()
    for number in range(50):
        analyzer.evidence_terms(f"word{number}", f"actor{number}")
    assert len(analyzer._ids) <= 10
    assert len(analyzer._actors) <= 2


def test_an_overlong_word_is_found_by_its_beginning_and_not_kept() -> None:
    analyzer = Analyzer("plain")
    long = "x" * 5_000
    assert analyzer.terms(long) == ["x" * text.WORD_LENGTH_MAX]
    assert analyzer.evidence_terms(long) == {term_id("x" * text.WORD_LENGTH_MAX): 1}
    assert not analyzer._ids


@pytest.mark.parametrize("other", ["the  Boat\n", "THE BOAT", "ｔｈｅ boat", "\tthe boat "])
def test_a_repeat_is_recognised_in_another_dress(other: str) -> None:
    assert content_hash(other) == content_hash("the boat")


def test_another_text_has_another_hash() -> None:
    assert content_hash("the boat.") != content_hash("the boat")


@pytest.mark.parametrize(("said", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("東京", 2)])
def test_tokens_are_a_quarter_of_the_bytes(said: str, tokens: int) -> None:
    assert token_estimate(said) == tokens


def test_structured_percepts_speak_in_lines() -> None:
    data = {
        "id": "b7c1",
        "title": "Harbour survey",
        "sensor_id": 12,
        "createdAt": "2026-01-01",
        "waterTemperature": 11.5,
        "tags": ["boat", "paint"],
        "reading": {"wind_speed": 4, "calm": True, "note": None},
        "people": [{"name": "Ana", "role": "painter"}],
        "blob": "A" * 200,
        "vector": [0.1, 0.2],
        "_internal": "x",
    }
    assert searchable_text(data).splitlines() == [
        "Harbour survey",
        "water temperature: 11.5",
        "tags: boat, paint",
        "wind speed: 4",
        "calm: yes",
        "Ana",
        "role: painter",
    ]


def test_nothing_readable_is_the_empty_text() -> None:
    assert searchable_text({"id": 1, "meta": {"uuid": "x"}}) == ""


def test_structured_text_is_bounded() -> None:
    assert len(searchable_text({f"k{i}": "word " * 200 for i in range(100)})) <= 32_768
    assert len(searchable_text({f"k{i}": i for i in range(5_000)}).splitlines()) == 1_001
    deep: dict[str, object] = {"word": "bottom"}
    for _ in range(50):
        deep = {"deeper": deep}
    assert searchable_text(deep) == ""


def test_a_turn_is_counted_apart_by_what_it_states_and_asks() -> None:
    boat, paint, ana = map(term_id, ("boat", "paint", "ana"))
    assert ENGLISH.turn_terms("The boats! Do you paint boats?", "Ana") == (
        {boat: 1, ana: 1},
        {paint: 1, boat: 1},
    )
    assert ENGLISH.turn_terms("The boats.", "Ana") == ({boat: 1, ana: 1}, {})
    assert ENGLISH.turn_terms("", "") == ({}, {})


@pytest.mark.parametrize(
    "text", ["The keys' pots aren't under Ana's pot.", "Über Straße 7", "鍵は青い鍋", "", "l'eau"]
)
@pytest.mark.parametrize("language", ["english", "german", "french", "plain"])
def test_what_is_said_and_what_tells_are_the_terms_that_are_counted(text: str, language: str) -> None:
    analyzer = Analyzer(language)
    assert analyzer.said_terms(text, "Ana Li") == analyzer.evidence_terms(text, "Ana Li").keys()
    told = analyzer.telling(text)
    assert set(told.values()) == analyzer.evidence_terms(text).keys()
    assert all({told[word]} == analyzer.evidence_terms(word).keys() for word in told)
