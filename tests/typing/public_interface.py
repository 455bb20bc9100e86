"""The public interface as a user's strict type checker sees it. Checked, never run: ``just types``.

Each ``type: ignore`` below must be needed: strict mode reports one that hides nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import assert_type

import cognition
from cognition import (
    CueFilter,
    EpisodeFilter,
    FilterMode,
    Mind,
    Mood,
    Percept,
    Recalled,
    Recent,
    Recollection,
    Report,
    Session,
    Settings,
    Ticket,
    open_engine,
    open_mind,
)
from schemas.episode import Episode
from schemas.events import Receipt
from schemas.inquiry import IdentityAnswer, MemoryAnswer, StatusAnswer
from schemas.learning import FoldedAnswer, NeighboursAnswer, PathAnswer, ReportAnswer
from schemas.memory import Memory


async def perceiving() -> None:
    async with open_mind("ana") as mind:
        assert_type(mind, Mind)
        ticket = await mind.perceive("The kettle is on.", actor="Ana", valence=0.3)
        assert_type(ticket, Ticket)
        assert_type(await ticket.wait("encoded", within_s=2.0), Receipt | None)
        await ticket.wait("remembered")  # type: ignore[arg-type]
        await mind.perceive(b"bytes")  # type: ignore[arg-type]
    open_mind(7)  # type: ignore[arg-type]


async def recalling(mind: Mind, ticket: Ticket) -> None:
    answer = await mind.recall(
        "Is the kettle on?",
        limit=5,
        filter=CueFilter(
            occurred_from=dt.datetime(2026, 3, 2, tzinfo=dt.UTC), mood=Mood(valence=0.5, radius=0.2)
        ),
        episode=EpisodeFilter(mode=FilterMode.STRICT),
        after=ticket,
    )
    assert_type(answer, Recollection)
    assert_type(answer.recalled, list[Recalled])
    assert_type(answer.recalled[0].memory, Memory)
    assert_type(answer.recalled[0].score, float)
    await mind.recall("Is it on?", limit="5")  # type: ignore[arg-type]
    answer.recalled = []  # type: ignore[misc]


async def looking_inside(mind: Mind) -> None:
    assert_type(await mind.episodes(limit=3), list[Episode])
    assert_type(await mind.memory(key="ana-0001"), MemoryAnswer)
    assert_type(await mind.identity(verify=True), IdentityAnswer)
    assert_type(await mind.status(), StatusAnswer)
    assert_type(await mind.recent(), Recent)
    assert_type(await mind.forget(["a memory"], reason="asked to"), int)


async def learning(mind: Mind, answer: Recollection) -> None:
    report = await mind.feedback(answer, useful=["ana-0001"])
    assert_type(report, Report)
    assert_type(report.checked, ReportAnswer)
    assert_type(await report.wait(), FoldedAnswer)
    await mind.feedback("a recollection's id", misleading=["ana-0002"])
    assert_type(await mind.neighbours("ana-0001", types=["goal"], depth=2), NeighboursAnswer)
    assert_type(await mind.path("ana-0001", "ana-0002"), PathAnswer)
    await mind.feedback(answer, useful="ana-0001", misled=[])  # type: ignore[call-arg]


async def many_minds(data: Path, percepts: Sequence[Percept]) -> None:
    async with open_engine(data=data, settings=Settings()) as session:
        assert_type(session, Session)
        assert_type(await session.publish_many(percepts), list[Ticket])
        assert_type(session.mind("ana"), Mind)


def failing(error: cognition.CognitionError) -> None:
    assert_type(error.remedy, str)
    late: TimeoutError = cognition.DeadlineError("too late")
    away: ConnectionError = cognition.UnavailableError("nobody there")
    wrong: ValueError = cognition.BadPerceptError("a zero vector")
    print(late, away, wrong)
