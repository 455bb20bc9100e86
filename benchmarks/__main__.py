"""`python -m benchmarks NAME`: words in, one result out.

Results go to stdout (one JSON object with `--json`), progress to stderr. Where data is absent the
program says what to fetch and from where, and exits with 0: nothing is wrong with the engine.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from benchmarks.data import DataFormatError, DataMissingError, write_dir

COMMANDS = {
    "recall": "R@k, MRR and latency of recall, percepts in and cues out",
    "ablate": "what each mechanism is worth, off alone and on alone, and what it costs",
    "abstain": "which threshold of the score silences what a mind does not remember",
    "precision": "the right memories and only those, and silence where nothing fits",
    "learn": "what reports of use are worth: gain on cues that were never reported on, safety, hubs",
    "night": "the same cues before and after nights: what sleep is worth, and that it harms nothing",
    "year": "a year of days and nights on virtual time: weights, archive, what mattered and what did not",
    "keep": "what is still recalled when three quarters, a half, a quarter of the memories are kept",
    "signatures": "known effects of human memory, played through the engine, drawn and checked",
    "segment": "Pk, WindowDiff and F1 of the daemon's own segmenter",
    "speed": "every figure beside the bare part in the same run, as a ratio",
    "capacity": "real stores beside what `cognition capacity` says of them",
    "quantize": "recall@10, bytes and latency of vectors kept in 32, 8, 4 and 1 bits, on real texts",
    "faults": "kill -9 at random moments: lost, doubled, misfiled",
    "daemons": "several daemons that share a stream server and a Qdrant server: memories a second",
    "cluster": "over a Qdrant server or cluster, beside the bare client; a node killed under load",
}
WRONG_USE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser, module = _parser(given)
    options = parser.parse_args(given)
    if not options.name:
        parser.print_help()
        return WRONG_USE
    try:
        if options.name == "convert":
            return _convert(options)
        assert module is not None
        report = module.run(options)
    except DataMissingError as error:
        print(error, file=sys.stderr)
        return 0
    except DataFormatError as error:
        print(error, file=sys.stderr)
        return WRONG_USE
    print(json.dumps(report, ensure_ascii=False) if options.json else module.table(report))
    return 0


def _parser(given: Sequence[str]) -> tuple[argparse.ArgumentParser, ModuleType | None]:
    """The grammar; only the module of the command that was named is imported."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="name", metavar="NAME")
    chosen = next((a for a in given if not a.startswith("-")), "")
    module = None
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("--json", action="store_true", help="one JSON object on stdout")
        if name == chosen:
            module = importlib.import_module(f"benchmarks.{name}")
            module.add_arguments(command)
    text = "write a named set in the documented form (percepts.jsonl, cues.jsonl)"
    convert = commands.add_parser("convert", help=text, description=text)
    convert.add_argument("set", metavar="SET")
    convert.add_argument("folder", type=Path, metavar="DIR")
    return parser, module


def _convert(options: argparse.Namespace) -> int:
    from benchmarks.loaders import SETS, rows_of

    if options.set not in SETS:
        print(f"{options.set} is not a named set. Named sets: {', '.join(SETS)}.", file=sys.stderr)
        return WRONG_USE
    rows = rows_of(options.set)
    write_dir(options.folder, rows)
    print(f"{options.folder}: {len(rows.percepts):,} percepts, {len(rows.cues):,} cues")
    return 0


if __name__ == "__main__":
    sys.exit(main())
