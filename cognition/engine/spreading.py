"""Spreading at a cue: the best of what was found lends activation along its associations.

Joins `mechanisms.spreading` with a weighed cue; asks no store. What is no candidate yet is named here
and fetched by recall under the cue's own filters; what is archived, erased or filtered out does not
come back from there, and so is not followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cognition.engine.association import is_mention
from cognition.engine.weighing import SPREADING, Kind, Ranking
from cognition.mechanisms.homeostasis import Downscaling
from cognition.mechanisms.spreading import (
    DEPTH,
    LEARNED_GATE,
    MENTION_GATE,
    SHARED_GATE,
    Activation,
    Edge,
    direct_activation,
    lend,
    sources,
    spread,
)
from cognition.mechanisms.synapses import LEARNED, given, strength
from schemas.association import Association, AssociationType

JOINING_MAX = 64
"""Memories that join a cue's candidates by association, those that are lent most: the next round trip
scores as many as the first one found."""

BELOW_BEST = 1.0 - 1e-9
"""Activation that what comes by association never exceeds: even a sum that rounds to 1 stays below."""


NEVER_SLEPT = Downscaling()


def edges_of(array: Sequence[Association], now: float, homeostasis: Downscaling = NEVER_SLEPT) -> list[Edge]:
    """The associations that spread, each with its gate and its weight as of now: what was learned is scaled
    down by every cycle of sleep since. Order in time does not spread: neighbours help each other through
    what is stored of them."""
    edges = []
    for each in array:
        if is_mention(each):
            edges.append(Edge(each.target_id, each.weight, MENTION_GATE))
        elif given(each):
            edges.append(Edge(each.target_id, strength(each, now), LEARNED_GATE))
        elif each.type is LEARNED:
            weight = homeostasis.scaled(strength(each, now), each.last_coactivated)
            edges.append(Edge(each.target_id, weight, LEARNED_GATE))
        elif each.type is AssociationType.TOPICAL:
            edges.append(Edge(each.target_id, each.weight, SHARED_GATE))
    return [edge for edge in edges if edge.weight > 0.0]


class Web:
    """The associations of the best direct hits of one cue, and what they reach. What shares rare words with
    them rises where it is a candidate; nothing is fetched for it."""

    def __init__(self, ranking: Ranking, now: float, homeostasis: Downscaling = NEVER_SLEPT) -> None:
        self._now = now
        self._homeostasis = homeostasis
        self._lent: dict[str, float] = {}
        activation = direct_activation(ranking.evidence())
        facts = ranking.facts()
        self.edges: dict[str, list[Edge]] = {}
        for source in sources(activation):
            followed = edges_of(facts[source].associations, now, homeostasis)
            if followed:
                self.edges[source] = followed
                for target, share, gate in lend(activation[source], followed):
                    if gate is not SHARED_GATE:
                        self._lent[target] = max(share, self._lent.get(target, 0.0))

    def joining(self, known: Mapping[str, object]) -> list[str]:
        """What is reached and not among the candidates yet."""
        new = [(-share, i) for i, share in self._lent.items() if i not in known]
        return [i for _, i in sorted(new)[:JOINING_MAX]]

    def reached(self, known: Mapping[str, object]) -> list[str]:
        """What is reached among the candidates: what may rise."""
        targets = (edge.target for edges in self.edges.values() for edge in edges)
        return [i for i in dict.fromkeys(targets) if i in known]

    def over(self, ranking: Ranking, *, depth: int = DEPTH) -> Ranking:
        """The candidates, weighed anew with what they are lent."""
        evidence = ranking.evidence()
        edges: Mapping[str, Sequence[Edge]] = self.edges
        if depth > 1:
            found = ranking.facts()
            edges = {i: edges_of(f.associations, self._now, self._homeostasis) for i, f in found.items()}
            edges = {**edges, **self.edges}
        state = spread(direct_activation(evidence), edges, depth=depth)
        return _lifted(ranking, evidence, state)


def _lifted(ranking: Ranking, evidence: Mapping[str, float], state: Mapping[str, Activation]) -> Ranking:
    """Each candidate's evidence raised to its activation, on the scale of the best direct hit."""
    best = max(evidence.values())
    active = [state[i] for i in evidence]
    rises = [
        best * min(a.total, BELOW_BEST) - e if a.total > a.direct else 0.0
        for a, e in zip(active, evidence.values(), strict=True)
    ]
    z = np.maximum(0.0, np.array(rises))
    if not z.any():
        return ranking
    paths = [tuple(path.through for path in a.paths) if up else () for a, up in zip(active, z, strict=True)]
    return ranking.with_kind(Kind(SPREADING, np.array([a.total for a in active]), z, 1.0, paths))
