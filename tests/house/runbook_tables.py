"""The rows of the tables in the runbook: ``python -m tests.house.runbook_tables`` prints them anew."""

from __future__ import annotations

import shlex

from cognition.capacity.plan import planned
from cognition.capacity.units import count, size
from cognition.cli import build_parser
from cognition.commands.capacity import wanted_of

SMALL = "--node-ram 8G --node-disk 100G"
LARGE = "--replicas 2 --node-ram 64G --node-disk 2T"
LARGEST = "--replicas 2 --node-ram 256G --node-disk 8T --partitions 64"
PLANS = (
    "--memories 10k --minds 10 --rate 1/s --node-ram 4G --node-disk 20G",
    f"--memories 1M --minds 1k --rate 50/s --quantization int8 {SMALL}",
    f"--memories 1M --minds 1k --rate 50/s --quantization int8 --indexes disk {SMALL}",
    f"--memories 1M --minds 1k --rate 50/s --quantization binary --replicas 2 {SMALL}",
    f"--memories 100M --minds 100k --rate 500/s --quantization int8 {LARGE}",
    f"--memories 100M --minds 100k --rate 500/s --quantization binary {LARGE}",
    f"--memories 100M --minds 1M --rate 500/s --quantization binary {LARGE}",
    f"--memories 1B --minds 1M --rate 5k/s --quantization int8 {LARGEST}",
    f"--memories 1B --minds 1M --rate 5k/s --quantization binary {LARGEST}",
)


def rows() -> list[str]:
    """One for each plan."""
    return [row(options) for options in PLANS]


def row(options: str) -> str:
    """What the planner says to these options."""
    plan = planned(wanted_of(build_parser().parse_args(["capacity", *shlex.split(options)])))
    first = plan.breaks_first
    return (
        f"| `{options}` | {size(plan.disk_in_all)} | {size(plan.ram_in_all)} | {plan.nodes} | {plan.daemons} "
        f"| {size(plan.streams_ram)} | {plan.embedding_cores:,.1f} "
        f"| {plan.disk_in_all / plan.wanted.memories:,.0f} "
        f"| {first.name}, at {count(first.memories)} |"
    )


if __name__ == "__main__":
    print("\n".join(rows()))
