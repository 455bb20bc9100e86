"""Prediction error: how little what comes continues what was, by what the stream itself has taught.

Knows the vectors of one stream, in order; knows no episodes, and not where the map it is given was
solved. Without a map it is the plain cosine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cognition.mechanisms.notebook import Notebook
from cognition.mechanisms.running_z import RunningZ
from cognition.mechanisms.slow_map import SlowMap
from cognition.mechanisms.vectors import Dense

MEAN_WINDOW = 1_000
"""Percepts that the running mean of the stream remembers at least; when twice as many, it halves."""

MEAN_FROM = 50
"""Percepts from which on the mean is taken away; before, there is no telling it from the topic."""

REACH = 2
"""Percepts before a gap, and from it on, among which one link keeps the event alive."""

GROUND = 1e-4
"""Added to every product: two vectors that are as good as their mean are alike, not at right angles."""


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


class PredictionError:
    """Score of each gap in a stream of vectors. `reach` r : percepts on each side among which a link is
    looked for (2: the fine scale, as below; 4: the coarse one); a gap is judged r - 1 percepts late.

    .. math:: sim(a, b) = \\beta \\cos(\\phi_a, \\phi_b) + (1 - \\beta) \\cos(e_a - \\mu', e_b - \\mu'),
              \\quad c_i = \\max_{a \\in \\{i-1, i-2\\},\\, b \\in \\{i, i+1\\}} sim(a, b), \\quad
              s_i = z(-c_i) + cue_i

    phi, beta = n/(n+1000) and the cue are those of the `SlowMap` (beta = 0 and no cue without one), mu' the
    running mean of the stream, 0 for the first 50 percepts. Any one link across the gap keeps the
    event alive. `ahead` False: b = i only, strictly causal. (Zacks et al. 2007, event segmentation.)
    """

    __slots__ = (
        "_ahead",
        "_cued",
        "_features",
        "_last",
        "_map",
        "_reach",
        "_seen",
        "_total",
        "_z",
        "notebook",
    )

    def __init__(self, *, ahead: bool = True, cue: bool = True, reach: int = REACH) -> None:
        self._ahead = ahead
        self._cued = cue
        self._reach = reach
        self._last: list[Dense] = []
        self._features: list[Dense] = []
        self._map: SlowMap | None = None
        self._total: Dense | None = None
        self._seen = 0
        self._z = RunningZ()
        self.notebook = Notebook()

    @property
    def map(self) -> SlowMap | None:
        """What was learned, once anything was."""
        return self._map

    @property
    def usual(self) -> tuple[float, float]:
        """Mean and deviation of the incoherence of the last gaps."""
        return self._z.statistics()

    @property
    def size(self) -> int:
        """Bytes of what was learned and of the vectors that are at hand."""
        arrays = [*self._last, *self._features]
        if self._map is not None:
            arrays += [self._map.mean, self._map.rows, self._map.closing, self._map.opening]
        return sum(array.nbytes for array in arrays)

    def adopt(self, learned: SlowMap | None) -> None:
        """Judge by this map from now on."""
        self._map = learned
        self._features = [] if learned is None else [learned.features(v) for v in self._last]

    def guess(self, vector: Dense) -> float:
        """Score of the gap before a vector (d,) that has not come yet, seen causally; 0: there is none."""
        if not self._last:
            return 0.0
        features = [*self._features, self._map.features(vector)] if self._map else []
        return self._judge([*self._last, vector], features, len(self._last), taken=False).score

    def observe(self, vector: Dense, name: str = "") -> Gap | None:
        """Take the next vector (d,) in, of unit length; the gap that can be judged now.

        Looking ahead that is the gap before the vector that came `reach` - 1 before this one, else the one
        before this one.
        """
        self._take(vector)
        self.notebook.note(name, continues=bool(self._last))
        self._last.append(vector)
        if self._map is not None:
            self._features.append(self._map.features(vector))
        back = self._reach - 1 if self._ahead else 0
        gap = self._gap(len(self._last) - 1 - back, back)
        for kept in (self._last, self._features):
            del kept[: -(2 * self._reach - 1)]
        return gap

    def end(self) -> list[Gap]:
        """The stretch ends: the last gaps, judged without what would come after them. The next vector
        continues nothing; what was learned stays."""
        waiting = range(self._reach - 2, -1, -1) if self._ahead else ()
        gaps = [self._gap(len(self._last) - 1 - back, back) for back in waiting]
        self._last, self._features = [], []
        return [gap for gap in gaps if gap is not None]

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values, without the map: 12 KB and the notebook."""
        return {
            "last": [v.astype("<f4").tobytes() for v in self._last],
            "total": b"" if self._total is None else self._total.astype("<f4").tobytes(),
            "seen": self._seen,
            "gaps": self._z.snapshot(),
            "notebook": self.notebook.snapshot(),
        }

    @classmethod
    def restore(
        cls, state: Mapping[str, Any], *, ahead: bool = True, cue: bool = True, reach: int = REACH
    ) -> PredictionError:
        """What `snapshot` wrote; the map is adopted afterwards. What an older release wrote is taken over
        as far as it means the same."""
        error = cls(ahead=ahead, cue=cue, reach=reach)
        error._z = RunningZ(state["gaps"])
        error._total = np.frombuffer(state["total"], "<f4").astype(np.float32) if state["total"] else None
        error._seen = state["seen"]
        if "notebook" in state:
            error.notebook = Notebook.restore(state["notebook"])
            last = [np.frombuffer(data, "<f4").astype(np.float32) for data in state["last"]]
            error._last = last[-(2 * reach - 1) :]
        return error

    def _gap(self, at: int, back: int) -> Gap | None:
        if at < 1:
            return None
        gap = self._judge(self._last, self._features, at, taken=True)
        self.notebook.judge(back, gap.evidence)
        return gap

    def _judge(self, vectors: list[Dense], features: list[Dense], at: int, *, taken: bool) -> Gap:
        """The gap before `vectors[at]`, of what is known on both sides."""
        before = range(max(0, at - self._reach), at)
        after = range(at, min(at + self._reach, len(vectors)))
        own = np.stack(vectors[before.start :])
        own = own - self._mean()
        sim = _alike(own)
        if self._map is not None:
            weight = self._map.weight
            sim = weight * _alike(np.stack(features[before.start :])) + (1.0 - weight) * sim
        shift = before.start
        coherence = max(float(sim[a - shift, b - shift]) for a in before for b in after)
        z = self._z.take(-coherence) if taken else self._z.of(-coherence)
        cue = 0.0 if self._map is None or not self._cued else self._map.cue(vectors[at - 1], vectors[at])
        return Gap(coherence, z, cue)

    def _mean(self) -> Dense | np.float32:
        if self._total is None or self._seen < MEAN_FROM:
            return np.float32(0.0)
        return self._total * np.float32(1.0 / self._seen)

    def _take(self, vector: Dense) -> None:
        self._total = vector.copy() if self._total is None else self._total + vector
        self._seen += 1
        if self._seen == 2 * MEAN_WINDOW:
            self._total *= np.float32(0.5)
            self._seen = MEAN_WINDOW


def _alike(rows: Dense) -> Dense:
    """Cosines (m, m) between rows (m, d), on common ground."""
    products = rows @ rows.T + np.float32(GROUND)
    lengths = np.sqrt(np.diag(products))
    found: Dense = products / np.outer(lengths, lengths)
    return found
