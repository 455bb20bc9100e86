"""Prediction error: how little what comes continues what was, by what the stream itself has taught.

Knows the vectors of one stream, in order; knows no episodes, and not where the map it is given was
solved. Without a map it is the plain cosine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from cognition.mechanisms.likeness import SPAN, Likeness
from cognition.mechanisms.notebook import Notebook
from cognition.mechanisms.running_z import RunningZ
from cognition.mechanisms.slow_map import RANK, SlowMap
from cognition.mechanisms.vectors import DIMENSION, Dense

REACH = 2
"""Percepts before a gap, and from it on, among which one link keeps the event alive."""

COARSE_REACH = 4
"""The same at the coarse scale, where the shots of a scene are one event (measured on sherlock-events)."""

SIZE_MAX = 4 * (DIMENSION * (RANK + 3 + SPAN + 1) + SPAN * (RANK + 1))
"""Bytes of float32 that a mind at rest holds for its segmenter: the map, the vectors at hand, features."""


class Gap(NamedTuple):
    """The gap before a percept: how coherent the two sides are, how unusual that is, what the cue adds."""

    coherence: float
    z: float
    cue: float

    @property
    def score(self) -> float:
        """Prediction error in units of z."""
        return self.z + self.cue

    @property
    def evidence(self) -> float:
        """How surely it is a boundary: sigmoid(2 (z - 1)). The cue learns from it, so has no part in it."""
        return 1.0 / (1.0 + math.exp(-2.0 * (self.z - 1.0)))


class Scale:
    """Judges each gap of a stretch at one scale.

    .. math:: c_i = \\max_{a \\in \\{i-1 .. i-r\\},\\, b \\in \\{i .. i+r-1\\}} sim(a, b), \\quad
              s_i = z(-c_i) + cue_i

    Any one link across the gap keeps the event alive. `reach` r : percepts on each side; looking `ahead`, a
    gap is judged r - 1 percepts late, else b = i only, strictly causal. `cue` : whether what usually closes
    and opens an event counts. `running` : whether z is that of the last gaps, not of what is assumed of any
    stream. (Zacks et al. 2007, event segmentation.)
    """

    __slots__ = ("_cued", "_reach", "_running", "_stretch", "_z", "back")

    def __init__(self, reach: int, *, ahead: bool = True, cue: bool = True, running: bool = True) -> None:
        self._reach = reach
        self._cued = cue
        self._running = running
        self._stretch = 0
        self._z = RunningZ(running=running)
        self.back = reach - 1 if ahead else 0
        """By how many percepts a gap is judged late."""

    @property
    def usual(self) -> tuple[float, float]:
        """Mean and deviation of the incoherence of the last gaps."""
        return self._z.statistics()

    @property
    def goes_on(self) -> bool:
        """Whether the next percept continues another one."""
        return self._stretch > 0

    def next(self, likeness: Likeness) -> Gap | None:
        """One more percept was taken: the gap that can be judged now."""
        self._stretch = min(self._stretch + 1, 2 * self._reach)
        return self._gap(likeness, self.back)

    def guess(self, likeness: Likeness) -> Gap | None:
        """The gap before the percept that was taken last, judged causally and before it counts; None where
        it would continue nothing."""
        if not self._stretch:
            return None
        coherence = likeness.link(0, 1, min(self._reach, self._stretch), 0)
        return Gap(coherence, self._z.of(-coherence), likeness.cue(0) if self._cued else 0.0)

    def end(self, likeness: Likeness, *, behind: int = 0) -> list[Gap]:
        """The stretch ends: the last gaps, oldest first, without what would come after them. `behind` : so
        many percepts were taken since, which do not belong to it."""
        gaps = [self._gap(likeness, back, behind) for back in range(self.back - 1, -1, -1)]
        self._stretch = 0
        return [gap for gap in gaps if gap is not None]

    def snapshot(self) -> list[int]:
        """The whole state: percepts of the stretch, then the values of the running z."""
        return [self._stretch, *self._z.snapshot()]

    def resume(self, state: list[int]) -> None:
        """What `snapshot` wrote."""
        self._stretch, self._z = state[0], RunningZ(state[1:], running=self._running)

    def _gap(self, likeness: Likeness, back: int, behind: int = 0) -> Gap | None:
        """The gap before the percept that came `back` percepts before the last one of the stretch."""
        before = min(self._reach, self._stretch - 1 - back)
        if before < 1:
            return None
        coherence = likeness.link(back, self._reach, before, behind)
        cue = likeness.cue(back + behind) if self._cued else 0.0
        return Gap(coherence, self._z.take(-coherence), cue)


class PredictionError:
    """Score of each gap in a stream of vectors at the fine scale (`Scale`), and what it notes to learn from.
    The `likeness` is there for other scales too, which judge the same percepts.
    """

    __slots__ = ("_fine", "likeness", "notebook")

    def __init__(self, *, ahead: bool = True, cue: bool = True, running: bool = True) -> None:
        self._fine = Scale(REACH, ahead=ahead, cue=cue, running=running)
        self.likeness = Likeness()
        self.notebook = Notebook()

    @property
    def map(self) -> SlowMap | None:
        """What was learned, once anything was."""
        return self.likeness.map

    @property
    def usual(self) -> tuple[float, float]:
        """Mean and deviation of the incoherence of the last gaps."""
        return self._fine.usual

    def adopt(self, learned: SlowMap | None) -> None:
        """Judge by this map from now on."""
        self.likeness.adopt(learned)

    def observe(self, vector: Dense, name: str = "") -> Gap | None:
        """Take the next vector (d,) in, of unit length; the gap that can be judged now.

        Looking ahead that is the gap before the vector before this one, else the one before this one.
        """
        self.likeness.take(vector)
        return self.enter(name)

    def guess(self) -> Gap | None:
        """The gap before the vector that the likeness took last, before it is entered, judged causally."""
        return self._fine.guess(self.likeness)

    def enter(self, name: str = "") -> Gap | None:
        """The vector that the likeness took last belongs to the stretch: the gap that can be judged now."""
        self.notebook.note(name, continues=self._fine.goes_on)
        gap = self._fine.next(self.likeness)
        if gap is not None:
            self.notebook.judge(self._fine.back, gap.evidence)
        return gap

    def end(self, *, behind: int = 0) -> list[Gap]:
        """The stretch ends: the last gap, judged without what would come after it. The next vector
        continues nothing; what was learned stays. `behind` as in `Scale.end`."""
        gaps = self._fine.end(self.likeness, behind=behind)
        for gap in gaps:
            self.notebook.judge(0, gap.evidence)
        return gaps

    def figures(self) -> dict[str, float | int]:
        """What it has learned, for a person to read."""
        usual, spread = self.usual
        learned = self.map
        return {
            "learned_from": self.notebook.learned,
            "until_next_lesson": max(0, self.notebook.size - len(self.notebook)),
            "map_of": learned.n if learned is not None else 0,
            "directions": len(learned.rows) if learned is not None else 0,
            "trust": round(learned.weight, 3) if learned is not None else 0.0,
            "usual_coherence": round(-usual, 3),
            "spread": round(spread, 3),
        }

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values, without the map: 33 KB and the notebook."""
        return {
            "likeness": self.likeness.snapshot(),
            "fine": self._fine.snapshot(),
            "notebook": self.notebook.snapshot(),
        }

    @classmethod
    def restore(
        cls, state: Mapping[str, Any], *, ahead: bool = True, cue: bool = True, running: bool = True
    ) -> PredictionError:
        """What `snapshot` wrote; the map is adopted afterwards. Of what an older release wrote the running z
        and the notebook are taken over; its stretch ends."""
        error = cls(ahead=ahead, cue=cue, running=running)
        error._fine.resume(state["fine"] if "fine" in state else [0, *state["gaps"]])
        if "likeness" in state:
            error.likeness = Likeness.restore(state["likeness"])
        if "notebook" in state:
            error.notebook = Notebook.restore(state["notebook"])
        return error
