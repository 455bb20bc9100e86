"""What to do with a delivery: handle it, handle it alone, retry later, or declare it dead.

Pure: no clock, no chance (jitter is a number), no I/O. It must not know what handling means.

Three ways to fail are told apart. *Bad* input will never become better: it goes to the dead
letters at once. A *transient* failure is of something outside: the entry is not at fault and
is tried for ever, more and more slowly. A *faulty* entry fails when handled: it is tried a few
times. A fourth cannot be caught: the process dies. Then nobody counts but the server, which
knows how often the entry was delivered; since its neighbours in the batch were delivered as
often, a suspect is handled *alone*, with a counter written down first, before it is condemned.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple


class Delivery(NamedTuple):
    """One entry as it was handed out. `fields` are the raw bytes; the handler decodes them."""

    partition: int
    entry_id: str
    fields: dict[bytes, bytes]
    times_delivered: int = 1

    @property
    def entered_at(self) -> float:
        """Epoch seconds at which the server took the entry."""
        return int(self.entry_id.partition("-")[0]) / 1_000


class Failure(enum.Enum):
    """How handling an entry failed."""

    BAD = "bad"
    TRANSIENT = "transient"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of patience.

    Backoff doubles from `backoff_base_s` to `backoff_max_s`; half of it is jitter ("equal
    jitter", Brooker 2015, AWS Architecture Blog), so that failures do not march in step.
    `max_deliveries` is above what three restarts in a row do to entries that were in flight.
    """

    max_tries: int = 5
    max_deliveries: int = 4
    max_lone_attempts: int = 2
    backoff_base_s: float = 0.2
    backoff_max_s: float = 30.0


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Handle:
    """Handle it with others."""


@dataclass(frozen=True, slots=True)
class HandleAlone:
    """Write down the attempt, then handle it with nothing else in flight."""


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Keep it pending and try again after this long."""

    after_s: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Give it up, and say why."""

    reason: str


Verdict = Handle | HandleAlone | RetryLater | DeadLetter


def decide(
    failure: Failure | None,
    *,
    tried: int = 0,
    times_delivered: int = 1,
    lone_attempts: int = 0,
    problem: str = "",
    jitter: float = 0.5,
    limits: Limits = DEFAULT_LIMITS,
) -> Verdict:
    """What to do with a delivery that is new (`failure` None) or that just failed.

    Parameters
    ----------
    tried : how often this process handled it, the failed time included.
    times_delivered : what the server counts, this delivery included.
    lone_attempts : attempts alone that were written down before this one.
    problem : what the failure said; becomes the reason of a dead letter.
    jitter : a number in 0..1 drawn by the caller.
    """
    if failure is None:
        return _on_delivery(times_delivered, lone_attempts, limits)
    if failure is Failure.BAD:
        return DeadLetter(problem or "cannot be read")
    if failure is Failure.FAULTY and tried >= limits.max_tries:
        return DeadLetter(f"failed {tried} times: {problem or 'no reason given'}")
    return RetryLater(backoff_s(tried, jitter, limits))


def backoff_s(tried: int, jitter: float, limits: Limits = DEFAULT_LIMITS) -> float:
    """How long to wait after the `tried`-th failure; grows, and never beyond `backoff_max_s`."""
    doublings = min(max(tried, 1) - 1, 62)
    ceiling = min(limits.backoff_max_s, limits.backoff_base_s * 2.0**doublings)
    return ceiling * (0.5 + 0.5 * min(max(jitter, 0.0), 1.0))


def _on_delivery(times_delivered: int, lone_attempts: int, limits: Limits) -> Verdict:
    if times_delivered <= limits.max_deliveries:
        return Handle()
    if lone_attempts < limits.max_lone_attempts:
        return HandleAlone()
    return DeadLetter(
        f"the process died {lone_attempts} times while it handled this entry alone "
        f"(delivered {times_delivered} times)"
    )
