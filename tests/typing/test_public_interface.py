"""A user's type checker agrees with what the public interface says of itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INTERFACE = "tests/typing/public_interface.py"


@pytest.mark.slow
def test_a_strict_checker_agrees_with_the_public_interface() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", INTERFACE],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_the_interface_that_is_checked_can_be_imported() -> None:
    compiled = compile((ROOT / INTERFACE).read_text("utf-8"), INTERFACE, "exec")
    names: dict[str, object] = {"__name__": "public_interface"}
    exec(compiled, names)
    assert "perceiving" in names
