"""What the demonstration tells while it lasts."""

from __future__ import annotations

import io
from typing import Any

from cognition.commands.demo import RECEIPTS_TOLD, DemoSink, Receipts
from cognition.commands.progress import Progress
from schemas.events import EpisodeClosed, EpisodeOpened, IdentityBorn, Outcome, Receipt


def receipt(mind: str, key: str, outcome: Outcome = Outcome.ENCODED, reason: str = "") -> Receipt:
    return Receipt(mind=mind, entry=f"{key}-0", outcome=outcome, key=key, salience=0.5, reason=reason)


def told_of(*receipts: Receipt) -> tuple[list[str], Any]:
    """What is told of these, apart from the bar."""
    stream = io.StringIO()
    watching = Receipts(None, Progress("perceiving", len(receipts), stream))  # type: ignore[arg-type]
    for one in receipts:
        watching.take(one)
    return [line for line in stream.getvalue().splitlines() if "receipt" in line], watching.outcomes


def test_the_first_receipt_of_each_mind_is_told_and_every_one_that_is_not_encoded() -> None:
    lines, outcomes = told_of(
        receipt("ana", "1"), receipt("ana", "2"), receipt("bo", "3"),
        receipt("ana", "4", Outcome.REJECTED, "content is missing or blank"), receipt("bo", "5"),
        receipt("bo", "6", Outcome.STRENGTHENED, "the same content as 3"),
    )  # fmt: skip
    assert lines == [
        "  ana       receipt of 1: encoded, salience 0.50",
        "  bo        receipt of 3: encoded, salience 0.50",
        "  ana       receipt of 4: rejected, salience 0.50, content is missing or blank",
        "  bo        receipt of 6: strengthened, salience 0.50, the same content as 3",
    ]
    assert outcomes == {"encoded": 4, "rejected": 1, "strengthened": 1}


def test_a_second_run_that_strengthens_everything_stays_short() -> None:
    lines, outcomes = told_of(*(receipt("ana", str(n), Outcome.STRENGTHENED) for n in range(100)))
    assert len(lines) == RECEIPTS_TOLD
    assert outcomes == {"strengthened": 100}


def test_episodes_are_told_as_they_open_and_close() -> None:
    sink, stream = DemoSink(), io.StringIO()
    opened = EpisodeOpened(at=1.0, mind="ana", episode_id="e")
    sink.publish(opened)
    sink.progress = Progress("perceiving", 3, stream)
    sink.publish(IdentityBorn(at=1.0, mind="ana"))
    sink.publish(opened)
    sink.publish(
        EpisodeClosed(
            at=2.0, mind="ana", episode_id="e", label="tea", boundary_type="temporal", memory_count=3
        )
    )
    assert [" ".join(line.split()) for line in stream.getvalue().splitlines()] == [
        "* ana is born",
        "ana 1 episode opened",
        "ana episode closed: 3 memories, temporal tea",
    ]
