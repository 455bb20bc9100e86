"""Temporal context: the dense vector of a memory, drawn towards what came just before it.

Knows bare vectors in the order in which they came; knows no words, and not where a thread ends:
its owner starts a new one there.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cognition.mechanisms.vectors import DIMENSION, Dense

DRIFT = 0.25
"""Share of the context in the vector of a memory that takes in all of it (ADR 14)."""

DECAY = 0.6
"""What is left of the context after one more memory (Howard & Kahana 2002; value: ADR 14)."""

WINDOW = 12
"""Predecessors from which the context is derived anew: what came before them is left with 0.6^12 = 0.2 %."""


class Drift:
    """The temporal context of a thread.

    .. math:: r_i = f_{i-1} + 0.6\\, r_{i-1}, \\qquad v_i = (f_i + 0.25\\, g_i\\, r_i) / \\lVert\\cdot\\rVert

    f is the bare vector of a memory (d,), of unit length; g its length gate (`evidence.gate`).

    Parameters
    ----------
    share : weight of the context, 0 switches it off.

    Invariants: v has unit length; with g = 0, at the beginning of a thread, or switched off v is f.

    References
    ----------
    Howard & Kahana 2002, A distributed representation of temporal context.
    """

    __slots__ = ("_context", "share")

    def __init__(self, share: float = DRIFT) -> None:
        self.share = share
        self._context: Dense | None = None

    def take(self, evidence: Dense, gate: float) -> Dense:
        """The next memory of the thread: f (d,) and its gate 0..1 in, v (d,) out."""
        before = self._context
        if before is None:
            self._context = evidence.copy() if self.share else None
            return evidence
        drawn: Dense = evidence + np.float32(self.share * gate) * before
        before *= DECAY
        before += evidence
        norm = float(np.sqrt(drawn @ drawn))
        if norm == 0.0:
            return evidence
        drawn *= np.float32(1.0 / norm)
        return drawn

    def end(self) -> None:
        """The thread ends: what comes next has no context."""
        self._context = None

    def follow(self, evidence: Iterable[Dense]) -> None:
        """Be where these memories (the last ones of a thread, in order) have led to."""
        self.end()
        for vector in evidence:
            self.take(vector, 0.0)

    def snapshot(self) -> bytes:
        """The context as float32, little-endian; empty where a thread begins."""
        return b"" if self._context is None else self._context.astype("<f4").tobytes()

    @classmethod
    def restore(cls, state: bytes, share: float = DRIFT, dimension: int = DIMENSION) -> Drift:
        """What `snapshot` wrote. Raises `ValueError` if it has another length."""
        drift = cls(share)
        if state and share:
            drift._context = np.frombuffer(state, "<f4", dimension).astype(np.float32)
        return drift
