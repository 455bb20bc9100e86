"""The command line: words in, exit codes out. Parses, then imports what the command needs.

Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 a service cannot be reached.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

DONE, NO, WRONG_USE, UNREACHABLE = 0, 1, 2, 3

Add = Callable[[argparse.ArgumentParser], None]


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


VECTOR_HELP = "768 numbers in a file: a JSON list, or float32; or float32 in base64"
RECURRING_HELP = "beside the memories, what comes up in several episodes (3 at most)"
RELATION_HELP = "what it does to another memory (id or key): fixes:note-17, or follows:note-17:0.5"

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


def no_options(_: argparse.ArgumentParser) -> None:
    """A command without options of its own."""


def demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep-running", action="store_true", help="leave the daemon in the foreground")


def daemon_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-model", action="store_true", help="take only percepts that bring a vector")


def perceive_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("content", nargs="?", help="the text; from standard input when it is -")
    parser.add_argument("--key", help="same mind and key: same memory")
    for name in ("actor", "source", "subject", "kind", "content-type", "session", "agent", "run-id", "user"):
        parser.add_argument(f"--{name}", metavar="TEXT")
    parser.add_argument("--at", metavar="TIME", help="when it happened: epoch seconds or RFC 3339")
    for name in ("valence", "arousal", "importance", "relevance", "connection-relevance", "trust"):
        parser.add_argument(f"--{name}", type=float, metavar="X")
    for name in ("context", "metadata"):
        parser.add_argument(f"--{name}", action="append", metavar="KEY=VALUE", default=[])
    parser.add_argument("--boundary", choices=["begin", "end"], help="an explicit event boundary")
    parser.add_argument("--boundary-label", metavar="TEXT", help="with --boundary: what the episode is")
    parser.add_argument("--vector", metavar="FILE|BASE64", help=VECTOR_HELP)
    parser.add_argument(
        "--relation", action="append", default=[], metavar="TYPE:TARGET[:WEIGHT]", help=RELATION_HELP
    )
    parser.add_argument("--no-wait", action="store_true", help="return once it is accepted")


def filter_options(parser: argparse.ArgumentParser) -> None:
    """The filters of a cue."""
    group = parser.add_argument_group("filters, any subset together")
    group.add_argument("--from", dest="occurred_from", metavar="TIME", help="occurred at or after")
    group.add_argument("--to", dest="occurred_to", metavar="TIME", help="occurred at or before")
    for name in ("kind", "content-type", "source", "actor", "subject"):
        group.add_argument(f"--{name}", action="append", metavar="TEXT", default=[])
    for name in ("session", "agent", "run-id", "user"):
        group.add_argument(f"--{name}", metavar="TEXT")
    group.add_argument("--context", action="append", metavar="KEY=VALUE", default=[])
    group.add_argument("--metadata", action="append", metavar="KEY=VALUE", default=[])
    group.add_argument("--mood", metavar="V,A,R", help="valence, arousal and radius, e.g. 0.8,0.6,0.3")


def recall_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("content", nargs="?", help="the cue; may be left out where a vector is given")
    parser.add_argument("--vector", metavar="FILE|BASE64", help=VECTOR_HELP)
    parser.add_argument("--limit", type=int, default=5, metavar="N")
    parser.add_argument("--as", dest="asker", metavar="ACTOR", help="who asks: I is him")
    parser.add_argument("--at", metavar="TIME", help="when it is asked: last week is before it")
    parser.add_argument("--as-of", metavar="TIME", help="how things were then: epoch seconds or RFC 3339")
    parser.add_argument("--abstractions", action="store_const", const=3, default=0, help=RECURRING_HELP)
    modes = ["soft", "filter", "off"]
    parser.add_argument("--dates", choices=modes, default="soft", help="what a time in the cue does")
    parser.add_argument("--budget", type=int, metavar="TOKENS", help="at most so many tokens of content")
    parser.add_argument("--abstain-below", type=float, default=0.0, metavar="SCORE")
    parser.add_argument("--exact", action="store_true", help="only what stands out, or nothing")
    parser.add_argument("--episode", action="append", default=[], metavar="ID", help="keep to, or prefer")
    parser.add_argument("--strict", action="store_true", help="with --episode: nothing from elsewhere")
    parser.add_argument("--here", action="store_true", help="prefer the episode that is open")
    parser.add_argument("--factor", type=float, metavar="X", help="weight of other episodes, 0..1 (0.7)")
    parser.add_argument("--feeling", metavar="V,A,R", help="prefer what felt alike, e.g. 0.8,0.6,0.3")
    parser.add_argument(
        "--around", action="append", default=[], metavar="KEY=VALUE", help="prefer what had this around it"
    )
    parser.add_argument("--without", action="append", default=[], metavar="PART", help="leave a part out")
    parser.add_argument("--deadline", type=float, metavar="SECONDS", help="answer within (10)")
    parser.add_argument("--explain", action="store_true", help="show every part of every score")
    filter_options(parser)


def import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="percepts, one JSON object a line; - for standard input")
    parser.add_argument("--from-line", type=int, default=0, metavar="N", help="start at this line")


def episodes_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=20, metavar="N")
    parser.add_argument("--scale", choices=("fine", "coarse"), default="fine", help="which of them (fine)")
    parser.add_argument("--explain", action="store_true", help="why each ended, in words and numbers")
    parser.add_argument("--plot", metavar="FILE.png", help="draw them too: boundaries, arousal (matplotlib)")


def episode_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="episode id")


def memory_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="memory id, or percept key")


def rebuild_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--within", type=float, default=3_600.0, metavar="S", help="how long to wait for it (default an hour)"
    )


def forget_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="memory ids")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--reason", default="", metavar="TEXT")
    filter_options(parser)


def feedback_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recollection", help="id of the recollection (recall prints it)")
    for name, text in (("useful", "what served"), ("misleading", "what misled")):
        parser.add_argument(
            f"--{name}", nargs="+", action="extend", default=[], metavar="ID", help=f"{text}: ids or keys"
        )
    parser.add_argument("--at", metavar="TIME", help="when it was used: epoch seconds or RFC 3339 (now)")
    parser.add_argument("--no-wait", action="store_true", help="return once it is accepted")


def associations_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="memory id, or percept key")
    parser.add_argument("--to", metavar="ID", help="the strongest path to this memory instead")
    parser.add_argument("--depth", type=int, metavar="N", help="steps, 1 to 6 (1; of a path 4)")
    parser.add_argument("--type", action="append", default=[], metavar="TYPE", help="only of this type")
    parser.add_argument("--limit", type=int, default=16, metavar="N", help="of each memory (16)")


def sleep_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cycles", type=int, metavar="N", help="of this night (1; 0: until it is rested)")
    parser.add_argument("--plan", action="store_true", help="say what it would do and why, and do nothing")
    parser.add_argument("--no-wait", action="store_true", help="return once the night is sure to be slept")
    parser.add_argument(
        "--simulate", metavar="SPAN", help="nights of so long (30d, 8w) on a copy, while no daemon runs there"
    )
    parser.add_argument(
        "--within", type=float, default=300.0, metavar="SECONDS", help="a simulation ends after so long (300)"
    )


def log_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=20, metavar="N")


def pause_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="all minds, those that are still to come too")


def cycle_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cycle", help="number of the cycle, its id, or how that begins")


def dead_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="id of a dead letter, or `all`")


def capacity_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--memories", required=True, metavar="N", help="how many in all: 10k, 100M, 1B")
    parser.add_argument("--minds", default="1", metavar="N", help="of how many minds (1)")
    parser.add_argument("--rate", default="1/s", metavar="N/s", help="percepts: 500/s, 30k/h, 2M/d (1/s)")
    kinds = ("none", "int8", "turbo", "binary")
    parser.add_argument("--quantization", default="none", choices=kinds, help="how vectors are kept (none)")
    parser.add_argument("--replicas", type=int, default=1, metavar="N", help="copies of everything (1)")
    parser.add_argument("--node-ram", default="16G", metavar="SIZE", help="memory of a node (16G)")
    parser.add_argument("--node-disk", default="500G", metavar="SIZE", help="disk of a node (500G)")
    parser.add_argument("--node-cores", type=int, default=8, metavar="N", help="cores of a node (8)")
    parser.add_argument("--partitions", type=int, default=16, metavar="N", help="of the streams (16)")
    parser.add_argument("--content", default="160", metavar="N", help="characters of a memory (160)")
    parser.add_argument("--associations", default="8", metavar="N", help="of a memory (8)")
    parser.add_argument("--resident", type=int, default=1_000, metavar="N", help="minds in a daemon (1000)")
    parser.add_argument("--with-vectors", action="store_true", help="percepts bring their vectors")
    parser.add_argument("--constants", action="store_true", help="show every number with its source")


def change_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-wait", action="store_true", help="return once it is sure to be done")
    parser.add_argument(
        "--within", type=float, default=3_600.0, metavar="S", help="how long to wait for it (default an hour)"
    )


def apply_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=("none", "int8", "turbo", "binary"), help="32, 8, 4 or 1 bits")
    parser.add_argument(
        "--collection", action="append", default=[], metavar="NAME", help="which (memories, unconscious)"
    )
    parser.add_argument("--oversampling", type=float, metavar="X", help="candidates, times the limit")
    parser.add_argument("--no-rescore", action="store_true", help="do not score candidates by the originals")
    change_options(parser)


def advise_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--floor", type=float, metavar="R", help="least recall@10 (binary .95, others .99)")
    parser.add_argument("--sample", type=int, default=10_000, metavar="N", help="memories (10000)")


def promote_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", default="", metavar="MIND", help="the mind; or --mind")
    parser.add_argument(
        "--within", type=float, default=3_600.0, metavar="S", help="how long to wait for it (default an hour)"
    )


def migrate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--partitions", type=int, metavar="N", help="so many from now on; no daemon may run")


def model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--measure", action="store_true", help="measure this machine again")


COMMANDS: list[tuple[str, str, str, str, Add]] = [
    ("demo", "Live through six weeks of three minds, then ask ten questions.",
     "cognition demo", "demo:demo", demo_options),
    ("daemon", "Run the engine in the foreground until SIGTERM or SIGINT.",
     "cognition daemon --data /var/lib/cognition", "daemon:daemon", daemon_options),
    ("perceive", "Publish one percept and wait until it can be recalled.",
     'cognition perceive --mind ana "The keys are under the blue pot."', "minds:perceive", perceive_options),
    ("recall", "Ask a mind what it remembers.",
     'cognition recall --mind ana "Where are the keys?" --explain', "minds:recall", recall_options),
    ("recent", "The working memory of a mind and its open episode.",
     "cognition recent --mind ana", "minds:recent", no_options),
    ("import", "Publish percepts from a file, one JSON object a line; safe to repeat.",
     "cognition import percepts.jsonl", "importing:import_file", import_options),
    ("feedback", "Say what served of a recollection; the rest of it was shown in vain.",
     "cognition feedback --mind ana 3f0c... --useful ana-0042", "learning:feedback", feedback_options),
    ("associations", "What a memory is associated with: a tree with weights, types and ages.",
     "cognition associations --mind ana ana-0042 --depth 2", "learning:associations", associations_options),
    ("episodes", "The latest episodes of a mind, newest first, fine ones in coarse ones.",
     "cognition episodes --mind ana --limit 5", "episodes:episodes", episodes_options),
    ("status", "How a mind and the daemon that serves it are; without --mind the daemon alone.",
     "cognition status --mind ana --json", "minds:status", no_options),
    ("doctor", "Check that every part is there and works, and say what to do where not.",
     "cognition doctor", "doctor:doctor", no_options),
    ("capacity", "What so many memories need of memory, disk, cores and nodes, and what gives out first.",
     "cognition capacity --memories 100M --minds 100k --rate 500/s --quantization binary --replicas 2",
     "capacity:capacity", capacity_options),
    ("forget", "Erase memories for good: by id or by filter, never without naming the mind.",
     'cognition forget --mind ana --source "old phone" --yes', "forgetting:forget", forget_options),
]  # fmt: skip

SHAPES = {
    "demo:demo": "{directory, percepts, outcomes: {outcome: count}, minds: {name: {memories, episodes}},\n"
    "  answers: [{mind, cue, asks, recollection: Recollection}]}; the performance goes to standard error",
    "schema:schema_check": "[{collection, there, problem, remedy, stops}]; those that are well too",
    "schema:schema_migrate": "as of check, after what was put right",
    "daemon:daemon": "nothing else: its log is one JSON object a line wherever it is not a terminal",
    "minds:perceive": "a Receipt {mind, entry, outcome, key, memory_id, episode_id, salience, threshold,\n"
    "  parts: {importance, novelty, relevance, emotional_intensity, connection_relevance} | null,\n"
    "  reason, recallable_at, count}; with --no-wait {mind, entry}",
    "minds:recall": "a Recollection {cue_id, mind, recalled: [{memory, score, why, parts}], abstained,\n"
    "  candidates, took_ms, notes, abstractions: [{abstraction, score}]}",
    "minds:recent": "{memories: [{memory_id, content, actor, at, salience}],\n"
    "  episode: {id, label, started_at, memories} | null}",
    "importing:import_file": "{lines, outcomes: {outcome: count}, unreadable: count, problems: [text]}",
    "learning:feedback": "{entry, report: {mind, cue, shown: [id], useful: [id], misleading: [id],\n"
    "  refused: {id: reason}}, taught: {useful: count | null, vain: count | null} | null}",
    "learning:associations": "a NeighboursAnswer {inquiry_id, mind, memory_id, preview, neighbours:\n"
    "  [{source, target, type, weight, depth, age_s, count, given, preview}], notes}; with --to a\n"
    "  PathAnswer {inquiry_id, mind, steps: [the same], strength, notes}",
    "episodes:episodes": "[Episode {id, mind, scale, parent_id, child_ids, label, started_at, ended_at,\n"
    "  boundary_type, boundary_parts, memory_count, ...}]",
    "episodes:episode_show": "{episode: Episode, why: [text], inside: [Episode], held_by: [Episode]}",
    "minds:status": "a StatusAnswer {inquiry_id, mind, memories, episodes, open_episode: Episode | null,\n"
    "  lifetime, lexicon_terms, segmenter: {name: figure}, boundaries: {cause: count}, stopped,\n"
    "  language, notes: [text], through, unlinked, abstractions,\n"
    "  daemon: {version, streams, uptime_s, ...}};\n"
    "  without --mind {daemon: {version, streams, uptime_s, ...}, dead_letters: count,\n"
    "  mechanisms: [{name, on, did, of, unit, last_at}]}",
    "doctor:doctor": "[{mark, check, ok, found, remedy,\n"
    "  mechanism: {name, on, did, of, unit, last_at} | null}]\n"
    "  mark: ok, bad; of a mechanism also off, and idle: nothing in 100 chances or more",
    "capacity:capacity": "{memories, minds, quantization, replicas, lines: [{name, disk, ram, why}], disk,\n"
    "  ram, nodes, shards, daemons, daemon_ram, streams_ram, embedding_cores, writing_cores, disk_a_memory,\n"
    "  ram_a_memory, breaks_first: {name, share, memories}, constants: {name: [value, unit, source]}}",
    "forgetting:forget": "{mind, forgotten: count, left: count}",
    "minds:memory_show": "a MemoryAnswer {inquiry_id, mind, memory: Memory | null, archived,\n"
    "  tombstone: Tombstone | null, base_level, retrievability,\n"
    "  abstraction: Abstraction | null}",
    "segmenting:segmenter_show": "{mind, segmenter: {profile, late, threshold, learned_from, map_of, ...},\n"
    "  boundaries: {cause: count}}",
    "minds:mind_rebuild": "{mind, memories: count, took_s}",
    "promoting:mind_promote": "{mind, points: {collection: count}, took_s}",
    "minds:identity_show": "an IdentityAnswer {inquiry_id, mind, identity: Identity | null, verified,\n"
    "  problems: [text]}",
    "minds:identity_verify": "an IdentityAnswer {inquiry_id, mind, identity: Identity | null, verified,\n"
    "  problems: [text]}",
    "sleeping:sleep": "[SleepReport {id, mind, number, status, started_at, ended_at, trigger, stage_s,\n"
    "  replayed, strengthened, consolidated, formed, archived, abstracted, canary_before, canary_after,\n"
    "  notes, ...}];\n"
    "  with --plan a SleepPlanAnswer {inquiry_id, mind, plan: {works: [{work, stage, memory_ids, budget_s,\n"
    "  why}], reasons, nothing, pressure, budget_s}, previews: {id: text}};\n"
    "  with --simulate {mind, days, whole, took_s, weeks: [{week, until, nights, cycles, rolled_back,\n"
    "  remembered, in_archive, replayed, strengthened, consolidated, formed, pruned, merged, superseded,\n"
    "  archived}]}",
    "sleeping:sleep_log": "a SleepLogAnswer {inquiry_id, mind, cycles: [SleepReport], pressure,\n"
    "  drivers: {name: figure}, paused, everyone_paused, schedule, next_at}",
    "sleeping:sleep_show": "a SleepReport {id, mind, number, status, ...}",
    "sleeping:sleep_undo": "{report: SleepReport, note}",
    "sleeping:sleep_pause": "a SleepLogAnswer {inquiry_id, mind, cycles, pressure, drivers, paused,\n"
    "  everyone_paused, schedule, next_at}",
    "sleeping:sleep_resume": "a SleepLogAnswer {inquiry_id, mind, cycles, pressure, drivers, paused,\n"
    "  everyone_paused, schedule, next_at}",
    "quantizing:quantize_show": "[Kept {collection, points, quantization: {kind, oversampling, rescore,\n"
    "  always_ram, quantile}, before, due}]",
    "quantizing:quantize_apply": "[Kept {collection, points, quantization, before, due}]",
    "quantizing:quantize_rollback": "[Kept {collection, points, quantization, before, due}]",
    "quantizing:quantize_advise": "{mind, vectors, cues, measured: [{kind, oversampling, recall, floor,\n"
    "  p50_ms, p99_ms, bytes_a_vector}], recommended, oversampling}",
    "dead:dead_list": "[{id, mind: text | null, stream, entry, reason, times_delivered,\n"
    "  fields: {name: text}}]",
    "dead:dead_retry": "{retried: [entry]}",
    "dead:dead_drop": "{dropped: [id]}",
    "config:config_show": "[{key, value, origin}]",
    "model:model_install": "{path, record}",
    "model:model_show": "{path: text | null, record: what was measured | null}",
}
"""What each command prints with --json. Types with a capital are those of `schemas`: a receipt and an
answer are whole, inside them a field that has its default may be left out. After an error it is
{error, message}."""

Verb = tuple[str, str, str, str, Add]
FAMILIES: list[tuple[str, str, list[Verb]]] = [
    ("memory", "Look at one memory.", [
        ("show", "One memory with everything that is stored of it.",
         "cognition memory show --mind ana ana-0042", "minds:memory_show", memory_options),
    ]),
    ("mind", "Look after a whole mind.", [
        ("rebuild", "Derive anew vectors in context, lexicon and what cuts episodes from the memories.",
         "cognition mind rebuild --mind ana", "minds:mind_rebuild", rebuild_options),
        ("promote", "Give a large mind shards of its own on a Qdrant server, while it is served.",
         "cognition mind promote ana", "promoting:mind_promote", promote_options),
    ]),
    ("episode", "Look at one episode.", [
        ("show", "One episode: why it ended, what holds it and what it holds.",
         "cognition episode show --mind ana 5b0f...", "episodes:episode_show", episode_options),
    ]),
    ("segmenter", "Look at how the episodes of a mind are cut.", [
        ("show", "Thresholds, what its stream has taught so far, and what ended the latest episodes.",
         "cognition segmenter show --mind ana", "segmenting:segmenter_show", no_options),
    ]),
    ("identity", "Look at the identity of a mind.", [
        ("show", "The identity, its laws and its history.",
         "cognition identity show --mind ana", "minds:identity_show", no_options),
        ("verify", "Check laws and history against their hashes; 1 if they do not match.",
         "cognition identity verify --mind ana", "minds:identity_verify", no_options),
    ]),
    ("sleep", "Sleep now: replay, connect, tidy up; a night can be looked at, and taken back.", [
        ("log", "The latest nights, and how strong the pressure to sleep is.",
         "cognition sleep log --mind ana", "sleeping:sleep_log", log_options),
        ("show", "One cycle as a page: what it did, to what, how the canary fared.",
         "cognition sleep show 12 --mind ana", "sleeping:sleep_show", cycle_options),
        ("undo", "Take back what a cycle did, but for what was touched since.",
         "cognition sleep undo 12 --mind ana", "sleeping:sleep_undo", cycle_options),
        ("pause", "Do not sleep any more, but on request.",
         "cognition sleep pause --mind ana", "sleeping:sleep_pause", pause_options),
        ("resume", "Sleep again when it is time.",
         "cognition sleep resume --mind ana", "sleeping:sleep_resume", pause_options),
    ]),
    ("quantize", "How vectors are kept in memory: 32, 8, 4 or 1 bits beside the originals.", [
        ("show", "How each collection is kept, and was before.",
         "cognition quantize show", "quantizing:quantize_show", no_options),
        ("advise", "Measure each kind on a mind's own vectors; the cheapest that finds enough.",
         "cognition quantize advise --mind ana", "quantizing:quantize_advise", advise_options),
        ("apply", "Keep the vectors so from now on, while reads and writes go on.",
         "cognition quantize apply int8", "quantizing:quantize_apply", apply_options),
        ("rollback", "Keep them as before the last change.",
         "cognition quantize rollback", "quantizing:quantize_rollback", change_options),
    ]),
    ("schema", "The collections that hold the memories, and whether they are as this version needs them.", [
        ("check", "Say of each collection what has drifted, and what to do; 1 if anything has to be done.",
         "cognition schema check", "schema:schema_check", no_options),
        ("migrate", "Put right what can be put right while it is served; change the number of partitions.",
         "cognition schema migrate", "schema:schema_migrate", migrate_options),
    ]),
    ("dead", "Entries that could not be taken.", [
        ("list", "What lies there, with the reasons; with --mind of one mind.",
         "cognition dead list", "dead:dead_list", no_options),
        ("retry", "Put entries back into their stream.",
         "cognition dead retry all --mind ana", "dead:dead_retry", dead_options),
        ("drop", "Throw entries away.", "cognition dead drop all", "dead:dead_drop", dead_options),
    ]),
    ("config", "Look at the settings.", [
        ("show", "Each setting, its value, and where it came from.",
         "cognition config show", "config:config_show", no_options),
    ]),
    ("model", "The embedding model.", [
        ("install", "Fetch and check the weights, and measure this machine.",
         "cognition model install", "model:model_install", model_options),
        ("show", "Where the weights are and what was measured.",
         "cognition model show", "model:model_show", no_options),
    ]),
]  # fmt: skip


ALONE: dict[str, tuple[str, str, Add]] = {
    "sleep": ("sleeping:sleep", "cognition sleep --mind ana --cycles 2", sleep_options),
}
"""Families that do something without a verb."""


def script() -> None:
    """Entry point of the console script. NumPy, which is not imported yet, is to use one thread: what it
    solves in the daemon it solves beside the stream, and two threads take half as much again of the
    processor for it (measured: .26 s against .17 s for one map)."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(main())


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    script()
