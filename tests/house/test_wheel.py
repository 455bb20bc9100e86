"""What is shipped: three packages with their types and samples, and nothing that is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ("cognition", "schemas", "streams")
BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    for name in (*SHIPPED, "benchmarks", "tests"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILD, str(target)],
        cwd=source, capture_output=True, check=True, timeout=100,
    )  # fmt: skip
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_holds_the_packages_and_nothing_else(contents: list[str]) -> None:
    folders = {name.partition("/")[0] for name in contents}
    assert {name for name in folders if not name.endswith(".dist-info")} == set(SHIPPED)


def test_the_wheel_holds_every_module(contents: list[str]) -> None:
    modules = {str(file.relative_to(ROOT)) for name in SHIPPED for file in (ROOT / name).rglob("*.py")}
    assert modules - set(contents) == set()


def test_the_wheel_holds_types_samples_and_licence(contents: list[str]) -> None:
    assert {f"{name}/py.typed" for name in SHIPPED} <= set(contents)
    samples = {str(file.relative_to(ROOT)) for file in (ROOT / "cognition/samples").glob("*.jsonl")}
    assert len(samples) == 4
    assert samples <= set(contents)
    assert [name for name in contents if name.endswith("/LICENSE")]
