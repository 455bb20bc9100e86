"""Outstanding: how many of what came to mind belong to the answer, where nobody says how many are wanted.

Knows scores in falling order; neither memories nor cues.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

LEAST = 0.1
"""Score below which nothing belongs to an answer that has to be exact. precisionMemBench, active cases
passed of 43 / silent of 28 with share .4: .05 36 / 13, .08 36 / 18, .1 34 / 20, .12 33 / 22."""

SHARE = 0.4
"""Of the best score, that a memory must have to stand beside it. With .1: .2 32, .3 32, .4 34, .5 33."""


def outstanding(scores: Sequence[float], *, least: float = LEAST, share: float = SHARE) -> int:
    """How many of the first belong to the answer: those that are not far below the best.

    .. math:: |\\{i : s_i \\ge \\max(\\text{least},\\ \\text{share} \\cdot s_1)\\}|

    Parameters
    ----------
    scores : falling, 0..1. least, share : 0..1.

    Invariants: 0 where nothing reaches `least`; else 1 at least; never more for a larger `least` or `share`.
    """
    if not scores:
        return 0
    if any(after > before for before, after in pairwise(scores)):
        raise ValueError("scores do not fall: give them best first.")
    floor = max(least, share * scores[0])
    return sum(score >= floor for score in scores)
