"""Laws of learning: bounds, order, time, and what a year of use leaves behind."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms import synapses
from cognition.mechanisms.plasticity import DAY_S, Learned, faded, route_gain, routed_weight
from schemas.association import Association
from schemas.memory import Memory

MEMORY = Memory(id="m", mind="ana", key="k", entry="1-0", content="")
UNIT = st.floats(0.0, 1.0)
COUNT = st.floats(0.0, 1e4)
TIME = st.floats(0.0, 400 * DAY_S)

USES = st.lists(
    st.tuples(st.booleans(), st.dictionaries(st.integers(1, 6), UNIT, max_size=4), UNIT, TIME), max_size=12
)


def taught(events: list[tuple[bool, dict[int, float], float, float]]) -> Learned:
    learned = Learned.of(MEMORY)
    for useful, terms, share, at in events:
        if useful:
            learned.use(terms, share, at)
        else:
            learned.pass_over(terms, at)
    return learned


@given(UNIT, COUNT, COUNT)
def test_a_routed_weight_stays_between_nothing_and_one(weight: float, used: float, unused: float) -> None:
    assert 0.0 <= routed_weight(weight, used, unused) <= 1.0


@given(UNIT, COUNT, COUNT, st.floats(0.0, 100.0))
def test_use_never_lowers_a_weight_and_vain_showing_never_raises_it(
    weight: float, used: float, unused: float, more: float
) -> None:
    now = routed_weight(weight, used, unused)
    assert routed_weight(weight, used + more, unused) >= now
    assert routed_weight(weight, used, unused + more) <= now


@given(USES, st.randoms(use_true_random=False))
def test_events_in_any_order_leave_the_same_routes(
    events: list[tuple[bool, dict[int, float], float, float]], chance: random.Random
) -> None:
    shuffled = list(events)
    chance.shuffle(shuffled)
    one, other = taught(events), taught(shuffled)
    assert one.at == other.at
    assert one.in_vain == pytest.approx(other.in_vain)
    for counts, others in ((one.used, other.used), (one.unused, other.unused)):
        assert counts.keys() == others.keys()
        assert counts == pytest.approx(others)


@given(USES, TIME, st.lists(UNIT, max_size=5))
def test_upkeep_at_any_cadence_changes_nothing(
    events: list[tuple[bool, dict[int, float], float, float]], later: float, stops: list[float]
) -> None:
    """Writing the counts down again and again between now and then, or never: the same at a cue."""
    left, kept = taught(events), taught(events)
    now = left.at + later
    for stop in sorted(stops):
        kept.pass_over({}, left.at + later * stop)
        kept.in_vain -= 1.0
    asked = dict.fromkeys(range(1, 7), 1.0)
    weights = dict.fromkeys(range(1, 7), 0.5)
    one = route_gain(left.routes(weights), asked, faded(now - left.at))
    other = route_gain(kept.routes(weights), asked, faded(now - kept.at))
    assert one == pytest.approx(other, abs=1e-9)


@given(UNIT, st.lists(st.tuples(st.booleans(), UNIT, TIME), max_size=30))
def test_an_association_stays_between_nothing_and_one(
    weight: float, events: list[tuple[bool, float, float]]
) -> None:
    each = Association(target_id="b", weight=weight, type=synapses.LEARNED)
    for together, evidence, at in events:
        each = synapses.potentiated(each, evidence, at) if together else synapses.depressed(each, at)
        assert 0.0 <= each.weight <= 1.0


@given(UNIT, TIME, st.lists(UNIT, max_size=6))
def test_decay_does_not_depend_on_how_often_one_looks(weight: float, span: float, stops: list[float]) -> None:
    """Decaying piece by piece is decaying at once."""
    left, at = weight, 0.0
    for stop in sorted(stops):
        left, at = synapses.decayed(left, span * stop - at), span * stop
    assert synapses.decayed(left, span - at) == pytest.approx(synapses.decayed(weight, span))


@given(st.lists(st.tuples(st.integers(0, 60), UNIT, st.booleans()), max_size=80), st.integers(1, 40), TIME)
def test_an_array_never_outgrows_its_bound_and_keeps_what_the_caller_gave(
    rows: list[tuple[int, float, bool]], limit: int, now: float
) -> None:
    array = [
        Association(target_id=str(n), weight=weight, type=synapses.LEARNED, given=said)
        for n, (_, weight, said) in enumerate(rows)
    ]
    left = synapses.kept(array, now, limit)
    assert len(left) <= limit
    said = [a for a in array if a.given]
    assert len([a for a in left if a.given]) == min(limit, len(said))


@pytest.mark.parametrize("every_days", [1, 3, 7, 14])
def test_a_year_of_use_neither_saturates_nor_vanishes(every_days: int) -> None:
    """A memory that serves every few days and is shown in vain twice as often."""
    learned, bond = Learned.of(MEMORY), synapses.formed("b", 1.0, 0.0)
    for day in range(365):
        if day % every_days == 0:
            learned.use({1: 1.0}, 0.65, day * DAY_S)
            bond = synapses.potentiated(bond, 1.0, day * DAY_S)
        if (2 * day) % every_days == 0:
            learned.pass_over({2: 0.5}, day * DAY_S)
            bond = synapses.depressed(bond, day * DAY_S) if day % 5 == 0 else bond
    kept = faded(365 * DAY_S - learned.at)
    raised = routed_weight(0.3, learned.used[1] * kept, 0.0)
    lowered = routed_weight(0.3, 0.0, learned.unused[2] * kept)
    assert 0.31 < raised < 0.95
    assert 0.05 < lowered < 0.299
    assert 0.05 < synapses.strength(bond, 365 * DAY_S) < 0.95
    assert learned.in_vain * kept < 15
