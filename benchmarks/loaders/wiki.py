"""2WikiMultiHopQA: passages with titles, questions whose answer lies across several of them.

One mind; a passage is a semantic memory about its title and its own episode.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.data import Row, Rows

MIND = "2wiki"


def convert(folder: Path) -> Rows:
    """All passages, and the questions whose gold titles all resolve."""
    corpus = json.loads((folder / "2wikimultihopqa_corpus.json").read_text(encoding="utf-8"))
    questions = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    relevant = json.loads((folder / "qrels_derived.json").read_text(encoding="utf-8"))
    gold = {entry["id"]: entry for entry in relevant if entry["resolved"]}
    percepts: list[Row] = [
        {
            "mind": MIND,
            "key": passage["title"],
            "content": f"{passage['title']}. {passage['text']}",
            "subject": passage["title"],
            "kind": "semantic",
            "content_type": "fact",
            "boundary": "begin",
        }
        for passage in corpus
    ]
    cues: list[Row] = [
        {
            "mind": MIND,
            "content": question["question"],
            "gold": list(dict.fromkeys(gold[question["id"]]["gold_titles"])),
            "category": question["question_type"],
        }
        for question in questions
        if question["id"] in gold
    ]
    return Rows(percepts, cues)
