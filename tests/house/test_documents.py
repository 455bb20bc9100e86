"""What the documents say is so: decisions are listed, files exist, commands exist, settings decode."""

from __future__ import annotations

import argparse
import importlib
import re
import tomllib
from pathlib import Path

import pytest

from benchmarks.__main__ import COMMANDS
from cognition.cli import build_parser
from cognition.engine.liveness import AT_ENCODING
from cognition.engine.weighing import MECHANISMS
from cognition.settings import Settings, load
from streams.shown import KEPT_MAX, KEPT_S

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "ADRs").glob("[0-9]*.md"))
DOCUMENTS = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
SECTIONS = ("## Context", "## Decision", "## Consequences", "## Instead of", "## Kept by")


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda file: file.name)
def test_every_decision_is_in_the_index_under_its_own_title(decision: Path) -> None:
    title = decision.read_text("utf-8").splitlines()[0]
    number, _, words = title.removeprefix("# ").partition(". ")
    assert decision.name.startswith(f"{number}-")
    assert f"[{number}]({decision.name}) | {words} |" in (ROOT / "ADRs/README.md").read_text("utf-8")


@pytest.mark.parametrize("decision", [*DECISIONS, ROOT / "ADRs/template.md"], ids=lambda file: file.name)
def test_every_decision_has_every_section(decision: Path) -> None:
    text = decision.read_text("utf-8")
    assert [section for section in SECTIONS if section not in text] == []
    assert re.search(r"Status: (proposed|accepted|superseded by \d{4})", text)


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(file.name[:4]) for file in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("document", [*DOCUMENTS, *DECISIONS], ids=lambda file: file.name)
def test_links_and_file_names_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []
    named = re.findall(
        r"`((?:cognition|schemas|streams|tests|deploy|engine|stores|mechanisms|ADRs)/[\w./-]+)`", text
    )
    bases = (ROOT, ROOT / "cognition")
    assert [name for name in named if not any((base / name).exists() for base in bases)] == []


@pytest.mark.parametrize("file", ["README.md", "cognition/client.py", "cognition/engine/lessons.py"])
def test_how_long_the_id_of_a_recollection_is_enough_is_said_whole(file: str) -> None:
    said = " ".join((ROOT / file).read_text("utf-8").split())
    promises = re.findall(r"(?:enough for|within) a day.{0,60}", said)
    assert promises
    assert KEPT_S == 86_400
    assert all(f"latest {KEPT_MAX:,} of" in promise for promise in promises)


def test_every_command_in_the_documents_is_a_command() -> None:
    known = _usages()
    for document in DOCUMENTS:
        for words in re.findall(r"(?<![\w/.-])cognition ((?:[a-z]+ ?){1,2})", _code(document)):
            first, _, second = words.strip().partition(" ")
            assert first in known or f"{first} {second}" in known, f"{document.name}: cognition {words}"


def _code(document: Path) -> str:
    text = document.read_text("utf-8")
    fenced = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    return "\n".join(re.findall(r"`([^`\n]+)`", text) + fenced)


def _usages() -> set[str]:
    """Every command and every verb, as they are typed."""
    found: set[str] = set()
    for action in build_parser()._subparsers._group_actions:  # type: ignore[union-attr]
        for name, parser in action.choices.items():  # type: ignore[union-attr]
            found.add(name)
            if parser._subparsers is not None:
                for inner in parser._subparsers._group_actions:
                    found |= {f"{name} {verb}" for verb in inner.choices}
    return found


def test_the_first_two_commands_of_the_readme_do_their_own_set_up() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), flags=re.DOTALL)
    for block, end in zip(blocks[:2], ("cognition demo", "just test"), strict=True):
        (line,) = block.strip().splitlines()
        assert line.startswith("sh setup.sh && ")
        assert line.endswith(end)


def test_every_recipe_that_a_document_names_exists() -> None:
    recipes = set(
        re.findall(r"^([a-z-]+)[^:=\n]*:(?!=)", (ROOT / "justfile").read_text("utf-8"), flags=re.MULTILINE)
    )
    for document in DOCUMENTS:
        for name in re.findall(r"\bjust ([a-z-]+)", _code(document)):
            assert name in recipes, f"{document.name}: just {name}"


@pytest.mark.parametrize("example", sorted((ROOT / "deploy").glob("*.toml")), ids=lambda file: file.name)
def test_a_settings_example_decodes_and_shows_every_setting_at_its_default(example: Path) -> None:
    loaded = load(example)
    assert loaded.settings == Settings()
    assert [key for key, origin in loaded.origins.items() if origin == "default"] == []
    assert tomllib.loads(example.read_text("utf-8"))


def test_the_constraints_name_no_host() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert not re.search(r"https?://|^-i|^--|@ file", text, flags=re.MULTILINE)
    pins = re.findall(r"^[\w.-]+==\S+", text, flags=re.MULTILINE)
    assert len(pins) > 50
    assert text.count("--hash=sha256:") >= len(pins)


def test_the_benchmarks_are_described_with_every_option_and_every_mechanism() -> None:
    text = (ROOT / "benchmarks/README.md").read_text("utf-8")
    told = set(re.findall(r"[\w-]+", text))
    assert {*MECHANISMS, *AT_ENCODING} - told == set()
    for name in COMMANDS:
        parser = argparse.ArgumentParser(add_help=False)
        importlib.import_module(f"benchmarks.{name}").add_arguments(parser)
        options = {option for action in parser._actions for option in action.option_strings}
        assert options - told == set(), f"benchmarks {name}"
        assert f"| `{name}" in text
