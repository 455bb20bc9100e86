"""Testing effect: what was recalled is kept longer than what was read again.

After five minutes both are as good; after two days and a week those who were tested know more (Roediger &
Karpicke 2006: 68 against 54 %, 56 against 42 %). Items are learned; a day later one group is recalled and
served, one perceived once more, one left alone. Measured is the share of each that comes to mind after a
delay.
"""

from __future__ import annotations

import time

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials
from benchmarks.signature.reviewing import DAY_S, learn, retrievabilities, retrieve, varied
from cognition.mechanisms.retrievability import AT_STABILITY

DELAYS = (5.0 / 1_440.0, 1.0, 2.0, 4.0)
"""In days. Nothing of this material is left after a week, the last delay of the experiment."""

GAP = 1.0
ITEMS = 24
MIND = "testing"
TESTED, READ, ALONE = "recalled a day later", "read again a day later", "neither"


async def measure(bench: Bench, materials: Materials) -> Curve:
    """Each delay and group in a mind of its own."""
    kept = {
        group: [await _kept(bench, materials, group, delay) for delay in DELAYS]
        for group in (TESTED, READ, ALONE)
    }
    gaps = [a - b for a, b in zip(kept[TESTED], kept[READ], strict=True)]
    return Curve(
        title="Testing effect",
        x_label="delay in days",
        y_label="share that comes to mind",
        x=list(DELAYS),
        series=kept,
        checks={
            "after five minutes both are as good": abs(gaps[0]) < 0.05,
            "after two days recalling has kept more than reading again": gaps[2] > 0.05,
            "reading again keeps more than nothing": all(
                a >= b for a, b in zip(kept[READ], kept[ALONE], strict=True)
            )
            and sum(kept[READ]) > sum(kept[ALONE]),
            "all is forgotten in time": all(v[-1] < v[0] for v in kept.values()),
        },
        reference="Roediger & Karpicke 2006",
        notes=["recalled less read again: " + ", ".join(f"{gap:+.3f}" for gap in gaps)],
    )


async def _kept(bench: Bench, materials: Materials, group: str, delay: float) -> float:
    mind = bench.session.mind(f"{MIND}-{group[:4]}-{delay:g}")
    items, now = varied(materials, ITEMS), time.time()
    await learn(bench, mind, items, now - (GAP + delay) * DAY_S)
    if group == TESTED:
        await retrieve(mind, items, now - delay * DAY_S)
    elif group == READ:
        await learn(bench, mind, items, now - delay * DAY_S)
    told = await retrievabilities(bench, mind, items, now)
    return sum(r >= AT_STABILITY for r in told) / len(told)
