"""The command that shows how the episodes of a mind are cut: every figure with what it is."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from cognition.cli import DONE
from cognition.commands.minds import the_mind
from cognition.commands.running import print_json

Figure = float | int | str | bool

MEANINGS: Mapping[str, str] = {
    "profile": "kind of stream that it is set for (episodes.profile)",
    "late": "percepts by which a boundary of meaning may come late (episodes.late)",
    "threshold": "score in units of z that a boundary has to exceed, fine scale",
    "gap_s": "silence in seconds that ends an episode by itself",
    "learned_from": "percepts that it has learned from so far",
    "until_next_lesson": "percepts that the next lesson waits for",
    "map_of": "n: percepts that the map in use was solved from; 0: none yet, plain cosine",
    "directions": "d: directions of meaning that the map keeps",
    "trust": "b = n / (n + 1000): how far the map counts against the plain cosine",
    "usual_coherence": "mean likeness across the last 300 gaps",
    "spread": "its standard deviation: z is measured in it",
    "undecided": "gaps that have their score and are still looked ahead of",
    "last_z": "z of the gap that was judged last",
    "last_score": "z with what closes and opens events, and every other cause",
    "state_bytes": "bytes of float32 that are held for it now",
    "state_bytes_max": "and at most",
    "coarse_threshold": "score that a boundary has to exceed, coarse scale",
    "coarse_usual_coherence": "mean likeness across the last 300 gaps, four percepts on each side",
    "coarse_spread": "its standard deviation",
    "coarse_last_score": "score of the gap that was judged last, coarse scale",
    "coarse_holds": "fine episodes in the coarse one that is open",
}
"""What each figure is, for a person."""


async def segmenter_show(options: argparse.Namespace) -> int:
    """How the episodes of a mind are cut, and what its stream has taught so far."""
    async with the_mind(options) as mind:
        answer = await mind.status()
    if options.json:
        print_json({"mind": answer.mind, "segmenter": answer.segmenter, "boundaries": answer.boundaries})
        return DONE
    for line in told(answer.segmenter):
        print(line)
    print("what ended the latest episodes:")
    for cause, count in answer.boundaries.items():
        print(f"  {cause:24} {count:>8}")
    return DONE


def told(figures: Mapping[str, Figure]) -> list[str]:
    """A line for each figure: its name, its value, and what it is."""
    return [
        f"  {name:24} {value!s:>12}   {MEANINGS.get(name, '')}".rstrip() for name, value in figures.items()
    ]
