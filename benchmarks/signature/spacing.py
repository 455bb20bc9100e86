"""Spacing: what is recalled after a gap holds longer than what is recalled at once, and the best gap grows
with the delay.

Up to a gap that is the longer the later they are tested (20 to 40 % of a week, 5 to 10 % of a year), people
keep the more the longer they wait before they review (Cepeda et al. 2008). Here, as in theories of retrieval
at study, a recall strengthens most what it nearly failed to find, and nothing that it fails to find. Items
that differ in stability are learned; those that still come to mind after the gap are recalled then. Measured
is the share of all that comes to mind after the delay.
"""

from __future__ import annotations

import time
from itertools import pairwise

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, falls
from benchmarks.signature.reviewing import (
    DAY_S,
    learn,
    retrievabilities,
    retrieve,
    that_come_to_mind,
    varied,
)
from cognition.mechanisms.retrievability import AT_STABILITY

GAPS = (0.02, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
DELAYS = (1.0, 2.0, 4.0)
"""Both in days."""

ITEMS = 36
MIND = "spacing"


async def measure(bench: Bench, materials: Materials) -> Curve:
    """Every gap with every delay, each in a mind of its own."""
    shares = {d: [await _recalled(bench, materials, gap, d) for gap in GAPS] for d in DELAYS}
    best = {d: GAPS[share.index(max(share))] for d, share in shares.items()}
    inner = {d: share for d, share in shares.items() if d < DELAYS[-1]}
    return Curve(
        title="Spacing",
        x_label="gap between learning and recall, days",
        y_label="share that comes to mind after the delay",
        x=list(GAPS),
        series={f"tested {d:g} days later": share for d, share in shares.items()},
        checks={
            "recall after a gap keeps more than recall at once": all(
                max(share[1:]) > share[0] for share in shares.values()
            ),
            "the best gap moves out with the delay": all(a <= b for a, b in pairwise(best.values()))
            and best[DELAYS[0]] < best[DELAYS[-1]],
            "after too long a gap it is too late": all(s[-1] < max(s) for s in inner.values()),
            "less is kept the longer the delay": falls([sum(share) for share in shares.values()]),
        },
        reference="Cepeda et al. 2006, 2008",
        notes=[f"best gap for {d:g} days: {gap:g} days ({gap / d:.0%})" for d, gap in best.items()],
    )


async def _recalled(bench: Bench, materials: Materials, gap: float, delay: float) -> float:
    """The share of what was learned that comes to mind now; what it could was recalled after the gap."""
    mind = bench.session.mind(f"{MIND}-{gap:g}-{delay:g}")
    items, now = varied(materials, ITEMS), time.time()
    await learn(bench, mind, items, now - (gap + delay) * DAY_S)
    found = await that_come_to_mind(bench, mind, items, gap * DAY_S)
    await retrieve(mind, found, now - delay * DAY_S)
    told = await retrievabilities(bench, mind, items, now)
    return sum(r >= AT_STABILITY for r in told) / len(told)
