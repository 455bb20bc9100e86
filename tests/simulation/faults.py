"""What goes wrong, and when: counted by the gates that every port call passes twice."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import anyio
import anyio.lowlevel

from cognition.errors import StoreUnavailableError, UnavailableError
from cognition.testing.clock import ManualClock
from cognition.testing.line import MemoryStreams

GATES_MAX = 60_000
"""Gates of one life; a run beyond it goes in circles."""


class Fault(enum.Enum):
    """What may happen at a gate. Before the effect of a verb or after it: both are gates."""

    CRASH = "the process dies"
    AMNESIA = "the process dies and the stream server forgets its last acknowledgements"
    FAILS = "the port raises"
    SLOW = "it takes long"
    CLOCK = "the wall clock is set"
    AGAIN = "an entry is delivered again"


Plan = Callable[[int], Fault | None]
"""Gate number -> what happens there."""


def never(gate: int) -> Fault | None:
    """Nothing goes wrong."""
    return None


def at(faults: Mapping[int, Fault]) -> Plan:
    """These faults at these gates."""
    return faults.get


LETHAL = (Fault.CRASH, Fault.AMNESIA)
HARMLESS = tuple(fault for fault in Fault if fault not in LETHAL)
"""Faults that a process lives through."""


def sometimes(chance: random.Random, share: float, most: int, faults: Sequence[Fault] = tuple(Fault)) -> Plan:
    """Any of the faults with this probability, `most` in all."""
    left = [most]

    def plan(gate: int) -> Fault | None:
        if not left[0] or chance.random() >= share:
            return None
        left[0] -= 1
        return chance.choice(faults)

    return plan


@dataclass
class Gates:
    """Every port call of one world passes here."""

    streams: MemoryStreams
    clock: ManualClock
    chance: random.Random
    plan: Plan
    crash: Callable[[], None] = lambda: None
    passed: int = 0

    async def gate(self, verb: str, where: str) -> None:
        """Count, and let happen what is due."""
        self.passed += 1
        assert self.passed < GATES_MAX, f"no end in sight at {verb} of {where}"
        fault = self.plan(self.passed)
        if fault is None:
            return
        if fault is Fault.SLOW:
            await anyio.sleep(self.chance.choice((0.2, 3.0)))
        elif fault is Fault.CLOCK:
            self.clock.jump(self.chance.choice((-7_200.0, -1.0, 3_600.0, 40_000.0)))
        elif fault is Fault.AGAIN:
            self._again(3)
        elif fault is Fault.FAILS:
            kind = UnavailableError if where == "line" else StoreUnavailableError
            raise kind(f"{verb} of {where} fails")
        else:
            if fault is Fault.AMNESIA:
                self._again(6)
            self.crash()
            await anyio.lowlevel.checkpoint()

    def _again(self, most: int) -> None:
        """Deliver some entries again, acknowledged or not; mostly late ones."""
        read = [p.entries[i].entry for p in self.streams.partitions for i in range(p.read)]
        late = sorted(read, key=lambda entry: int(entry.partition("-")[0]))[-2 * most :]
        for entry in self.chance.sample(late, min(most, len(late))):
            self.streams.redeliver(entry)
