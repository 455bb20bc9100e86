"""Emotional enhancement: what moved us stays retrievable for longer.

After a day and more, people remember arousing items better than neutral ones, and the gap grows with the
delay (Kleinsmith & Kaplan 1963; McGaugh 2004). Items of each feeling differ in how salient they are.
Measured is the share that comes to mind after an hour to two days, with the mind's own retrievability.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, percept
from cognition.mechanisms.retrievability import AT_STABILITY

DAY_S = 86_400.0
DELAYS = {"1 h": 3_600.0, "24 h": DAY_S, "36 h": 1.5 * DAY_S, "48 h": 2 * DAY_S}
FEELINGS = {"moving": (-0.8, 0.9), "middling": (0.4, 0.5), "neutral": (0.0, 0.1)}
ITEMS = 12
SALIENT = ("importance", "relevance", "connection_relevance")
"""What items of one feeling differ in, from 0 to 1."""
MIND = "emotion"


async def measure(bench: Bench, materials: Materials) -> Curve:
    """Items alike but for their feeling, of every salience, perceived at four times in the past."""
    mind = bench.session.mind(MIND)
    now = time.time()
    percepts = [
        percept(
            mind,
            f"{delay}/{feeling}/{number}",
            materials.words(3),
            materials.vector(),
            valence=valence,
            arousal=arousal,
            occurred_at=now - seconds,
            **_salient(number / (ITEMS - 1)),
        )
        for delay, seconds in reversed(DELAYS.items())
        for number in range(ITEMS)
        for feeling, (valence, arousal) in FEELINGS.items()
    ]
    await bench.perceive_all(percepts, lambda _: None)
    series: dict[str, list[float]] = {}
    for feeling in FEELINGS:
        series[feeling] = []
        for delay in DELAYS:
            keys = [f"{delay}/{feeling}/{number}" for number in range(ITEMS)]
            told = [(await mind.memory(key=key)).retrievability for key in keys]
            series[feeling].append(sum(r >= AT_STABILITY for r in told) / len(told))
    gaps = [a - b for a, b in zip(series["moving"], series["neutral"], strict=True)]
    return Curve(
        title="Emotional enhancement",
        x_label="delay in days",
        y_label="share that comes to mind",
        x=[seconds / DAY_S for seconds in DELAYS.values()],
        series=series,
        checks={
            "after an hour all come to mind": all(values[0] == 1.0 for values in series.values()),
            "moving above neutral after a day and later": all(gap > 0.0 for gap in gaps[1:]),
            "middling between them": all(
                low <= middle <= high
                for low, middle, high in zip(
                    *(series[f] for f in ("neutral", "middling", "moving")), strict=True
                )
            ),
            "the gap grows from an hour to a day": gaps[1] > gaps[0] + 0.2,
            "all is forgotten in time": all(values[-1] < values[0] for values in series.values()),
        },
        reference="Kleinsmith & Kaplan 1963; McGaugh 2004",
    )


def _salient(weight: float) -> dict[str, Any]:
    return dict.fromkeys(SALIENT, weight)
