"""Knowing: what recurs, answered beside what was lived, where a cue asks for it.

Never in the ranked list: measured there, it costs recall and gains nothing (ADR 27). One search and one read.
Must not know how an abstraction came to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cognition.engine.mind import Mind
from cognition.mechanisms import ranking
from cognition.mechanisms.superseding import holds
from cognition.ports.stores import Probe, Scope, Stores
from schemas.abstraction import Abstraction
from schemas.cue import Cue, CueFilter
from schemas.percept import seconds
from schemas.recollection import RecalledAbstraction

EXCESS = 2
"""How many times what is asked for is looked at: some of it no longer holds, or not yet."""

UNSOUGHT = (
    "nothing that recurs is known: nights look for it where sleep.also names it, "
    "for example `--set sleep.also=abstract` for the daemon"
)
UNFILTERED = "what recurs is of no one episode, actor or place: none is answered beside a filter"


class Knowing:
    """Answers with abstractions. `sought`: nights look for what recurs."""

    def __init__(self, stores: Stores, lexical_weight: float, *, sought: bool) -> None:
        self._stores = stores
        self._lexical_weight = lexical_weight
        self._sought = sought

    def note(self, cue: Cue, known: Sequence[RecalledAbstraction]) -> list[str]:
        """Why a cue that asks for what recurs got none, where that is not for want of any."""
        if not cue.abstractions or known:
            return []
        if filtered(cue):
            return [UNFILTERED]
        return [] if self._sought else [UNSOUGHT]

    def asks(self, cue: Cue) -> bool:
        """Whether this cue is answered with abstractions at all."""
        return bool(cue.abstractions) and not filtered(cue)

    async def answer(self, cue: Cue, mind: Mind, probe: Probe) -> list[RecalledAbstraction]:
        """So many as the cue asks for that hold at the moment it asks about, best first."""
        anywhere = replace(probe, scope=Scope(), naming=0)
        found = await self._stores.abstractions.probe(mind.name, anywhere, limit=EXCESS * cue.abstractions)
        mean, sd = mind.lexicon.lexical_moments(probe.terms)
        dense = ranking.dense_z(
            found.dense.astype(np.float64), float(probe.vector @ mind.lexicon.mean_vector)
        )
        lexical = ranking.lexical_z(found.lexical.astype(np.float64), mean, sd)
        scores = dict(
            zip(found.ids, ranking.squashed(dense + self._lexical_weight * lexical).tolist(), strict=True)
        )
        there = await self._stores.abstractions.get(mind.name, found.ids)
        order = sorted(
            (i for i in found.ids if i in there and was(there[i], cue)), key=lambda i: (-scores[i], i)
        )
        return [RecalledAbstraction(abstraction=there[i], score=scores[i]) for i in order[: cue.abstractions]]


def filtered(cue: Cue) -> bool:
    """Whether a cue keeps to some memories alone."""
    return cue.filter != CueFilter() or cue.episode is not None


def was(abstraction: Abstraction, cue: Cue) -> bool:
    """Whether it holds now, or held by what had happened at the moment that the cue asks about."""
    as_of = seconds(cue.as_of) if cue.as_of is not None else None
    known = as_of is None or abstraction.last_at <= as_of
    return known and holds(abstraction.superseded_at, as_of)
