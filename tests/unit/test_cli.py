"""The grammar of the command line, without running a command: help, examples, shapes, cheap imports."""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import anyio
import msgspec
import pytest

from cognition.cli import build_parser, main
from cognition.command_table import SHAPES
from cognition.commands.running import run_command
from cognition.errors import (
    BadCueError,
    CognitionError,
    DataVersionError,
    DeadlineError,
    MindStoppedError,
    ModelUnavailableError,
    PartitionsInUseError,
    SettingsError,
    StoreLockedError,
    UnavailableError,
)
from schemas.base import SchemaError
from schemas.events import Receipt
from schemas.inquiry import IdentityAnswer, MemoryAnswer, StatusAnswer
from schemas.learning import NeighboursAnswer, PathAnswer

HEAVY = ("numpy", "torch", "redis", "qdrant_edge", "msgspec", "anyio", "sentence_transformers")


def commands(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command that can be run."""
    if parser._subparsers is None:
        yield words
        return
    for action in parser._subparsers._group_actions:
        for name, inner in action.choices.items():  # type: ignore[union-attr]
            yield from commands(inner, (*words, name))


COMMANDS = sorted(commands(build_parser()))


def help_of(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_a_command_has_an_example_that_it_takes_and_the_shape_of_its_json(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(words, capsys)
    example = text.partition("example:\n")[2].splitlines()[0]
    options = build_parser().parse_args(shlex.split(example)[1:])
    assert options.run in SHAPES
    assert f"with --json:\n  {SHAPES[options.run]}" in text
    assert tuple(shlex.split(example)[1 : 1 + len(words)]) == words
    for option in ("--mind", "--data", "--url", "--json", "--config", "--set"):
        assert option in text


@pytest.mark.parametrize(
    "kind", [Receipt, StatusAnswer, MemoryAnswer, IdentityAnswer, NeighboursAnswer, PathAnswer]
)
def test_the_shape_of_an_answer_names_all_that_is_in_it(kind: type[msgspec.Struct]) -> None:
    shapes = [shape for shape in SHAPES.values() if f" {kind.__name__} {{" in shape]
    assert shapes
    for shape in shapes:
        told = shape.partition(f" {kind.__name__} ")[2]
        missing = [name for name in kind.__struct_fields__ if not re.search(rf"\b{name}\b", told)]
        assert missing == []
        assert kind.__struct_config__.omit_defaults is False


@pytest.mark.parametrize("run", SHAPES)
def test_every_command_is_there_to_be_run(run: str) -> None:
    module, function = run.split(":")
    assert inspect.iscoroutinefunction(
        getattr(importlib.import_module(f"cognition.commands.{module}"), function)
    )


@pytest.mark.parametrize("words", [(), ("memory",), ("dead",)])
def test_without_a_command_the_commands_are_shown(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(words)) == 2
    assert "usage: cognition" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["remember"], ["feedback"], ["recall", "x", "--limit", "x"], ["--colour"]])
def test_words_that_are_no_command_are_wrong_use(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: cognition" in capsys.readouterr().err


def test_to_ask_nothing_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recall", "--mind", "ana"]) == 2
    assert "neither a cue nor --vector" in capsys.readouterr().err


@pytest.mark.parametrize("when", ["yesterday", "2026-02-31T00:00:00Z", "2026-03-01T12:00:00", "nan"])
def test_a_moment_that_is_none_is_named_with_its_remedy(
    when: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recall", "--mind", "ana", "Where are the keys?", "--as-of", when]) == 2
    told = capsys.readouterr().err
    assert repr(when) in told
    assert "RFC 3339" in told


def test_common_options_stand_before_or_after_the_command() -> None:
    before = build_parser().parse_args(["--mind", "ana", "--json", "status"])
    after = build_parser().parse_args(["status", "--mind", "ana", "--json"])
    assert (before.mind, before.json, before.run) == (after.mind, after.json, after.run) == (
        "ana", True, "minds:status",
    )  # fmt: skip


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("recall", "--help"), ("dead", "--help")])
def test_helping_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    program = (
        "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from cognition.cli import main; main(sys.argv[1:])"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    assert "cognition" in done.stdout
    assert set(done.stderr.split()) & set(HEAVY) == set()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("a setting"), 2),
        (SchemaError("Percept", "mind", "", "too short", "Name it."), 2),
        (BadCueError("a cue"), 1),
        (MindStoppedError("a mind"), 1),
        (PartitionsInUseError("a number of partitions"), 1),
        (UnavailableError("a server"), 3),
        (ModelUnavailableError("a model"), 3),
        (StoreLockedError("a directory"), 3),
        (DataVersionError("a directory"), 3),
        (DeadlineError("too late"), 3),
        (ConnectionRefusedError("nobody"), 3),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
@pytest.mark.parametrize("in_a_group", [False, True])
def test_an_expected_error_is_one_message_and_an_exit_code(
    error: Exception, code: int, in_a_group: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    async def failing(_: argparse.Namespace) -> int:
        if not in_a_group:
            raise error
        async with anyio.create_task_group() as outer, anyio.create_task_group():
            outer.start_soon(anyio.sleep, 0)
            raise error

    assert run_command(failing, argparse.Namespace(json=True)) == code
    told = capsys.readouterr()
    assert told.err == f"cognition: {error}\n"
    assert msgspec.json.decode(told.out) == {"error": type(error).__name__, "message": str(error)}


def test_an_error_that_nobody_expects_is_not_hidden() -> None:
    async def failing(_: argparse.Namespace) -> int:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 0)
            raise ExceptionGroup("both", [CognitionError("expected"), ZeroDivisionError()])

    with pytest.raises(ExceptionGroup):
        run_command(failing, argparse.Namespace(json=False))


@pytest.mark.parametrize(("given", "found"), [(None, "1"), ("3", "3")])
def test_what_is_solved_beside_the_stream_takes_one_thread_unless_somebody_says_otherwise(
    given: str | None, found: str
) -> None:
    """Decided before NumPy is imported: it asks once."""
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_NUM_THREADS"}
    environment |= {"OPENBLAS_NUM_THREADS": given} if given else {}
    program = (
        "import os, sys, cognition.cli as cli; early = 'numpy' in sys.modules\n"
        "cli.main = lambda: print(early, os.environ['OPENBLAS_NUM_THREADS'])\n"
        "cli.script()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["False", found]
