"""precisionMemBench: the right belief and only that one, and silence when nothing fits.

A mind a user. The text of a belief is what the benchmark's own vector baseline embeds. Its scope is
the percept's source, its tier (pinned, question, expertise, resolved, relevant) metadata; a cue keeps
to its scopes and to the tier `relevant`, as that baseline does. That a belief was superseded is
*not* filtered: the newer belief says so by a relation, and the engine has to draw the conclusion.
Cases that any empty answer passes (an empty query, no room for beliefs) are left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.data import Row, Rows

DEFAULT_USER = "test-user"


def convert(folder: Path) -> Rows:
    """The seed beliefs in order of their creation, then single cases and turns of sessions as cues."""
    beliefs = json.loads((folder / "beliefs.seed.json").read_text(encoding="utf-8"))
    cases = json.loads((folder / "retrieval.cases.json").read_text(encoding="utf-8"))
    sessions = json.loads((folder / "session-retrieval.cases.json").read_text(encoding="utf-8"))
    older = {b["superseded_by"]: b["_id"] for b in beliefs if b.get("superseded_by")}
    ordered = sorted(beliefs, key=lambda b: (b["_id"] in older, b["created_at"]))
    percepts = [_percept(belief, older) for belief in ordered]
    known = {belief["_id"] for belief in beliefs}
    users = {belief["user_id"] for belief in beliefs}
    cues = [_cue(c, c["query"], c["category"]) for c in cases if _counts(c, users)]
    cues += [_cue(turn, turn["userMessage"], "Session") for s in sessions for turn in s["turns"]]
    return Rows(percepts, [cue for cue in cues if known.issuperset(cue["gold"])])


def _percept(belief: dict[str, Any], older: dict[str, str]) -> Row:
    parts = (belief["canonical_name"], *belief["aliases"], belief["content"], belief.get("why_it_matters"))
    row: Row = {
        "mind": belief["user_id"],
        "key": belief["_id"],
        "content": " ".join(part for part in parts if part),
        "subject": belief["canonical_name"],
        "source": belief["scope"][0],
        "kind": "semantic",
        "content_type": "fact",
        "occurred_at": belief["created_at"],
        "boundary": "begin",
        "metadata": {"tier": _tier(belief)},
    }
    if belief["_id"] in older:
        row["relations"] = [{"type": "supersedes", "target": older[belief["_id"]]}]
    return row


def _tier(belief: dict[str, Any]) -> str:
    if belief.get("resolved_at"):
        return "resolved"
    if belief["type"] == "open_question":
        return "question"
    if belief.get("subtype") == "expertise":
        return "expertise"
    return "pinned" if belief.get("pinned") else "relevant"


def _counts(case: dict[str, Any], users: set[str]) -> bool:
    asked = case["query"].strip() and case.get("budget", {}).get("maxBeliefs", 1) > 0
    return bool(asked and case.get("userId", DEFAULT_USER) in users and _wanted(case) is not None)


def _wanted(case: dict[str, Any]) -> list[str] | None:
    wanted: list[str] | None = case["expect"].get("relevantBeliefs", {}).get("shouldOnlyInclude")
    return wanted


def _cue(case: dict[str, Any], query: str, category: str) -> Row:
    return {
        "mind": case.get("userId", DEFAULT_USER),
        "content": query,
        "gold": _wanted(case) or [],
        "category": category,
        "filter": {"sources": case["scope"], "metadata": {"tier": "relevant"}},
    }
