"""The documented form: read as documented, refused with file, line and remedy."""

import json
from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.data import DataFormatError, Rows


def folder(tmp_path: Path, percepts: list[str], cues: list[str]) -> Path:
    (tmp_path / data.PERCEPTS).write_text("\n".join(percepts))
    (tmp_path / data.CUES).write_text("\n".join(cues) + "\n")
    return tmp_path


def percept(key: str, **more: object) -> str:
    return json.dumps({"mind": "ana", "content": "hello", "key": key, **more})


def test_a_folder_is_read_as_documented(tmp_path: Path) -> None:
    cue = {
        "mind": "ana",
        "content": "hi?",
        "gold": ["1"],
        "category": "c",
        "actor": "user",
        "at": "2024-01-02T00:00:00Z",
        "sources": ["mail"],
        "filter": {"session": "s"},
    }
    read = data.read_dir(
        folder(tmp_path, [percept("1", gold_boundary=True), "", percept("2")], [json.dumps(cue)])
    )
    assert [s.percept.key for s in read.sensed] == ["1", "2"]
    assert [s.gold_boundary for s in read.sensed] == [True, None]
    (question,) = read.questions
    assert (question.actor, question.category, question.gold) == ("user", "c", ["1"])
    assert question.filter.sources == ["mail"]
    assert question.filter.session == "s"


def test_writing_and_reading_gives_what_was_converted(tmp_path: Path) -> None:
    rows = Rows([{"mind": "m", "key": "é", "content": "x"}], [{"mind": "m", "content": "y", "gold": ["é"]}])
    data.write_dir(tmp_path / "new", rows)
    read, direct = data.read_dir(tmp_path / "new"), data.from_rows("new", rows)
    assert read == direct


@pytest.mark.parametrize(
    ("percepts", "cues", "message"),
    [
        (["{"], [], r"percepts\.jsonl:1: not JSON"),
        (["[]"], [], r"percepts\.jsonl:1: \[\] is not a JSON object"),
        ([percept("1"), percept("2", valence=7)], [], r"percepts\.jsonl:2: Percept\.valence = 7"),
        ([percept("1", gold_boundary="yes")], [], r"gold_boundary = 'yes'\. Give true or false"),
        ([percept("1")], ['{"mind": "ana", "content": "?"}'], r"cues\.jsonl:1: .*gold"),
        (
            [percept("1")],
            ['{"mind": "ana", "content": "?", "gold": ["9"]}'],
            r"gold '9' is the key of no percept",
        ),
        ([percept("1")], ['{"mind": "bo", "content": "?", "gold": ["1"]}'], r"no percept of mind 'bo'"),
        (
            [percept("1")],
            ['{"mind": "ana", "content": "?", "gold": [], "golf": 1}'],
            r"cues\.jsonl:1: .*golf",
        ),
        ([percept("1")], ['{"mind": "ana", "content": "?", "gold": [], "filter": 3}'], r"filter = 3"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, percepts: list[str], cues: list[str], message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        data.read_dir(folder(tmp_path, percepts, cues))


def test_a_folder_without_percepts_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"has no percepts\.jsonl"):
        data.read_dir(tmp_path)


def test_limiting_minds_keeps_the_first_ones_with_their_questions(tmp_path: Path) -> None:
    rows = Rows(
        [{"mind": m, "key": "k", "content": "x"} for m in ("a", "b", "a", "c")],
        [{"mind": m, "content": "?", "gold": ["k"]} for m in ("c", "a", "b")],
    )
    limited = data.from_rows("s", rows).limited(2)
    assert limited.minds == ["a", "b"]
    assert [q.mind for q in limited.questions] == ["a", "b"]
    assert len(limited.sensed) == 3


@pytest.mark.parametrize("minds", [0, -1])
def test_less_than_one_mind_is_refused(minds: int) -> None:
    whole = data.from_rows("s", Rows([{"mind": "a", "key": "k", "content": "x"}]))
    with pytest.raises(data.DataFormatError, match=f"--limit-minds {minds} leaves no mind"):
        whole.limited(minds)
