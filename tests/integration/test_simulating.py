"""Weeks of nights on a copy: what they would do, and that what they are simulated on stays as it is."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.support import cognition, daemon_on, environment

ANA = "ana"
MEMORIES = 40


def lived(directory: Path) -> None:
    """A daemon that took in some memories and has ended."""
    with daemon_on(directory) as daemon:
        client = daemon.client()
        for n in range(MEMORIES):
            entry = client.perceive(ANA, f"note {n} about the harbour, number {n * 7919}", key=f"k{n}")
        client.receipt(ANA, entry)


def bytes_of(directory: Path) -> dict[str, str]:
    """A digest of every file of the store."""
    files = sorted(f for f in (directory / "store").rglob("*") if f.is_file())
    return {str(f.relative_to(directory)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.mark.timeout(300)
def test_weeks_are_told_one_by_one_and_the_original_is_untouched(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    lived(directory)
    before = bytes_of(directory)
    asked = ("sleep", "--mind", ANA, "--data", str(directory), "--simulate", "2w")
    told = cognition(*asked, "--set", "sleep.memory_max=30")
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert [line.split(" to ")[0] for line in lines] == ["week   1", "week   2"]
    assert "30 remembered" in lines[0]
    assert "10 archived (10 in all)" in lines[0]
    assert "0 archived (10 in all)" in lines[1]
    assert "days simulated" in told.err
    assert bytes_of(directory) == before
    read = cognition(*asked, "--set", "sleep.schedule=0 3 * * 0", "--json").json
    assert read["whole"] in (True, False)
    assert [(week["week"], week["nights"]) for week in read["weeks"]] == [(1, 1), (2, 1)]
    assert [week["in_archive"] for week in read["weeks"]] == [0, 0]


@pytest.mark.timeout(300)
def test_a_simulation_says_what_keeps_it_from_beginning(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    asked = ("sleep", "--mind", ANA, "--data", str(directory))
    assert "holds no store" in cognition(*asked, "--simulate", "30d").err
    with daemon_on(directory):
        pass
    assert "remembers nothing" in cognition(*asked, "--simulate", "30d").err
    wrong = cognition(*asked, "--simulate", "soon")
    assert (wrong.code, "'soon' is no span of 1 to 3,660 days" in wrong.err) == (2, True)


@pytest.mark.timeout(300)
def test_a_simulation_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    directory, room = tmp_path / "data", tmp_path / "room"
    lived(directory)
    room.mkdir()
    words = ("sleep", "--mind", ANA, "--data", str(directory), "--simulate", "10y")
    asked = [sys.executable, "-m", "cognition", *words]
    with subprocess.Popen(
        asked, env=environment(TMPDIR=str(room)), stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        assert "days simulated" in running.stderr.readline()
        assert list(room.iterdir())
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=200.0) == 130, "a disk that others keep busy makes it slow"
    assert list(room.iterdir()) == []


def copies_in(directory: Path) -> list[Path]:
    """The copies of minds that lie beside its data."""
    folder = directory / "copies"
    return list(folder.iterdir()) if folder.is_dir() else []


@pytest.mark.timeout(300)
def test_a_mind_is_simulated_beside_its_daemon_and_goes_on_untouched(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with daemon_on(directory) as daemon:
        client = daemon.client()
        for mind in (ANA, "bo"):
            for n in range(MEMORIES):
                entry = client.perceive(mind, f"note {n} about the harbour, number {n * 7919}", key=f"k{n}")
            client.receipt(mind, entry)
        asked = ("sleep", "--mind", ANA, "--data", str(directory))
        told = cognition(*asked, "--simulate", "2w", "--set", "sleep.memory_max=30", "--json")
        assert told.code == 0, told.err
        assert [(week["remembered"], week["in_archive"]) for week in told.json["weeks"]] == [
            (30, 10),
            (30, 10),
        ]
        assert copies_in(directory) == []
        assert "It has not slept yet" in cognition("sleep", "log", *asked[1:]).out
        status = cognition("status", *asked[1:], "--json").json
        assert status["memories"] == MEMORIES
        entry = client.perceive(ANA, "and it goes on", key="on")
        assert client.receipt(ANA, entry)
        nobody = cognition("sleep", "--mind", "cy", "--data", str(directory), "--simulate", "1w")
        assert (nobody.code != 0, "remembers nothing" in nobody.err) == (True, True)
        assert copies_in(directory) == []


@pytest.mark.timeout(300)
def test_a_copy_that_nobody_removed_is_swept_by_the_next_daemon(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    lived(directory)
    left, fresh = directory / "copies" / "left", directory / "copies" / "fresh"
    for folder in (left, fresh):
        (folder / "store").mkdir(parents=True)
    os.utime(left, (1.0, 1.0))
    with daemon_on(directory):
        assert copies_in(directory) == [fresh]
