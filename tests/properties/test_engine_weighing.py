"""Weighing keeps to its formula: what is computed for all candidates at once is what each one gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.engine.weighing import DENSE, EPISODE_PRIOR, LEXICAL, Candidates, Kind, Ranking
from cognition.mechanisms import ranking
from cognition.ports.stores import Facts

_EVIDENCE = st.floats(-40.0, 120.0, allow_nan=False).map(lambda x: round(x, 1))
"""Coarse, so that some are equal; the highest are so high that their scores round to 1."""


@st.composite
def _weighed(draw: st.DrawFn) -> tuple[Candidates, list[Kind], ranking.Scores | None]:
    count = draw(st.integers(1, 25))
    dense, lexical = (np.array(draw(st.lists(_EVIDENCE, min_size=count, max_size=count))) for _ in range(2))
    episodes = draw(st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=count, max_size=count))
    ids = draw(st.permutations([f"id-{n}" for n in range(count)]))
    found = Candidates(ids, dense, lexical, [Facts(episode_id=e) for e in episodes])
    kinds = [Kind(DENSE, dense, dense, 1.0), Kind(LEXICAL, lexical, lexical, 0.5)]
    best, z = ranking.episode_prior(dense + 0.5 * lexical, episodes)
    kinds.append(Kind(EPISODE_PRIOR, best, z, ranking.EPISODE_WEIGHT))
    factors = np.array([1.0 if e == "a" else 0.5 for e in episodes]) if draw(st.booleans()) else None
    return found, kinds, factors


@given(_weighed())
def test_the_order_and_the_scores_are_those_of_the_parts(
    weighed: tuple[Candidates, list[Kind], ranking.Scores | None],
) -> None:
    found, kinds, factors = weighed
    weighing = Ranking(found, kinds, factors)
    best = weighing.best(len(weighing))
    parts = [weighing.parts(each) for each in best]
    assert [each.score for each in best] == pytest.approx([ranking.score(p) for p in parts], abs=1e-9)
    total = 1.0 * kinds[0].z + 0.5 * kinds[1].z + ranking.EPISODE_WEIGHT * kinds[2].z
    score = ranking.squashed(total) * (1.0 if factors is None else factors)
    rows = sorted(zip((-score).tolist(), (-total).tolist(), found.ids, strict=True))
    assert [each.memory_id for each in best] == [row[-1] for row in rows]


@given(_weighed())
def test_an_episode_answers_as_well_as_its_best_member(
    weighed: tuple[Candidates, list[Kind], ranking.Scores | None],
) -> None:
    found, kinds, _ = weighed
    evidence = kinds[0].z + 0.5 * kinds[1].z
    episodes = [f.episode_id or f"alone {n}" for n, f in enumerate(found.facts)]
    peaks = {e: max(evidence[n] for n, o in enumerate(episodes) if o == e) for e in episodes}
    own = np.array([peaks[e] for e in episodes])
    sd = float(np.std(list(peaks.values())))
    assert kinds[2].values == pytest.approx(own)
    expected = (own - own.max()) / sd if sd > ranking.NO_CONTRAST else np.zeros(len(own))
    assert kinds[2].z == pytest.approx(expected, abs=1e-6)
