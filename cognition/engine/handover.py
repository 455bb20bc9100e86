"""Handing over: the new memories of a batch go into the store while the batch is still folded.

Two requests at a time, the oldest memories first. It must not know what a memory means, nor when it counts
as written: that is for the ledger to say.
"""

from __future__ import annotations

from collections.abc import Sequence

import anyio
from anyio.abc import TaskGroup

from cognition.engine.ledger import Ledger
from cognition.ports.stores import Stores, Trace

INSERTING_MAX = 2
"""Round trips under way: the store has the next one at hand when it is done with one."""

HELD_BACK = 96
"""New memories that are kept back, the youngest ones: what comes next in their threads may change their
weights, and who is written before that is written twice (four neighbours, some twenty minds at once)."""


class Handover:
    """Inserts parts of ledgers in tasks of this group; `held_back` new memories stay behind."""

    def __init__(self, stores: Stores, tasks: TaskGroup, held_back: int = HELD_BACK) -> None:
        self._stores = stores
        self._tasks = tasks
        self._held_back = held_back
        self._room = anyio.Semaphore(INSERTING_MAX)

    def go_on(self, ledger: Ledger) -> None:
        """Hand over what this ledger need not keep back."""
        while len(ledger.traces) >= self._held_back + ledger.at_once:
            inserted = anyio.Event()
            ledger.parts.append(inserted)
            self._tasks.start_soon(self._insert, ledger.hand_over(), ledger.held, inserted)

    async def _insert(self, traces: Sequence[Trace], held: dict[str, int], inserted: anyio.Event) -> None:
        async with self._room:
            await self._stores.memories.insert(traces, epoch=held)
        inserted.set()
