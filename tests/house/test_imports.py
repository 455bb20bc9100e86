"""Imports point one way, and a tool says so. What the tool cannot say is read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACT_KINDS = ("layers", "protected", "forbidden", "independence", "acyclic_siblings")


def imported(file: Path) -> Iterator[str]:
    """Top-level packages that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_import_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=110
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("kind", CONTRACT_KINDS)
def test_there_is_a_contract_of_each_kind(kind: str) -> None:
    assert f'type = "{kind}"' in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("file", sorted((ROOT / "schemas").rglob("*.py")), ids=lambda file: file.name)
def test_schemas_use_msgspec_and_the_standard_library_only(file: Path) -> None:
    assert set(imported(file)) <= set(sys.stdlib_module_names) | {"msgspec", "schemas"}


@pytest.mark.parametrize(
    "file", sorted((ROOT / "cognition/mechanisms").rglob("*.py")), ids=lambda file: file.name
)
def test_mechanisms_do_not_wait(file: Path) -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert not [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, waiting)]


def test_every_module_says_what_it_is_for() -> None:
    files = [file for name in ("schemas", "streams", "cognition") for file in (ROOT / name).rglob("*.py")]
    silent = [
        str(file.relative_to(ROOT))
        for file in files
        if file.stat().st_size and not ast.get_docstring(ast.parse(file.read_text("utf-8")))
    ]
    assert silent == []
