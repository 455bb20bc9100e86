"""Spreading activation: what was found lends activation to what it is associated with.

Knows evidence as numbers and associations as weighted edges; fetches nothing. The gates keep
what comes by association from outranking the best of what was found directly.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

SOURCES = 10
"""Memories that lend activation, the best ones (2Wiki: 5, 10 and 20 give the same R@5 within .001)."""

DEPTH = 1
"""Hops. A second one lost recall wherever it was measured; it is a setting."""

PATHS_SHOWN = 3
"""Paths that an explanation names, the strongest."""

EDGES_MAX = 32
"""Edges of one source that are followed, the strongest (`schemas.memory.ASSOCIATIONS_MAX`)."""


class Gate(NamedTuple):
    """What an association of one kind may do.

    `reach` nu: share of activation that passes at most; `threshold` phi: activation below
    which a source lends nothing; `fan`: power of the source's total weight that divides.
    `converging`: whether several sources add up (noisy-or) or only the strongest counts.
    """

    reach: float
    threshold: float
    fan: float
    converging: bool


MENTION_GATE = Gate(reach=0.9, threshold=0.3, fan=0.25, converging=True)
"""Of one memory naming another's subject. 2Wiki R@5 / all@5 by fan: .5 .970 / .916, .25 .972 / .920,
0 .973 / .922; .25 keeps the fan effect (Anderson 1974). Several namings add up: a subject that all name
has little idf mass, so its edges are weak."""

LEARNED_GATE = Gate(reach=0.5, threshold=0.5, fan=0.5, converging=False)
"""Of used together and of a caller's relation, which say nothing of how common their target is: the strongest
alone counts, so that a hub with ten thousand incoming edges rises to half of the best at most."""


SHARED_GATE = Gate(reach=0.7, threshold=0.5, fan=0.5, converging=True)
"""Of sharing rare words (`rare_terms`). What a night adds to R@5 / R@10, LoCoMo and BEAM-100k: reach .7 with
threshold .5 +.0058 [.0010, .0106] / +.0023 and .0017 / .0033, with .7 +.0030 / .0028 and .0017 / .0033;
reach .6 with .5 +.0043 / .0023 and .0017 / .0033, .8 with .5 +.0066 / .0021 and .0024 / .0033."""


class Edge(NamedTuple):
    """One association as it spreads: target, weight in 0..1, and which gate it passes."""

    target: str
    weight: float
    gate: Gate


class Path(NamedTuple):
    """How activation came: the memories that it went through, the one found directly first, and
    how much of what was missing it filled, in (0, 1)."""

    through: tuple[str, ...]
    share: float


class Lent(NamedTuple):
    """What one source lends to one target through one gate."""

    target: str
    share: float
    gate: Gate


@dataclass(frozen=True, slots=True)
class Activation:
    """How active a memory is: `direct` before spreading, `total` after, 0..1; paths strongest first."""

    direct: float
    total: float
    paths: tuple[Path, ...] = ()


def direct_activation(evidence: Mapping[str, float]) -> dict[str, float]:
    """Evidence on the scale on which it spreads, relative to the best; all 0 where none speaks for anything.

    .. math:: a_j = \\max(0, e_j) / \\max_k e_k
    """
    best = max(evidence.values(), default=0.0)
    if best <= 0.0:
        return dict.fromkeys(evidence, 0.0)
    return {i: max(0.0, e) / best for i, e in evidence.items()}


def sources(activation: Mapping[str, float], most: int = SOURCES) -> list[str]:
    """The memories that lend activation, the most active first, equals in the order of their ids."""
    lowest = min(MENTION_GATE.threshold, LEARNED_GATE.threshold)
    return [i for _, i in heapq.nsmallest(most, ((-a, i) for i, a in activation.items() if a > lowest))]


def lend(activation: float, edges: Sequence[Edge]) -> list[Lent]:
    """What one source lends to each target: the share of the target's missing activation that it fills.

    .. math::
        l_{ij} = \\nu\\, p_i \\frac{w_{ij}}{\\max(1, \\sum_k w_{ik})^{f}}, \\qquad
        p_i = \\frac{\\max(0, a_i - \\phi)}{1 - \\phi}

    The sum (the fan) is over the source's edges of the same gate; nu, phi and f are the gate's.
    """
    kept = heapq.nlargest(EDGES_MAX, edges, key=lambda e: (e.weight, e.target))
    totals: dict[Gate, float] = {}
    for edge in kept:
        totals[edge.gate] = totals.get(edge.gate, 0.0) + edge.weight
    passing = {
        gate: gate.reach
        * (activation - gate.threshold)
        / (1.0 - gate.threshold)
        / max(1.0, total) ** gate.fan
        for gate, total in totals.items()
        if activation > gate.threshold
    }
    return [
        Lent(e.target, passing[e.gate] * e.weight, e.gate) for e in kept if e.gate in passing and e.weight
    ]


def spread(
    activation: Mapping[str, float],
    edges: Mapping[str, Sequence[Edge]],
    *,
    most: int = SOURCES,
    depth: int = DEPTH,
) -> dict[str, Activation]:
    """Activation after spreading, of everything that was active or became so.

    .. math::
        a'_j = 1 - (1 - a_j)\\, \\Bigl(1 - \\max_{i \\in L} l_{ij}\\Bigr) \\prod_{i \\in M} (1 - l_{ij})

    over the sources i with a mention (M) or a learned association (L) towards j; `lend` gives
    l. With `depth` 2 what was activated and has not lent yet lends in turn.

    Parameters
    ----------
    activation : memory -> direct activation a_j, 0..1 (`direct_activation`).
    edges : source -> its edges; weights in 0..1. Sources without an entry lend nothing.
    most : sources a hop.
    depth : hops, >= 0.

    Invariants: a_j <= a'_j <= 1, so nothing rises above the best direct hit (which has 1). In a cycle
    each memory lends once. At most `most` x `EDGES_MAX` edges are followed a hop.

    References
    ----------
    Anderson 1974 (fan effect); Collins & Loftus 1975; Anderson 1983. The noisy-or and the gates are
    this engine's own (ADR 16).
    """
    state = {i: Activation(a, a) for i, a in activation.items()}
    lenders = sources(activation, most)
    lent: set[str] = set()
    for _ in range(depth):
        lent.update(lenders)
        arriving: dict[str, list[tuple[Gate, Path]]] = {}
        for source in lenders:
            through = _way_to(source, state[source])
            for target, share, gate in lend(state[source].total, edges.get(source, ())):
                if target not in through:
                    arriving.setdefault(target, []).append((gate, Path(through, share)))
        state |= {j: _risen(state.get(j), came) for j, came in arriving.items()}
        lenders = sources({j: state[j].total for j in arriving if j not in lent}, most)
    return state


def _way_to(memory: str, active: Activation) -> tuple[str, ...]:
    """The memories up to this one, on the strongest path if it was not found directly."""
    return (memory,) if active.direct or not active.paths else (*active.paths[0].through, memory)


def _risen(was: Activation | None, came: Sequence[tuple[Gate, Path]]) -> Activation:
    """One memory's activation with what came to it."""
    was = was or Activation(0.0, 0.0)
    missing = math.prod(1.0 - path.share for gate, path in came if gate.converging)
    missing *= 1.0 - max((path.share for gate, path in came if not gate.converging), default=0.0)
    paths = sorted((*was.paths, *(path for _, path in came)), key=lambda p: (-p.share, p.through))
    total = max(was.total, 1.0 - (1.0 - was.total) * missing)
    return Activation(was.direct, total, tuple(paths[:PATHS_SHOWN]))
