"""`capacity`: real stores beside the plan: bytes on disk by part, memory of a process that has it open."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.provenance import provenance
from benchmarks.timing.stored import Stored, stored
from benchmarks.timing.stored_server import Served
from cognition.capacity.parts import Wanted
from cognition.capacity.plan import Plan, planned
from cognition.capacity.units import count_of, size
from schemas.quantization import QuantizationKind

SEED = 20_260_101
TOGETHER = {"payload": "payload and associations", "associations": "payload and associations"}
"""Lines of the plan that lie in one file of a store."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this command takes."""
    parser.add_argument(
        "--memories", default="10k,100k", metavar="N,...", help="stores of so many (10k,100k)"
    )
    parser.add_argument("--quantization", default="none", choices=[kind.value for kind in QuantizationKind])
    parser.add_argument("--associations", type=int, default=8, metavar="N", help="of a memory (8)")
    parser.add_argument("--seed", type=int, default=SEED)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Build each store, measure it, and hold it against its plan."""
    kind = QuantizationKind(options.quantization)
    rows = []
    for text in options.memories.split(","):
        number = int(count_of(text, "--memories"))
        print(f"building {number:,}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="cognition-capacity-") as folder:
            found = stored(Path(folder), number, kind, associations=options.associations, seed=options.seed)
        rows.append(compared(found, plan_of(found, kind, options.associations)))
    return {"capacity": rows, "provenance": provenance(seed=options.seed)}


def plan_of(found: Stored | Served, kind: QuantizationKind, associations: int, indexes: str = "held") -> Plan:
    """What the planner says of such a store."""
    return planned(
        Wanted(
            memories=float(found.count),
            quantization=kind.value,
            content=found.content,
            words=found.words,
            associations=float(associations),
            indexes=indexes,
        )
    )


def compared(found: Stored, plan: Plan) -> dict[str, Any]:
    """Each part beside its plan. Episodes and minds are left out: only memories are written here."""
    ours: dict[str, float] = {}
    for line in plan.lines:
        if line.name not in ("episodes", "minds"):
            name = TOGETHER.get(line.name, line.name)
            ours[name] = ours.get(name, 0.0) + line.disk
    measured, reckoned = sum(found.disk.values()), sum(ours.values())
    return {
        "memories": found.count,
        "parts": [
            {"name": name, "planned": bytes_, "measured": found.disk.get(name, 0)}
            for name, bytes_ in ours.items()
            if bytes_ or found.disk.get(name)
        ],
        "planned": reckoned,
        "measured": measured,
        "ratio": reckoned / measured,
        "planned_ram": plan.ram,
        "planned_anonymous": plan.anonymous,
        "resident": found.resident,
        "anonymous": found.anonymous,
    }


def table(report: dict[str, Any]) -> str:
    """The same for a person to read."""
    lines = []
    for row in report["capacity"]:
        lines += [
            f"{row['memories']:,} memories",
            f"{'part':26} {'planned':>12} {'measured':>12} {'ratio':>6}",
        ]
        lines += [_line(part["name"], part["planned"], part["measured"]) for part in row["parts"]]
        lines += [
            _line("on disk", row["planned"], row["measured"]),
            _line("anonymous memory", row["planned_anonymous"], row["anonymous"]),
            f"planned memory {size(row['planned_ram'])}, resident {size(row['resident'])}",
            "",
        ]
    return "\n".join(lines)


def _line(name: str, reckoned: float, measured: float) -> str:
    ratio = f"{reckoned / measured:6.2f}" if measured else "     -"
    return f"{name:26} {size(reckoned):>12} {size(measured):>12} {ratio}"
