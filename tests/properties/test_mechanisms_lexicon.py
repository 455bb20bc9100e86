"""Laws of the lexicon and of terms: order does not count, forgetting is exact, moments are true."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms.evidence import length_norm, on_grid, saturated
from cognition.mechanisms.lexicon import Lexicon
from cognition.mechanisms.text import Analyzer, content_hash, normalised, token_estimate
from cognition.mechanisms.thread import changes_between

Entry = tuple[dict[int, float], int]

weights = st.floats(1 / 256, 1.0, width=32)
entries: st.SearchStrategy[Entry] = st.tuples(
    st.dictionaries(st.integers(1, 12), weights, max_size=6), st.integers(0, 100)
)
lives = st.lists(entries, max_size=25)
DIMENSION = 3


def direction(number: int) -> np.ndarray:
    return np.eye(DIMENSION, dtype=np.float32)[number % DIMENSION]


def lexicon_of(life: list[Entry]) -> Lexicon:
    lexicon = Lexicon(DIMENSION)
    for terms, length in life:
        lexicon.add(terms, length, direction(length))
    return lexicon


@given(lives, st.randoms(use_true_random=False))
def test_the_order_of_a_life_does_not_count(life: list[Entry], chance: object) -> None:
    shuffled = list(life)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert lexicon_of(shuffled) == lexicon_of(life)


@given(lives, lives)
def test_forgetting_is_the_exact_inverse_of_adding(kept: list[Entry], forgotten: list[Entry]) -> None:
    lexicon = lexicon_of(kept + forgotten)
    for terms, length in forgotten:
        lexicon.remove(terms, length, direction(length))
    assert lexicon == lexicon_of(kept)


@given(lives)
def test_a_snapshot_is_the_whole_state(life: list[Entry]) -> None:
    restored = Lexicon.restore(lexicon_of(life).snapshot())
    assert restored == lexicon_of(life)
    for terms, length in life:
        restored.remove(terms, length, direction(length))
    assert restored == Lexicon(DIMENSION)


@given(lives.filter(bool), st.integers(1, 12), st.floats(0.1, 10.0))
def test_moments_of_one_term_are_those_of_the_collection(life: list[Entry], term: int, q: float) -> None:
    mean, sd = lexicon_of(life).lexical_moments({term: q}, sd_min=0.0)
    scores = np.array([q * terms.get(term, 0.0) for terms, _ in life])
    assert mean == pytest.approx(scores.mean(), abs=q / 4096)
    assert sd == pytest.approx(scores.std(), abs=q / 1024)


@given(lives)
def test_rarer_terms_tell_more(life: list[Entry]) -> None:
    lexicon = lexicon_of(life)
    idf = lexicon.idf(range(1, 13))
    frequency = [lexicon.document_frequency(t) for t in range(1, 13)]
    assert (idf > 0).all()
    ranked = sorted(zip(frequency, idf.tolist(), strict=True))
    assert all(a[1] >= b[1] for a, b in itertools.pairwise(ranked))


@given(st.integers(1, 9_999), st.integers(0, 9_999), st.floats(1.0, 1e4))
def test_evidence_is_in_bounds_and_rises_with_frequency(tf: int, more: int, mean: float) -> None:
    norm = length_norm(tf + more, mean)
    assert 0.0 < on_grid(saturated(tf, norm)) <= on_grid(saturated(tf + more, norm)) <= 1.0


@given(lives.filter(bool), st.dictionaries(st.integers(1, 12), st.floats(0.0, 1.0)))
def test_revising_a_memory_is_having_added_the_revised_one(
    life: list[Entry], revised: dict[int, float]
) -> None:
    news = {term: weight for term, weight in revised.items() if weight}
    changes = changes_between(life[0][0], news)
    lexicon = lexicon_of(life)
    lexicon.revise(changes)
    assert lexicon._moments == lexicon_of([(news, life[0][1]), *life[1:]])._moments


@given(lives, lives, st.data())
def test_what_changed_since_it_was_saved_is_enough(
    before: list[Entry], after: list[Entry], data: st.DataObject
) -> None:
    lexicon = lexicon_of(before)
    lexicon.saved()
    base = Lexicon.restore(lexicon.snapshot())
    for terms, length in after:
        lexicon.add(terms, length, direction(length))
    for terms, length in data.draw(
        st.lists(st.sampled_from(before), unique_by=id) if before else st.just([])
    ):
        lexicon.remove(terms, length, direction(length))
    base.take_over(lexicon.changes())
    assert base == lexicon
    again = Lexicon.restore(base.snapshot())
    again.take_over(base.changes())
    assert again == lexicon


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)
    assert content_hash(f" {text}\n") == content_hash(text)


@given(st.text(), st.sampled_from(["english", "german", "plain"]))
def test_any_text_has_terms_and_a_length(text: str, language: str) -> None:
    analyzer = Analyzer(language)
    terms = analyzer.terms(text)
    assert all(terms)
    assert sum(analyzer.evidence_terms(text).values()) == len(terms)
    assert analyzer.evidence_terms(text) == Analyzer(language).evidence_terms(text)
    assert token_estimate(text) >= 0


_PUNCTUATED = st.text(alphabet="ab .?!;\u00bf\uff1f\u3002\u304b\u03b1\u055e\u0561'\n")


@given(st.text() | _PUNCTUATED, st.text(max_size=8))
def test_every_term_is_either_stated_or_asked(text: str, actor: str) -> None:
    analyzer = Analyzer("plain")
    stated, asked = analyzer.turn_terms(text, actor)
    both = Counter(stated) + Counter(asked)
    assert both == Counter(analyzer.evidence_terms(text, actor))


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_is_cut_as_any_script_is(text: str) -> None:
    """The fast way for ASCII and the way for all scripts agree."""
    plain = Analyzer("plain")
    assert plain.terms(text + " é")[:-1] == plain.terms(text)
