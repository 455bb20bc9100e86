"""An `encode` whose running a test can hold, watch and break."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cognition.testing.embedder import hash_vectors

WAIT_S = 20.0  # far beyond any real wait; a test that reaches it has failed


class Gate:
    """Encodes only while open, and lets the test wait until a batch has come."""

    def __init__(self, *, opened: bool = True, bad: Sequence[str] = ()) -> None:
        self.batches: list[list[str]] = []
        self.bad = set(bad)
        self._open = threading.Event()
        self._came = threading.Semaphore(0)
        if opened:
            self._open.set()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.batches.append(list(texts))
        self._came.release()
        if not self._open.wait(WAIT_S):
            raise TimeoutError("the test never opened the gate")
        if broken := self.bad.intersection(texts):
            raise ValueError(f"cannot read {sorted(broken)}")
        return hash_vectors(texts)

    def open(self) -> None:
        self._open.set()

    def wait_for_batch(self) -> None:
        if not self._came.acquire(timeout=WAIT_S):
            raise TimeoutError("no batch came")

    @property
    def encoded(self) -> list[str]:
        return [text for batch in self.batches for text in batch]
