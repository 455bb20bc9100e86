"""Laws of sleep: when, what, in which order, and what it leaves."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognition.mechanisms import consolidation_strength as consolidation
from cognition.mechanisms import night_order, synapses
from cognition.mechanisms.homeostasis import CYCLES_A_NIGHT, NIGHT_FACTOR, WEIGHT_MIN, Downscaling
from cognition.mechanisms.plasticity import KEPT_A_DAY
from cognition.mechanisms.pressure import (
    AWAKE_MAX_S,
    CYCLES_MAX,
    IDLE_S,
    Waking,
    asleep,
    falls_asleep,
    pressure,
    wakes,
)
from cognition.mechanisms.replay import priority, priority_key
from cognition.mechanisms.replay_priority import (
    SPLITS_MAX,
    Candidate,
    Read,
    Selection,
    Slice,
    familiar_from,
    select,
    slices,
    split,
)

HOUR, DAY = 3_600.0, 86_400.0
UNIT = st.floats(0.0, 1.0)
COUNTS = st.integers(0, 5_000)
WAKING = st.builds(
    Waking,
    awake_s=st.floats(0.0, 30 * DAY),
    encoded=COUNTS,
    potentiated=COUNTS,
    tagged=COUNTS,
    left=UNIT,
)

# --- pressure ---------------------------------------------------------------------------


@given(WAKING, st.floats(0.0, DAY), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_pressure_rises_with_time_and_with_work(
    before: Waking, later: float, encoded: int, potentiated: int, tagged: int
) -> None:
    after = Waking(
        before.awake_s + later,
        before.encoded + encoded,
        before.potentiated + potentiated,
        before.tagged + tagged,
        before.left,
    )
    assert 0.0 <= pressure(before) <= pressure(after) <= 1.0


@given(WAKING, st.lists(st.floats(0.0, 3.0), min_size=2, max_size=6))
def test_pressure_falls_in_sleep(waking: Waking, spans: list[float]) -> None:
    begin = pressure(waking)
    course = [asleep(begin, cycles) for cycles in sorted(spans)]
    assert 0.0 <= course[0] <= begin
    assert all(later <= earlier for earlier, later in itertools.pairwise(course))


@given(WAKING, st.floats(0.0, 10 * DAY), st.floats(-1.0, 1.0))
def test_nobody_sleeps_with_nothing_to_consolidate_or_while_spoken_to(
    waking: Waking, idle_s: float, c: float
) -> None:
    idle = Waking(waking.awake_s, left=waking.left)
    assert falls_asleep(idle, idle_s=idle_s, c=c) is None
    if waking.awake_s < AWAKE_MAX_S:
        assert falls_asleep(waking, idle_s=IDLE_S, c=c) is None


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40), st.booleans()), min_size=48, max_size=240),
    st.floats(-1.0, 1.0),
)
def test_a_mind_neither_naps_for_ever_nor_never(hours: list[tuple[int, int, bool]], c: float) -> None:
    """Ten days hour by hour: so many percepts, so many of them tagged, and whether there was a pause."""
    encoded = tagged = 0
    left, since, naps = 0.0, 0, []
    for hour, (came, strong, pause) in enumerate(hours):
        encoded, tagged = encoded + came, tagged + min(came, strong)
        waking = Waking((hour - since + 1) * HOUR, encoded, 0, tagged, left)
        cause = falls_asleep(waking, idle_s=2 * IDLE_S if pause else 0.0, c=c)
        assert not (waking.work and waking.awake_s >= AWAKE_MAX_S and cause is None)
        if cause is None:
            continue
        cycles, left = 0, pressure(waking)
        while wakes(left, cycles, c=c) is None:
            cycles, left = cycles + 1, asleep(left, 1.0)
        assert 1 <= cycles <= CYCLES_MAX
        naps.append(hour)
        encoded, tagged, since = 0, 0, hour + 1
        rested = Waking(0.0, 1, 0, 0, left)
        assert falls_asleep(rested, idle_s=DAY, c=c) is None, "no nap follows from a nap"


# --- selection --------------------------------------------------------------------------

NOW = 1_800_000_000.0
LIVES = st.lists(st.tuples(UNIT, UNIT, st.booleans(), st.floats(0.0, 60 * HOUR)), min_size=1, max_size=120)


def ordered_read(whole: list[Candidate], each: Slice, limit: int) -> list[Candidate]:
    """What an index on the key answers for a range of moments."""
    inside = [
        c
        for c in whole
        if (each.after is None or c.encoded_at > each.after)
        and (each.until is None or c.encoded_at <= each.until)
    ]
    return sorted(inside, key=lambda c: (-c.key, c.memory_id))[:limit]


@settings(max_examples=150)
@given(LIVES, st.integers(1, 20), st.integers(1, 10))
def test_selection_through_the_index_is_that_of_a_sort_of_everything(
    lives: list[tuple[float, float, bool, float]], count: int, parts: int
) -> None:
    whole = [
        Candidate(f"{n:03}", priority_key(e, c, tag, NOW - age), NOW - age)
        for n, (e, c, tag, age) in enumerate(lives)
    ]
    true = {f"{n:03}": priority(e, c, tag, NOW - age, NOW) for n, (e, c, tag, age) in enumerate(lives)}
    best = sorted(true.values(), reverse=True)[:count]
    read = [Read(each, ordered_read(whole, each, count)) for each in slices(NOW, parts)]
    found = select(read, count, count, NOW)
    for _ in range(len(whole)):
        got = sorted((true[c.memory_id] for c in found.chosen), reverse=True)
        assert len(got) == len(best)
        assert all(want - have <= found.doubt + 1e-3 for want, have in zip(best, got, strict=True))
        if not found.doubtful:
            break
        read, found = cut(whole, read, found, count)
    assert found.doubt == 0.0
    assert got == pytest.approx(best, abs=1e-3)


def cut(
    whole: list[Candidate], read: list[Read], found: Selection, count: int
) -> tuple[list[Read], Selection]:
    """The worst slice cut in two and read again, and what is chosen then."""
    worst = found.doubtful[0]
    halves = [Read(half, ordered_read(whole, half, count)) for half in split(worst, NOW)]
    read = [*(each for each in read if each is not worst), *halves]
    return read, select(read, count, count, NOW)


@pytest.mark.parametrize("seconds", [0.05, 60.0, 40 * HOUR])
@pytest.mark.parametrize("many", [100, 20_000])
def test_of_a_flood_with_one_key_the_youngest_are_chosen_exactly(seconds: float, many: int) -> None:
    ages = np.random.default_rng(7).permutation(np.linspace(10.0, 10.0 + seconds, many))
    whole = [Candidate(f"{n:06}", 0.25, NOW - float(age)) for n, age in enumerate(ages)]
    read = [Read(each, ordered_read(whole, each, 35)) for each in slices(NOW)]
    found, cuts = select(read, 35, 35, NOW), 0
    while found.doubtful:
        read, found = cut(whole, read, found, 35)
        cuts += 1
    assert cuts <= SPLITS_MAX
    youngest = sorted(whole, key=lambda c: -c.encoded_at)[:35]
    assert {c.memory_id for c in found.chosen} == {c.memory_id for c in youngest}


@given(st.integers(1, 30))
def test_slices_cover_all_time_once_and_fall_in_recency(count: int) -> None:
    parts = slices(NOW, count)
    assert parts[0].until is None
    assert parts[-1].after is None
    for younger, older in itertools.pairwise(parts):
        assert younger.after == older.until
        assert younger.recency > older.recency


@given(st.lists(st.floats(1.0, 60 * HOUR), min_size=1, max_size=40))
def test_a_slice_is_cut_between_what_it_gave(ages: list[float]) -> None:
    whole = Slice(None, None, 0.2)
    young, old = split(Read(whole, [Candidate(f"{n}", 0.5, NOW - age) for n, age in enumerate(ages)]), NOW)
    assert (young.until, young.after, old.after) == (whole.until, old.until, whole.after)
    assert young.recency == whole.recency > old.recency
    moments = {NOW - age for age in ages}
    assert any(m <= young.after for m in moments)
    assert any(m > young.after for m in moments) or len(moments) == 1


def test_a_sample_of_the_familiar_is_seeded_and_its_places_are_spread() -> None:
    places = [familiar_from("ana", cycle) for cycle in range(400)]
    assert places == [familiar_from("ana", cycle) for cycle in range(400)]
    assert familiar_from("ben", 0) != familiar_from("ana", 0)
    first = np.array([int(place[:4], 16) / 65_536 for place in places])
    heights = np.histogram(first, bins=8, range=(0.0, 1.0))[0]
    assert heights.min() > 25
    assert heights.max() < 80


# --- order ------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 99), unique=True), st.lists(st.integers(100, 199), unique=True))
def test_interleaving_loses_and_doubles_nothing_and_keeps_both_orders(
    novel: list[int], familiar: list[int]
) -> None:
    order = night_order.interleaved(novel, familiar)
    assert [x for x in order if x < 100] == novel
    assert [x for x in order if x >= 100] == familiar


@given(st.integers(0, 10_000))
def test_stages_share_a_whole_without_rest(total: int) -> None:
    parts = night_order.divided(total)
    assert sum(parts.values()) == total
    assert all(abs(parts[s] - night_order.SHARE[s] * total) < 1.0 for s in night_order.Stage)
    order = list(range(total % 97))
    assert list(itertools.chain(*night_order.staged(order).values())) == order


PLACED = st.lists(
    st.builds(
        night_order.Placed,
        st.uuids().map(str),
        st.sampled_from(["", "breakfast", "work", "walk"]),
        st.integers(0, 30),
    ),
    unique_by=lambda p: p.memory_id,
)


@given(PLACED)
def test_every_memory_is_replayed_in_its_episode_forward_and_in_reverse(
    placed: list[night_order.Placed],
) -> None:
    found = night_order.sweeps(placed)
    where = {p.memory_id: p for p in placed}
    times = {i: sum(i in sweep for sweep in found) for i in where}
    for sweep in found:
        assert len({where[i].episode_id for i in sweep}) == 1
        places = [where[i].position for i in sweep]
        assert places in (sorted(places), sorted(places, reverse=True))
        assert len(sweep) == 1 or sweep[::-1] in found
    for each in placed:
        alone = each.episode_id == "" or sum(p.episode_id == each.episode_id for p in placed) == 1
        assert times[each.memory_id] == (1 if alone else 2)


# --- consolidation ----------------------------------------------------------------------


@given(UNIT, UNIT, st.floats(60.0, 1e8), st.floats(0.0, 1e8), UNIT, st.booleans())
def test_a_replay_never_weakens_and_never_tags(
    strength: float, factor: float, stability: float, elapsed: float, arousal: float, tag: bool
) -> None:
    after = consolidation.replayed(
        strength, stability, factor=factor, elapsed_s=elapsed, arousal=arousal, tag=tag
    )
    assert strength <= after.strength <= 1.0
    assert after.stability_s >= stability
    assert tag or not after.tag
    assert after.permanent == (after.strength >= consolidation.PERMANENT)
    assert not (after.tag and after.strength >= consolidation.CONSOLIDATED)


@given(st.integers(0, 20), st.integers(1, 6), st.floats(0.0, 3.0), st.integers(0, 2**32 - 1))
def test_memories_that_are_replayed_together_are_never_a_clique(
    n: int, dimension: int, spread: float, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    rows = np.ones(dimension) + spread * chance.standard_normal((n, dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    bonds = consolidation.bonds(rows.astype(np.float32))
    assert all(0 <= b.earlier < b.later < n and 0.0 < b.evidence <= 1.0 + 1e-6 for b in bonds)
    assert len(bonds) <= n * consolidation.PARTNERS_MAX
    by_pair = {(b.earlier, b.later): b.evidence for b in bonds}
    for four in itertools.combinations(range(min(n, 9)), 4):
        among = [by_pair.get(pair) for pair in itertools.combinations(four, 2)]
        assert None in among or max(among) - min(among) > 1e-9  # type: ignore[type-var, operator]


def test_related_neighbours_are_bound_more_than_distant_or_unrelated_ones() -> None:
    related = np.array([[1, 0, 0], [0.8, 0.6, 0], [0.8, 0.6, 0], [0, 0, 1]], np.float32)
    evidence = {(b.earlier, b.later): b.evidence for b in consolidation.bonds(related)}
    assert evidence[1, 2] > evidence[0, 1] > evidence[0, 2] > 0.0
    assert (2, 3) not in evidence


# --- homeostasis ------------------------------------------------------------------------

CYCLES = st.lists(st.floats(0.0, 400 * DAY), max_size=40)


@given(CYCLES, st.floats(0.0, 400 * DAY), st.permutations(range(5)))
def test_a_cycle_counts_once_in_any_order_and_can_be_taken_back(
    cycles: list[float], at: float, order: list[int]
) -> None:
    whole = Downscaling.of(cycles)
    again = Downscaling()
    for cycle in [*cycles, *cycles[::-1]]:
        again = again.after(cycle)
    assert again == whole
    fresh = 401 * DAY
    assert whole.after(fresh).without(fresh).factor(at) == whole.factor(at)
    assert whole.after(fresh).factor(at) <= whole.factor(at) <= 1.0
    assert whole.factor(402 * DAY) == 1.0


@given(CYCLES, st.lists(UNIT, min_size=2, max_size=20), st.floats(0.0, 400 * DAY))
def test_downscaling_keeps_the_order_of_weights(cycles: list[float], weights: list[float], at: float) -> None:
    scaling = Downscaling.of(cycles)
    after = [scaling.scaled(weight, at) for weight in sorted(weights)]
    assert after == sorted(after)
    assert all(0.0 <= w <= 1.0 for w in after)


def test_a_night_takes_a_tenth_of_associations_as_a_day_does_of_routes() -> None:
    night = Downscaling.of(float(n) for n in range(1, CYCLES_A_NIGHT + 1))
    assert night.factor(0.0) == pytest.approx(NIGHT_FACTOR)
    assert pytest.approx(KEPT_A_DAY) == NIGHT_FACTOR


def a_year(every_days: int, *, nights: bool) -> list[float]:
    """How strong an association is at the end of each day from the sixtieth on that is used every few days,
    and replayed with its memory in every second night; four cycles a night scale it down, or none does."""
    bond = synapses.formed("b", 1.0, 0.0)
    scaling, course = Downscaling(), []
    for day in range(365):
        at = day * DAY
        base = _left(bond, scaling, at, nights=nights)
        if day % every_days == 0:
            bond = synapses.potentiated(_with(bond, base, at), 1.0, at)
        elif day % 2 == 0:
            grown = synapses.potentiate(base, 0.5, consolidation.CO_REPLAY_RATE)
            bond = _with(bond, grown, at)
        for cycle in range(CYCLES_A_NIGHT):
            scaling = scaling.after(at + 0.8 * DAY + cycle)
        course.append(_left(bond, scaling, at + DAY, nights=nights))
    return course[60:]


def _left(bond: synapses.Association, scaling: Downscaling, at: float, *, nights: bool) -> float:
    return scaling.scaled(bond.weight, bond.last_coactivated) if nights else synapses.strength(bond, at)


@pytest.mark.parametrize("every_days", [1, 2, 4, 7])
def test_a_year_of_nights_neither_saturates_nor_empties_what_is_used(every_days: int) -> None:
    settled = a_year(every_days, nights=True)
    assert max(settled) < 0.6
    assert min(settled) > (WEIGHT_MIN if every_days < 7 else 0.04)


def test_nights_keep_apart_what_is_used_often_and_what_is_used_now_and_then() -> None:
    """Without them all that is used at all becomes strong: daily .81, weekly .54; with them .47 and .22."""
    daily, weekly = (max(a_year(days, nights=True)) for days in (1, 7))
    often, seldom = (max(a_year(days, nights=False)) for days in (1, 7))
    assert daily / weekly > 2.0 > 1.6 > often / seldom
    assert often > 0.75 > 0.5 > daily


def test_what_nobody_uses_any_more_is_gone_within_a_month() -> None:
    strong = 1.0
    scaling = Downscaling.of(day * DAY + cycle for day in range(30) for cycle in range(CYCLES_A_NIGHT))
    assert scaling.scaled(strong, -1.0) < WEIGHT_MIN


def _with(bond: synapses.Association, weight: float, at: float) -> synapses.Association:
    return msgspec.structs.replace(bond, weight=weight, last_coactivated=at)
