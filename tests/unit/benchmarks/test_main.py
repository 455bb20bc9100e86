"""The command line: what is absent is said, what is wrong is refused."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main


def test_without_a_name_the_benchmarks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "faults" in capsys.readouterr().out


def test_absent_data_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COGNITION_BENCH_DATA", str(tmp_path))
    assert main(["convert", "locomo", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "Fetch github.com/snap-research/locomo" in said.err


def test_a_wrong_line_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "percepts.jsonl").write_text('{"mind": "m", "content": "x", "valence": 3}\n')
    assert main(["recall", str(tmp_path)]) == 2
    assert "percepts.jsonl:1: Percept.valence = 3" in capsys.readouterr().err


def test_convert_writes_the_documented_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    (data / "tiage").mkdir(parents=True)
    (data / "tiage" / "anno_dev.json").write_text(json.dumps({"1": [["a", "-1"], ["b", "1"]]}))
    monkeypatch.setenv("COGNITION_BENCH_DATA", str(data))
    assert main(["convert", "tiage", str(tmp_path / "out")]) == 0
    lines = (tmp_path / "out" / "percepts.jsonl").read_text().splitlines()
    assert [json.loads(line)["gold_boundary"] for line in lines] == [False, True]
    assert "2 percepts" in capsys.readouterr().out


def test_a_set_that_is_none_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "nothing", str(tmp_path)]) == 2
    assert "Named sets: locomo" in capsys.readouterr().err
    assert main(["recall", "locmo"]) == 2
    assert "Named sets: locomo" in capsys.readouterr().err


def test_a_number_of_kills_is_not_negative() -> None:
    with pytest.raises(SystemExit, match="--kills -3 is negative"):
        main(["faults", "--kills", "-3"])
