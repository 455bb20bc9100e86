"""LoCoMo: ten long conversations between two people, questions with the turns that answer them.

A mind a conversation, an episode a session (opened by an explicit mark), an actor a speaker,
the session's date as time; a shared image is told by its caption.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

from benchmarks.data import Row, Rows

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
_SESSION = re.compile(r"session_(\d+)")
# Evidence is written by hand: "D8:6; D9:17", "D9:1 D4:4", "D:11:26" and "D30:05" occur.
_TURN = re.compile(r"D:?0*(\d+):0*(\d+)")


def convert(folder: Path) -> Rows:
    """All conversations, and every question with at least one turn of evidence that exists."""
    conversations = json.loads((folder / "locomo10.json").read_text(encoding="utf-8"))
    percepts: list[Row] = []
    cues: list[Row] = []
    for number, sample in enumerate(conversations):
        mind = str(sample.get("sample_id") or f"conversation-{number}")
        turns = _percepts(mind, sample["conversation"])
        percepts += turns
        known = {str(turn["key"]) for turn in turns}
        asked_at = turns[-1]["occurred_at"]
        for question in sample["qa"]:
            gold = [key for key in _evidence(question) if key in known]
            if gold:
                cues.append(
                    {
                        "mind": mind,
                        "content": question["question"],
                        "gold": gold,
                        "category": CATEGORIES[question["category"]],
                        "at": asked_at,
                    }
                )
    return Rows(percepts, cues)


def _percepts(mind: str, conversation: dict[str, Any]) -> list[Row]:
    sessions = sorted(int(m[1]) for name in conversation if (m := _SESSION.fullmatch(name)))
    rows: list[Row] = []
    for number in sessions:
        moment = _moment(conversation[f"session_{number}_date_time"])
        for position, turn in enumerate(conversation[f"session_{number}"]):
            row: Row = {
                "mind": mind,
                "key": turn["dia_id"],
                "content": _content(turn),
                "actor": turn["speaker"],
                "occurred_at": moment,
                "session": f"session-{number}",
            }
            if position == 0:
                row |= {"boundary": "begin", "boundary_label": f"session {number}"}
            rows.append(row)
    return rows


def _content(turn: dict[str, Any]) -> str:
    caption = turn.get("blip_caption")
    return f"{turn['text']} [shares an image of {caption}]" if caption else str(turn["text"])


def _evidence(question: dict[str, Any]) -> list[str]:
    """Keys of the cited turns in their regular spelling, each once."""
    found = (m for cited in question.get("evidence", ()) for m in _TURN.finditer(cited))
    return list(dict.fromkeys(f"D{int(m[1])}:{int(m[2])}" for m in found))


def _moment(text: str) -> str:
    """RFC 3339 of, for example, ``1:56 pm on 8 May, 2023`` (no zone is given: taken as UTC)."""
    moment = dt.datetime.strptime(text, "%I:%M %p on %d %B, %Y").replace(tzinfo=dt.UTC)
    return moment.isoformat().replace("+00:00", "Z")
