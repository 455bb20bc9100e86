"""Sets for event segmentation: percepts with `gold_boundary`, one mind a set.

A dialogue opens with an explicit mark; the gap before it is given, so it is not scored.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.data import Row, Rows

_NUMBERED = re.compile(r"(\d+)\s+(.*)")
SHERLOCK_STARTED_AT = 1_279_998_000.0
"""First broadcast of the episode, 2010-07-24T19:00:00Z: any fixed origin would do."""


def convert_dialseg(folder: Path) -> Rows:
    """DialSeg711: one utterance a line, its segment's number before it."""
    rows: list[Row] = []
    dialogue, segment = "", ""
    for line in (folder / "en_dataset_reference_2.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("call_id"):
            dialogue, segment = line.strip(), ""
        elif match := _NUMBERED.fullmatch(line.strip()):
            opens = segment == ""
            changed = not opens and match[1] != segment
            segment = match[1]
            rows.append(_utterance("dialseg711", len(rows), match[2], opens, changed, dialogue))
    return Rows(rows)


def convert_tiage(folder: Path, part: str = "dev") -> Rows:
    """TIAGE: utterances with a mark where the topic shifts."""
    dialogues = json.loads((folder / f"anno_{part}.json").read_text(encoding="utf-8"))
    rows: list[Row] = []
    for name, turns in dialogues.items():
        for position, (utterance, mark) in enumerate(turns):
            opens = position == 0
            shift = not opens and str(mark) == "1"
            rows.append(_utterance(f"tiage-{part}", len(rows), utterance, opens, shift, f"dialogue {name}"))
    return Rows(rows)


def _utterance(mind: str, number: int, content: str, opens: bool, gold: bool, label: str) -> Row:
    row: Row = {"mind": mind, "key": str(number), "content": content.strip(), "gold_boundary": gold}
    if opens:
        row |= {"boundary": "begin", "boundary_label": label}
    return row


def convert_sherlock(folder: Path) -> Rows:
    """Sherlock: described segments of a film, in two parts, with place and feeling.

    Who is in the picture changes with nearly every cut of the camera: it is metadata, not context.
    """
    source = folder / "Sherlock_Segments_1000_NN_2017.xlsx"
    if not source.is_file():
        raise FileNotFoundError(2, "no such file", str(source))
    rows: list[Row] = []
    part_began, last_end = 0.0, 0.0
    for segment in _segments(source):
        if segment["start"] < last_end - part_began:
            part_began = last_end
        last_end = part_began + segment["end"]
        rows.append(_film_segment(segment, part_began, len(rows)))
    return Rows(rows)


def _film_segment(segment: dict[str, Any], part_began: float, number: int) -> Row:
    row: Row = {
        "mind": "sherlock",
        "key": str(number + 1),
        "content": segment["details"],
        "occurred_at": SHERLOCK_STARTED_AT + part_began + segment["start"],
        "valence": segment["valence"],
        "arousal": segment["arousal"],
        "context": {"place": segment["place"]} if segment["place"] else {},
        "metadata": {"people": segment["people"]},
        "gold_boundary": number > 0 and segment["scene"],
    }
    if number == 0:
        row["boundary"] = "begin"
    return row


def _segments(source: Path) -> Iterator[dict[str, Any]]:
    """The annotated rows; raters' marks become arousal 0..1 (from 1..5) and valence -1..1 (from - and +)."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an unknown spreadsheet extension, not used
        sheet = openpyxl.load_workbook(source, read_only=True).worksheets[0]
        table = list(sheet.iter_rows(values_only=True))
    names = [str(name or "").strip() for name in table[0]]
    at = {name: position for position, name in enumerate(names)}
    arousal = [at[f"Arousal - Rater {n}"] for n in range(1, 5)]
    valence = [at[f"Valence - Rater {n}"] for n in range(1, 5)]
    for cells in table[1:]:
        details = cells[at["Scene Details - A Level"]]
        if not details:
            continue
        ratings = [float(cells[i]) for i in arousal if isinstance(cells[i], int | float)]
        signs = [1.0 if cells[i] == "+" else -1.0 for i in valence if cells[i] in ("+", "-")]
        yield {
            "start": float(cells[at["Start Time (s)"]]),
            "end": float(cells[at["End Time (s)"]]),
            "scene": bool(str(cells[at["Scene Segments"]] or "").strip()),
            "details": str(details).strip(),
            "place": str(cells[at["Location"]] or "").strip(),
            "people": str(cells[at["Name - All"]] or "").strip(),
            "arousal": round((sum(ratings) / len(ratings) - 1.0) / 4.0, 4) if ratings else 0.5,
            "valence": round(sum(signs) / len(signs), 4) if signs else 0.0,
        }
