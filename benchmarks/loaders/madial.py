"""MADial-Bench: a dialogue should remind the assistant of memories of the person it talks to.

As published: all memories in one store; the cue is the dialogue up to its first test turn.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.data import Row, Rows

MIND = "madial"
ASKED_AT = "2024-06-16T00:00:00Z"
"""The day of the dialogues, as the benchmark's own code states it."""


def convert(folder: Path) -> Rows:
    """Memories in order of time, each its own episode, and one cue a dialogue."""
    memories: dict[str, dict[str, str]] = {}
    for line in _lines(folder / "memories.jsonl"):
        memories.update(json.loads(line))
    ordered = sorted(memories.items(), key=lambda item: (item[1]["time"], int(item[0])))
    return Rows([_percept(key, memory) for key, memory in ordered], _cues(folder, memories))


def _percept(key: str, memory: dict[str, str]) -> Row:
    return {
        "mind": MIND,
        "key": key,
        "content": memory["event"],
        "occurred_at": f"{memory['time']}T00:00:00Z",
        "boundary": "begin",
        "metadata": {"scene": memory["scene"], "emotion": memory["emotion"]},
    }


def _cues(folder: Path, memories: dict[str, dict[str, str]]) -> list[Row]:
    rows: list[Row] = []
    for line in _lines(folder / "dialogues_even.jsonl"):
        dialogue = json.loads(line)
        spoken = [turn.strip() for turn in dialogue["dialogue"][: dialogue["test-turn"][0]]]
        gold = [key for i in dict.fromkeys(dialogue["relevant-id"]) if (key := str(i)) in memories]
        content = "\n".join(turn for turn in spoken if turn != "<BOD>")
        rows.append(
            {
                "mind": MIND,
                "content": content,
                "gold": gold,
                "category": f"user-{dialogue['user-id']}",
                "at": ASKED_AT,
            }
        )
    return rows


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
