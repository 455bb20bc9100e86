"""The shipped sample: it decodes, it is in order, and its callbacks lead somewhere."""

from __future__ import annotations

import pytest

from cognition import samples
from schemas.percept import BoundaryMark, Percept, seconds


@pytest.fixture(scope="module", params=samples.MINDS)
def percepts(request: pytest.FixtureRequest) -> list[Percept]:
    return samples.read(request.param)


def moment(percept: Percept) -> float:
    assert percept.occurred_at is not None, percept.key
    return seconds(percept.occurred_at)


def test_there_are_three_hundred_percepts_or_more() -> None:
    assert sum(len(samples.lines(mind)) for mind in samples.MINDS) >= 330


def test_each_file_is_one_mind_in_order_of_time(percepts: list[Percept]) -> None:
    assert len({percept.mind for percept in percepts}) == 1
    times = [moment(percept) for percept in percepts]
    assert times == sorted(set(times))
    assert times[-1] - times[0] > 35 * 86_400


def test_every_key_occurs_once(percepts: list[Percept]) -> None:
    keys = [percept.key for percept in percepts]
    assert all(keys)
    assert len(set(keys)) == len(keys)


def test_every_percept_says_who_where_and_what(percepts: list[Percept]) -> None:
    for percept in percepts:
        assert percept.content.strip() == percept.content != ""
        assert percept.actor
        assert percept.source
        assert percept.context.get("place"), percept.key
        assert percept.context.get("task"), percept.key


def test_relations_lead_back_to_what_came_before(percepts: list[Percept]) -> None:
    seen: set[str] = set()
    targets = 0
    for percept in percepts:
        for relation in percept.relations:
            assert relation.target in seen, percept.key
            targets += 1
        seen.add(percept.key)
    assert targets >= 20


def test_every_explicit_end_had_its_begin(percepts: list[Percept]) -> None:
    label = ""
    for percept in percepts:
        if percept.boundary is BoundaryMark.BEGIN:
            label = percept.boundary_label
        elif percept.boundary is BoundaryMark.END:
            assert percept.boundary_label == label, percept.key


def test_feelings_vary(percepts: list[Percept]) -> None:
    valences = {percept.valence for percept in percepts}
    assert min(valences) <= -0.5
    assert max(valences) >= 0.8


def test_the_cues_expect_what_their_filters_let_through() -> None:
    by_key = {percept.key: percept for mind in samples.MINDS for percept in samples.read(mind)}
    for sample in samples.read_cues():
        narrowed = sample.cue.filter
        for key in sample.expect:
            percept = by_key[key]
            assert percept.mind == sample.cue.mind
            assert not narrowed.actors or percept.actor in narrowed.actors
            assert narrowed.context.items() <= percept.context.items()
            if narrowed.occurred_from is not None and narrowed.occurred_to is not None:
                assert seconds(narrowed.occurred_from) <= moment(percept) <= seconds(narrowed.occurred_to)
            if narrowed.mood is not None:
                away = (percept.valence - narrowed.mood.valence) ** 2
                away += (percept.arousal - narrowed.mood.arousal) ** 2
                assert away <= narrowed.mood.radius**2 + 1e-9


def test_the_cues_show_what_recall_can_do() -> None:
    cues = [sample.cue for sample in samples.read_cues()]
    assert len(cues) == 10
    assert len({cue.id for cue in cues}) == 10
    assert {cue.mind for cue in cues} == set(samples.MINDS)
    assert any(cue.filter.actors for cue in cues)
    assert any(cue.filter.occurred_from is not None for cue in cues)
    assert any(cue.filter.mood is not None for cue in cues)
    assert any(cue.filter.context for cue in cues)
    assert any(cue.episode is not None for cue in cues)
    assert sum(not sample.expect for sample in samples.read_cues()) == 1
