"""The form every benchmark reads: a folder with `percepts.jsonl` and, for recall, `cues.jsonl`.

It must not know any particular data set: `loaders` turn those into this form.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from schemas.base import shorten
from schemas.cue import CueFilter, EpisodeFilter
from schemas.percept import Moment, Percept
from schemas.wire import decode_json

PERCEPTS = "percepts.jsonl"
CUES = "cues.jsonl"
GOLD_BOUNDARY = "gold_boundary"
_FILTER_FIELDS = frozenset(CueFilter.__struct_fields__)

Row = dict[str, Any]


class DataMissingError(FileNotFoundError):
    """The data is not on this machine; the message says what to fetch and from where."""


class DataFormatError(ValueError):
    """A line of the data is not what the documentation says; names file, line and remedy."""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of `cues.jsonl`: a cue and the keys of the percepts that answer it.

    `gold` may be empty: then the right answer is nothing at all.
    """

    mind: str
    content: str
    gold: list[str]
    category: str = ""
    actor: str = ""
    at: Moment | None = None
    filter: CueFilter = CueFilter()
    episode: EpisodeFilter | None = None


@dataclass(frozen=True, slots=True)
class Sensed:
    """One line of `percepts.jsonl`; `gold_boundary` is None where the set has none."""

    percept: Percept
    gold_boundary: bool | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A set in memory, with the hash of exactly what is fed."""

    name: str
    sensed: list[Sensed]
    questions: list[Question] = field(default_factory=list)
    sha256: str = ""

    @property
    def minds(self) -> list[str]:
        """Names of the minds, in order of first appearance."""
        return list(dict.fromkeys(s.percept.mind for s in self.sensed))

    def limited(self, minds: int | None) -> Dataset:
        """The same set with only its first `minds` minds; raises `DataFormatError` for fewer than one."""
        if minds is None:
            return self
        if minds < 1:
            raise DataFormatError(f"--limit-minds {minds} leaves no mind. Give 1 or more, or leave it out.")
        kept = set(self.minds[:minds])
        return replace(
            self,
            sensed=[s for s in self.sensed if s.percept.mind in kept],
            questions=[q for q in self.questions if q.mind in kept],
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """A converted set before it is written: JSON objects, in order."""

    percepts: list[Row]
    cues: list[Row] = field(default_factory=list)


def data_root() -> Path:
    """Where the evaluation data lies: `COGNITION_BENCH_DATA`, else `../shared/data` beside the checkout."""
    given = os.environ.get("COGNITION_BENCH_DATA")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"


def write_dir(folder: Path, rows: Rows) -> None:
    """Write a set in the documented form; the folder is made when absent."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / PERCEPTS, rows.percepts)
    if rows.cues:
        _write_lines(folder / CUES, rows.cues)


def read_dir(folder: Path) -> Dataset:
    """Read a folder in the documented form, one error per wrong line, with its number."""
    if not (folder / PERCEPTS).is_file():
        raise DataFormatError(
            f"{folder} has no {PERCEPTS}. Give a folder with {PERCEPTS} (fields of Percept, one JSON object "
            f"a line) and, for recall, {CUES}; or one of the named sets (see --help)."
        )
    percepts = _lines(folder / PERCEPTS)
    cues = _lines(folder / CUES) if (folder / CUES).is_file() else []
    return _dataset(folder.name, percepts, cues)


def from_rows(name: str, rows: Rows) -> Dataset:
    """What `read_dir` would give for these rows once written."""
    return _dataset(
        name,
        [(f"{PERCEPTS}:{n}", _dump(row)) for n, row in enumerate(rows.percepts, 1)],
        [(f"{CUES}:{n}", _dump(row)) for n, row in enumerate(rows.cues, 1)],
    )


def _dataset(name: str, percepts: list[tuple[str, bytes]], cues: list[tuple[str, bytes]]) -> Dataset:
    digest = hashlib.sha256()
    for _, line in (*percepts, *cues):
        digest.update(line + b"\n")
    sensed = [_sensed(where, line) for where, line in percepts]
    questions = [_question(where, line) for where, line in cues]
    known = {(s.percept.mind, s.percept.key) for s in sensed}
    for (where, _), question in zip(cues, questions, strict=True):
        strangers = [key for key in question.gold if (question.mind, key) not in known]
        if strangers:
            raise DataFormatError(
                f"{where}: gold {shorten(strangers[0])} is the key of no percept of mind "
                f"{shorten(question.mind)}. Give each percept a `key` and name it in `gold`."
            )
    return Dataset(name=name, sensed=sensed, questions=questions, sha256=digest.hexdigest())


def _sensed(where: str, line: bytes) -> Sensed:
    row = _object(where, line)
    mark = row.pop(GOLD_BOUNDARY, None)
    if mark is not None and not isinstance(mark, bool):
        raise DataFormatError(f"{where}: {GOLD_BOUNDARY} = {shorten(mark)}. Give true or false.")
    try:
        return Sensed(percept=decode_json(Percept, msgspec.json.encode(row)), gold_boundary=mark)
    except ValueError as error:
        raise DataFormatError(f"{where}: {error}") from error


def _question(where: str, line: bytes) -> Question:
    """Read one cue; fields of `CueFilter` may stand in the line itself or in a map `filter`."""
    row = _object(where, line)
    inline = {name: row.pop(name) for name in list(row) if name in _FILTER_FIELDS}
    nested = row.pop("filters", None) or row.get("filter") or {}
    if not isinstance(nested, Mapping):
        raise DataFormatError(f"{where}: filter = {shorten(nested)}. Give a map of filter fields.")
    row["filter"] = {**nested, **inline}
    try:
        return msgspec.convert(row, type=Question)
    except msgspec.ValidationError as error:
        raise DataFormatError(f"{where}: {error}. benchmarks/README.md lists the fields of a cue.") from error


def _object(where: str, line: bytes) -> Row:
    try:
        row = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise DataFormatError(f"{where}: not JSON ({error}): {shorten(line)}") from error
    if not isinstance(row, dict):
        raise DataFormatError(f"{where}: {shorten(row)} is not a JSON object. Write one object a line.")
    return row


def _lines(path: Path) -> list[tuple[str, bytes]]:
    lines = path.read_bytes().split(b"\n")
    return [(f"{path.name}:{n}", line) for n, line in enumerate(lines, 1) if line.strip()]


def _write_lines(path: Path, rows: Iterable[Row]) -> None:
    with path.open("wb") as out:
        out.writelines(_ended(rows))


def _ended(rows: Iterable[Row]) -> Iterator[bytes]:
    for row in rows:
        yield _dump(row) + b"\n"


def _dump(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()
