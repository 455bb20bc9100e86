"""The options of each command of the command line.

Knows words and numbers of a command line; what a command does with them it does not know, and it imports
nothing that a command needs: `--help` is to be there at once.
"""

from __future__ import annotations

import argparse

VECTOR_HELP = "768 numbers in a file: a JSON list, or float32; or float32 in base64"
SAID = {
    "actor": "who said or did it",
    "source": "where it comes from: a tool, a document, a channel",
    "subject": "what it is about",
    "kind": "episodic (usual), semantic or procedural",
    "content-type": "experience (usual), thought, fact, skill or milestone",
}
OF_WHOM = {
    "session": "of which conversation",
    "agent": "of which agent",
    "run-id": "of which run of the agent",
    "user": "of which user",
}
FELT = {
    "valence": "how pleasant, -1 to 1 (0)",
    "arousal": "how stirring, 0 to 1 (0.5)",
    "importance": "how important, 0 to 1 (0.5)",
    "relevance": "how much it serves what is being done, 0 to 1 (0.5)",
    "connection-relevance": "how much it touches others, 0 to 1 (0.5)",
    "trust": "how far the source is to be trusted, 0 to 1 (1)",
}
AROUND = {
    "context": "what was around it, for example place=kitchen; may be repeated",
    "metadata": "what else is to be kept with it; may be repeated",
}
RECURRING_HELP = "beside the memories, what comes up in several episodes (3 at most)"
RELATION_HELP = "what it does to another memory (id or key): fixes:note-17, or follows:note-17:0.5"


def no_options(_: argparse.ArgumentParser) -> None:
    """A command without options of its own."""


def demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep-running", action="store_true", help="leave the daemon in the foreground")


def daemon_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-model", action="store_true", help="take only percepts that bring a vector")


def perceive_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("content", nargs="?", help="the text; from standard input when it is -")
    parser.add_argument("--key", help="same mind and key: same memory")
    for name, text in {**SAID, **OF_WHOM}.items():
        parser.add_argument(f"--{name}", metavar="TEXT", help=text)
    parser.add_argument("--at", metavar="TIME", help="when it happened: epoch seconds or RFC 3339")
    for name, text in FELT.items():
        parser.add_argument(f"--{name}", type=float, metavar="X", help=text)
    for name, text in AROUND.items():
        parser.add_argument(f"--{name}", action="append", metavar="KEY=VALUE", default=[], help=text)
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
    for name, text in SAID.items():
        group.add_argument(f"--{name}", action="append", metavar="TEXT", default=[], help=text)
    for name, text in OF_WHOM.items():
        group.add_argument(f"--{name}", metavar="TEXT", help=text)
    for name, text in AROUND.items():
        group.add_argument(f"--{name}", action="append", metavar="KEY=VALUE", default=[], help=text)
    group.add_argument("--mood", metavar="V,A,R", help="valence, arousal and radius, e.g. 0.8,0.6,0.3")


def recall_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("content", nargs="?", help="the cue; may be left out where a vector is given")
    parser.add_argument("--vector", metavar="FILE|BASE64", help=VECTOR_HELP)
    parser.add_argument("--limit", type=int, default=5, metavar="N", help="at most so many memories (5)")
    parser.add_argument("--as", dest="asker", metavar="ACTOR", help="who asks: I is him")
    parser.add_argument("--at", metavar="TIME", help="when it is asked: last week is before it")
    parser.add_argument("--as-of", metavar="TIME", help="how things were then: epoch seconds or RFC 3339")
    parser.add_argument("--abstractions", action="store_const", const=3, default=0, help=RECURRING_HELP)
    modes = ["soft", "filter", "off"]
    parser.add_argument("--dates", choices=modes, default="soft", help="what a time in the cue does")
    parser.add_argument("--budget", type=int, metavar="TOKENS", help="at most so many tokens of content")
    parser.add_argument(
        "--abstain-below", type=float, default=0.0, metavar="SCORE", help="nothing if the best scores less"
    )
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
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many (20)")
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


def status_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--own", action="store_true", help="only whether the daemon of --data answers: a probe"
    )


def forget_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="ids or keys of memories")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--reason", default="", metavar="TEXT", help="kept with the trace of the erasure")
    filter_options(parser)


def feedback_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recollection", help="id of the recollection (recall prints it)")
    useful = "what served, also what should have been shown and was not: ids or keys"
    for name, text in (("useful", useful), ("misleading", "what misled: ids or keys")):
        parser.add_argument(f"--{name}", nargs="+", action="extend", default=[], metavar="ID", help=text)
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
        "--simulate",
        metavar="SPAN",
        help="nights of so long (30d, 8w) on a copy, one a day without a schedule; a daemon goes on",
    )
    parser.add_argument(
        "--within", type=float, default=300.0, metavar="SECONDS", help="a simulation ends after so long (300)"
    )


def log_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many (20)")


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
    parser.add_argument(
        "--indexes",
        default="held",
        choices=("held", "disk"),
        help="in memory, or on disk as store.index_on_disk has them on a server (held)",
    )
    parser.add_argument("--replicas", type=int, default=1, metavar="N", help="copies of everything (1)")
    parser.add_argument("--node-ram", default="16G", metavar="SIZE", help="memory of a node (16G)")
    parser.add_argument("--node-disk", default="500G", metavar="SIZE", help="disk of a node (500G)")
    parser.add_argument(
        "--node-cores", type=int, default=8, metavar="N", help="cores of a node, and of a daemon (8)"
    )
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
    parser.add_argument(
        "--within",
        type=float,
        default=3_600.0,
        metavar="S",
        help="how long to make replicas (default an hour)",
    )


def model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--measure", action="store_true", help="measure this machine again")
