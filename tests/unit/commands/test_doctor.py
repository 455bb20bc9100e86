"""The doctor tells a mechanism that works from one that is off and from one that does nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cognition.cli import main
from cognition.commands.words import IDLE_MIN
from cognition.data_directory import keep_lives, prepare
from schemas.mechanism import Lives, MechanismLife

LIVES = [
    MechanismLife(name="dense", did=7, of=IDLE_MIN, last_at=1.7e9),
    MechanismLife(name="spreading", of=IDLE_MIN),
    MechanismLife(name="time", of=IDLE_MIN - 1),
    MechanismLife(name="actor", of=IDLE_MIN),
    MechanismLife(name="formed by mention", did=5, unit="associations", last_at=1.7e9),
    MechanismLife(name="sleep.replay", did=35, unit="memories", last_at=1.7e9),
]
MARKS = {"dense": "ok", "spreading": "idle", "time": "ok", "actor": "off", "formed by mention": "off"}
MARKS |= {"sleep": "ok", "sleep.replay": "ok", "sleep.rare_terms": "ok", "sleep.forget": "off"}
MARKS |= {"sleep.abstract": "off", "sleep.supersede": "ok"}


@pytest.fixture
def examined(tmp_path: Path) -> list[str]:
    """The words of a command that looks at a directory in which a daemon has lived."""
    prepare(tmp_path)
    keep_lives(tmp_path, Lives(since=0.0, lives=LIVES))
    chosen = (
        "embedding.enabled=false",
        "recall.without=actor",
        "minds.without=mention",
        "sleep.without=forget",
        "sleep.also=supersede",
    )
    return ["doctor", "--data", str(tmp_path), *(word for each in chosen for word in ("--set", each))]


def test_what_is_off_or_idle_is_marked_beside_what_works(
    examined: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(examined)
    lines = capsys.readouterr().out.splitlines()
    marks = {name: line.split()[0] for line in lines for name in MARKS if line[5:].startswith(f"{name}  ")}
    assert marks == MARKS
    assert any(
        line.startswith(f"idle spreading            idle; nothing in {IDLE_MIN} recalls") for line in lines
    )
    assert "off  sleep.abstract       off; sleep.also = abstract turns it on" in lines
    assert any(line.startswith("ok   sleep.replay         on; 35 memories, last 2023-11-1") for line in lines)


def test_a_program_reads_the_same_marks(examined: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*examined, "--json"])
    found = {row["check"]: row for row in json.loads(capsys.readouterr().out)}
    assert {name: found[name]["mark"] for name in MARKS} == MARKS
    assert all(found[name]["ok"] for name in MARKS)
    assert found["model"]["mark"] == "ok"


def test_a_directory_that_is_not_there_is_told_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mistyped = tmp_path / "some" / "cogniton"
    main(["doctor", "--data", str(mistyped), "--set", "embedding.enabled=false"])
    assert f"{mistyped}" in (said := capsys.readouterr().out)
    assert "nothing is kept there yet" in said
    assert not (tmp_path / "some").exists()
    (tmp_path / "some").write_text("no folder")
    assert main(["doctor", "--data", str(mistyped), "--set", "embedding.enabled=false"]) == 1
    assert "cannot be made" in capsys.readouterr().out
