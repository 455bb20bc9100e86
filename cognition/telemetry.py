"""Telemetry: events become log lines and counters. On this machine only; nothing is sent anywhere.

A line for people on a terminal, one JSON object a line elsewhere. Counters feed `status`.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections import Counter
from typing import TextIO

import msgspec

from schemas.events import (
    AnyEvent,
    AssociationsFormed,
    CueAnswered,
    DaemonStarted,
    DaemonStopped,
    EntryBuried,
    EpisodeClosed,
    EpisodeOpened,
    IdentityBorn,
    LeaseAcquired,
    LeaseHandedOver,
    LeaseLost,
    MemoriesForgotten,
    MemoriesSurfaced,
    MindRebuilt,
    MindStopped,
    MindWoke,
    OperationRetried,
    PerceptsEncoded,
    QuantizationFell,
    QuantizationMeasured,
    SegmentationLearned,
    SleepBegan,
    SleepEnded,
    SleepProgressed,
    StoreOpened,
    StoreOptimised,
    UseFolded,
)

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

LEVEL_OF: dict[type, str] = {
    CueAnswered: "debug",
    LeaseAcquired: "debug",
    LeaseHandedOver: "info",
    PerceptsEncoded: "debug",
    AssociationsFormed: "debug",
    UseFolded: "debug",
    MindWoke: "debug",
    EpisodeOpened: "debug",
    EpisodeClosed: "info",
    IdentityBorn: "info",
    DaemonStarted: "info",
    DaemonStopped: "info",
    MemoriesForgotten: "info",
    SegmentationLearned: "debug",
    SleepBegan: "info",
    SleepProgressed: "debug",
    SleepEnded: "info",
    MemoriesSurfaced: "debug",
    MindRebuilt: "info",
    StoreOpened: "info",
    StoreOptimised: "info",
    QuantizationMeasured: "info",
    QuantizationFell: "error",
    OperationRetried: "warning",
    EntryBuried: "warning",
    LeaseLost: "error",
    MindStopped: "error",
}


class LogSink:
    """Writes each event as one line to a stream and counts it."""

    def __init__(self, stream: TextIO | None = None, *, level: str = "info", form: str = "auto") -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._threshold = LEVELS[level]
        self._human = form == "human" or (form == "auto" and self._stream.isatty())
        self.counts: Counter[str] = Counter()
        self.encoded = 0
        self.strengthened = 0
        self.archived = 0
        self.passed_by = 0
        self.last_error = ""

    def publish(self, event: AnyEvent) -> None:
        """Count the event, and write it if its level is high enough. Never raises."""
        name = type(event).__name__
        self.counts[name] += 1
        if isinstance(event, PerceptsEncoded):
            self.encoded += event.encoded
            self.strengthened += event.strengthened
            self.archived += event.archived
            self.passed_by += event.passed_by
        level = LEVEL_OF[type(event)]
        if isinstance(event, OperationRetried):
            self.last_error = event.error
        if LEVELS[level] < self._threshold:
            return
        line = self._for_people(event, level) if self._human else self._for_machines(event, level)
        try:
            print(line, file=self._stream, flush=True)
        except (OSError, ValueError):
            self.counts["lines_lost"] += 1

    @staticmethod
    def _for_people(event: AnyEvent, level: str) -> str:
        fields = msgspec.to_builtins(event)
        at = dt.datetime.fromtimestamp(fields.pop("at")).strftime("%H:%M:%S")
        name = fields.pop("type")
        rest = "  ".join(f"{k}={v:.3f}" if isinstance(v, float) else f"{k}={v}" for k, v in fields.items())
        return " ".join(f"{at} {level:7} {name:18} {rest}".splitlines())

    @staticmethod
    def _for_machines(event: AnyEvent, level: str) -> str:
        fields = msgspec.to_builtins(event)
        return msgspec.json.encode({"level": level, **fields}).decode()
