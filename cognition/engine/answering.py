"""Answering: one request in, one answer out, whatever happens.

Dispatches cues and inquiries; every expected error becomes a `Failure` that says what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import anyio

from cognition.engine.consolidation import Consolidation
from cognition.engine.copying import Copying
from cognition.engine.intake import Progress
from cognition.engine.introspection import DaemonFigures, Introspection
from cognition.engine.lessons import Reports
from cognition.engine.liveness import Liveness
from cognition.engine.neighbourhood import Neighbourhood
from cognition.engine.quantizing import Quantizing, QuantizingInquiry
from cognition.engine.recall import Recall
from cognition.engine.shown import Shown
from cognition.engine.sleep import Sleep, SleepingInquiry
from cognition.errors import CognitionError, DeadlineError
from cognition.ports.clock import Clock
from cognition.ports.sink import Sink
from schemas.base import Message
from schemas.cue import Cue
from schemas.events import CueAnswered
from schemas.inquiry import (
    DaemonAnswer,
    DaemonInquiry,
    EpisodesInquiry,
    Failure,
    ForgettingInquiry,
    IdentityInquiry,
    Inquiry,
    MemoryInquiry,
    StatusInquiry,
)
from schemas.learning import FoldedInquiry, NeighboursInquiry, PathInquiry, ReportInquiry
from schemas.sleeping import MindCopyInquiry

LearningInquiry = ReportInquiry | FoldedInquiry | NeighboursInquiry | PathInquiry
Request = Cue | Inquiry | DaemonInquiry | QuantizingInquiry


@dataclass(frozen=True, slots=True)
class Learning:
    """Who answers questions about what a mind learns from use."""

    reports: Reports
    neighbourhood: Neighbourhood
    consolidation: Consolidation

    async def answer(self, request: LearningInquiry) -> Message:
        """The answer to one of them."""
        if isinstance(request, ReportInquiry):
            return await self.reports.check(request)
        if isinstance(request, FoldedInquiry):
            return await self.consolidation.folded(request)
        if isinstance(request, NeighboursInquiry):
            return await self.neighbourhood.neighbours(request)
        return await self.neighbourhood.path(request)


class Answering:
    """Answers requests of any kind. Many may run at once."""

    def __init__(
        self,
        recall: Recall,
        introspection: Introspection,
        learning: Learning,
        shown: Shown,
        progress: Progress,
        clock: Clock,
        sink: Sink,
        figures: Callable[[], DaemonFigures],
        liveness: Liveness,
        sleep: Sleep,
        quantizing: Quantizing,
        copying: Copying,
    ) -> None:
        self._copying = copying
        self._sleep = sleep
        self._quantizing = quantizing
        self._recall = recall
        self._introspection = introspection
        self._learning = learning
        self._shown = shown
        self._progress = progress
        self._clock = clock
        self._sink = sink
        self._figures = figures
        self._liveness = liveness

    async def answer(self, request: Message, *, waited_s: float = 0.0) -> Message | None:
        """The answer, a `Failure`, or None when the asker's deadline passed while it lay in line."""
        if not isinstance(request, Request):
            raise AssertionError(f"{type(request).__name__} is not a request")
        left = request.deadline_s - waited_s
        if left <= 0:
            return None
        try:
            with anyio.fail_after(left):
                return await self._dispatch(request)
        except TimeoutError as error:
            if isinstance(error, CognitionError):
                return failure(request, error)
            late = DeadlineError(
                f"no answer within {request.deadline_s:g} s", remedy="Allow more time, or ask for less."
            )
            return failure(request, late)
        except CognitionError as error:
            return failure(request, error)

    async def remember(self) -> None:
        """After an answer is out: look at what acted in it, and carry what was shown to where it outlives
        this process. Raises `UnavailableError`; it is tried again after the next answer."""
        self._liveness.catch_up()
        await self._shown.flush()

    async def _dispatch(self, request: Request) -> Message:
        if isinstance(request, Cue):
            return await self._cue(request)
        if isinstance(request, DaemonInquiry):
            lives = self._liveness.lives()
            return DaemonAnswer(inquiry_id=request.id, daemon=self._figures(), mechanisms=lives)
        if isinstance(request, EpisodesInquiry):
            return await self._introspection.episodes(request)
        if isinstance(request, MemoryInquiry):
            return await self._introspection.memory(request)
        if isinstance(request, IdentityInquiry):
            return await self._introspection.identity(request)
        if isinstance(request, StatusInquiry):
            return await self._introspection.status(request, self._figures())
        if isinstance(request, ForgettingInquiry):
            return await self._introspection.forgetting(request)
        if isinstance(request, LearningInquiry):
            return await self._learning.answer(request)
        if isinstance(request, SleepingInquiry):
            return await self._sleep.answer(request)
        if isinstance(request, QuantizingInquiry):
            return await self._quantizing.answer(request)
        if isinstance(request, MindCopyInquiry):
            return await self._copying.answer(request)
        raise AssertionError(f"no answer is known to {type(request).__name__}")

    async def _cue(self, cue: Cue) -> Message:
        began = self._clock.monotonic()
        if cue.after:
            await self._progress.wait(cue.mind, cue.after)
        recollection = await self._recall.answer(cue)
        self._shown.remember(cue, recollection)
        self._sink.publish(
            CueAnswered(
                at=self._clock.now(),
                mind=cue.mind,
                cue_id=cue.id,
                recalled=len(recollection.recalled),
                took_s=self._clock.monotonic() - began,
            )
        )
        return recollection


def failure(request: Request, error: CognitionError) -> Failure:
    """The answer that says what went wrong."""
    message = str(error)
    if error.remedy:
        message = message.removesuffix(error.remedy).rstrip(". ")
    return Failure(
        inquiry_id=request.id,
        mind=request.mind,
        kind=type(error).__name__,
        message=message,
        remedy=error.remedy,
    )
