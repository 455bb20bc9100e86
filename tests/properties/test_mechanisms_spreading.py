"""Laws of spreading, of mentions and of base level."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms.activation import base_level
from cognition.mechanisms.mentions import mention
from cognition.mechanisms.spreading import (
    LEARNED_GATE,
    MENTION_GATE,
    PATHS_SHOWN,
    Edge,
    direct_activation,
    sources,
    spread,
)

ids = st.sampled_from([f"m{place}" for place in range(8)])
unit = st.floats(0.0, 1.0)
evidence = st.dictionaries(ids, st.floats(-5.0, 20.0), min_size=1, max_size=8)
edge = st.builds(Edge, ids, unit, st.sampled_from([MENTION_GATE, LEARNED_GATE]))
webs = st.dictionaries(ids, st.lists(edge, max_size=12), max_size=8)
seconds = st.floats(1.0, 1e9)


@given(evidence, webs, st.integers(0, 4))
def test_spreading_only_adds_and_nothing_outranks_the_best_direct_hit(
    found: dict[str, float], web: dict[str, list[Edge]], depth: int
) -> None:
    direct = direct_activation(found)
    state = spread(direct, web, depth=depth)
    best = max(direct.values())
    for memory, active in state.items():
        assert active.direct == direct.get(memory, 0.0)
        assert active.direct <= active.total <= 1.0
        assert len(active.paths) <= PATHS_SHOWN
        if active.total > active.direct:
            assert best == 1.0
            assert active.paths
    assert set(state) >= set(direct)


@given(evidence, webs)
def test_who_lends_nothing_changes_nothing(found: dict[str, float], web: dict[str, list[Edge]]) -> None:
    direct = direct_activation(found)
    lenders = set(sources(direct))
    silent = {source: edges for source, edges in web.items() if source not in lenders}
    assert all(active.total == active.direct for active in spread(direct, silent).values())


@given(evidence, webs, st.randoms(use_true_random=False))
def test_the_order_of_edges_does_not_count(
    found: dict[str, float], web: dict[str, list[Edge]], chance: object
) -> None:
    direct = direct_activation(found)
    turned = {source: list(reversed(edges)) for source, edges in reversed(web.items())}
    one, other = spread(direct, web), spread(direct, turned)
    assert one.keys() == other.keys()
    assert all(math.isclose(one[i].total, other[i].total, rel_tol=1e-9, abs_tol=1e-9) for i in one)


@given(st.lists(st.tuples(st.floats(0.0, 1e4), st.floats(0.0, 1e4)), min_size=1), st.integers(0, 10**9))
def test_a_mention_is_a_share(masses: list[tuple[float, float]], n: int) -> None:
    mass = np.array([whole for whole, _ in masses])
    found = np.minimum(mass, np.array([part for _, part in masses]))
    assert ((named := mention(found, mass, n)) >= 0.0).all()
    assert (named <= 1.0).all()


@given(st.integers(1, 10_000), seconds, seconds, seconds)
def test_base_level_falls_with_time_and_rises_with_use(
    uses: int, last: float, span: float, later: float
) -> None:
    now = base_level(uses, last, last + span)
    assert base_level(uses, last + later, last + span + later) <= now + 1e-9
    assert base_level(uses + 1, last, last + span) >= now - 1e-9
