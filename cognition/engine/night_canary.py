"""The canary: a few cues of a mind's own, asked before a cycle and after it.

Half of them are how memories begin, drawn through the index; half are cues that were really asked lately,
as far as they are remembered. Each expects one memory among the first. Asks through the same recall as
everybody; keeps names, never words. Must not know what a cycle does.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cognition.engine.recall import Recall
from cognition.engine.shown import Shown
from cognition.mechanisms.replay_priority import familiar_from
from cognition.mechanisms.text import words
from cognition.mechanisms.vectors import as_kept
from cognition.ports.stores import Stores
from schemas.cue import Cue
from schemas.sleep import CanaryProbe

OPENING, RECALLED = "opening", "recall"
OPENING_WORDS = 12
"""Words of a memory that are asked for: more than its neighbours share with it, less than all of it."""

FOUND_WITHIN = 10
"""Among so many a memory is found: the default limit of a cue."""


class Canary:
    """Draws probes and asks them."""

    def __init__(self, stores: Stores, recall: Recall, shown: Shown) -> None:
        self._stores = stores
        self._recall = recall
        self._shown = shown

    async def draw(self, mind: str, seed: str, count: int) -> list[CanaryProbe]:
        """So many probes at most, asked once: those that already fail say nothing of this cycle, and are
        counted before as after."""
        real = self._shown.latest(mind, count // 2) if self._recall.embeds else {}
        probes = [
            CanaryProbe(kind=RECALLED, name=cue_id, expected=showing.shown[0])
            for cue_id, showing in real.items()
        ]
        start = familiar_from(f"canary/{seed}", 0)
        limit = count - len(probes)
        drawn = await self._stores.replay.sample(mind, start=start, limit=limit) if limit else []
        probes += [CanaryProbe(kind=OPENING, name=k.memory_id, expected=k.memory_id) for k in drawn]
        asked = [(p, await self.ask(mind, p)) for p in probes]
        return [msgspec.structs.replace(p, before=found) for p, found in asked if found is not None]

    async def again(self, mind: str, probes: Sequence[CanaryProbe]) -> list[CanaryProbe]:
        """The same, asked once more; what cannot be asked any more (erased, not remembered) is left out."""
        asked = [(p, await self.ask(mind, p)) for p in probes]
        return [msgspec.structs.replace(p, after=found) for p, found in asked if found is not None]

    async def ask(self, mind: str, probe: CanaryProbe) -> bool | None:
        """Whether it brings back what it should; None where it cannot be asked."""
        opening = probe.kind == OPENING
        cue = await (self._opening(mind, probe.name) if opening else self._real(mind, probe.name))
        if cue is None:
            return None
        recollection = await self._recall.answer(cue, observed=False)
        return any(r.memory.id == probe.expected for r in recollection.recalled)

    async def _opening(self, mind: str, memory_id: str) -> Cue | None:
        """How it begins, and its own vector: what is in the archive is asked for, too, and missed."""
        found = await self._stores.memories.get_traces(mind, [memory_id])
        found = found or await self._stores.archive.get_traces(mind, [memory_id])
        if memory_id not in found:
            return None
        trace = found[memory_id]
        bare = as_kept(trace.context if trace.evidence is None else trace.evidence)
        said = " ".join(words(trace.memory.content)[:OPENING_WORDS])
        vector = bare.astype("<f4").tobytes()
        return Cue(id=memory_id, mind=mind, content=said, vector=vector, limit=FOUND_WITHIN)

    async def _real(self, mind: str, cue_id: str) -> Cue | None:
        showing = await self._shown.find(mind, cue_id)
        if showing is None or not showing.cue:
            return None
        return Cue(id=cue_id, mind=mind, content=showing.cue, limit=FOUND_WITHIN)


def share(found: Sequence[bool]) -> float | None:
    """The share of probes that brought back what they should; None where there were none."""
    return sum(found) / len(found) if found else None


def lost(probes: Sequence[CanaryProbe]) -> list[CanaryProbe]:
    """Those that fail and did not before; what others have gained does not make up for them."""
    return [probe for probe in probes if probe.before and not probe.after]


def fell(probes: Sequence[CanaryProbe], tolerance: float) -> bool:
    """Whether more than this share of them fail that did not before."""
    return len(lost(probes)) > tolerance * len(probes)
