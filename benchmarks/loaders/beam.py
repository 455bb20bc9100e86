"""BEAM 100K: long chats with an assistant, questions with the messages they rest on.

A mind a chat, an episode a batch of it (opened by an explicit mark), the role as actor. Questions
are asked by the user. Those without source messages (abstention, some summaries) are left out, or
the abstention ones are kept with an empty gold: they ask for a detail that was never given.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

from benchmarks.data import Row, Rows
from schemas.percept import CONTENT_LENGTH_MAX

CONTENT_CUT = 1_500
"""Characters of a message that are fed: design/evaluation.md, so that figures compare."""


def convert(folder: Path, cut: int | None = CONTENT_CUT, *, abstention: bool = False) -> Rows:
    """All chats of the folder in numeric order; `cut` None feeds messages whole, up to the schema's limit."""
    limit = CONTENT_LENGTH_MAX if cut is None else cut
    chats = sorted((p for p in folder.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))
    if not chats:
        raise FileNotFoundError(2, "no numbered chat folders", str(folder / "N"))
    percepts: list[Row] = []
    cues: list[Row] = []
    for chat in chats:
        mind = f"beam-{chat.name}"
        with gzip.open(chat / "chat.json.gz", "rt", encoding="utf-8") as source:
            turns = _percepts(mind, json.load(source), limit)
        percepts += turns
        questions = json.loads((chat / "probing_questions.json").read_text(encoding="utf-8"))
        cues += _cues(mind, questions, {row["key"] for row in turns}, turns[-1]["occurred_at"], abstention)
    return Rows(percepts, cues)


def _percepts(mind: str, batches: list[dict[str, Any]], limit: int) -> list[Row]:
    rows: list[Row] = []
    for batch in batches:
        messages = [message for group in batch["turns"] for message in group]
        moment = _moment(next(m["time_anchor"] for m in messages if m.get("time_anchor")))
        for position, message in enumerate(messages):
            row: Row = {
                "mind": mind,
                "key": str(message["id"]),
                "content": message["content"][:limit],
                "actor": message["role"],
                "occurred_at": moment,
                "session": f"batch-{batch['batch_number']}",
            }
            if position == 0:
                row |= {"boundary": "begin", "boundary_label": f"batch {batch['batch_number']}"}
            rows.append(row)
    return rows


def _cues(
    mind: str, questions: dict[str, list[dict[str, Any]]], known: set[str], at: str, abstention: bool
) -> list[Row]:
    rows: list[Row] = []
    for category, asked in questions.items():
        for question in asked:
            cited = dict.fromkeys(str(i) for i in _flat(question.get("source_chat_ids")))
            gold = [key for key in cited if key in known]
            if gold or (abstention and category == "abstention"):
                rows.append(
                    {
                        "mind": mind,
                        "content": question["question"],
                        "gold": gold,
                        "category": category,
                        "actor": "user",
                        "at": at,
                    }
                )
    return rows


def _flat(ids: Any) -> list[Any]:
    """Message ids of a list, or of lists inside a map."""
    if isinstance(ids, dict):
        return [i for part in ids.values() for i in _flat(part)]
    if isinstance(ids, list):
        return [i for part in ids for i in _flat(part)]
    return [] if ids is None else [ids]


def _moment(anchor: str) -> str:
    """RFC 3339 of, for example, ``March-15-2024``."""
    return dt.datetime.strptime(anchor, "%B-%d-%Y").strftime("%Y-%m-%dT00:00:00Z")
