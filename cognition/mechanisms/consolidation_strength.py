"""Consolidation: what a replay leaves in a memory, and between memories that are replayed together.

Knows life figures, vectors and the order of replay of one cycle. Which memories are replayed is
`replay_priority`, in which order `night_order`.

References: Frey & Morris 1997 (tags); Wilson & McNaughton 1994 (cells that fired together awake fire together
again in sleep); Hebb 1949.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cognition.mechanisms.retrievability import REPLAY, stability_after

RATE = 0.15
"""Of what is missing to 1, for a replay in deep sleep (ADR-023, with a soft bound)."""

PERMANENT = 0.9
"""From here on a memory is consolidated for good: it is not archived (schema, section 6)."""

CO_REPLAY_RATE = 0.05
"""Potentiation asleep, half of that awake (schema, section 6)."""

NEAR = 2.0
"""Places in a sweep over which closeness falls to 1/e."""

RELATED_MIN = 0.2
"""Cosine from which two memories count as related at all (two LoCoMo turns drawn at random: .1 +- .1)."""

PARTNERS_MAX = 4
"""Partners that a memory is bound to by one sweep, the strongest: many equal weights are a clique and no
knowledge."""


class Replayed(NamedTuple):
    """A memory's figures after a replay."""

    strength: float
    stability_s: float
    tag: bool
    permanent: bool


class Bond(NamedTuple):
    """Two places of one sweep, earlier < later, and how strongly they are bound, in (0, 1]."""

    earlier: int
    later: int
    evidence: float


def strengthened(strength: float, factor: float, rate: float = RATE) -> float:
    """Consolidation strength after a replay: c <- c + 0.15 f (1 - c), in 0..1 for all in 0..1.

    f is the factor of the stage (`night_order.FACTOR`). The strongest fresh memory (.45) is familiar after
    one deep replay and permanent after eleven.
    """
    return strength + rate * factor * (1.0 - strength)


def replayed(
    strength: float,
    stability_s: float,
    *,
    factor: float,
    elapsed_s: float,
    arousal: float = 0.5,
    tag: bool = False,
) -> Replayed:
    """What one replay leaves: strength and stability grow, the tag goes once the memory is familiar.

    Parameters
    ----------
    strength : 0..1. stability_s : S > 0. factor : of the stage, 0..1.
    elapsed_s : seconds since the memory was last used or replayed. arousal : 0..1. tag : as it is.

    Invariants: nothing falls; a tag is never set here; permanent once, permanent ever.
    """
    after = strengthened(strength, factor)
    stable = stability_after(
        stability_s, elapsed_s, arousal=arousal, strength=strength, share=REPLAY * factor
    )
    return Replayed(after, stable, tag and after < CONSOLIDATED, after >= PERMANENT)


CONSOLIDATED = 0.5
"""Strength from which a memory is familiar, and its tag has done its work (schema, section 6)."""


def bonds(vectors: NDArray[np.float32]) -> list[Bond]:
    """Which memories of one sweep are bound to each other, and how strongly.

    .. math:: e_{ij} = \\frac{\\max(0, \\cos_{ij} - .2)}{.8}\\; e^{-(|i - j| - 1)/2}

    Potentiation is `synapses.potentiate` with `CO_REPLAY_RATE` and this evidence.

    Parameters
    ----------
    vectors : (n, d) rows of unit length, in the order of replay.

    Invariants: 0 < e <= 1; no memory has more than `PARTNERS_MAX` bonds that it chose itself; falls with the
    distance between equals, so that more than three memories are never all bound alike.
    """
    n = len(vectors)
    if n < 2:
        return []
    cosines = np.asarray(vectors, np.float64) @ np.asarray(vectors, np.float64).T
    related = np.clip((cosines - RELATED_MIN) / (1.0 - RELATED_MIN), 0.0, 1.0)
    places = np.arange(n)
    distance = np.abs(places[:, None] - places[None, :])
    evidence = related * np.exp(-(distance - 1.0) / NEAR)
    np.fill_diagonal(evidence, 0.0)
    chosen: set[tuple[int, int]] = set()
    for i in range(n):
        order = sorted(range(n), key=lambda j: (-evidence[i, j], abs(i - j), j))
        chosen |= {(min(i, j), max(i, j)) for j in order[:PARTNERS_MAX] if evidence[i, j] > 0.0}
    return [Bond(i, j, float(evidence[i, j])) for i, j in sorted(chosen)]


def bonds_of(ids: Sequence[str], vectors: NDArray[np.float32]) -> list[tuple[str, str, float]]:
    """`bonds` by memory: (earlier, later, evidence)."""
    if len(ids) != len(vectors):
        raise ValueError(f"{len(ids)} ids for {len(vectors)} vectors: give one row for each.")
    return [(ids[b.earlier], ids[b.later], b.evidence) for b in bonds(vectors)]
