"""Mention: how clearly a text names what a memory is about.

Knows idf masses; where they come from (a cue, a memory's content, an index) it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Masses = NDArray[np.float64]

SHARE_MIN = 0.75
"""Share of a subject's idf mass that a text must hold: part of a name is no mention. Measured on 2Wiki,
R@5 .970 at .8, .972 at .75, .973 at .7, .973 at .65 (and .929 at .6 with sources' direct scores alone)."""

TELLING = 1.4
"""A subject is fully telling from 1.4 ln N on: rarer than one name in N (2Wiki R@5 moves by .003 from
1.0 to 1.7)."""

MENTIONS_MAX = 8
"""Mentions that a memory keeps, the strongest (2Wiki R@5 .974 with 4, .972 with 8 and with 12)."""


class Mention(NamedTuple):
    """One memory whose subject a text names, and how clearly, in (0, 1]."""

    memory_id: str
    weight: float


def mention(found: Masses, mass: Masses, n: int) -> Masses:
    """How clearly a text x names what memories j are about, (k,), each 0 or in (.75 / ..., 1].

    .. math::
        m(x \\to j) = \\frac{f_j}{M_j} \\min\\left(1, \\frac{M_j}{1.4 \\ln N}\\right)
        \\text{ where } f_j > 0.75\\, M_j \\text{, else } 0

    Parameters
    ----------
    found : idf mass of the terms of j's subject that occur in x, f_j, (k,), nats.
    mass : idf mass of all terms of j's subject, M_j, (k,), nats.
    n : memories of the mind, N.

    Invariants: 0 <= m <= 1; a subject that everybody has (mass near 0) is named by no text.
    """
    share = np.divide(found, mass, out=np.zeros_like(mass, dtype=np.float64), where=mass > 0.0)
    telling = np.minimum(1.0, mass / (TELLING * math.log(max(3, n))))
    named: Masses = np.where(share > SHARE_MIN, np.minimum(share, 1.0) * telling, 0.0)
    return named


def strongest(
    mentions: Mapping[str, float], *, most: int = MENTIONS_MAX, without: Collection[str] = ()
) -> list[Mention]:
    """The clearest mentions, at most `most`; equals in the order of their ids."""
    named = [Mention(i, w) for i, w in mentions.items() if w > 0.0 and i not in without]
    return sorted(named, key=lambda m: (-m.weight, m.memory_id))[:most]
