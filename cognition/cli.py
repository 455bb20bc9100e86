"""The command line: words in, exit codes out. Parses, then imports what the command needs.

Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 a service cannot be reached.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from cognition.command_table import ALONE, COMMANDS, FAMILIES, SHAPES, Add

DONE, NO, WRONG_USE, UNREACHABLE = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help()
        return WRONG_USE
    for name, default in COMMON.items():
        if not hasattr(options, name):
            setattr(options, name, default)
    module, function = options.run.split(":")
    run = getattr(importlib.import_module(f"cognition.commands.{module}"), function)
    from cognition.commands.running import run_command

    return run_command(run, options)


COMMON = {"data": None, "url": None, "config": None, "mind": None, "json": False, "settings": None}


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar, without importing anything that a command needs."""
    common = common_options()
    parser = argparse.ArgumentParser(
        prog="cognition",
        description="A memory engine: percepts in, memories kept, memories recalled.",
        epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 a service cannot be reached.",
        parents=[common],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cognition {version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, help_text, example, run, add in COMMANDS:
        command(commands, common, name, help_text, example, run, add)
    for name, help_text, verbs in FAMILIES:
        family = commands.add_parser(name, help=help_text, description=help_text, parents=[common])
        family.set_defaults(run="running:show_help", parser=family)
        if name in ALONE:
            run, example, add = ALONE[name]
            family.set_defaults(run=run)
            family.epilog = f"example:\n  {example}\n\nwith --json:\n  {SHAPES[run]}"
            family.formatter_class = argparse.RawDescriptionHelpFormatter
            add(family)
        inner = family.add_subparsers(metavar="VERB")
        for verb, text, example, run, add in verbs:
            command(inner, common, verb, text, example, run, add)
    return parser


def version() -> str:
    """The version of the installed distribution."""
    from cognition.version import VERSION

    return VERSION


def common_options() -> argparse.ArgumentParser:
    """Options that every command takes, before or after its name."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    group = common.add_argument_group("common options")
    group.add_argument("--data", metavar="DIR", help="data directory (default ~/.local/share/cognition)")
    group.add_argument("--url", metavar="URL", help="talk to the daemon behind this Redis or Valkey")
    group.add_argument("--config", metavar="FILE", help="settings file (TOML); also COGNITION_CONFIG")
    group.add_argument("--set", metavar="KEY=VALUE", dest="settings", action="append", help="one setting")
    group.add_argument("--mind", metavar="NAME", help="which mind")
    group.add_argument("--json", action="store_true", help="print JSON instead of text")
    return common


def command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
    name: str,
    help_text: str,
    example: str,
    run: str,
    add: Add,
) -> None:
    """One command with its own options and an example."""
    parser = commands.add_parser(
        name,
        help=help_text,
        description=help_text,
        epilog=f"example:\n  {example}\n\nwith --json:\n  {SHAPES[run]}",
        parents=[common],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, parser=parser)
    add(parser)


def script() -> None:
    """Entry point of the console script. NumPy, which is not imported yet, is to use one thread: what it
    solves in the daemon it solves beside the stream, and two threads take half as much again of the
    processor for it (measured: .26 s against .17 s for one map)."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    script()
