"""Emotional enhancement: what moved us stays retrievable for longer.

After a day and more, people remember arousing items better than neutral ones, and the gap grows with the
delay (Kleinsmith & Kaplan 1963; McGaugh 2004). Measured is the retrievability that the mind tells of
memories that are an hour, a day, six days and a month old.
"""

from __future__ import annotations

import time

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, falls, percept

DAY_S = 86_400.0
DELAYS = {"1 h": 3_600.0, "1 d": DAY_S, "6 d": 6 * DAY_S, "31 d": 31 * DAY_S}
FEELINGS = {"moving": (-0.8, 0.9), "middling": (0.4, 0.5), "neutral": (0.0, 0.1)}
ITEMS = 6
MIND = "emotion"


async def measure(bench: Bench, materials: Materials) -> Curve:
    """Items that differ in feeling alone, perceived at four times in the past, the oldest first."""
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
            series[feeling].append(sum(told) / len(told))
    gaps = [a - b for a, b in zip(series["moving"], series["neutral"], strict=True)]
    return Curve(
        title="Emotional enhancement",
        x_label="delay in days",
        y_label="retrievability",
        x=[seconds / DAY_S for seconds in DELAYS.values()],
        series=series,
        checks={
            "moving above neutral at every delay": all(gap > 0.0 for gap in gaps),
            "middling between them": all(
                low < middle < high
                for low, middle, high in zip(
                    *(series[f] for f in ("neutral", "middling", "moving")), strict=True
                )
            ),
            "the gap grows from an hour to a week": gaps[0] < gaps[1] < gaps[2],
            "all is forgotten in time": all(falls(values) for values in series.values()),
        },
        reference="Kleinsmith & Kaplan 1963; McGaugh 2004",
    )
