"""The forgetting curve: fast at first, then slower and slower, as a power of time.

Ebbinghaus (1885) learned lists of syllables and measured what was saved in learning them again after twenty
minutes to a month. Measured here is the retrievability that a mind tells of ordinary items that are as old
as his lists were, against his seven points.
"""

from __future__ import annotations

import math
import time
from itertools import pairwise

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, falls, percept

HOUR_S, DAY_S = 3_600.0, 86_400.0
EBBINGHAUS = {
    HOUR_S / 3.0: 0.582,
    HOUR_S: 0.442,
    9.0 * HOUR_S: 0.358,
    DAY_S: 0.337,
    2.0 * DAY_S: 0.278,
    6.0 * DAY_S: 0.254,
    31.0 * DAY_S: 0.211,
}
"""Seconds -> share saved (Ebbinghaus 1885, chapter 7)."""

ERROR_MAX = 0.03
"""Root mean square error that still counts as the same curve."""

ITEMS = 8
MIND = "forgetting"


async def measure(bench: Bench, materials: Materials) -> Curve:
    """Items that differ in age alone, perceived in the order in which they happened."""
    mind, now = bench.session.mind(MIND), time.time()
    percepts = [
        percept(mind, f"{delay:g}/{n}", materials.words(3), materials.vector(), occurred_at=now - delay)
        for delay in reversed(EBBINGHAUS)
        for n in range(ITEMS)
    ]
    await bench.perceive_all(percepts, lambda _: None)
    kept = []
    for delay in EBBINGHAUS:
        told = [(await mind.memory(key=f"{delay:g}/{n}")).retrievability for n in range(ITEMS)]
        kept.append(sum(told) / ITEMS)
    reference = list(EBBINGHAUS.values())
    error = math.sqrt(sum((a - b) ** 2 for a, b in zip(kept, reference, strict=True)) / len(kept))
    drops = [a - b for a, b in pairwise(kept)]
    hours = [math.log10(delay / HOUR_S) for delay in EBBINGHAUS]
    return Curve(
        title="Forgetting curve",
        x_label="delay, log10 of hours",
        y_label="retrievability; Ebbinghaus: share saved",
        x=hours,
        series={"this mind": kept, "Ebbinghaus 1885": reference},
        checks={
            f"within {ERROR_MAX} of Ebbinghaus (root mean square)": error <= ERROR_MAX,
            "falls at every delay": falls(kept),
            "more is lost in the first nine hours than in the next month": sum(drops[:2]) > sum(drops[3:]),
        },
        reference="Ebbinghaus 1885; Wixted & Ebbesen 1991",
        notes=[f"root mean square error {error:.4f}"],
    )
