"""`cognition capacity`: what a plan needs before anyone buys machines."""

from __future__ import annotations

import argparse

from cognition.capacity import constants
from cognition.capacity.parts import Wanted
from cognition.capacity.plan import Plan, nodes_least, planned
from cognition.capacity.units import bytes_of, count, count_of, rate_of, size
from cognition.cli import DONE
from cognition.commands.running import print_json


async def capacity(options: argparse.Namespace) -> int:
    """Print the plan."""
    plan = planned(wanted_of(options))
    if options.json:
        print_json(figures(plan))
        return DONE
    for line in table(plan):
        print(line)
    if options.constants:
        print()
        for name, (value, unit, source) in known().items():
            print(f"{name:13} {value:14,.6g} {unit}  ({source})")
    return DONE


def wanted_of(options: argparse.Namespace) -> Wanted:
    """What the command line asks for."""
    return Wanted(
        memories=count_of(options.memories, "--memories"),
        minds=count_of(options.minds, "--minds"),
        rate=rate_of(options.rate, "--rate"),
        quantization=options.quantization,
        indexes=options.indexes,
        replicas=options.replicas,
        node_ram=bytes_of(options.node_ram, "--node-ram"),
        node_disk=bytes_of(options.node_disk, "--node-disk"),
        node_cores=options.node_cores,
        partitions=options.partitions,
        content=count_of(options.content, "--content"),
        associations=count_of(options.associations, "--associations"),
        with_vectors=options.with_vectors,
        resident=options.resident,
    )


def table(plan: Plan) -> list[str]:
    """The plan for a person."""
    wanted = plan.wanted
    rows = [f"{'one copy':22} {'disk':>12} {'memory':>12}"]
    rows += [
        f"{line.name:22} {size(line.disk):>12} {size(line.ram):>12}  {line.why}"
        for line in (*plan.lines, plan.headroom)
        if line.disk or line.ram
    ]
    first = plan.breaks_first
    return [
        f"{count(wanted.memories)} memories of {count(wanted.minds)} minds, {wanted.rate:,.4g} percepts/s, "
        f"vectors kept as {wanted.quantization}, {wanted.replicas} copies",
        "",
        *rows,
        f"{'x copies, in all':22} {size(plan.disk_in_all):>12} {size(plan.ram_in_all):>12}",
        "",
        f"nodes          {plan.nodes} of {size(wanted.node_ram)} memory, {size(wanted.node_disk)} disk, "
        f"{wanted.node_cores} cores; {plan.shards} shards",
        *_least(plan),
        *_cache(plan),
        f"streams        {size(plan.streams_ram)} in Valkey, all partitions as full as they may be",
        f"daemons        {plan.daemons} on {wanted.partitions} partitions, "
        f"{size(plan.daemon_ram)} memory each",
        f"cores          {plan.embedding_cores:,.1f} for embedding (float32), "
        f"{plan.writing_cores:,.1f} of the nodes for writing",
        f"bytes a memory {plan.disk_in_all / wanted.memories:,.0f} on disk, "
        f"{plan.ram_in_all / wanted.memories:,.0f} in memory, all copies",
        f"breaks first   {first.name}: {first.share:.0%} used, full at {count(first.memories)} memories",
    ]


def _least(plan: Plan) -> list[str]:
    """Why it is not one node less, where what is remembered would allow it."""
    least = nodes_least(plan.wanted.replicas)
    if least == 1:
        return []
    return [f"{'':14} {least} at least: a majority must outlive one, or the others take no writes"]


def _cache(plan: Plan) -> list[str]:
    """Of indexes on disk what the page cache ought to hold, and what it costs where it does not."""
    if plan.wanted.indexes != "disk":
        return []
    ought, left = size(plan.cache_in_all), size(plan.cache_left)
    cold, warm = constants.COLD, constants.WARM
    return [
        f"page cache     {ought} of graphs, words and fields, beside that memory; the nodes have {left} left",
        f"{'':14} what it does not hold each cue reads from the disk: of a million memories first cues took "
        f"{cold.value:,.0f} ms at p99, later ones {warm.value:,.0f}",
    ]


def figures(plan: Plan) -> dict[str, object]:
    """The plan for a program."""
    wanted = plan.wanted
    first = plan.breaks_first
    return {
        "memories": wanted.memories,
        "minds": wanted.minds,
        "quantization": wanted.quantization,
        "indexes": wanted.indexes,
        "replicas": wanted.replicas,
        "lines": [
            {"name": line.name, "disk": line.disk, "ram": line.ram, "cache": line.cache, "why": line.why}
            for line in (*plan.lines, plan.headroom)
        ],
        "disk": plan.disk_in_all,
        "ram": plan.ram_in_all,
        "cache": plan.cache_in_all,
        "cache_left": plan.cache_left,
        "nodes": plan.nodes,
        "nodes_least": nodes_least(wanted.replicas),
        "shards": plan.shards,
        "daemons": plan.daemons,
        "daemon_ram": plan.daemon_ram,
        "streams_ram": plan.streams_ram,
        "embedding_cores": plan.embedding_cores,
        "writing_cores": plan.writing_cores,
        "disk_a_memory": plan.disk_in_all / wanted.memories,
        "ram_a_memory": plan.ram_in_all / wanted.memories,
        "breaks_first": {"name": first.name, "share": first.share, "memories": first.memories},
        "constants": {name: list(each) for name, each in known().items()},
    }


def known() -> dict[str, constants.Constant]:
    """The constants by name."""
    return {name: value for name, value in vars(constants).items() if isinstance(value, constants.Constant)}
